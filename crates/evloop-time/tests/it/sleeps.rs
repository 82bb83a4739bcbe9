//! Sleeps on the driver's own thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use evloop_fixtures::Wakes;
use evloop_time::{Clock, ManualClock, Sleep, delay_from_secs, sleep, sleep_secs, sleep_until};
use proptest::prelude::*;

use super::support::{DAY, Flavour, MS, NS, Order, REACH, SECOND, World, YEAR, poll, poll_with};

#[derive(Debug)]
struct CountingClock {
    base: ManualClock,
    n_reads: Arc<AtomicUsize>,
}

impl Clock for CountingClock {
    fn now(&self) -> Instant {
        self.n_reads.fetch_add(1, Ordering::SeqCst);
        self.base.now()
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        self.base.idle(until)
    }
}

#[test]
fn nothing_is_touched_before_the_first_poll_and_a_deadline_needs_no_clock() {
    for flavour in Flavour::each() {
        let n_reads = Arc::new(AtomicUsize::new(0));
        let base = ManualClock::new();
        let driver = flavour.driver(Arc::new(CountingClock {
            base: base.clone(),
            n_reads: Arc::clone(&n_reads),
        }));
        let _guard = driver.enter();
        n_reads.store(0, Ordering::SeqCst);

        let mut relative = sleep(SECOND);
        let mut absolute = sleep_until(base.now() + SECOND);
        driver.advance(&mut Vec::new());
        assert!(!driver.has_timers());
        assert_eq!(
            n_reads.load(Ordering::SeqCst),
            0,
            "an empty turn reads no clock"
        );

        assert!(poll(&mut absolute).is_pending());
        assert_eq!(n_reads.load(Ordering::SeqCst), 0);
        assert!(poll(&mut relative).is_pending());
        assert_eq!(n_reads.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn the_delay_counts_from_the_first_poll() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut nap = sleep(10 * MS);
        assert_eq!(nap.deadline(), None);

        world.clock.advance(SECOND);
        assert!(poll(&mut nap).is_pending());

        assert_eq!(nap.deadline(), Some(world.start + SECOND + 10 * MS));
        assert_eq!(world.pass(10 * MS - NS), 0);
        assert!(poll(&mut nap).is_pending());
        assert_eq!(world.pass(NS), 1);
        assert!(nap.is_elapsed());
        assert!(poll(&mut nap).is_ready());
        assert!(poll(&mut nap).is_ready(), "an ended sleep stays ended");
        assert_eq!(nap.deadline(), None);
    }
}

#[test]
fn case_034_zero_yields_exactly_once_and_needs_no_driver() {
    let (count, waker) = Wakes::new();
    let mut nap = sleep(Duration::ZERO);

    assert_eq!(poll_with(&mut nap, &waker), Poll::Pending);
    assert_eq!(
        count.count(),
        1,
        "it queues itself behind everything that is ready"
    );
    assert_eq!(poll_with(&mut nap, &waker), Poll::Ready(()));
    assert_eq!(count.count(), 1);
}

#[test]
fn case_033_nan_is_an_error_and_other_floats_are_delays() {
    let error = sleep_secs(f64::NAN).expect_err("NaN is no delay");
    assert_eq!(
        error.to_string(),
        "failed to read the delay: it is NaN, not a number of seconds"
    );

    let cases = [
        (-0.0, Duration::ZERO),
        (-1e300, Duration::ZERO),
        (f64::NEG_INFINITY, Duration::ZERO),
        (f64::MIN_POSITIVE, NS),
        (1e-9, NS),
        (1.5e-9, 2 * NS),
        (0.003, 3 * MS),
        (1e18, Duration::from_secs(1_000_000_000_000_000_000)),
        (1e300, Duration::MAX),
        (f64::INFINITY, Duration::MAX),
    ];
    for (secs, delay) in cases {
        assert_eq!(delay_from_secs(secs), Ok(delay), "{secs}");
    }
}

#[test]
fn a_deadline_that_has_passed_suspends_until_the_next_turn() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let (count, waker) = Wakes::new();

        for deadline in [
            world.start,
            world.start.checked_sub(SECOND).expect("an hour of uptime"),
        ] {
            let mut nap = sleep_until(deadline);
            assert!(poll_with(&mut nap, &waker).is_pending());
            assert_eq!(world.driver.wait_limit(), Some(Duration::ZERO));
            assert_eq!(world.turn(), 1);
            assert!(poll_with(&mut nap, &waker).is_ready());
        }
        assert_eq!(count.count(), 2);
    }
}

#[test]
fn sleeps_end_by_deadline_and_then_in_order_of_their_first_poll() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let order = Order::default();
        let mut naps: Vec<Sleep> = [3, 1, 2, 1, 3, 2].map(|n| sleep(n * SECOND)).into();
        for (number, nap) in (0..).zip(&mut naps) {
            assert!(poll_with(nap, &order.waker(number)).is_pending());
        }

        world.pass(DAY);

        assert_eq!(order.take(), [1, 3, 2, 5, 0, 4]);
    }
}

#[test]
fn case_142_a_dropped_sleep_is_unlinked_and_its_waker_dropped_at_once() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let (count, waker) = Wakes::new();
        let mut naps: Vec<Sleep> = (0..100).map(|_| sleep(YEAR)).collect();
        for nap in &mut naps {
            assert!(poll_with(nap, &waker).is_pending());
        }
        assert_eq!(Arc::strong_count(&count), 102);

        naps.truncate(40);
        assert_eq!(Arc::strong_count(&count), 42);
        naps.clear();

        assert_eq!(Arc::strong_count(&count), 2);
        assert!(!world.driver.has_timers());
        assert_eq!(world.driver.next_deadline(), None);
    }
}

#[test]
fn reset_moves_a_waiting_sleep_earlier_and_later_without_a_poll() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let (count, waker) = Wakes::new();
        let mut nap = sleep(SECOND);
        assert!(poll_with(&mut nap, &waker).is_pending());

        nap.reset(world.start + 5 * SECOND);
        assert_eq!(world.pass(2 * SECOND), 0);
        nap.reset(world.start + 3 * SECOND);
        assert_eq!(nap.deadline(), Some(world.start + 3 * SECOND));
        assert_eq!(world.pass(SECOND), 1);

        assert_eq!(count.count(), 1);
        assert!(poll_with(&mut nap, &waker).is_ready());
    }
}

#[test]
fn reset_gives_a_sleep_in_any_state_a_new_deadline() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let deadline = world.start + 3 * SECOND;
        let unpolled = sleep(SECOND);
        let mut yielding = sleep(Duration::ZERO);
        assert!(poll(&mut yielding).is_pending());
        let mut fired = sleep(SECOND);
        assert!(poll(&mut fired).is_pending());
        let mut ended = sleep(SECOND);
        assert!(poll(&mut ended).is_pending());
        assert_eq!(world.pass(SECOND), 2);
        assert!(poll(&mut ended).is_ready());

        for mut nap in [unpolled, yielding, fired, ended] {
            nap.reset(deadline);
            assert_eq!(nap.deadline(), Some(deadline));
            assert!(!nap.is_elapsed());
            assert!(poll(&mut nap).is_pending());
            assert_eq!(world.driver.next_deadline(), Some(deadline));
        }
        assert!(!world.driver.has_timers());
    }
}

#[test]
#[should_panic(
    expected = "no time driver is entered on this thread: run this inside an event loop"
)]
fn without_a_driver_the_first_poll_says_what_to_do() {
    assert!(poll(&mut sleep(SECOND)).is_pending());
}

#[test]
fn a_bound_sleep_needs_no_current_driver() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let (count, waker) = Wakes::new();
        let mut nap = world.driver.handle().sleep(SECOND);

        assert!(poll_with(&mut nap, &waker).is_pending());
        assert_eq!(nap.deadline(), Some(world.start + SECOND));
        assert!(poll_with(&mut nap, &waker).is_pending());
        assert_eq!(world.pass(SECOND), 1);

        assert_eq!(count.count(), 1);
        assert!(poll_with(&mut nap, &waker).is_ready());
    }
}

#[test]
fn the_futures_are_as_free_as_they_can_be() {
    fn assert_free<T: Send + Sync + Unpin>() {}
    assert_free::<Sleep>();
    assert_free::<evloop_time::Interval>();
    assert_free::<evloop_time::Timer>();
    assert_free::<evloop_time::TimeHandle>();
    assert_free::<evloop_time::Deadline<Sleep>>();
    assert!(size_of::<Sleep>() <= 48, "{}", size_of::<Sleep>());
}

#[test]
fn debug_shows_what_a_sleep_waits_for() {
    assert_eq!(format!("{:?}", sleep(SECOND)), "Sleep { delay: 1s, .. }");

    for (flavour, name) in Flavour::each().zip(["TimeDriver", "SharedTimeDriver"]) {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut nap = sleep(Duration::MAX);
        assert!(poll(&mut nap).is_pending());
        assert_eq!(format!("{nap:?}"), "Sleep { deadline: None, .. }");
        let clock = "ManualClock { elapsed: 0ns, auto_jump: false, .. }";
        assert_eq!(
            format!("{:?}", world.driver),
            format!("{name} {{ clock: {clock}, n_timers: 1, .. }}")
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// PP-01 one floor up: with any delays and any steps of the clock, each sleep is woken by the
    /// first turn at or after its deadline.
    #[test]
    fn no_sleep_is_early_and_none_misses_a_turn(
        delays in prop::collection::vec((any::<u64>(), 0_u32..63).prop_map(|(bits, shift)| (bits >> shift).max(1)), 1..20),
        steps in prop::collection::vec((any::<u64>(), 4_u32..64).prop_map(|(bits, shift)| bits >> shift), 1..20),
        is_shared in any::<bool>(),
    ) {
        let world = World::of(if is_shared { Flavour::Shared } else { Flavour::Confined });
        let _guard = world.driver.enter();
        let mut naps: Vec<_> = delays
            .iter()
            .map(|&nanos| (u128::from(nanos), sleep(Duration::from_nanos(nanos))))
            .collect();
        for (_, nap) in &mut naps {
            prop_assert!(poll(nap).is_pending());
        }

        for step in steps {
            world.pass(Duration::from_nanos(step));
            let elapsed = world.clock.elapsed().as_nanos();
            for (nanos, nap) in &mut naps {
                let is_due = elapsed >= *nanos && *nanos < REACH.as_nanos();
                prop_assert_eq!(poll(nap).is_ready(), is_due);
            }
        }
    }
}
