//! Clocks, sleeps, intervals and deadlines over a timer wheel, usable under any executor.
//!
//! # The nouns
//!
//! - A [`Clock`] says what time it is: [`SystemClock`], or [`ManualClock`] for tests, which moves
//!   only when told to, or by itself to the next deadline whenever everything waits.
//! - A [`TimeDriver`] belongs to one thread. Whoever owns it *turns* it: waits for
//!   [`wait_limit`](TimeDriver::wait_limit), calls [`advance`](TimeDriver::advance), wakes what that
//!   hands out.
//! - A [`SharedTimeDriver`] may be turned by any thread. It takes a lock for that, and for every timer;
//!   a runtime with several threads gives each of them one. All else is the same for both kinds.
//! - While a driver is [entered](TimeDriver::enter), it is the thread's *current* driver, where
//!   [`sleep`], [`interval`] and [`deadline`] put their timers.
//! - A [`TimeHandle`] reaches the driver from any thread and makes *bound* forms of the same
//!   futures, which work on any executor. It also makes [`Timer`]s: a waker with a deadline.
//!
//! # Example
//!
//! A whole executor for one future, in virtual time:
//!
//! ```
//! use std::pin::pin;
//! use std::sync::Arc;
//! use std::task::{Context, Waker};
//! use std::time::Duration;
//!
//! use evloop_time::{Clock, ManualClock, TimeDriver, sleep};
//!
//! let clock = ManualClock::new().with_auto_jump();
//! let driver = TimeDriver::new(Arc::new(clock.clone()));
//! let start = driver.now();
//!
//! let mut program = pin!(async {
//!     sleep(Duration::from_secs(3_600)).await;
//!     "an hour later"
//! });
//! let _guard = driver.enter();
//! let mut woken = Vec::new();
//! let mut cx = Context::from_waker(Waker::noop());
//! let said = loop {
//!     if let std::task::Poll::Ready(said) = program.as_mut().poll(&mut cx) {
//!         break said;
//!     }
//!     // Nothing is ready: a real loop would wait this long. The manual clock jumps instead.
//!     assert_eq!(driver.wait_limit(), Some(Duration::ZERO));
//!     driver.advance(&mut woken);
//!     woken.drain(..).for_each(Waker::wake);
//! };
//!
//! assert_eq!(said, "an hour later");
//! assert_eq!(clock.now() - start, Duration::from_secs(3_600));
//! ```
//!
//! # Time
//!
//! Instants are [`std::time::Instant`]; a driver counts integer nanoseconds from its own start, for
//! 583 years. A deadline beyond that, and any [`Duration`](std::time::Duration) that leads there, is
//! *never*: accepted, and never due. A deadline that has passed is due at the next turn and keeps
//! its place in the order of time, be it up to 416 days before the driver's start. No timer fires
//! early: where rounding is needed, it is up. A clock that steps back is held at the latest time seen.
//! Whether time passes while the machine is suspended is up to the operating system's monotonic clock:
//! it stops on Linux and macOS, and goes on on Windows.
//!
//! # Relation to asyncio
//!
//! [`sleep`] is `asyncio.sleep`: the delay counts from the first poll, as a coroutine starts when it
//! is awaited, and `sleep(Duration::ZERO)` lets everything that is ready run once. [`sleep_secs`]
//! takes seconds as a float and refuses NaN. [`TimeDriver`] is the part of the event loop that
//! keeps `TimerHandle`s. As there, timers fire in the order of their deadlines, also of those that
//! have passed. Unlike there, a cancelled timer is unlinked at once, and timers with equal
//! deadlines fire in order of insertion. [`interval`] has no counterpart.
//!
//! [`deadline`] is **not** `asyncio.timeout`: it drops the future that is late, which therefore
//! cannot clean up asynchronously. That form needs tasks and lives in the `evloop` crate.
//!
//! # What this crate does not do
//!
//! It runs no futures, starts no threads and waits for nothing itself. It knows no calendar.
//!
//! # When to use something else
//!
//! To use timers in an application, take the `evloop` crate, which turns a driver for you. If one thread
//! has all the timers, take [`TimeDriver`] rather than [`SharedTimeDriver`]: it needs no lock. For the
//! data structure alone, take `evloop-timer-wheel`.

#![forbid(unsafe_code)]

mod clock;
mod context;
mod deadline;
mod delay;
mod driver;
mod epoch;
mod handle;
mod inbox;
mod interval;
mod locked_wheel;
mod registration;
mod remote;
mod shared_driver;
mod sleep;
mod sync;
mod timer;

pub use clock::{Clock, ManualClock, SystemClock};
pub use context::TimeGuard;
pub use deadline::{Deadline, Elapsed, deadline, deadline_at};
pub use delay::{InvalidDelay, delay_from_secs};
pub use driver::TimeDriver;
pub use handle::{DriverClosed, TimeHandle};
pub use interval::{Interval, InvalidPeriod, MissedTicks, interval, interval_at};
pub use shared_driver::SharedTimeDriver;
pub use sleep::{Sleep, sleep, sleep_secs, sleep_until};
pub use timer::Timer;

#[cfg(loom)]
#[doc(hidden)]
pub mod loom_models;
