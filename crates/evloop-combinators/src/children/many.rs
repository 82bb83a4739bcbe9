//! Any number of futures of one type.
//!
//! # Invariants
//!
//! 1. The boxed slice is pinned from its creation until it is dropped, and an element is never
//!    moved out of it while it holds a future.

#![expect(
    unsafe_code,
    reason = "std offers no projection from a pinned slice to an element"
)]

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::maybe_done::MaybeDone;
use super::sealed::Sealed;
use super::{Children, GatherChildren, IntoChildren, Iterable, RaceChildren, TryGatherChildren};
use crate::EmptyRace;

/// The children made of something iterable, in one allocation.
pub struct Many<F: Future> {
    children: Pin<Box<[MaybeDone<F>]>>,
}

impl<I> IntoChildren<Iterable> for I
where
    I: IntoIterator,
    I::Item: IntoFuture,
{
    type Children = Many<<I::Item as IntoFuture>::IntoFuture>;

    fn into_children(self) -> Self::Children {
        let children: Box<[_]> = self
            .into_iter()
            .map(|child| MaybeDone::new(child.into_future()))
            .collect();
        Many {
            children: children.into(),
        }
    }
}

impl<F: Future> Many<F> {
    #[inline]
    fn child(&mut self, index: usize) -> Pin<&mut MaybeDone<F>> {
        // SAFETY: (1) an element of a pinned slice is pinned with it.
        unsafe {
            self.children
                .as_mut()
                .map_unchecked_mut(|children| &mut children[index])
        }
    }

    /// All of them.
    #[inline]
    fn each(&mut self) -> impl ExactSizeIterator<Item = Pin<&mut MaybeDone<F>>> {
        // SAFETY: (1) the slice is only taken apart into its elements, which stay pinned.
        let children = unsafe { self.children.as_mut().get_unchecked_mut() };
        children.iter_mut().map(|child| {
            // SAFETY: (1) an element of a pinned slice is pinned with it.
            unsafe { Pin::new_unchecked(child) }
        })
    }
}

impl<F, T, E> Many<F>
where
    F: Future<Output = Result<T, E>>,
{
    /// Whether this one is finished, and has a value.
    pub(crate) fn has_succeeded(&mut self, index: usize) -> bool {
        matches!(self.child(index).output(), Some(Ok(_)))
    }

    /// Takes the value of one that has succeeded.
    pub(crate) fn take_value(&mut self, index: usize) -> T {
        match self.child(index).take_output() {
            Ok(value) => value,
            Err(_) => unreachable!("it has succeeded"),
        }
    }
}

impl<F: Future> Sealed for Many<F> {}

impl<F: Future> Children for Many<F> {
    #[inline]
    fn count(&self) -> usize {
        self.children.len()
    }

    #[inline]
    fn poll_child(mut self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> Poll<()> {
        self.child(index).poll(cx)
    }

    #[inline]
    fn poll_all(
        mut self: Pin<&mut Self>,
        waker: &Waker,
        is_over: impl Fn() -> bool,
    ) -> ControlFlow<usize, usize> {
        let n_children = self.count();
        let mut n_pending = 0;
        let mut rest = self.each();
        while let Some(child) = rest.next() {
            if !child.is_pending() {
                continue;
            }
            // A context of its own, since a future may exchange the waker in it.
            if child.poll(&mut Context::from_waker(waker)).is_pending() {
                n_pending += 1;
            }
            if is_over() {
                return ControlFlow::Break(n_children - rest.len() - 1);
            }
        }
        ControlFlow::Continue(n_pending)
    }

    fn is_pending(&self, index: usize) -> bool {
        self.children[index].is_pending()
    }

    fn clear_child(mut self: Pin<&mut Self>, index: usize) {
        self.child(index).clear();
    }

    fn clear(mut self: Pin<&mut Self>) {
        self.children = Box::pin([]);
    }
}

impl<F: Future> GatherChildren for Many<F> {
    type Outputs = Vec<F::Output>;

    fn take_outputs(mut self: Pin<&mut Self>) -> Vec<F::Output> {
        self.each().map(MaybeDone::take_output).collect()
    }
}

impl<F, T, E> TryGatherChildren for Many<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Values = Vec<T>;
    type Error = E;

    fn take_error(mut self: Pin<&mut Self>, index: usize) -> Option<E> {
        if !matches!(self.child(index).output(), Some(Err(_))) {
            return None;
        }
        self.child(index).take_output().err()
    }

    fn take_values(mut self: Pin<&mut Self>) -> Vec<T> {
        (0..self.count())
            .map(|index| self.take_value(index))
            .collect()
    }
}

impl<F: Future> RaceChildren for Many<F> {
    type Outcome = Result<F::Output, EmptyRace>;

    fn take_winner(mut self: Pin<&mut Self>, index: usize) -> Self::Outcome {
        Ok(self.child(index).take_output())
    }

    fn without_children(&self) -> Option<Self::Outcome> {
        self.children.is_empty().then_some(Err(EmptyRace))
    }
}

impl<F: Future> fmt::Debug for Many<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Many")
            .field("len", &self.count())
            .finish_non_exhaustive()
    }
}
