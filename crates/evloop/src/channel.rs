//! Channels between tasks and threads: those of [`tokio::sync`], under the feature `channels`.
//!
//! They know no runtime: a wake-up is all they ask for. So they work on an [`EventLoop`](crate::EventLoop),
//! on a [`Runtime`](crate::Runtime), between two of them, under a plain [`block_on`](crate::block_on), and
//! beside tokio's own tasks. The modules here are `tokio`'s and its types are tokio's types, so what another
//! crate wants of them can be given to it as it is.
//!
//! | channel | who sends, who receives | take it for |
//! |---|---|---|
//! | [`oneshot`] | one, once; one | the answer to a request that was sent with its `Sender` inside |
//! | [`mpsc`] | many; one, each value once | work for a task that owns something, with room for so many, or without limit |
//! | [`broadcast`] | many; many, each of them every value | events for subscribers; who is too slow is told how many it missed |
//! | [`watch`] | many; many, the newest value | a configuration, a state, a sign to end |
//!
//! # When to take something else
//!
//! - [`Queue`](crate::sync::Queue) where several tasks take from the same store, where work is counted
//!   (`task_done`, `join`), or where the order is another: none of the channels here has many receivers that
//!   share the values. It has no ends: it is open until `shutdown`, whoever is gone.
//! - [`Promise`](crate::Promise) for a result that several await, that has done callbacks, or that is
//!   cancelled from the waiting side with a message. A `oneshot` is smaller, and knows that its other end
//!   was dropped.
//! - [`Event`](crate::sync::Event) for a flag without a value.
//!
//! # Examples
//!
//! A task that owns a counter, and is asked with a `oneshot` for the answer:
//!
//! ```
//! use evloop::channel::{mpsc, oneshot};
//! use evloop::create_task;
//!
//! evloop::run(async {
//!     let (orders, mut inbox) = mpsc::channel::<(u32, oneshot::Sender<u32>)>(8);
//!     let counter = create_task(async move {
//!         let mut total = 0;
//!         while let Some((n, answer)) = inbox.recv().await {
//!             total += n;
//!             let _nobody_waits = answer.send(total);
//!         }
//!         total
//!     });
//!
//!     for (n, total) in [(1, 1), (2, 3)] {
//!         let (tx, rx) = oneshot::channel();
//!         orders.send((n, tx)).await.expect("the counter runs");
//!         assert_eq!(rx.await, Ok(total));
//!     }
//!     drop(orders); // The last sender: the counter ends.
//!     assert_eq!(counter.await.unwrap(), 3);
//! });
//! ```
//!
//! A thread sends without waiting, in any number:
//!
//! ```
//! use evloop::channel::mpsc;
//!
//! let (tx, mut rx) = mpsc::unbounded_channel();
//! let thread = std::thread::spawn(move || (0..3).for_each(|n| tx.send(n).unwrap()));
//! evloop::run(async move {
//!     assert_eq!(rx.recv().await, Some(0));
//!     assert_eq!(rx.recv().await, Some(1));
//!     assert_eq!(rx.recv().await, Some(2));
//!     assert_eq!(rx.recv().await, None);
//! });
//! thread.join().unwrap();
//! ```
//!
//! Every subscriber sees every event that comes after it has subscribed:
//!
//! ```
//! use evloop::channel::broadcast;
//! use evloop::gather;
//!
//! evloop::run(async {
//!     let (tx, mut first) = broadcast::channel(16);
//!     let mut second = tx.subscribe();
//!     tx.send("up").unwrap();
//!     assert_eq!(gather((first.recv(), second.recv())).await, (Ok("up"), Ok("up")));
//! });
//! ```
//!
//! The newest value, for as many as look at it:
//!
//! ```
//! use evloop::channel::watch;
//! use evloop::create_task;
//!
//! evloop::run(async {
//!     let (tx, mut rx) = watch::channel(1);
//!     let sees = create_task(async move { *rx.wait_for(|level| *level > 2).await.unwrap() });
//!     tx.send_replace(2);
//!     tx.send_replace(3);
//!     assert_eq!(sees.await.unwrap(), 3);
//! });
//! ```
//!
//! # Cancel safety
//!
//! Dropped while it waits (by [`timeout`](crate::timeout()), [`race`](crate::race!) or a cancel request),
//! - `recv` and `recv_many` of `mpsc`, `recv` of `broadcast`, `changed` and `wait_for` of `watch` have taken
//!   nothing: the next call gives what this one would have given;
//! - a `&mut` to a `oneshot::Receiver` leaves the receiver as it was; the receiver itself, dropped, closes
//!   the channel, and what was sent goes down with it;
//! - `send` of a bounded `mpsc` has sent nothing, and its value is gone: `reserve` first, and send then, if
//!   it must not be. Each loses its place in the queue for room.
//!
//! # Blocking
//!
//! `blocking_send`, `blocking_recv` and `blocking_recv_many` are for threads without a loop, such as those of
//! [`to_thread`](crate::to_thread). On the thread of a loop they would stop it, and for ever if the other end is
//! a task of that loop: tokio's check against that sees its own runtime only.
//!
//! # Fairness
//!
//! A receiver that always finds a value never suspends, and neither does a sender that always finds room:
//! tokio's budget, which would have them yield now and then, is counted by its own runtime only. Call
//! [`yield_now`](crate::yield_now) in a loop that may not end soon.
//!
//! # Cost
//!
//! The feature adds one crate to those of the facade: `tokio`, with nothing but its `sync`. What a channel
//! costs is measured beside our queues in `docs/benchmarks.md`.

pub use tokio::sync::{broadcast, mpsc, oneshot, watch};
