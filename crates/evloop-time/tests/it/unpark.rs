//! Who is woken when a timer is set on a driver for all threads.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread;
use std::time::Instant;

use evloop_fixtures::{Wakes, in_thread, watched};
use evloop_time::{Clock, ManualClock, SharedTimeDriver, TimeHandle, Timer};

use super::support::{SECOND, elsewhere, unpark_this_thread};

/// A driver whose clock stands still, and how often its waiting thread was woken.
struct World {
    driver: SharedTimeDriver,
    clock: ManualClock,
    start: Instant,
    unparked: Arc<Wakes>,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::new();
        let driver = SharedTimeDriver::new(Arc::new(clock.clone()));
        let (unparked, unpark) = Wakes::new();
        driver.set_unpark(unpark);
        Self {
            driver,
            start: clock.now(),
            clock,
            unparked,
        }
    }

    fn insert(&self, seconds: u32) -> Timer {
        let deadline = self.start + seconds * SECOND;
        let timer = self.driver.handle().insert(deadline, Waker::noop().clone());
        timer.expect("the driver is open")
    }

    /// What a thread does before it waits. The clock is moved by hand, so it would wait for ever.
    fn announce_wait(&self) {
        assert_eq!(self.driver.wait_limit(), None);
    }
}

#[test]
fn an_earlier_deadline_wakes_the_thread_that_waits_once_for_many() {
    let world = World::new();
    let _far = world.insert(60);
    world.announce_wait();

    let timers: Vec<Timer> = elsewhere(|| (1..=100).rev().map(|n| world.insert(n)).collect());

    assert_eq!(world.unparked.count(), 1);
    assert_eq!(world.driver.next_deadline(), Some(world.start + SECOND));
    elsewhere(|| drop(timers));
    assert_eq!(world.unparked.count(), 1, "a cancelled timer wakes nobody");
}

#[test]
fn the_first_deadline_wakes_a_thread_that_waits_without_limit() {
    let world = World::new();
    world.announce_wait();

    let _timer = elsewhere(|| world.insert(1_000));

    assert_eq!(world.unparked.count(), 1);
}

#[test]
fn a_deadline_that_is_no_earlier_wakes_nobody() {
    let world = World::new();
    let mut first = world.insert(5);
    let mut second = world.insert(7);
    world.announce_wait();

    let later = elsewhere(|| [world.insert(5), world.insert(6)]);
    elsewhere(|| {
        assert!(first.reset(world.start + 9 * SECOND));
        assert!(second.reset(world.start + 8 * SECOND));
        drop(later);
    });

    assert_eq!(world.unparked.count(), 0);
}

#[test]
fn a_timer_moved_to_an_earlier_deadline_wakes_the_thread_that_waits() {
    let world = World::new();
    let _first = world.insert(5);
    let mut moved = world.insert(9);
    world.announce_wait();

    assert!(elsewhere(|| moved.reset(world.start + 4 * SECOND)));

    assert_eq!(world.unparked.count(), 1);
}

#[test]
fn a_thread_that_waits_and_one_that_runs_are_not_woken_by_timers_of_their_own() {
    let world = World::new();
    let _before_any_wait = world.insert(9);
    world.announce_wait();

    // It has been woken by something else, found that nothing is due, and runs tasks.
    let _while_it_runs = [world.insert(8), world.insert(7)];

    assert_eq!(world.unparked.count(), 0);
    // It knows of these now.
    world.announce_wait();
    let _no_earlier = elsewhere(|| world.insert(7));
    assert_eq!(world.unparked.count(), 0);
    let _earlier = elsewhere(|| world.insert(6));
    assert_eq!(world.unparked.count(), 1);
}

#[test]
fn what_the_owner_sets_while_another_thread_waits_for_its_driver_wakes_that_one() {
    let world = World::new();
    elsewhere(|| world.announce_wait());

    // The owner is about to be busy for long.
    let _timer = world.insert(1);

    assert_eq!(world.unparked.count(), 1);
}

#[test]
fn nobody_is_woken_after_the_wait_has_ended() {
    let world = World::new();
    world.announce_wait();

    world.driver.advance(&mut Vec::new());
    let _timer = elsewhere(|| world.insert(2));
    assert_eq!(world.unparked.count(), 0);

    world.announce_wait();
    assert!(world.driver.try_advance(&mut Vec::new()));
    let _earlier = elsewhere(|| world.insert(1));
    assert_eq!(world.unparked.count(), 0);
}

#[test]
fn a_helper_that_advances_leaves_the_thread_that_waits_to_be_woken() {
    let world = World::new();
    let _due = world.insert(1);
    let _next = world.insert(9);
    world.announce_wait();
    world.clock.advance(SECOND);
    let n_unparked = world.unparked.count();

    let mut woken = Vec::new();
    elsewhere(|| world.driver.advance(&mut woken));
    let _earlier_than_known = elsewhere(|| world.insert(0));

    assert_eq!(woken.len(), 1);
    assert_eq!(world.unparked.count(), n_unparked + 1);
}

#[test]
fn a_waker_named_while_its_thread_already_waits_too_long_is_woken_at_once() {
    for is_named_by_itself in [false, true] {
        let driver = SharedTimeDriver::new(Arc::new(ManualClock::new()));
        let handle = driver.handle();
        assert_eq!(driver.wait_limit(), None);
        let _timer = elsewhere(|| handle.insert_after(SECOND, Waker::noop().clone()));

        let (unparked, unpark) = Wakes::new();
        match is_named_by_itself {
            true => driver.set_unpark(unpark),
            false => elsewhere(|| driver.set_unpark(unpark)),
        }

        assert_eq!(unparked.count(), 1, "by itself: {is_named_by_itself}");
    }
}

#[test]
fn a_thread_that_is_parked_without_limit_comes_round_for_a_timer_from_elsewhere() {
    watched(|| {
        let clock = ManualClock::new();
        let driver = SharedTimeDriver::new(Arc::new(clock.clone()));
        driver.set_unpark(unpark_this_thread());
        let deadline = clock.now() + SECOND;
        for _ in 0..200 {
            let handle = driver.handle();
            let other = in_thread(move || handle.insert(deadline, Waker::noop().clone()));

            // Nothing but the timer ends this.
            loop {
                assert_eq!(driver.wait_limit(), None);
                if driver.next_deadline().is_some() {
                    break;
                }
                thread::park();
                driver.advance(&mut Vec::new());
            }

            drop(other.join().expect("it does not panic"));
            driver.advance(&mut Vec::new());
            assert_eq!(driver.next_deadline(), None);
        }
    });
}

/// A waker that uses the driver when it is woken and when it is dropped.
struct Nosy {
    handle: TimeHandle,
    n_calls: Arc<Wakes>,
}

impl Nosy {
    fn use_the_driver(&self) {
        let timer = self.handle.insert_after(SECOND, Waker::noop().clone());
        drop(timer);
        Waker::from(Arc::clone(&self.n_calls)).wake();
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.use_the_driver();
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.use_the_driver();
    }
}

#[test]
fn a_waker_may_use_the_driver_when_it_unparks_and_when_it_is_replaced() {
    watched(|| {
        let driver = SharedTimeDriver::new(Arc::new(ManualClock::new()));
        let (n_calls, _) = Wakes::new();
        let nosy = || {
            let handle = driver.handle();
            let n_calls = Arc::clone(&n_calls);
            Waker::from(Arc::new(Nosy { handle, n_calls }))
        };
        let handle = driver.handle();
        let set_elsewhere = |delay| {
            drop(elsewhere(|| {
                handle.insert_after(delay, Waker::noop().clone())
            }))
        };
        let far = handle.insert_after(9 * SECOND, Waker::noop().clone());

        assert_eq!(driver.wait_limit(), None);
        let near = elsewhere(|| handle.insert_after(8 * SECOND, Waker::noop().clone()));
        driver.set_unpark(nosy());
        assert_eq!(n_calls.count(), 1, "woken because it was named late");
        assert_eq!(driver.wait_limit(), None);
        set_elsewhere(2 * SECOND);
        assert_eq!(n_calls.count(), 2, "woken by an earlier deadline");
        driver.set_unpark(nosy());
        assert_eq!(n_calls.count(), 3, "replaced");
        driver.close();
        assert_eq!(n_calls.count(), 4, "dropped at the end");
        driver.set_unpark(nosy());
        assert_eq!(n_calls.count(), 5, "refused");
        drop((near, far));
    });
}
