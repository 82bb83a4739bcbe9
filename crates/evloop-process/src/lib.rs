//! Child processes on the evloop reactor: started, fed, read, signalled, and always reaped.
//!
//! asyncio's subprocesses. On Linux the exit of a child is a descriptor that the reactor waits for;
//! elsewhere a thread waits for each child. It works under any executor, as long as somebody turns
//! the reactor.
//!
//! # The nouns
//!
//! - A [`Command`] says what to start and how. It wraps that of the standard library.
//! - A [`Child`] is a process that was started: its pipes, its end, and signals for it.
//! - [`Captured`] is what a child has written, and how it ended.
//! - [`ChildLost`]: somebody else has taken the status of a child. [`CaptureOverrun`]: it has written too
//!   much.
//!
//! # Example
//!
//! A child under `futures-lite`'s `block_on`, and the reactor turned here:
//!
//! ```
//! use std::{io, process::Stdio, task::Waker, thread, time::Duration};
//! use evloop_process::Command;
//! use evloop_reactor::Reactor;
//! use futures_lite::future;
//!
//! let mut reactor = Reactor::new()?;
//! let handle = reactor.handle();
//!
//! let task = thread::Builder::new().spawn(move || future::block_on(async {
//!     let mut command = Command::new("/bin/cat");
//!     command.stdin(Stdio::piped()).stdout(Stdio::piped());
//!     command.spawn_in(&handle)?.communicate("hello").await
//! }))?;
//!
//! let mut woken = Vec::new();
//! while !task.is_finished() {
//!     reactor.poll(Some(Duration::from_millis(1)), &mut woken)?;
//!     woken.drain(..).for_each(Waker::wake);
//! }
//! let captured = task.join().unwrap()?;
//! assert!(captured.status.success());
//! assert_eq!(captured.stdout.as_deref(), Some(&b"hello"[..]));
//! assert_eq!(captured.stderr, None); // It was not piped.
//! # io::Result::Ok(())
//! ```
//!
//! # Relation to asyncio
//!
//! `create_subprocess_exec` and `create_subprocess_shell` are [`Command::new`] and
//! [`Command::shell`]. [`Child::wait`] waits for the exit only, and not for the pipes, which
//! grandchildren may hold. A child that is reaped by somebody else is an error and no code 255.
//! The streams are plain pipes, for `StreamReader` and `StreamWriter` or the ecosystem's traits.
//!
//! # Zombies
//!
//! A child is reaped by whoever first hears of its end, and only a child that was started here. A
//! [`Child`] that is dropped before is adopted by one thread for all such children; it ends when there
//! are none.
//!
//! # What this crate does not do
//!
//! Real-time signals, text modes, pseudo-terminals. Starting a child blocks the thread until its
//! program is loaded, which is under a millisecond on an idle machine.
//!
//! Use `async-process` for children without a reactor of ours.

#![cfg_attr(not(target_os = "linux"), forbid(unsafe_code))]

mod captured;
mod child;
mod command;
mod end;
mod error;
mod process;
mod spawn;
mod waiting_thread;

#[cfg(target_os = "linux")]
mod orphans;
#[cfg(target_os = "linux")]
mod pidfd;
#[cfg(target_os = "linux")]
mod real_time;
#[cfg(not(target_os = "linux"))]
mod without_pidfd;
#[cfg(not(target_os = "linux"))]
mod without_real_time;
#[cfg(not(target_os = "linux"))]
use without_pidfd as pidfd;
#[cfg(not(target_os = "linux"))]
use without_real_time as real_time;

pub use captured::Captured;
pub use child::Child;
pub use command::Command;
pub use error::{CaptureOverrun, ChildLost};
