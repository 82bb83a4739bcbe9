//! Drivers of both flavours on a manual clock, and wakers that call.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use evloop_time::{Clock, ManualClock, SharedTimeDriver, TimeDriver, TimeGuard, TimeHandle};

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const NS: Duration = Duration::from_nanos(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// How far after its start a driver's deadlines reach; beyond is never.
pub(crate) const REACH: Duration = Duration::from_nanos(u64::MAX - (1 << 55));

/// What is true of timers is true of both kinds of driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flavour {
    Confined,
    Shared,
}

impl Flavour {
    /// Both, each named in the output of a test that fails.
    #[expect(clippy::print_stdout, reason = "a test that fails shows it")]
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        let both = [Self::Confined, Self::Shared].into_iter();
        both.inspect(|flavour| println!("with a driver that is {flavour:?}"))
    }

    pub(crate) fn driver(self, clock: Arc<dyn Clock>) -> Driver {
        match self {
            Self::Confined => Driver::Confined(TimeDriver::new(clock)),
            Self::Shared => Driver::Shared(SharedTimeDriver::new(clock)),
        }
    }
}

pub(crate) enum Driver {
    Confined(TimeDriver),
    Shared(SharedTimeDriver),
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Confined(driver) => driver.fmt(f),
            Self::Shared(driver) => driver.fmt(f),
        }
    }
}

/// Methods that pass a call on to whichever driver it is.
macro_rules! pass_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl Driver {
            $(pub(crate) fn $name(&self, $($argument: $type),*) -> $result {
                match self {
                    Self::Confined(driver) => driver.$name($($argument),*),
                    Self::Shared(driver) => driver.$name($($argument),*),
                }
            })*
        }
    };
}

pass_on! {
    handle() -> TimeHandle;
    enter() -> TimeGuard<'_>;
    set_unpark(unpark: Waker) -> ();
    now() -> Instant;
    next_deadline() -> Option<Instant>;
    wait_limit() -> Option<Duration>;
    has_timers() -> bool;
    advance(woken: &mut Vec<Waker>) -> ();
    close() -> ();
}

/// A driver and the clock it goes by.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) driver: Driver,
    pub(crate) start: Instant,
}

impl World {
    /// With a driver that is confined to this thread.
    pub(crate) fn new() -> Self {
        Self::of(Flavour::Confined)
    }

    pub(crate) fn of(flavour: Flavour) -> Self {
        let clock = ManualClock::new();
        Self {
            driver: flavour.driver(Arc::new(clock.clone())),
            start: clock.now(),
            clock,
        }
    }

    /// Turns the driver once and wakes what is due. Returns how much that was.
    pub(crate) fn turn(&self) -> usize {
        turn(&self.driver)
    }

    /// Lets time pass and turns the driver once.
    pub(crate) fn pass(&self, by: Duration) -> usize {
        self.clock.advance(by);
        self.turn()
    }
}

pub(crate) fn turn(driver: &Driver) -> usize {
    let mut woken = Vec::new();
    driver.advance(&mut woken);
    let n_woken = woken.len();
    woken.into_iter().for_each(Waker::wake);
    n_woken
}

/// A waker that calls a function.
pub(crate) struct Call<F>(pub(crate) F);

impl<F: Fn() + Send + Sync + 'static> Wake for Call<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Wakers that write their number into one list.
#[derive(Clone, Default)]
pub(crate) struct Order(Arc<Mutex<Vec<u32>>>);

impl Order {
    pub(crate) fn waker(&self, number: u32) -> Waker {
        let list = Arc::clone(&self.0);
        Waker::from(Arc::new(Call(move || {
            list.lock().expect("no waker panics").push(number);
        })))
    }

    pub(crate) fn take(&self) -> Vec<u32> {
        std::mem::take(&mut *self.0.lock().expect("no waker panics"))
    }
}

/// Polls once with a waker that does nothing.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

pub(crate) fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// A waker that unparks this thread: sticky, as `set_unpark` asks for.
pub(crate) fn unpark_this_thread() -> Waker {
    let this = thread::current();
    Waker::from(Arc::new(Call(move || this.unpark())))
}

/// Runs a future on this thread, with the driver entered and turned.
pub(crate) fn run<F: Future>(driver: &Driver, future: F) -> F::Output {
    let mut future = pin!(future);
    let unpark = unpark_this_thread();
    driver.set_unpark(unpark.clone());
    let _guard = driver.enter();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&unpark)) {
            return output;
        }
        match driver.wait_limit() {
            None => thread::park(),
            Some(limit) if limit.is_zero() => {}
            Some(limit) => thread::park_timeout(limit),
        }
        turn(driver);
    }
}

/// Runs the body on another thread and waits for it.
pub(crate) fn elsewhere<R: Send>(body: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .spawn_scoped(scope, body)
            .expect("the machine has a thread to spare");
        match thread.join() {
            Ok(result) => result,
            Err(payload) => std::panic::resume_unwind(payload),
        }
    })
}
