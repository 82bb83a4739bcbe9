//! A hierarchical timer wheel as a pure data structure: no clock, no thread, no future.
//!
//! # The nouns
//!
//! - A **tick** is the wheel's unit of time: a plain `u64` whose meaning (nanoseconds, frames,
//!   log offsets) is yours. Any deadline from `0` to `u64::MAX` is accepted, passed or to come.
//! - A [`TimerWheel<T>`] holds values of type `T`, each under a deadline. It has a notion of
//!   *now*, which only [`advance`](TimerWheel::advance) moves, and only forward.
//! - A [`TimerKey`] names one inserted value. It is checked: once the value is gone, the key
//!   finds nothing, for ever.
//! - [`Expired`] is the iterator of what a step of time brought to an end, as [`ExpiredTimer`]s in
//!   order of deadline and, for equal deadlines, of insertion.
//!
//! Insert, cancel and reset are O(1) and allocate nothing once the wheel has grown to the number
//! of timers it holds; [`next_deadline`](TimerWheel::next_deadline) reads two bitmaps. Only timers
//! whose deadlines had passed when they were given are kept in an ordered map, and cost what that
//! costs.
//!
//! # Example
//!
//! ```
//! use evloop_timer_wheel::TimerWheel;
//!
//! let mut wheel = TimerWheel::new(0);
//! wheel.insert(30, "retry");
//! let ping = wheel.insert(10, "ping");
//! let idle = wheel.insert(20, "idle");
//! assert_eq!(wheel.next_deadline(), Some(10));
//!
//! assert!(wheel.reset(idle, 500)); // Something was received: the idle limit starts afresh.
//! assert_eq!(wheel.cancel(ping), Some("ping")); // The value comes back at once.
//! assert_eq!(wheel.cancel(ping), None);
//!
//! let expired: Vec<_> = wheel.advance(1_000).map(|timer| (timer.deadline, timer.value)).collect();
//! assert_eq!(expired, [(30, "retry"), (500, "idle")]);
//! assert!(wheel.is_empty());
//! ```
//!
//! # Relation to asyncio
//!
//! asyncio's loop keeps its `TimerHandle`s in a binary heap. A cancelled one stays in the heap
//! until it surfaces or until cancelled ones are the majority; here it is unlinked at once and its
//! value is returned. asyncio leaves the order of equal deadlines to the heap; here it is the order
//! of insertion. As there, deadlines that have passed are told apart: the earlier one comes first.
//!
//! # What this crate does not do
//!
//! It reads no clock, wakes nobody and knows no async: `evloop-time` adds these. It is not a
//! concurrent structure: share it behind a lock of yours, or give each thread its own.
//!
//! # When to use something else
//!
//! For a few dozen timers that are seldom cancelled, `std::collections::BinaryHeap` is smaller: an
//! empty wheel has about 11 KiB of slots. When you must walk all timers in order of time without
//! removing them, use a `BTreeMap`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod entries;
mod expired;
mod key;
mod overdue;
mod slots;
mod wheel;

pub use expired::{Expired, ExpiredTimer};
pub use key::TimerKey;
pub use wheel::TimerWheel;
