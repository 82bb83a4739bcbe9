//! Readiness of file descriptors, usable under any executor.
//!
//! A reactor answers one question: which of these descriptors may be read from or written to now?
//! This one is a value that somebody owns and turns. It starts no thread, is no global, knows
//! nothing of tasks or time, and hands out plain [`Waker`](std::task::Waker)s; whoever turns it
//! decides when they are woken. A turn costs one system call on Linux, and a registered source
//! none at all until it is dropped.
//!
//! # The nouns
//!
//! - [`Reactor`]: what waits. One thread at a time turns it with [`Reactor::poll`].
//! - [`ReactorHandle`]: registers descriptors, from any thread; it can be *current* on a thread.
//! - [`Source`]: a registered descriptor, edge-triggered, with a readiness for each
//!   [`Direction`]. [`WaitReady`] waits for one, and [`Ready`] is what it has seen.
//! - [`LevelSource`]: a registered descriptor that wakes its wakers on every turn.
//! - [`Notifier`]: ends a wait of the reactor from another thread.
//! - [`ReactorGone`] and [`SourceError`]: what can go wrong.
//!
//! # Example
//!
//! A future on a thread of its own, under an executor that knows nothing of reactors, and the
//! reactor turned here:
//!
//! ```
//! use std::{io::{Read, Write}, os::unix::net::UnixStream, task::Waker, thread};
//! use evloop_reactor::Reactor;
//!
//! let mut reactor = Reactor::new()?;
//! let (ours, mut theirs) = UnixStream::pair()?;
//! ours.set_nonblocking(true)?;
//! let source = reactor.handle().register(ours)?;
//!
//! let reader = thread::Builder::new().spawn(move || {
//!     futures_lite::future::block_on(source.read_with(|mut stream| {
//!         let mut text = [0; 16];
//!         let count = stream.read(&mut text)?;
//!         Ok(String::from_utf8_lossy(&text[..count]).into_owned())
//!     }))
//! })?;
//! theirs.write_all(b"hello")?;
//!
//! let mut woken = Vec::new();
//! while !reader.is_finished() {
//!     reactor.poll(Some(std::time::Duration::from_millis(1)), &mut woken)?;
//!     woken.drain(..).for_each(Waker::wake);
//! }
//! assert_eq!(reader.join().unwrap()?, "hello");
//! # std::io::Result::Ok(())
//! ```
//!
//! # Relation to asyncio
//!
//! asyncio's loop owns a selector and calls `select` once in a turn: that is [`Reactor::poll`].
//! `add_reader` and `add_writer` promise to call back on every turn while the descriptor is ready:
//! that is [`LevelSource`]. `call_soon_threadsafe` writes to a pipe for every call; a [`Notifier`]
//! costs a system call only if the loop is asleep, and then once.
//!
//! # What this crate does not do
//!
//! Time: the timeout of a turn is an argument. Tasks: a waker is all it knows of them. Sockets:
//! `evloop-net` is built on it. Windows: it watches file descriptors. Completion-based I/O, such
//! as io_uring: a buffer here stays with its owner until the operation is over.
//!
//! Use `async-io` if a hidden thread and a global reactor are welcome, or `polling` itself if
//! there are no futures.

#[cfg(not(unix))]
compile_error!("evloop-reactor watches file descriptors, which only Unix systems have");

mod reactor;

mod handle;
mod notifier;
mod wake_state;

mod direction;
mod source;
mod wait_ready;

mod level;

mod entry;
mod readiness;
mod side;
mod waiters;

mod key;
mod registration;
mod registry;

mod error;
mod sync;
mod sys;

pub use direction::Direction;
pub use error::{ReactorGone, SourceError};
pub use handle::{Entered, ReactorHandle};
pub use level::LevelSource;
pub use notifier::Notifier;
pub use reactor::Reactor;
pub use source::Source;
pub use wait_ready::{Ready, WaitReady};

#[cfg(loom)]
#[doc(hidden)]
pub mod loom_models;
