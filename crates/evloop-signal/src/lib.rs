//! Watching signals of the process, with the former disposition restored afterwards.
//!
//! While a [`Signals`] lives, its signals are given by that stream instead of doing what they do by
//! default; while a [`Watch`] lives, its signal is counted. A descriptor becomes readable, for whoever
//! waits for descriptors. When they are dropped, the signal acts again as it did before. The crate
//! starts no thread and knows no event loop.
//!
//! # The nouns
//!
//! - [`Signal`]: which one.
//! - [`Signals`]: a stream of them, for all who ask for one.
//! - [`Watch`]: counts a signal instead of its default action, up to a number after which it acts
//!   again. There is one at a time for each signal, and it stands back while there are streams.
//! - [`Disposition`]: what a signal does, which [`Signal::disposition`] asks for.
//! - [`Wakeups`]: the descriptor that is readable after a signal, of which somebody tells those who wait.
//! - [`WatchError`]: why a signal is not watched.
//!
//! # Example
//!
//! ```
//! use evloop_signal::{Disposition, Signal, Signals, Watch};
//!
//! # Signal::INTERRUPT.set_default()?; // Tests may run in the background, where it is ignored.
//! let watch = Watch::instead_of_default(Signal::INTERRUPT, 2)?;
//! assert_eq!(Signal::INTERRUPT.disposition()?, Disposition::Handled);
//! assert_eq!(watch.count(), 0); // Ctrl-C would be counted now; after two it kills again.
//!
//! let mut signals = Signals::new([Signal::INTERRUPT, Signal::TERMINATE])?;
//! assert_eq!(signals.try_next(), None); // It would be here now, and not be counted.
//!
//! drop((signals, watch));
//! assert_eq!(Signal::INTERRUPT.disposition()?, Disposition::Default);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Relation to asyncio
//!
//! asyncio's `Runner` replaces the handler of SIGINT for the time of a run, if it is the default
//! one and the thread is the main thread: `evloop::Runner` does it with a [`Watch`]. Its
//! `add_signal_handler` is on `evloop::Handle`, by [`Signals`]. asyncio writes the numbers of signals
//! to a pipe, which can fill up; here the count is a word of memory, and the descriptor only wakes.
//!
//! # What this crate does not do
//!
//! Replacing, or calling, a handler of somebody else: a signal that has one is refused. Who sent a
//! signal, and the value of a real-time signal. On systems other than Unix every attempt is refused
//! ([`WatchError::is_unsupported`]).
//!
//! Use `signal-hook` where a handler is to stay for the rest of the program: it chains to the former
//! one, and never restores it.

mod disposition;
#[cfg_attr(not(unix), expect(dead_code, reason = "only one error happens there"))]
mod error;
mod signal;
mod signals;
mod waiting;
mod watch;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as sys;
#[cfg(unix)]
pub use unix::Wakeups;

#[cfg(not(unix))]
mod without_signals;
#[cfg(not(unix))]
use without_signals as sys;

pub use disposition::Disposition;
pub use error::WatchError;
pub use signal::Signal;
pub use signals::Signals;
pub use watch::Watch;

/// True on the thread that the process started with; false where the system does not tell.
#[must_use]
pub fn is_main_thread() -> bool {
    sys::is_main_thread()
}
