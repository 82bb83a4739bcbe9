//! Models of the driver for all threads. Loom's threads are one to the system, so none enters a
//! driver: a thread-local variable of the system would be common to all.

use std::mem;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use loom::sync::Arc;
use loom::sync::atomic::AtomicU32;
use loom::thread;

use super::Token;
use crate::clock::{Clock, ManualClock};
use crate::handle::TimeHandle;
use crate::registration::{Registration, When};
use crate::shared_driver::SharedTimeDriver;

const SECOND: Duration = Duration::from_secs(1);

/// A driver and its clock, which stands still.
struct World {
    driver: Arc<SharedTimeDriver>,
    clock: ManualClock,
    start: Instant,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::new();
        Self {
            driver: Arc::new(SharedTimeDriver::new(StdArc::new(clock.clone()))),
            start: clock.now(),
            clock,
        }
    }
}

/// A waker that counts. Each model asks for the sum once its threads have ended.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn new() -> (StdArc<Self>, Waker) {
        let count = StdArc::new(Self::default());
        (StdArc::clone(&count), Waker::from(count))
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn turn(driver: &SharedTimeDriver) -> usize {
    let mut woken = Vec::new();
    driver.advance(&mut woken);
    let n_woken = woken.len();
    woken.into_iter().for_each(Waker::wake);
    n_woken
}

/// Turns the driver until its earliest deadline is the one given, and waits before each turn unless
/// timers are due.
fn turn_until(world: &World, token: &Token, deadline: Instant) {
    loop {
        match world.driver.announce_wait() {
            Some(next) if next == deadline => return,
            Some(next) if next <= world.clock.now() => {}
            // The manual clock lets it wait. Without the wake of an earlier insertion, it does for ever.
            _ => token.wait(),
        }
        turn(&world.driver);
    }
}

/// Sets a timer for good: its destructor would reach for the lock while a model that failed unwinds.
fn set_timer(handle: &TimeHandle, deadline: Instant) {
    let timer = handle.insert(deadline, Waker::noop().clone());
    mem::forget(timer.expect("the driver is open"));
}

/// LM-07: two threads set timers, the second an earlier one, while the owner waits.
pub fn an_earlier_deadline_meets_an_owner_that_waits() {
    let world = World::new();
    let start = world.start;
    let token = Arc::new(Token::default());
    world.driver.set_unpark(Token::waker(&token));
    let threads: Vec<_> = [5, 1]
        .map(|seconds| {
            let handle = world.driver.handle();
            thread::spawn(move || set_timer(&handle, start + seconds * SECOND))
        })
        .into_iter()
        .collect();

    turn_until(&world, &token, start + SECOND);

    for thread in threads {
        thread.join().unwrap();
    }
}

/// LM-07: a timer is moved to an earlier deadline while the owner waits.
pub fn a_move_to_an_earlier_deadline_meets_an_owner_that_waits() {
    let world = World::new();
    let start = world.start;
    let token = Arc::new(Token::default());
    world.driver.set_unpark(Token::waker(&token));
    let handle = world.driver.handle();
    let timer = handle.insert(start + 5 * SECOND, Waker::noop().clone());
    let mut timer = timer.expect("the driver is open");
    let thread = thread::spawn(move || {
        assert!(timer.reset(start + SECOND));
        mem::forget(timer);
    });

    turn_until(&world, &token, start + SECOND);

    thread.join().unwrap();
}

/// LM-07: the owner names its waker when it has announced its wait already.
pub fn a_waker_named_late_meets_an_earlier_deadline() {
    let world = World::new();
    let start = world.start;
    let token = Arc::new(Token::default());
    let handle = world.driver.handle();
    let thread = thread::spawn(move || set_timer(&handle, start + SECOND));

    if world.driver.announce_wait().is_none() {
        world.driver.set_unpark(Token::waker(&token));
        token.wait();
    }

    turn_until(&world, &token, start + SECOND);
    thread.join().unwrap();
}

/// LM-07, while a thread that does not wait advances time and another cancels.
pub fn an_owner_that_waits_is_helped_by_another_thread() {
    let world = World::new();
    let start = world.start;
    let token = Arc::new(Token::default());
    let handle = world.driver.handle();
    let due = handle.insert(start + SECOND, Waker::noop().clone());
    let due = due.expect("the driver is open");
    world.clock.advance(SECOND);
    world.driver.set_unpark(Token::waker(&token));
    let helper = {
        let driver = Arc::clone(&world.driver);
        thread::spawn(move || turn(&driver))
    };
    let other = thread::spawn(move || {
        set_timer(&handle, start + 5 * SECOND);
        due.cancel();
        mem::forget(due);
    });

    turn_until(&world, &token, start + 5 * SECOND);

    helper.join().unwrap();
    other.join().unwrap();
}

/// A clock whose readings loom sees, in seconds.
#[derive(Debug)]
struct SeenClock {
    start: Instant,
    seconds: AtomicU32,
}

impl Clock for SeenClock {
    fn now(&self) -> Instant {
        self.start + SECOND * self.seconds.load(Ordering::SeqCst)
    }

    fn idle(&self, _until: Option<Instant>) -> Option<Duration> {
        None
    }
}

/// Two threads advance time, of which one may have read the clock before it moved. What the other has
/// fired stays fired.
pub fn a_fire_meets_an_older_reading_of_the_clock() {
    let clock = StdArc::new(SeenClock {
        start: ManualClock::new().now(),
        seconds: AtomicU32::new(1),
    });
    let driver = Arc::new(SharedTimeDriver::new(StdArc::<SeenClock>::clone(&clock)));
    let handle = driver.handle();
    let mut nap = handle.sleep_until(clock.start + 3 * SECOND);
    let mut poll = move || Pin::new(&mut nap).poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll().is_pending());
    clock.seconds.store(2, Ordering::SeqCst);
    let late = {
        let driver = Arc::clone(&driver);
        thread::spawn(move || turn(&driver))
    };

    clock.seconds.store(3, Ordering::SeqCst);
    let n_fired = turn(&driver);

    assert_eq!(n_fired + late.join().unwrap(), 1);
    assert!(poll().is_ready());
}

/// Whether [`an_impatient_helper_meets_an_owner_that_turns`] has shown a helper that gave up.
pub static GAVE_UP: AtomicBool = AtomicBool::new(false);

/// The owner and a helper that does not wait for it turn the driver. One of them gets the timer.
pub fn an_impatient_helper_meets_an_owner_that_turns() {
    let World {
        driver,
        clock,
        start,
    } = World::new();
    set_timer(&driver.handle(), start + SECOND);
    clock.advance(SECOND);
    let owner = {
        let driver = Arc::clone(&driver);
        thread::spawn(move || turn(&driver))
    };

    let mut woken = Vec::new();
    if !driver.try_advance(&mut woken) {
        assert!(woken.is_empty());
        GAVE_UP.store(true, Ordering::SeqCst);
    }

    assert_eq!(owner.join().unwrap() + woken.len(), 1);
}

/// A timer is moved in the moment in which it fires. It was moved, or it has fired, not both.
pub fn a_fire_meets_a_reset() {
    let World {
        driver,
        clock,
        start,
    } = World::new();
    let (count, waker) = Count::new();
    let timer = driver.handle().insert(start + SECOND, waker);
    let mut timer = timer.expect("the driver is open");
    clock.advance(SECOND);
    let firing = {
        let driver = Arc::clone(&driver);
        thread::spawn(move || turn(&driver))
    };

    let is_moved = timer.reset(start + 2 * SECOND);

    let n_fired = firing.join().unwrap();
    assert_eq!(n_fired, usize::from(!is_moved));
    assert_eq!(count.get(), n_fired);
    timer.cancel();
    clock.advance(SECOND);
    assert_eq!(turn(&driver), 0);
    assert_eq!(StdArc::strong_count(&count), 1);
}

/// A sleep is polled with another waker in the moment in which it fires. It has ended, or the
/// new waker is woken.
pub fn a_fire_meets_a_poll() {
    let World { driver, clock, .. } = World::new();
    let (_, before) = Count::new();
    let (count, after) = Count::new();
    let mut nap = driver.handle().sleep(SECOND);
    let mut poll = move |waker| Pin::new(&mut nap).poll(&mut Context::from_waker(waker));
    assert!(poll(&before).is_pending());
    clock.advance(SECOND);
    let firing = {
        let driver = Arc::clone(&driver);
        thread::spawn(move || turn(&driver))
    };

    let polled: Poll<()> = poll(&after);

    assert_eq!(firing.join().unwrap(), 1);
    assert_eq!(count.get(), usize::from(polled.is_pending()));
    assert!(poll(&after).is_ready());
}

/// A timer is set while the driver is closed. It is refused, or woken.
pub fn a_close_meets_an_insertion() {
    let World { driver, start, .. } = World::new();
    let (count, waker) = Count::new();
    let handle = driver.handle();
    let closing = thread::spawn(move || driver.close());

    let inserted = handle.insert(start + SECOND, waker);

    closing.join().unwrap();
    assert!(handle.is_closed());
    assert_eq!(count.get(), usize::from(inserted.is_ok()));
}

/// A timer is polled with another waker while the driver is closed. It has ended with the driver, or the
/// new waker is woken.
pub fn a_close_meets_a_poll() {
    let World { driver, .. } = World::new();
    let (_, before) = Count::new();
    let (count, after) = Count::new();
    let handle = driver.handle();
    let registered = Registration::with_handle(&handle, When::After(SECOND), before);
    let mut registration = registered.unwrap_or_else(|_| unreachable!("the driver is open"));
    let closing = thread::spawn(move || driver.close());

    let polled = registration.poll(&handle, &Context::from_waker(&after));

    closing.join().unwrap();
    let is_waiting = match polled {
        Poll::Pending => true,
        Poll::Ready(Err(_)) => false,
        Poll::Ready(Ok(())) => panic!("it has not fired"),
    };
    assert_eq!(count.get(), usize::from(is_waiting));
}
