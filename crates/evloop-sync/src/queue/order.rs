//! In which order items come out of a queue.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// First in, first out: the order of [`Queue`](crate::Queue).
#[derive(Debug)]
pub struct Fifo(());

/// Last in, first out: the order of [`LifoQueue`](crate::LifoQueue).
#[derive(Debug)]
pub struct Lifo(());

/// Lowest first: the order of [`PriorityQueue`](crate::PriorityQueue).
#[derive(Debug)]
pub struct LowestFirst(());

/// An order in which items of this type come out of an [`OrderedQueue`](crate::OrderedQueue).
///
/// It is [`Fifo`], [`Lifo`] or [`LowestFirst`], and cannot be implemented elsewhere: an order is code
/// that runs under the lock of the queue.
pub trait Order<T>: Stores<T> {}

impl<T, O: Stores<T>> Order<T> for O {}

/// Names what items are stored in.
#[expect(unnameable_types, reason = "it seals the trait above")]
pub trait Stores<T> {
    /// As asyncio calls the queue.
    const NAME: &'static str;

    type Items: Items<T>;
}

/// Items, in some order.
#[expect(unnameable_types, reason = "it belongs to what seals the trait above")]
pub trait Items<T> {
    const EMPTY: Self;

    fn len(&self) -> usize;

    fn push(&mut self, item: T);

    fn pop(&mut self) -> Option<T>;
}

impl<T> Stores<T> for Fifo {
    const NAME: &'static str = "Queue";

    type Items = VecDeque<T>;
}

impl<T> Stores<T> for Lifo {
    const NAME: &'static str = "LifoQueue";

    type Items = Vec<T>;
}

impl<T: Ord> Stores<T> for LowestFirst {
    const NAME: &'static str = "PriorityQueue";

    type Items = BinaryHeap<Reverse<T>>;
}

impl<T> Items<T> for VecDeque<T> {
    const EMPTY: Self = Self::new();

    fn len(&self) -> usize {
        self.len()
    }

    fn push(&mut self, item: T) {
        self.push_back(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }
}

impl<T> Items<T> for Vec<T> {
    const EMPTY: Self = Self::new();

    fn len(&self) -> usize {
        self.len()
    }

    fn push(&mut self, item: T) {
        self.push(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.pop()
    }
}

impl<T: Ord> Items<T> for BinaryHeap<Reverse<T>> {
    const EMPTY: Self = Self::new();

    fn len(&self) -> usize {
        self.len()
    }

    fn push(&mut self, item: T) {
        self.push(Reverse(item));
    }

    fn pop(&mut self) -> Option<T> {
        self.pop().map(|Reverse(item)| item)
    }
}
