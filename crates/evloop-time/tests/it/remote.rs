//! Timers from threads other than the driver's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use evloop_fixtures::{Wakes, block_on, in_thread, watched};
use evloop_time::{Clock, ManualClock, Sleep, TimeHandle, Timer, sleep};

use super::support::{
    Call, Flavour, MS, Order, SECOND, World, elsewhere, poll, poll_with, run, turn,
};

#[test]
fn museum_bm53_an_earlier_timer_from_elsewhere_wakes_the_owner_once_for_many() {
    let world = World::new();
    let guard = world.driver.enter();
    let mut far = sleep(60 * SECOND);
    assert!(poll(&mut far).is_pending());
    drop(guard);
    let (unparked, unpark) = Wakes::new();
    world.driver.set_unpark(unpark);
    assert_eq!(
        world.driver.next_deadline(),
        Some(world.start + 60 * SECOND)
    );

    let handle = world.driver.handle();
    let timers = elsewhere(|| {
        let insert = |n| handle.insert(world.start + n * SECOND, Waker::noop().clone());
        (1..=100)
            .rev()
            .map(insert)
            .collect::<Result<Vec<Timer>, _>>()
    });

    assert_eq!(unparked.count(), 1);
    assert_eq!(world.driver.next_deadline(), Some(world.start + SECOND));
    elsewhere(|| drop(timers));
    assert_eq!(unparked.count(), 2);
    assert_eq!(
        world.driver.next_deadline(),
        Some(world.start + 60 * SECOND)
    );
}

#[test]
fn what_was_asked_before_the_owner_named_its_waker_is_not_slept_through() {
    let world = World::new();
    let handle = world.driver.handle();
    let mut nap = handle.sleep(SECOND);
    assert!(elsewhere(|| poll(&mut nap)).is_pending());

    let (unparked, unpark) = Wakes::new();
    world.driver.set_unpark(unpark);

    assert_eq!(unparked.count(), 1);
}

#[test]
fn sleeps_from_many_threads_end_on_a_driver_turned_by_another() {
    for flavour in Flavour::each() {
        watched(move || {
            let clock = ManualClock::new().with_auto_jump();
            let driver = flavour.driver(Arc::new(clock.clone()));
            let handle = driver.handle();
            let n_running = Arc::new(AtomicU64::new(4));
            let sleepers: Vec<_> = (1..=4)
                .map(|n| {
                    let (handle, n_running) = (handle.clone(), Arc::clone(&n_running));
                    in_thread(move || {
                        for _ in 0..50 {
                            let asleep = handle.now();
                            block_on(handle.sleep(n * MS));
                            assert!(handle.now() - asleep >= n * MS, "it woke early");
                        }
                        n_running.fetch_sub(1, Ordering::SeqCst);
                    })
                })
                .collect();

            run(&driver, async {
                while n_running.load(Ordering::SeqCst) > 0 {
                    sleep(Duration::ZERO).await;
                }
            });

            for sleeper in sleepers {
                sleeper.join().expect("no sleeper panics");
            }
            assert!(clock.elapsed() >= 200 * MS);
        });
    }
}

#[test]
fn a_sleep_dropped_elsewhere_is_unlinked_by_the_next_turn() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let guard = world.driver.enter();
        let (count, waker) = Wakes::new();
        let mut nap = sleep(SECOND);
        assert!(poll_with(&mut nap, &waker).is_pending());
        drop(guard);

        elsewhere(|| drop(nap));

        assert!(!world.driver.has_timers());
        assert_eq!(Arc::strong_count(&count), 2);
        assert_eq!(world.pass(SECOND), 0);
    }
}

#[test]
fn a_remote_timer_cancelled_elsewhere_drops_its_waker_at_once() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let (count, waker) = Wakes::new();
        let handle = world.driver.handle();

        let timer = elsewhere(|| handle.insert_after(SECOND, waker)).expect("the driver is open");
        assert!(world.driver.has_timers());
        elsewhere(|| timer.cancel());

        assert_eq!(Arc::strong_count(&count), 1);
        assert!(!world.driver.has_timers());
    }
}

#[test]
fn museum_bm61_only_the_waker_of_the_last_poll_is_woken_wherever_it_was() {
    for flavour in Flavour::each() {
        type Place = fn(&World, &mut Sleep, &Waker) -> Poll<()>;
        let at_home: Place = |world, nap, waker| {
            let _guard = world.driver.enter();
            poll_with(nap, waker)
        };
        let away: Place = |_, nap, waker| poll_with(nap, waker);
        let other_thread: Place = |_, nap, waker| elsewhere(|| poll_with(nap, waker));
        let other_driver: Place = |_, nap, waker| {
            let other = World::new();
            let _guard = other.driver.enter();
            poll_with(nap, waker)
        };

        let places = [at_home, away, other_thread, other_driver];
        for (first, second) in (0..4).flat_map(|first| (0..4).map(move |second| (first, second))) {
            let world = World::of(flavour);
            let mut nap = world.driver.handle().sleep(SECOND);
            let (outdated, a) = Wakes::new();
            let (current, b) = Wakes::new();

            assert!(places[first](&world, &mut nap, &a).is_pending());
            assert!(places[second](&world, &mut nap, &b).is_pending());
            assert!(places[second](&world, &mut nap, &b).is_pending());
            drop(a);
            assert_eq!(world.pass(SECOND - Duration::from_nanos(1)), 0);
            assert_eq!(Arc::strong_count(&outdated), 1, "{first} then {second}");
            assert_eq!(world.pass(Duration::from_nanos(1)), 1);

            assert_eq!(
                (outdated.count(), current.count()),
                (0, 1),
                "{first} then {second}"
            );
            assert!(places[first](&world, &mut nap, &b).is_ready());
        }
    }
}

#[test]
fn reset_from_elsewhere_moves_the_timer_and_is_never_early() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let guard = world.driver.enter();
        let (count, waker) = Wakes::new();
        let mut local = sleep(SECOND);
        assert!(poll_with(&mut local, &waker).is_pending());
        drop(guard);
        let mut remote = world.driver.handle().sleep(SECOND);
        assert!(poll_with(&mut remote, &waker).is_pending());

        for nap in [&mut local, &mut remote] {
            elsewhere(|| nap.reset(world.start + 3 * SECOND));
        }
        assert_eq!(world.pass(2 * SECOND), 0);
        for nap in [&mut local, &mut remote] {
            elsewhere(|| nap.reset(world.start + 2 * SECOND));
        }

        assert_eq!(world.turn(), 2);
        assert_eq!(count.count(), 2);
    }
}

type Interruption = Box<dyn FnOnce() + Send>;

/// A manual clock that does something once, in the middle of the next reading.
#[derive(Clone)]
struct Interrupted {
    base: ManualClock,
    interruption: Arc<Mutex<Option<Interruption>>>,
}

impl Interrupted {
    fn new() -> Self {
        Self {
            base: ManualClock::new(),
            interruption: Arc::default(),
        }
    }

    fn interrupt_with(&self, interruption: impl FnOnce() + Send + 'static) {
        *self.interruption.lock().expect("nobody panics") = Some(Box::new(interruption));
    }
}

impl Clock for Interrupted {
    fn now(&self) -> Instant {
        let now = self.base.now();
        let interruption = self.interruption.lock().expect("nobody panics").take();
        if let Some(interruption) = interruption {
            interruption();
        }
        now
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        self.base.idle(until)
    }
}

impl std::fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupted").finish_non_exhaustive()
    }
}

#[test]
fn a_reset_that_comes_while_the_timer_fires_does_not_end_the_sleep_early() {
    for is_local in [true, false] {
        let clock = Interrupted::new();
        let start = clock.base.now();
        let driver = Flavour::Confined.driver(Arc::new(clock.clone()));
        let nap = Arc::new(Mutex::new(driver.handle().sleep_until(start + SECOND)));
        let poll = |waker: &Waker| poll_with(&mut *nap.lock().expect("nobody panics"), waker);
        let guard = is_local.then(|| driver.enter());
        let (count, waker) = Wakes::new();
        assert!(poll(&waker).is_pending());
        drop(guard);
        assert!(driver.has_timers());

        // The driver has carried out all orders and reads the clock, as another thread moves the
        // sleep. It cannot know, and takes the timer out.
        let moved = Arc::clone(&nap);
        clock.interrupt_with(move || {
            elsewhere(|| {
                moved
                    .lock()
                    .expect("nobody panics")
                    .reset(start + 9 * SECOND)
            });
        });
        clock.base.advance(SECOND);
        assert_eq!(turn(&driver), 1);

        let guard = is_local.then(|| driver.enter());
        assert!(poll(&waker).is_pending(), "local: {is_local}");
        drop(guard);
        let n_woken = count.count();
        clock.base.advance(8 * SECOND - Duration::from_nanos(1));
        assert_eq!(turn(&driver), 0);
        clock.base.advance(Duration::from_nanos(1));
        assert_eq!(turn(&driver), 1);
        assert_eq!(count.count(), n_woken + 1);
        assert!(poll(&waker).is_ready());
    }
}

#[test]
fn a_remote_timer_moved_while_it_fires_is_woken_at_the_new_deadline_only() {
    let clock = Interrupted::new();
    let start = clock.base.now();
    let driver = Flavour::Confined.driver(Arc::new(clock.clone()));
    let (count, waker) = Wakes::new();
    let timer = driver.handle().insert(start + SECOND, waker);
    let timer = Arc::new(Mutex::new(timer.expect("the driver is open")));
    assert!(driver.has_timers());

    let moved = Arc::clone(&timer);
    clock.interrupt_with(move || {
        elsewhere(|| {
            assert!(
                moved
                    .lock()
                    .expect("nobody panics")
                    .reset(start + 9 * SECOND)
            )
        });
    });
    clock.base.advance(SECOND);
    turn(&driver);
    assert_eq!(count.count(), 0);

    clock.base.advance(8 * SECOND);
    turn(&driver);
    assert_eq!(count.count(), 1);
}

#[test]
fn remote_timers_fire_in_order_of_deadline_and_posting() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let handle = world.driver.handle();
        let order = Order::default();
        let timers: Vec<_> = [3, 1, 2, 1, 3]
            .into_iter()
            .zip(0..)
            .map(|(seconds, number)| handle.insert_after(seconds * SECOND, order.waker(number)))
            .collect();

        world.pass(5 * SECOND);

        assert_eq!(order.take(), [1, 3, 2, 0, 4]);
        drop(timers);
    }
}

#[test]
fn museum_bm54_sleeps_dropped_elsewhere_around_their_deadline_do_no_harm() {
    for flavour in Flavour::each() {
        watched(move || {
            let world = World::of(flavour);
            let _guard = world.driver.enter();
            for offset in [999, 1_000, 1_001] {
                let base = world.driver.now();
                let mut naps: Vec<Sleep> = (0..1_000).map(|_| sleep(1_000 * MS)).collect();
                for nap in &mut naps {
                    assert!(poll(nap).is_pending());
                }
                world.clock.advance_to(base + offset * MS);
                let dropper = in_thread(move || drop(naps));
                let mut n_woken = world.turn();
                dropper.join().expect("no drop panics");
                n_woken += world.turn();

                assert!(n_woken <= if offset < 1_000 { 0 } else { 1_000 });
                assert!(!world.driver.has_timers());
            }
        });
    }
}

/// The deadline of a timer and the times at which it was woken.
type Kept = (Instant, Arc<Mutex<Vec<Instant>>>);

/// What a thread does to the timers of another in the stress test. Returns those it let run.
fn pester(handle: &TimeHandle, clock: &ManualClock, seed: u64) -> Vec<Kept> {
    let mut state = seed;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut kept = Vec::new();
    for _ in 0..500 {
        let woken: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let waker = {
            let (handle, woken) = (handle.clone(), Arc::clone(&woken));
            let note = move || woken.lock().expect("no waker panics").push(handle.now());
            Waker::from(Arc::new(Call(note)))
        };
        let delay = Duration::from_nanos(random(3_000_000));
        let mut timer = handle
            .insert_after(delay, waker)
            .expect("the driver is open");
        match random(4) {
            0 => timer.cancel(),
            1 => drop(timer),
            choice => {
                if choice == 2 {
                    timer.reset(clock.now() + Duration::from_nanos(random(5_000_000)));
                }
                kept.push((timer.deadline().expect("it is near"), woken));
                std::mem::forget(timer);
            }
        }
        if random(3) == 0 {
            clock.advance(Duration::from_nanos(random(200_000)));
        }
    }
    kept
}

#[test]
fn every_timer_that_is_not_cancelled_fires_whatever_other_threads_do() {
    for flavour in Flavour::each() {
        watched(move || {
            let world = World::of(flavour);
            let pesterers: Vec<_> = (1..=3)
                .map(|seed| {
                    let (handle, clock) = (world.driver.handle(), world.clock.clone());
                    in_thread(move || pester(&handle, &clock, seed))
                })
                .collect();
            while pesterers.iter().any(|thread| !thread.is_finished()) {
                turn(&world.driver);
            }
            let kept: Vec<_> = pesterers
                .into_iter()
                .flat_map(|thread| thread.join().expect("nobody panics"))
                .collect();
            // One advance takes a bounded number of orders; this takes all that are left.
            let _next = world.driver.next_deadline();
            world.pass(SECOND);

            assert!(kept.len() > 300);
            for (deadline, woken) in &kept {
                let woken = woken.lock().expect("no waker panics");
                assert_eq!(woken.len(), 1);
                assert!(woken[0] >= *deadline, "{:?} early", *deadline - woken[0]);
            }
            assert!(!world.driver.has_timers());
        });
    }
}
