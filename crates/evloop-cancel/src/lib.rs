//! Cancellation that async code can catch, clean up after, or refuse; on any async runtime.
//!
//! Dropping a future is the only way in which Rust ends it, and a destructor cannot await. This crate
//! adds the other way: a request that is delivered at the next suspension, to the innermost scope,
//! whose code then goes on: it may clean up asynchronously, pass the request on, or refuse it.
//!
//! # The nouns
//!
//! - A **target** is what can be asked to end: a task, a [`CancelScope`] with its [`ScopeHandle`], a
//!   [`timeout_scope`]. Each request names its target, so it is never a question whose it is.
//! - A **scope**, [`catch_cancel`], catches: delivery drops the future inside and gives the code
//!   around it a [`Cancelled`].
//! - [`Cancelled`] is a **live token**. Dropping it passes the request on, outwards, until it reaches
//!   its target, which ends. Refusing takes a word: [`swallow`](Cancelled::swallow).
//!
//! # Example
//!
//! ```
//! use evloop_cancel::{CancelScope, Stopped, on_cancel};
//! # use std::{cell::Cell, future::{Future, pending}, pin::pin, task::{Context, Poll, Waker}};
//! # async fn yield_now() {
//! #     let mut yielded = false;
//! #     std::future::poll_fn(|cx| {
//! #         if std::mem::replace(&mut yielded, true) { return Poll::Ready(()); }
//! #         cx.waker().wake_by_ref();
//! #         Poll::Pending
//! #     }).await;
//! # }
//!
//! let said_goodbye = Cell::new(false);
//! let session = on_cancel(pending::<()>(), || async {
//!     yield_now().await; // Sends a last message, for example.
//!     said_goodbye.set(true);
//! });
//!
//! let scope = CancelScope::new();
//! let handle = scope.handle();
//! let mut running = pin!(scope.run(session));
//! # let mut cx = Context::from_waker(Waker::noop());
//! assert!(running.as_mut().poll(&mut cx).is_pending());
//! handle.cancel();
//! assert!(running.as_mut().poll(&mut cx).is_pending(), "it cleans up");
//! assert_eq!(running.as_mut().poll(&mut cx), Poll::Ready(Err(Stopped)));
//! assert!(said_goodbye.get());
//! ```
//!
//! # How a request finds its scopes
//!
//! A scope that is polled pushes a stack frame. A request is delivered by polling the target with its
//! frame marked; the innermost scopes see the mark around them. So a scope in the ordinary place costs
//! no allocation, no atomic operation and no registration. One that is polled with another waker than
//! the frame around it, below `FuturesUnordered` for example, registers there and is reached by mail.
//! A combinator that hands its own waker to its children must poll all that are unfinished whenever
//! it is polled, or be a [`fork::Fork`].
//!
//! # For authors
//!
//! [`host`] is for crates that make tasks, [`claim`] for futures that forward a request to what they
//! wait for, [`fork`] for combinators that wake their children one by one.
//!
//! # What this crate does not do
//!
//! It has no task, clock, queue or thread: a timeout's timer is any future, and a task is whoever
//! polls. It does not cancel what runs elsewhere: the handle of a spawned task decides what a request
//! to its awaiter means. A blocking call is not interrupted. For a token that code asks now and then,
//! without scopes, use `tokio_util::sync::CancellationToken`.

mod cancel_scope;
mod catch;
pub mod claim;
mod cleanup;
mod delivery;
pub mod fork;
mod frame;
mod hold;
pub mod host;
mod hub;
mod node;
mod request;
mod scope;
mod sync;
mod timeout;
mod token;

pub use cancel_scope::{CancelScope, RunScope, ScopeHandle, Stopped};
pub use catch::{CatchCancel, catch_cancel, catch_late};
pub use cleanup::{finally_within, on_cancel};
pub use hold::{HoldCancel, hold_cancel};
pub use request::{Cause, Request};
pub use timeout::{Expired, TimeoutScope, TimeoutState, timeout_scope};
pub use token::{Cancelled, Resume};

#[cfg(loom)]
#[doc(hidden)]
pub mod loom_models;
