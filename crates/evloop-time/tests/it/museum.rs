//! Timer bugs of other projects, kept from happening here. Those about threads and intervals stand
//! in their modules.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::{Duration, Instant};

use evloop_fixtures::Wakes;
use evloop_time::{
    Clock, ManualClock, Sleep, TimeHandle, Timer, deadline, interval, sleep, sleep_until,
};

use super::support::{
    Call, DAY, Flavour, MS, NS, REACH, SECOND, World, YEAR, elsewhere, poll, poll_with, turn,
};

/// A clock that goes wherever it is told.
#[derive(Debug)]
struct Unsteady {
    base: Instant,
    offset_ns: AtomicI64,
}

impl Clock for Unsteady {
    fn now(&self) -> Instant {
        let offset = self.offset_ns.load(Ordering::SeqCst);
        let distance = Duration::from_nanos(offset.unsigned_abs());
        match offset < 0 {
            true => self.base - distance,
            false => self.base + distance,
        }
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        until.map(|until| until.saturating_duration_since(self.now()))
    }
}

#[test]
fn museum_bm55_a_clock_that_steps_back_fires_nothing_early_or_twice() {
    for flavour in Flavour::each() {
        for back_ns in [1, 1_000_000, 10_000_000_000_i64] {
            let clock = Arc::new(Unsteady {
                base: ManualClock::new().now() + DAY,
                offset_ns: AtomicI64::new(0),
            });
            let driver = flavour.driver(Arc::clone(&clock) as Arc<dyn Clock>);
            let _guard = driver.enter();
            let (count, waker) = Wakes::new();
            clock.offset_ns.store(20_000_000_000, Ordering::SeqCst);
            let before = driver.now();

            clock.offset_ns.fetch_sub(back_ns, Ordering::SeqCst);
            assert_eq!(driver.now(), before, "held at the latest time seen");
            let handle = driver.handle();
            assert_eq!(handle.now(), before);
            assert_eq!(elsewhere(|| handle.now()), before);
            let mut nap = sleep(SECOND);
            assert!(poll_with(&mut nap, &waker).is_pending());
            assert_eq!(nap.deadline(), Some(before + SECOND));

            clock.offset_ns.store(20_999_999_999, Ordering::SeqCst);
            assert_eq!(turn(&driver), 0);
            clock.offset_ns.store(21_000_000_000, Ordering::SeqCst);
            assert_eq!(turn(&driver), 1);
            clock.offset_ns.store(-1, Ordering::SeqCst);
            assert_eq!(turn(&driver), 0);
            assert!(poll_with(&mut nap, &waker).is_ready());
            assert_eq!(count.count(), 1);
        }
    }
}

#[test]
fn museum_bm56_any_duration_is_accepted_and_max_is_never() {
    for flavour in Flavour::each() {
        let delays = [
            NS,
            MS,
            Duration::from_millis(1 << 31),
            Duration::from_millis(1 << 32),
            Duration::from_millis(1 << 36),
            50 * DAY,
            200 * DAY,
            REACH - 2 * NS,
            REACH,
            Duration::from_nanos(u64::MAX),
            Duration::from_millis(u64::MAX),
            Duration::MAX - NS,
            Duration::MAX,
        ];
        for delay in delays {
            let world = World::of(flavour);
            let _guard = world.driver.enter();
            world.clock.advance(NS);
            let handle = world.driver.handle();
            let mut nap = sleep(delay);
            let mut limited = Box::pin(deadline(delay, std::future::pending::<()>()));
            let mut beat = interval(delay).expect("the period is not zero");
            let mut cx = std::task::Context::from_waker(Waker::noop());
            assert!(beat.poll_tick(&mut cx).is_ready());
            assert!(beat.poll_tick(&mut cx).is_pending());
            let (count, waker) = Wakes::new();
            let timer = handle
                .insert_after(delay, waker)
                .expect("the driver is open");
            assert!(poll(&mut nap).is_pending());
            assert!(poll(&mut limited).is_pending());

            let is_never = delay >= REACH;
            assert_eq!(nap.deadline().is_none(), is_never, "{delay:?}");
            assert_eq!(timer.deadline(), nap.deadline());
            if is_never {
                assert_eq!(world.pass(Duration::MAX), 0, "{delay:?}");
            } else {
                assert_eq!(world.pass(delay - NS), 0, "{delay:?}");
                assert_eq!(world.pass(NS), 4, "{delay:?}");
                assert_eq!(count.count(), 1);
            }
        }
    }
}

#[test]
fn museum_bm59_a_zero_timer_that_arms_itself_fires_once_a_turn() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let handle = world.driver.handle();
        let slot: Arc<Mutex<Vec<Timer>>> = Arc::default();
        rearm(&handle, &slot);

        for n in 1..=1_000 {
            assert_eq!(world.turn(), 1);
            assert_eq!(slot.lock().expect("no waker panics").len(), n + 1);
        }
    }
}

/// Inserts a timer without delay that inserts the next one when it is woken.
fn rearm(handle: &TimeHandle, slot: &Arc<Mutex<Vec<Timer>>>) {
    let again = (handle.clone(), Arc::clone(slot));
    let waker = Waker::from(Arc::new(Call(move || rearm(&again.0, &again.1))));
    let timer = handle.insert_after(Duration::ZERO, waker);
    slot.lock()
        .expect("no waker panics")
        .push(timer.expect("the driver is open"));
}

#[test]
fn museum_bm62_wakers_may_insert_cancel_and_reset_timers_while_being_woken_and_dropped() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let handle = world.driver.handle();
        let victims: Arc<Mutex<Vec<Timer>>> = Arc::default();
        for _ in 0..10 {
            let (_, waker) = Wakes::new();
            let victim = handle
                .insert_after(SECOND, waker)
                .expect("the driver is open");
            victims.lock().expect("no waker panics").push(victim);
        }
        let hostile = {
            let (handle, victims) = (handle.clone(), Arc::clone(&victims));
            move || {
                let new = handle.insert_after(MS, Waker::noop().clone());
                let mut victims = victims.lock().expect("no waker panics");
                drop(victims.pop());
                if let Some(victim) = victims.last_mut() {
                    victim.reset(handle.now() + DAY);
                }
                drop(victims);
                drop(new);
                assert!(poll(&mut sleep(SECOND)).is_pending());
            }
        };
        let waker = Waker::from(Arc::new(Hostile(hostile)));
        let mut naps: Vec<Sleep> = (0..4).map(|_| sleep(MS)).collect();
        for nap in &mut naps {
            assert!(poll_with(nap, &waker).is_pending());
            assert!(poll_with(nap, Waker::noop()).is_pending());
            assert!(poll_with(nap, &waker).is_pending());
        }
        drop(waker);

        assert_eq!(world.pass(MS), 4);
        drop(naps);

        assert!(victims.lock().expect("no waker panics").len() <= 6);
        assert!(world.driver.has_timers());
    }
}

/// A waker that does its worst when woken and when dropped.
struct Hostile<F: Fn() + Send + Sync + 'static>(F);

impl<F: Fn() + Send + Sync + 'static> std::task::Wake for Hostile<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

impl<F: Fn() + Send + Sync + 'static> Drop for Hostile<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn museum_bm64_uptime_of_centuries_costs_no_precision() {
    for flavour in Flavour::each() {
        for uptime in [50 * DAY, 200 * DAY, 292 * YEAR, 580 * YEAR] {
            let world = World::of(flavour);
            let _guard = world.driver.enter();
            let mut far = sleep_until(world.start + 583 * YEAR);
            assert!(poll(&mut far).is_pending());
            world.pass(uptime);

            for _ in 0..100 {
                let mut nap = sleep(NS);
                assert!(poll(&mut nap).is_pending());
                assert_eq!(world.turn(), 0);
                assert_eq!(world.pass(NS), 1);
                assert!(poll(&mut nap).is_ready());
            }
        }
    }
}

#[test]
fn museum_bm52_a_far_timer_keeps_no_interval_waiting() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut far = sleep(100 * YEAR);
        assert!(poll(&mut far).is_pending());

        for power in 1..42 {
            world
                .clock
                .advance_to(world.start + Duration::from_millis(1 << power) - NS);
            for _ in 0..4 {
                let mut nap = sleep(15 * SECOND);
                assert!(poll(&mut nap).is_pending());
                world.pass(15 * SECOND - NS);
                assert!(poll(&mut nap).is_pending());
                world.pass(NS);
                assert!(poll(&mut nap).is_ready(), "2^{power} ms");
            }
        }
    }
}
