//! `gather`, `try_gather`, `wait(return_when)`, `as_completed` and races on any async runtime.
//!
//! These are asyncio's ways of waiting for several things, as plain futures: they run wherever
//! they are polled, and need no runtime, thread or clock of their own. Each child has a waker of
//! its own, so that a wake says whose it is: a combinator polls only the children that were
//! woken, keeps them all in one block, and wakes its parent once for a batch of wakes.
//!
//! # The nouns
//!
//! - **Children** are what [`gather`](gather()), [`try_gather`] and [`race`](race()) take:
//!   anything iterable of futures, or a tuple of up to twelve different ones. They are polled in
//!   place and give their outputs by value.
//! - **Handles** are what [`wait`] and [`as_completed`](as_completed()) take: things that end and
//!   can be asked for their output without losing it, the trait [`Completion`]. Tasks and promises
//!   are handles, and [`Waitable`] makes one of any other future.
//! - A **policy**, [`ReturnWhen`], says when a wait has seen enough: [`AllCompleted`],
//!   [`FirstCompleted`] or a closure on the output.
//! - A [`WaitSet`] is the handles that are pending, with their registrations. It is handed back
//!   by a wait and on to the next, so that the first completed of a million costs what the first
//!   completed of ten does. [`WaitSet::next`] gives its members one by one, as they finish;
//!   [`as_completed`](as_completed()) is that for handles which are all known, as a stream.
//!
//! # Example
//!
//! ```
//! use evloop_combinators::{Completion, FirstCompleted, Waitable, gather, race, try_gather, wait};
//! use std::future::{pending, ready};
//! # use std::{pin::{Pin, pin}, task::{Context, Poll, Waker}};
//!
//! async fn fetch(id: u32) -> Result<u32, String> {
//!     if id < 10 { Ok(id * id) } else { Err(format!("no page {id}")) }
//! }
//!
//! async fn program() {
//!     // Every output, in input order, whatever ends first.
//!     assert_eq!(gather((fetch(2), async { "b" })).await, (Ok(4), "b"));
//!
//!     // Every value, or the first error at once.
//!     assert_eq!(try_gather((1..4).map(fetch)).await, Ok(vec![1, 4, 9]));
//!     assert_eq!(try_gather([fetch(1), fetch(11)]).await, Err("no page 11".into()));
//!
//!     // The first output; the others are dropped.
//!     assert_eq!(race((pending(), ready("fast"))).await, "fast");
//!
//!     // What is done by now, and the rest to be waited for again.
//!     let handles = (0..3).map(|id| Waitable::new(Box::pin(fetch(id))));
//!     let (done, mut pending) = wait(handles).return_when(FirstCompleted).await.unwrap();
//!     assert_eq!(done[2].output(), Some(&Ok(4)));
//!
//!     // One by one, as they finish, and more of them meanwhile.
//!     pending.extend((5..7).map(|id| Waitable::new(Box::pin(fetch(id)))));
//!     while let Some(done) = pending.next().await {
//!         assert!(done.into_output().unwrap().is_ok());
//!     }
//! }
//! # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
//! ```
//!
//! # Relation to asyncio
//!
//! | asyncio | here |
//! |---|---|
//! | `gather(*aws, return_exceptions=True)` | [`gather`](gather()): each output is the child's, a `Result` if the child gives one |
//! | `gather(*aws)` | [`try_gather`]: the first error at once; tasks go on, plain futures are dropped |
//! | `wait(aws, timeout=…, return_when=…)` | [`wait`]`(handles).`[`timeout`](Wait::timeout)`(timer).`[`return_when`](Wait::return_when)`(policy)` |
//! | `done, pending = await wait(pending)` | the same; `pending` is the same [`WaitSet`], so nothing is registered again |
//! | `async for task in as_completed(aws)` | [`as_completed`](as_completed())`(handles)`, a `Stream`: `while let Some(done) = completed.`[`next`](AsCompleted::next)`().await` gives the handles that went in |
//! | `as_completed(aws, timeout=…)` | `as_completed(handles).`[`timeout`](AsCompleted::timeout)`(timer)`: the items are `Result`s, and [`TimedOut`] comes once |
//! | `staggered.staggered_race(fns, delay)` | [`race_staggered`]`(attempts, delay)`: the attempts are futures, and the delay is a timer that you make |
//! | `for coroutine in as_completed(aws)` | no coroutines that stand for the k-th completion: [`AsCompleted::next`] is called for each, by one consumer |
//! | `ValueError` for an empty `wait` | [`EmptyWait`] |
//!
//! A child that appears twice is asyncio's duplicate argument: two clones of one promise are two
//! children, and both get its output. `wait` merges handles with the same key.
//!
//! # What this crate does not do
//!
//! - It spawns nothing: children make progress while the combinator is polled, on one thread.
//!   Spawn tasks and gather their handles for parallelism.
//! - It has no clock: the limit of a wait is any future that you pass.
//! - It does not catch panics: a child's panic goes on through its combinator.
//! - Its one `Stream` is that of `as_completed`, and it has no adapters for streams: any crate of
//!   them will do, and `next` needs none.
//!
//! # When to use something else
//!
//! For children that come and go during the whole life of a program, and that nobody waits for
//! by name, use a task group. For a branch on whichever of a few futures is ready first, with
//! different code for each, a `select!` macro reads better than a [`race`](race()) of an enum.

mod completion;
mod return_when;

mod as_completed;
mod gather;
mod next;
mod race;
mod race_staggered;
mod try_gather;
mod wait;
mod wait_set;
mod waitable;

pub mod children;
mod error;
mod ready_set;

pub use as_completed::{AsCompleted, AsCompletedInTime, NextInTime, as_completed};
pub use completion::Completion;
pub use error::{EmptyRace, EmptyWait, TimedOut};
pub use gather::{Gather, gather};
pub use next::Next;
pub use race::{Race, race};
pub use race_staggered::{RaceStaggered, race_staggered};
#[doc(hidden)]
pub use ready_set::is_child_waker;
pub use return_when::{AllCompleted, FirstCompleted, ReturnWhen};
pub use try_gather::{TryGather, try_gather};
pub use wait::{Handles, IntoWaitSet, SameSet, Wait, wait};
pub use wait_set::{IntoHandles, Iter, WaitSet};
pub use waitable::Waitable;
