//! A driver that any thread may turn, with timers that change threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::Waker;
use std::time::{Duration, Instant};

use evloop_fixtures::{Wakes, in_thread, watched};
use evloop_time::{Clock, ManualClock, SharedTimeDriver, TimeHandle, Timer, sleep};

use super::support::{Call, Flavour, MS, NS, Order, SECOND, World, elsewhere, poll, poll_with};

fn new_driver() -> (ManualClock, SharedTimeDriver) {
    let clock = ManualClock::new();
    let driver = SharedTimeDriver::new(Arc::new(clock.clone()));
    (clock, driver)
}

fn turn(driver: &SharedTimeDriver) -> usize {
    let mut woken = Vec::new();
    driver.advance(&mut woken);
    let n_woken = woken.len();
    woken.into_iter().for_each(Waker::wake);
    n_woken
}

#[test]
fn a_driver_may_be_used_from_every_thread() {
    fn assert_free<T: Send + Sync + Unpin>() {}
    assert_free::<SharedTimeDriver>();
}

#[test]
fn timers_of_an_owner_that_is_busy_are_fired_by_another_thread() {
    let (clock, driver) = new_driver();
    let (count, waker) = Wakes::new();
    // The owner has entered its driver and runs a task, which sleeps and then does not come back.
    let _guard = driver.enter();
    let mut nap = sleep(SECOND);
    assert!(poll_with(&mut nap, &waker).is_pending());
    assert!(!driver.is_due(clock.now()));
    clock.advance(SECOND);

    elsewhere(|| {
        assert!(driver.is_due(clock.now()));
        let mut woken = Vec::new();
        assert!(driver.try_advance(&mut woken));
        woken.into_iter().for_each(Waker::wake);
    });

    assert_eq!(count.count(), 1);
    assert!(!driver.is_due(clock.now()));
    assert!(poll(&mut nap).is_ready());
    assert_eq!(turn(&driver), 0);
}

#[test]
fn is_due_tells_past_from_future_for_any_instant() {
    let (clock, driver) = new_driver();
    let start = clock.now();
    assert!(!driver.is_due(start + 1_000 * SECOND), "there is no timer");
    let handle = driver.handle();
    let _timer = handle.insert(start + SECOND, Waker::noop().clone());

    assert!(!driver.is_due(start + SECOND - NS));
    assert!(driver.is_due(start + SECOND));

    let _passed = handle.insert(start - SECOND, Waker::noop().clone());
    assert!(driver.is_due(start));
    driver.close();
    assert!(!driver.is_due(start + SECOND));
}

#[test]
fn a_sleep_that_changes_threads_stays_with_its_driver() {
    let (clock, first) = new_driver();
    let second = SharedTimeDriver::new(Arc::new(clock.clone()));
    let (before, a) = Wakes::new();
    let (after, b) = Wakes::new();
    let guard = first.enter();
    let mut nap = sleep(SECOND);
    assert!(poll_with(&mut nap, &a).is_pending());
    drop(guard);

    // The task has been stolen by the worker of the second driver.
    elsewhere(|| {
        let _guard = second.enter();
        assert!(poll_with(&mut nap, &b).is_pending());
        assert_eq!(
            Arc::strong_count(&before),
            2,
            "its waker is dropped at once"
        );
        clock.advance(SECOND);
        assert_eq!(turn(&second), 0);
        assert_eq!(first.now(), second.now());
        assert!(!nap.is_elapsed(), "it has not fired yet");
    });
    assert_eq!(turn(&first), 1);
    elsewhere(|| assert!(poll(&mut nap).is_ready()));

    drop(a);
    assert_eq!((before.count(), after.count()), (0, 1));
    assert!(!first.has_timers() && !second.has_timers());
}

#[test]
fn a_reset_from_another_thread_takes_effect_at_once_and_tells_whether_it_did() {
    let (clock, driver) = new_driver();
    let start = clock.now();
    let (count, waker) = Wakes::new();
    let timer = driver.handle().insert(start + SECOND, waker);
    let mut timer = timer.expect("the driver is open");

    assert!(elsewhere(|| timer.reset(start + 3 * SECOND)));
    assert_eq!(driver.next_deadline(), Some(start + 3 * SECOND));
    clock.advance(2 * SECOND);
    assert_eq!(turn(&driver), 0);
    assert!(elsewhere(|| timer.reset(start + 2 * SECOND)));
    assert_eq!(elsewhere(|| turn(&driver)), 1);

    assert_eq!(count.count(), 1);
    assert!(!elsewhere(|| timer.reset(start + 9 * SECOND)));
    assert!(!driver.has_timers());
}

#[test]
fn a_timer_dropped_on_another_thread_is_unlinked_and_its_waker_dropped_at_once() {
    let (clock, driver) = new_driver();
    let guard = driver.enter();
    let (count, waker) = Wakes::new();
    let mut nap = sleep(SECOND);
    assert!(poll_with(&mut nap, &waker).is_pending());
    let timer = driver.handle().insert_after(SECOND, waker);
    drop(guard);

    elsewhere(|| drop((nap, timer)));

    assert_eq!(Arc::strong_count(&count), 1);
    assert!(!driver.has_timers());
    clock.advance(SECOND);
    assert_eq!(turn(&driver), 0);
}

#[test]
fn threads_that_advance_at_once_share_what_is_due_each_in_order() {
    watched(|| {
        const N_TIMERS: u32 = 1_000;
        let (clock, driver) = new_driver();
        let (handle, start) = (driver.handle(), clock.now());
        let order = Order::default();
        let driver = Arc::new(driver);
        let barrier = Arc::new(Barrier::new(3));
        let timers: Vec<_> = (0..N_TIMERS)
            .map(|n| handle.insert(start + n * MS, order.waker(n)))
            .collect();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (driver, clock) = (Arc::clone(&driver), clock.clone());
                let barrier = Arc::clone(&barrier);
                in_thread(move || {
                    let mut woken = Vec::new();
                    barrier.wait();
                    while driver.has_timers() {
                        clock.advance(MS);
                        driver.advance(&mut woken);
                    }
                    woken
                })
            })
            .collect();

        let mut all = Vec::new();
        for thread in threads {
            thread
                .join()
                .expect("it does not panic")
                .into_iter()
                .for_each(Waker::wake);
            let taken = order.take();
            assert!(taken.is_sorted());
            all.extend(taken);
        }

        all.sort_unstable();
        assert_eq!(all, (0..N_TIMERS).collect::<Vec<_>>());
        drop(timers);
    });
}

#[test]
fn a_driver_closed_by_another_thread_is_current_no_more() {
    let outer = World::of(Flavour::Confined);
    let inner = SharedTimeDriver::new(Arc::new(outer.clock.clone()));
    let outer_guard = outer.driver.enter();
    let inner_guard = inner.enter();
    let (count, waker) = Wakes::new();
    let mut nap = sleep(SECOND);
    assert!(poll_with(&mut nap, &waker).is_pending());

    elsewhere(|| inner.close());

    assert_eq!(count.count(), 1);
    assert!(!TimeHandle::current().is_closed());
    assert!(
        poll_with(&mut nap, &waker).is_pending(),
        "it goes on with the outer one"
    );
    let mut other = sleep(SECOND);
    assert!(poll_with(&mut other, &waker).is_pending());
    assert_eq!(outer.pass(SECOND), 2);
    assert!(poll(&mut nap).is_ready() && poll(&mut other).is_ready());
    let mut local = sleep(SECOND);
    assert!(poll(&mut local).is_pending());
    assert!(outer.driver.has_timers());
    drop(inner_guard);
    assert!(TimeHandle::try_current().is_some());
    drop(outer_guard);
    assert!(TimeHandle::try_current().is_none());
}

#[test]
fn a_driver_closed_by_another_thread_refuses_what_is_asked_of_its_timers() {
    let (clock, driver) = new_driver();
    let start = clock.now();
    let (count, waker) = Wakes::new();
    let handle = driver.handle();
    let mut timer = handle
        .insert(start + SECOND, waker)
        .expect("the driver is open");
    let mut nap = handle.sleep(SECOND);
    assert!(poll(&mut nap).is_pending());
    clock.advance(SECOND / 2);

    elsewhere(|| driver.close());

    assert_eq!(count.count(), 1);
    assert!(!timer.reset(start + 2 * SECOND));
    timer.cancel();
    assert!(!nap.is_elapsed());
    assert!(!driver.has_timers());
    assert_eq!((driver.next_deadline(), driver.wait_limit()), (None, None));
    assert!(driver.try_advance(&mut Vec::new()));
    assert!(handle.insert_after(SECOND, Waker::noop().clone()).is_err());
    let (unparked, unpark) = Wakes::new();
    driver.set_unpark(unpark);
    assert_eq!(Arc::strong_count(&unparked), 1);
    driver.close();
    assert_eq!(count.count(), 1);
}

#[test]
fn a_closed_driver_leaves_nothing_behind_in_a_thread_that_forgot_its_guard() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let outer = Flavour::Confined.driver(Arc::new(ManualClock::new()));
    let _guard = outer.enter();
    let driver = SharedTimeDriver::new(Arc::clone(&clock));
    std::mem::forget(driver.enter());

    drop(driver);

    assert_eq!(Arc::strong_count(&clock), 1);
}

#[test]
fn an_idle_driver_moves_a_jumping_clock_for_the_others_too() {
    let clock = ManualClock::new().with_auto_jump();
    let start = clock.now();
    let drivers = [(); 2].map(|()| SharedTimeDriver::new(Arc::new(clock.clone())));
    let counts = drivers.each_ref().map(|driver| {
        let (count, waker) = Wakes::new();
        driver.set_unpark(waker);
        count
    });
    let timers = [(0, 1), (0, 8), (1, 5)].map(|(driver, seconds): (usize, u32)| {
        let handle = drivers[driver].handle();
        handle.insert(start + seconds * SECOND, Waker::noop().clone())
    });

    assert_eq!(drivers[1].wait_limit(), Some(Duration::ZERO));

    assert_eq!(clock.elapsed(), 5 * SECOND);
    assert_eq!(counts.map(|count| count.count()), [1, 1]);
    assert!(drivers[0].is_due(clock.now()), "it is late, never early");
    assert_eq!(drivers.each_ref().map(turn), [1, 1]);
    assert_eq!(drivers[0].next_deadline(), Some(start + 8 * SECOND));
    drop(timers);
}

/// A timer, its deadline, and when it was woken.
struct Kept {
    timer: Timer,
    deadline: Instant,
    woken: Arc<Mutex<Vec<Instant>>>,
}

/// Sets timers on a clock that others move, and moves them: every tenth from another thread.
fn set_and_move(handle: &TimeHandle, seed: u64) -> Vec<Kept> {
    let micros = |n| Duration::from_micros(n);
    let set = |n| {
        let woken: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let waker = {
            let (handle, woken) = (handle.clone(), Arc::clone(&woken));
            Waker::from(Arc::new(Call(move || {
                woken.lock().expect("no waker panics").push(handle.now());
            })))
        };
        let timer = handle.insert_after(micros(seed * n % 977), waker);
        let mut timer = timer.expect("the driver is open");
        let mut deadline = timer.deadline().expect("it is near");
        let later = deadline + micros(50);
        let is_moved = match n % 10 {
            0 => elsewhere(|| timer.reset(later)),
            _ => timer.reset(later),
        };
        if is_moved {
            deadline = later;
        }
        Kept {
            timer,
            deadline,
            woken,
        }
    };
    (0..500).map(set).collect()
}

#[test]
fn timers_set_moved_and_fired_by_several_threads_fire_once_and_never_early() {
    watched(|| {
        let (clock, driver) = new_driver();
        let driver = Arc::new(driver);
        let is_over = Arc::new(AtomicBool::new(false));
        let helpers = [(); 2].map(|()| {
            let (driver, clock) = (Arc::clone(&driver), clock.clone());
            let is_over = Arc::clone(&is_over);
            in_thread(move || {
                let mut n_fired = 0;
                while !is_over.load(Ordering::SeqCst) {
                    clock.advance(Duration::from_micros(10));
                    if driver.is_due(clock.now()) {
                        n_fired += turn(&driver);
                    }
                    std::thread::yield_now();
                }
                n_fired
            })
        });
        let setters = [3, 7].map(|seed| {
            let handle = driver.handle();
            in_thread(move || set_and_move(&handle, seed))
        });

        let kept = setters.map(|it| it.join().expect("it does not panic"));
        is_over.store(true, Ordering::SeqCst);
        let n_fired = helpers.map(|it| it.join().expect("it does not panic"));
        clock.advance(SECOND);
        let n_left = turn(&driver);

        let kept = kept.into_iter().flatten();
        let n_kept = kept.map(check).count();
        assert_eq!(n_fired[0] + n_fired[1] + n_left, n_kept);
        assert!(!driver.has_timers());
    });
}

fn check(kept: Kept) {
    let woken = kept.woken.lock().expect("no waker panics");
    assert_eq!(woken.len(), 1);
    assert!(
        woken[0] >= kept.deadline,
        "{:?} early",
        kept.deadline - woken[0]
    );
    drop(kept.timer);
}
