//! The driver, its guards and its end.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use evloop_fixtures::Wakes;
use evloop_time::{Clock, ManualClock, TimeHandle, sleep};

use super::support::{DAY, Flavour, MS, NS, Order, SECOND, World, YEAR, poll, poll_with, run};

#[test]
fn the_driver_entered_last_is_current() {
    for flavour in Flavour::each() {
        let (outer, inner) = (World::of(flavour), World::of(flavour));
        assert!(TimeHandle::try_current().is_none());

        let outer_guard = outer.driver.enter();
        let inner_guard = inner.driver.enter();
        let mut nap = sleep(SECOND);
        assert!(poll(&mut nap).is_pending());
        assert!(inner.driver.has_timers() && !outer.driver.has_timers());

        drop(inner_guard);
        let mut nap = sleep(SECOND);
        assert!(poll(&mut nap).is_pending());
        assert!(outer.driver.has_timers());

        drop(outer_guard);
        assert!(TimeHandle::try_current().is_none());
    }
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    for flavour in Flavour::each() {
        let (outer, inner) = (World::of(flavour), World::of(flavour));
        let outer_guard = outer.driver.enter();
        let inner_guard = inner.driver.enter();
        let again = outer.driver.enter();

        drop(outer_guard);
        drop(again);
        let mut nap = sleep(SECOND);
        assert!(poll(&mut nap).is_pending());

        assert!(inner.driver.has_timers());
        drop(inner_guard);
        assert!(TimeHandle::try_current().is_none());
    }
}

#[test]
fn a_forgotten_guard_does_not_keep_a_dropped_driver_current() {
    for flavour in Flavour::each() {
        let outer = World::of(flavour);
        let _guard = outer.driver.enter();
        let inner = World::of(flavour);
        std::mem::forget(inner.driver.enter());
        drop(inner);

        let mut nap = sleep(SECOND);
        assert!(poll(&mut nap).is_pending());

        assert!(outer.driver.has_timers());
    }
}

#[test]
fn closing_a_driver_between_its_guards_leaves_the_others_entered() {
    for flavour in Flavour::each() {
        let (outer, inner) = (World::of(flavour), World::of(flavour));
        let outer_guard = outer.driver.enter();
        let inner_guards = [inner.driver.enter(), inner.driver.enter()];

        inner.driver.close();
        let closed_guard = inner.driver.enter();
        let mut nap = sleep(SECOND);
        assert!(poll(&mut nap).is_pending());
        assert!(outer.driver.has_timers());

        drop((closed_guard, inner_guards));
        assert!(TimeHandle::try_current().is_some());
        drop(outer_guard);
        assert!(TimeHandle::try_current().is_none());
    }
}

#[test]
fn a_driver_works_while_its_thread_ends() {
    struct AtTheEnd(Cell<Option<Sender<bool>>>);

    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let world = World::new();
            let _guard = world.driver.enter();
            let mut nap = sleep(SECOND);
            let is_pending = poll(&mut nap).is_pending();
            if let Some(sender) = self.0.take() {
                let result = sender.send(is_pending && world.driver.has_timers());
                assert!(result.is_ok(), "the test waits for this");
            }
        }
    }

    thread_local! {
        static AT_THE_END: AtTheEnd = const { AtTheEnd(Cell::new(None)) };
    }

    let (sender, works) = channel();
    let thread = std::thread::Builder::new()
        .name("ends".to_owned())
        .spawn(move || AT_THE_END.with(|it| it.0.set(Some(sender))))
        .expect("the system starts a thread");
    assert_eq!(works.recv_timeout(10 * SECOND), Ok(true));
    assert!(thread.join().is_ok());
}

#[test]
fn timers_are_handed_out_by_deadline_then_insertion_into_the_given_list() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let order = Order::default();
        let handle = world.driver.handle();
        let insert = |seconds, number| {
            let timer = handle.insert(world.start + seconds * SECOND, order.waker(number));
            timer.expect("the driver is open")
        };
        let mut timers = [insert(2, 0), insert(1, 1), insert(2, 2), insert(1, 3)];
        assert!(timers[0].reset(world.start + SECOND));
        timers[3].cancel();
        assert!(
            !timers[3].reset(world.start),
            "a cancelled timer is not revived"
        );

        world.clock.advance(2 * SECOND);
        let mut woken = vec![order.waker(99)];
        world.driver.advance(&mut woken);
        woken.drain(..).for_each(Waker::wake);

        assert_eq!(order.take(), [99, 1, 0, 2]);
        assert!(!timers[0].reset(world.start), "it has fired");
    }
}

#[test]
fn deadlines_that_have_passed_are_handed_out_in_the_order_of_time_also_from_before_the_start() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let order = Order::default();
        let handle = world.driver.handle();
        let before = |distance| {
            world
                .start
                .checked_sub(distance)
                .expect("it can be expressed")
        };
        world.pass(SECOND);
        let insert = |deadline, number| {
            let timer = handle.insert(deadline, order.waker(number));
            timer.expect("the driver is open")
        };

        let timers = [
            insert(world.start + SECOND, 7),
            insert(world.start + SECOND - NS, 6),
            insert(world.start, 4),
            insert(before(NS), 3),
            insert(before(DAY), 1),
            insert(world.start, 5),
            insert(before(DAY), 2),
            insert(before(DAY + NS), 0),
        ];
        assert_eq!(timers[7].deadline(), Some(before(DAY + NS)));
        assert_eq!(world.driver.next_deadline(), timers[7].deadline());
        assert_eq!(world.driver.wait_limit(), Some(Duration::ZERO));
        assert_eq!(world.turn(), timers.len());

        assert_eq!(order.take(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(world.driver.now(), world.start + SECOND);
    }
}

#[test]
fn a_deadline_too_long_before_the_start_is_due_first() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let order = Order::default();
        let handle = world.driver.handle();
        // Not every platform has instants that early.
        let deadlines = [Some(world.start), world.start.checked_sub(5 * YEAR)];

        let timers: Vec<_> = (0..)
            .zip(deadlines.into_iter().flatten())
            .map(|(number, deadline)| handle.insert(deadline, order.waker(number)))
            .collect::<Result<_, _>>()
            .expect("the driver is open");
        assert_eq!(world.driver.wait_limit(), Some(Duration::ZERO));
        assert_eq!(world.turn(), timers.len());

        let by_deadline: Vec<_> = (0..timers.len() as u32).rev().collect();
        assert_eq!(order.take(), by_deadline);
    }
}

#[test]
fn wait_limit_ends_at_the_next_deadline() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        assert_eq!(world.driver.wait_limit(), None);

        let mut nap = sleep(SECOND);
        assert!(poll(&mut nap).is_pending());
        assert_eq!(
            world.driver.wait_limit(),
            None,
            "a manual clock moves by hand"
        );
        world.clock.advance(SECOND);
        assert_eq!(world.driver.wait_limit(), Some(Duration::ZERO));
    }
}

/// A clock that sets a timer of its own when it is asked how long to wait.
#[derive(Clone, Debug, Default)]
struct TimerSettingClock {
    time: ManualClock,
    timers: Arc<Mutex<Option<TimeHandle>>>,
}

impl Clock for TimerSettingClock {
    fn now(&self) -> Instant {
        self.time.now()
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        if let Some(timers) = self.timers.lock().expect("nobody panics").take() {
            let timer = timers.insert_after(SECOND, Waker::noop().clone());
            std::mem::forget(timer.expect("the driver is open"));
        }
        until.map(|until| until.saturating_duration_since(self.now()))
    }
}

#[test]
fn a_wait_does_not_outlast_a_timer_that_the_clock_has_set() {
    for flavour in Flavour::each() {
        let clock = TimerSettingClock::default();
        let driver = flavour.driver(Arc::new(clock.clone()));

        for (unset, set) in [(None, SECOND), (Some(SECOND), SECOND)] {
            assert_eq!(driver.wait_limit(), unset);
            *clock.timers.lock().unwrap() = Some(driver.handle());
            let expected = if unset.is_none() { Duration::ZERO } else { set };
            assert_eq!(
                driver.wait_limit(),
                Some(expected),
                "no sooner deadline, no other limit"
            );
            assert_eq!(driver.wait_limit(), Some(set));
        }
    }
}

#[test]
fn a_program_of_hours_runs_at_once_on_a_jumping_clock() {
    for flavour in Flavour::each() {
        let clock = ManualClock::new().with_auto_jump();
        let driver = flavour.driver(Arc::new(clock.clone()));

        run(&driver, async {
            for hours in 1..=24 {
                sleep(3_600 * SECOND).await;
                assert_eq!(clock.elapsed(), hours * 3_600 * SECOND);
            }
            sleep(10 * YEAR).await;
        });

        assert_eq!(clock.elapsed(), 86_400 * SECOND + 10 * YEAR);
    }
}

#[test]
fn case_150_tiny_sleeps_take_one_turn_each() {
    for flavour in Flavour::each() {
        let clock = ManualClock::new().with_auto_jump();
        let driver = flavour.driver(Arc::new(clock.clone()));
        let _guard = driver.enter();

        for exponent in -10..=0 {
            let mut nap = evloop_time::sleep_secs(10_f64.powi(exponent)).expect("it is a number");
            let mut n_turns = 0;
            while poll(&mut nap).is_pending() {
                assert_eq!(driver.wait_limit(), Some(Duration::ZERO));
                super::support::turn(&driver);
                n_turns += 1;
            }
            assert_eq!(n_turns, 1, "10^{exponent} s");
        }
    }
}

#[test]
fn a_dropped_driver_wakes_what_waits_and_refuses_more() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let handle = world.driver.handle();
        let order = Order::default();
        let guard = world.driver.enter();
        let late = handle.insert_after(2 * SECOND, order.waker(2));
        let soon = handle.insert_after(SECOND, order.waker(1));
        drop(guard);
        let remote = handle.insert_after(MS, order.waker(0));

        drop(world);

        assert_eq!(order.take(), [0, 1, 2]);
        assert!(handle.is_closed());
        let (count, waker) = Wakes::new();
        let refused = handle
            .insert_after(SECOND, waker)
            .expect_err("it is closed");
        assert_eq!(
            refused.to_string(),
            "failed to insert a timer: its time driver is closed"
        );
        refused.into_waker().wake();
        assert_eq!(count.count(), 1);
        drop((late, soon, remote));
    }
}

#[test]
fn a_sleep_whose_driver_was_dropped_goes_on_with_the_current_one() {
    for flavour in Flavour::each() {
        let (first, second) = (World::of(flavour), World::of(flavour));
        let (count, waker) = Wakes::new();
        let guard = first.driver.enter();
        let mut nap = sleep(SECOND);
        assert!(poll_with(&mut nap, &waker).is_pending());
        drop(guard);
        let mut bound = first.driver.handle().sleep(SECOND);
        assert!(poll_with(&mut bound, &waker).is_pending());
        let mut unpolled = first.driver.handle().sleep(SECOND);
        drop(first);
        assert_eq!(count.count(), 2);

        let _guard = second.driver.enter();
        for nap in [&mut nap, &mut bound, &mut unpolled] {
            assert!(poll_with(nap, &waker).is_pending(), "it is not early");
        }

        assert_eq!(second.pass(2 * SECOND), 3);
        for nap in [&mut nap, &mut bound, &mut unpolled] {
            assert!(poll_with(nap, &waker).is_ready());
        }
    }
}

#[test]
#[should_panic(expected = "no time driver is entered")]
fn a_sleep_whose_driver_was_dropped_says_so_when_there_is_no_other() {
    let world = World::new();
    let mut nap = world.driver.handle().sleep(SECOND);
    assert!(poll(&mut nap).is_pending());
    drop(world);

    assert!(poll(&mut nap).is_pending());
}

#[test]
fn a_waker_that_panics_at_the_end_of_the_driver_leaves_the_others_woken() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let handle = world.driver.handle();
        let order = Order::default();
        let panics = Waker::from(Arc::new(super::support::Call(|| panic!("a hostile waker"))));
        let first = handle.insert_after(SECOND, panics);
        let second = handle.insert_after(2 * SECOND, order.waker(2));

        drop(world);

        assert_eq!(order.take(), [2]);
        drop((first, second));
    }
}

/// A waker that panics when it is dropped.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        std::mem::forget(self);
    }

    fn wake_by_ref(self: &Arc<Self>) {}
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "a hostile destructor");
    }
}

#[test]
fn wakers_that_panic_when_dropped_at_the_end_of_the_driver_leave_all_others_woken() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let handle = world.driver.handle();
        let order = Order::default();
        let waiting = handle.insert_after(SECOND, order.waker(1));
        world.driver.set_unpark(Waker::from(Arc::new(Bomb)));
        // The thread of a confined driver drops this waker at its next turn, of which there is none.
        let guard = world.driver.enter();
        let cancelled = handle.insert_after(SECOND, Waker::from(Arc::new(Bomb)));
        drop(guard);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(cancelled)));
        assert_eq!(dropped.is_err(), flavour == Flavour::Shared);

        let closed = catch_unwind(AssertUnwindSafe(|| world.driver.close()));

        assert!(closed.is_err(), "the panic is not lost");
        assert_eq!(order.take(), [1]);
        drop(waiting);
    }
}

#[test]
fn a_waker_named_after_the_end_of_the_driver_is_not_kept() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        world.driver.close();
        let (count, waker) = Wakes::new();

        world.driver.set_unpark(waker);

        assert_eq!(Arc::strong_count(&count), 1);
        world.clock.advance(SECOND);
        assert_eq!(count.count(), 0);
    }
}
