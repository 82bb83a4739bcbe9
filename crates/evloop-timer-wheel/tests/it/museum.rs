//! Timer bugs of other projects, kept from happening here.

use evloop_timer_wheel::TimerWheel;

const SECOND: u64 = 1_000_000_000;
const YEAR: u64 = 365 * 86_400 * SECOND;

#[test]
fn museum_bm52_a_far_timer_freezes_no_near_one_when_time_crosses_a_level() {
    for power in 1..63 {
        for (period, far) in [
            (15_000, 100 * YEAR),
            (1, u64::MAX),
            (63, 1 << power),
            (64, 3 << (power - 1)),
        ] {
            let start = (1_u64 << power).saturating_sub(3 * period + 1);
            let mut wheel = TimerWheel::new(start);
            wheel.insert(start.saturating_add(far), "far");

            for round in 1..=8 {
                let due = start + round * period;
                wheel.insert(due, "near");
                assert_eq!(
                    wheel
                        .advance(due - 1)
                        .filter(|timer| timer.value == "near")
                        .count(),
                    0
                );

                let near: Vec<_> = wheel
                    .advance(due)
                    .filter(|timer| timer.value == "near")
                    .collect();
                assert_eq!(near.len(), 1, "2^{power}, period {period}, round {round}");
                assert_eq!(near[0].deadline, due);
            }
        }
    }
}

#[test]
fn museum_bm54_cancelling_around_the_tick_of_expiry_is_harmless() {
    for offset in [-1_i64, 0, 1] {
        let mut wheel = TimerWheel::new(0);
        let keys: Vec<_> = (0..1_000_u64)
            .map(|n| (100 + n * 37, wheel.insert(100 + n * 37, n)))
            .collect();
        let mut n_expired = 0;
        let mut n_cancelled = 0;

        for (deadline, key) in keys {
            n_expired += wheel
                .advance(deadline.saturating_add_signed(offset))
                .count();
            n_cancelled += usize::from(wheel.cancel(key).is_some());
        }

        assert_eq!(n_expired + n_cancelled, 1_000);
        assert_eq!(n_cancelled, if offset < 0 { 1_000 } else { 0 });
        assert!(wheel.is_empty());
    }
}

#[test]
fn museum_bm56_no_deadline_is_reserved() {
    let deadlines = [
        0,
        1,
        1 << 31,
        1 << 32,
        1 << 36,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ];
    for start in deadlines {
        let mut wheel = TimerWheel::new(start);
        for deadline in deadlines {
            wheel.insert(deadline, deadline);
        }

        let expired: Vec<_> = wheel
            .advance(u64::MAX)
            .map(|timer| timer.deadline)
            .collect();

        assert_eq!(expired, deadlines, "start {start}");
        let key = wheel.insert(0, 0);
        assert_eq!(wheel.next_deadline(), Some(0));
        assert!(wheel.reset(key, u64::MAX));
        assert_eq!(wheel.next_deadline(), Some(u64::MAX));
        assert_eq!(wheel.advance(u64::MAX).count(), 1);
    }
}

#[test]
fn museum_bm57_far_deadlines_neither_wrap_nor_drift() {
    let mut wheel = TimerWheel::new(0);
    // Several revolutions of each level, and the far end.
    let mut deadlines: Vec<u64> = (0..11)
        .map(|level| (1_u64 << (6 * level)).saturating_mul(200).max(7))
        .collect();
    deadlines.push(1 << 63);
    deadlines.sort_unstable();
    for &deadline in &deadlines {
        wheel.insert(deadline, ());
    }

    for (n, &deadline) in deadlines.iter().enumerate() {
        assert_eq!(wheel.len(), deadlines.len() - n);
        assert_eq!(wheel.next_deadline(), Some(deadline));
        assert_eq!(
            wheel.advance(deadline - 1).count(),
            0,
            "{deadline} is early"
        );
        assert_eq!(wheel.advance(deadline).count(), 1, "{deadline} is late");
    }
}

#[test]
fn museum_bm58_a_coarse_deadline_is_not_hidden_by_a_later_fine_one() {
    let mut wheel = TimerWheel::new(0);
    wheel.insert(65, "coarse, then sooner");
    wheel.advance(63).for_each(drop);
    wheel.insert(126, "coarse as well");
    wheel.advance(64).for_each(drop);
    wheel.insert(66, "fine");

    assert_eq!(wheel.next_deadline(), Some(65));

    let mut wheel = TimerWheel::new(0);
    wheel.insert(4_000, "the latest of its slot");
    wheel.insert(3_970, "the soonest of its slot");
    wheel.insert(3_990, "between");
    assert_eq!(wheel.next_deadline(), Some(3_970));
    assert_eq!(wheel.advance(3_970).count(), 1);
    assert_eq!(wheel.next_deadline(), Some(3_990));
}

#[test]
fn museum_bm58_a_cancelled_minimum_costs_one_early_look_and_no_spin() {
    let mut wheel = TimerWheel::new(0);
    let first = wheel.insert(70, ());
    wheel.insert(100, ());
    wheel.insert(110, ());
    wheel.cancel(first);

    let mut looks = Vec::new();
    while let Some(next) = wheel.next_deadline() {
        looks.push((next, wheel.advance(next).count()));
    }

    assert_eq!(looks, [(70, 0), (100, 1), (110, 1)]);
}

#[test]
fn museum_bm59_a_timer_armed_again_without_delay_expires_once_per_step() {
    let mut wheel = TimerWheel::new(0);
    wheel.insert(0, 0);

    for step in 0..1_000 {
        let expired: Vec<_> = wheel.advance(step / 100).map(|timer| timer.value).collect();
        assert_eq!(expired, [step]);
        wheel.insert(wheel.now(), step + 1);
    }
}

#[test]
fn museum_bm59_a_thousand_equal_deadlines_expire_in_order_of_insertion_across_cascades() {
    for deadline in [5, 64, 5_000, 300_000, 1 << 40] {
        let mut wheel = TimerWheel::new(0);
        // Inserted from ever nearer, so into ever lower levels.
        for value in 0..1_000 {
            wheel.insert(deadline, value);
            wheel
                .advance(deadline - 1 - (deadline - 1) / (value + 1))
                .for_each(drop);
        }

        let expired: Vec<_> = wheel.advance(deadline).map(|timer| timer.value).collect();

        assert_eq!(
            expired,
            (0..1_000).collect::<Vec<_>>(),
            "deadline {deadline}"
        );
    }
}

#[test]
fn museum_bm59_an_overdue_timer_armed_again_for_the_past_expires_once_per_step() {
    let mut wheel = TimerWheel::new(1_000);
    wheel.insert(500, 0);

    for step in 0..100 {
        let expired: Vec<_> = wheel.advance(1_000).map(|timer| timer.value).collect();
        assert_eq!(expired, [step]);
        wheel.insert(500 - step, step + 1);
    }
    assert_eq!(wheel.now(), 1_000);
}

#[test]
fn museum_bm60_a_due_but_unread_timer_can_be_moved_and_expires_once() {
    let mut wheel = TimerWheel::new(0);
    let a = wheel.insert(10, 'a');
    let b = wheel.insert(10, 'b');
    let c = wheel.insert(10, 'c');
    assert_eq!(wheel.advance(50).next().map(|timer| timer.value), Some('a'));

    assert!(!wheel.reset(a, 60), "it was read");
    assert!(wheel.reset(b, 60), "due, but unread");
    assert_eq!(wheel.cancel(c), Some('c'));
    let reused = wheel.insert(70, 'd');

    assert_eq!(
        wheel.cancel(c),
        None,
        "a stale key never reaches the next tenant"
    );
    assert_eq!(wheel.advance(59).count(), 0);
    let expired: Vec<_> = wheel
        .advance(100)
        .map(|timer| (timer.key, timer.deadline))
        .collect();
    assert_eq!(expired, [(b, 60), (reused, 70)]);
}
