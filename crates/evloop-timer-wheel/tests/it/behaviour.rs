//! Plain statements about single features.

use std::rc::Rc;

use evloop_timer_wheel::{TimerKey, TimerWheel};

#[test]
fn nothing_expires_before_its_tick() {
    let mut wheel = TimerWheel::new(0);
    wheel.insert(100, ());

    assert_eq!(wheel.advance(99).count(), 0);
    assert_eq!(wheel.now(), 99);
    assert_eq!(wheel.advance(100).count(), 1);
}

#[test]
fn time_never_goes_back() {
    let mut wheel = TimerWheel::new(1_000);
    wheel.insert(1_000, 'a');
    wheel.insert(1_001, 'b');

    let expired: Vec<_> = wheel.advance(3).map(|timer| timer.value).collect();

    assert_eq!(expired, ['a']);
    assert_eq!(wheel.now(), 1_000);
}

#[test]
fn deadlines_that_have_passed_come_first_by_deadline_then_insertion() {
    let mut wheel = TimerWheel::new(500);
    wheel.insert(500, 1);
    wheel.insert(499, 2);
    wheel.insert(7, 3);
    wheel.insert(0, 4);
    wheel.insert(7, 5);
    wheel.insert(501, 6);

    let expired: Vec<_> = wheel
        .advance(501)
        .map(|timer| (timer.deadline, timer.value))
        .collect();

    assert_eq!(
        expired,
        [(0, 4), (7, 3), (7, 5), (499, 2), (500, 1), (501, 6)]
    );
}

#[test]
fn an_overdue_timer_is_due_at_any_tick_and_moves_no_time() {
    let mut wheel = TimerWheel::new(500);
    let overdue = wheel.insert(7, 'a');
    wheel.insert(600, 'b');
    assert_eq!(wheel.deadline(overdue), Some(7));
    assert_eq!(wheel.next_deadline(), Some(7));

    let expired = wheel.advance(0).next();

    assert_eq!(
        expired.map(|timer| (timer.key, timer.deadline)),
        Some((overdue, 7))
    );
    assert_eq!(wheel.now(), 500);
    assert_eq!(wheel.next_deadline(), Some(600));
}

#[test]
fn an_overdue_timer_can_be_cancelled_and_reset_either_way() {
    let mut wheel = TimerWheel::new(500);
    let cancelled = wheel.insert(20, "cancelled");
    let behind_its_equals = wheel.insert(20, "behind its equals");
    let to_come = wheel.insert(20, "to come");
    wheel.insert(20, "its equal");
    let passed = wheel.insert(900, "passed");

    assert_eq!(wheel.cancel(cancelled), Some("cancelled"));
    assert_eq!(wheel.cancel(cancelled), None);
    assert!(wheel.reset(behind_its_equals, 20));
    assert!(wheel.reset(to_come, 500));
    assert!(wheel.reset(passed, 19));
    let expired: Vec<_> = wheel
        .advance(500)
        .map(|timer| (timer.deadline, timer.value))
        .collect();

    let by_deadline = [
        (19, "passed"),
        (20, "its equal"),
        (20, "behind its equals"),
        (500, "to come"),
    ];
    assert_eq!(expired, by_deadline);
    assert!(wheel.is_empty());
}

#[test]
fn cancel_drops_the_value_at_once() {
    let value = Rc::new(());
    let mut wheel = TimerWheel::new(0);
    let key = wheel.insert(u64::MAX, Rc::clone(&value));
    assert_eq!(Rc::strong_count(&value), 2);

    drop(wheel.cancel(key));

    assert_eq!(Rc::strong_count(&value), 1);
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn dropping_the_wheel_drops_the_values_left_in_it() {
    let value = Rc::new(());
    let mut wheel = TimerWheel::new(0);
    for deadline in 0..100 {
        wheel.insert(deadline, Rc::clone(&value));
    }

    drop(wheel.advance(50).nth(20));
    drop(wheel);

    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_half_driven_advance_keeps_the_rest_due_and_in_order() {
    let mut wheel = TimerWheel::new(0);
    for value in 0..10 {
        wheel.insert(1_000 + value / 3, value);
    }

    let first: Vec<_> = wheel
        .advance(5_000)
        .take(4)
        .map(|timer| timer.value)
        .collect();
    wheel.insert(1_000, 10); // Passed by one tick, so before the rest.
    wheel.insert(1_001, 11); // Time waits there: it is not overdue, and behind its equals.
    wheel.insert(3, 12);
    let rest: Vec<_> = wheel.advance(5_000).map(|timer| timer.value).collect();

    assert_eq!(first, [0, 1, 2, 3]);
    assert_eq!(rest, [12, 10, 4, 5, 11, 6, 7, 8, 9]);
    assert_eq!(wheel.now(), 5_000);
}

#[test]
fn reset_goes_behind_its_equals() {
    let mut wheel = TimerWheel::new(0);
    let first = wheel.insert(70, "first");
    wheel.insert(70, "second");
    wheel.insert(9_000, "third");

    assert!(wheel.reset(first, 70));
    let expired: Vec<_> = wheel.advance(9_000).map(|timer| timer.value).collect();

    assert_eq!(expired, ["second", "first", "third"]);
}

#[test]
fn of_two_timers_in_a_slot_the_one_that_is_left_gives_the_next_deadline_exactly() {
    for cancel_first in [true, false] {
        let mut wheel = TimerWheel::new(0);
        let first = wheel.insert(1_000, ());
        let second = wheel.insert(1_001, ());

        let (gone, left) = match cancel_first {
            true => (first, second),
            false => (second, first),
        };
        wheel.cancel(gone);

        assert_eq!(wheel.next_deadline(), wheel.deadline(left));
    }
}

#[test]
fn values_can_be_read_and_changed_in_place() {
    let mut wheel = TimerWheel::default();
    let key = wheel.insert(8, 1);

    *wheel.get_mut(key).expect("it is waiting") += 1;

    assert_eq!(wheel.get(key), Some(&2));
    assert_eq!(wheel.deadline(key), Some(8));
    assert_eq!(wheel.iter().collect::<Vec<_>>(), [(key, 8, &2)]);
    assert_eq!(wheel.clone().cancel(key), Some(2));
    assert_eq!(wheel.cancel(key), Some(2));
    assert_eq!(wheel.get(key), None);
    assert_eq!(wheel.get_mut(key), None);
}

#[test]
fn the_wheel_grows_to_its_largest_number_of_timers_and_no_further() {
    let mut wheel = TimerWheel::with_capacity(0, 64);
    let capacity = wheel.capacity();

    for round in 0..1_000 {
        let keys: Vec<TimerKey> = (0..64)
            .map(|n| wheel.insert(round * 7 + n * n * n, n))
            .collect();
        assert_eq!(wheel.len(), 64);
        for key in keys {
            assert!(wheel.reset(key, round * 9));
            assert!(wheel.cancel(key).is_some());
        }
    }

    assert_eq!(wheel.capacity(), capacity);
}

#[test]
fn the_wheel_can_move_to_another_thread_when_its_values_can() {
    fn assert_send_and_sync<T: Send + Sync>() {}
    assert_send_and_sync::<TimerWheel<u8>>();
}

#[test]
fn debug_tells_the_time_and_what_waits() {
    let mut wheel = TimerWheel::new(3);
    wheel.insert(9, ());

    assert_eq!(
        format!("{wheel:?}"),
        "TimerWheel { now: 3, len: 1, next_deadline: Some(9) }"
    );
    assert_eq!(
        format!("{:?}", wheel.advance(5)),
        "Expired { until: 5, wheel: TimerWheel { now: 3, len: 1, next_deadline: Some(9) } }"
    );
}
