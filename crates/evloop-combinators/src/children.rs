//! The children of a combinator, and what may be given as such.
//!
//! [`gather`](crate::gather()), [`try_gather`](crate::try_gather) and [`race`](crate::race()) take
//! any input that is [`IntoChildren`]: whatever can be iterated and yields futures of one type,
//! or a tuple of up to twelve different ones. The types here name what is made of it, for those
//! who store a combinator in a struct of their own: `Gather<Many<F>>`.

mod branch;
mod many;
mod maybe_done;
mod tuples;

use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

pub(crate) use branch::{Child, deliver, delivered, poll_branch};
pub use many::Many;
pub use tuples::{
    Children1, Children2, Children3, Children4, Children5, Children6, Children7, Children8,
    Children9, Children10, Children11, Children12,
};

/// Marks an input that is iterated: a `Vec`, an array, an iterator of futures.
#[derive(Debug, Clone, Copy)]
pub enum Iterable {}

/// Marks an input that is a tuple of futures.
#[derive(Debug, Clone, Copy)]
pub enum Tuple {}

/// An input of [`gather`](crate::gather()), [`try_gather`](crate::try_gather) or
/// [`race`](crate::race()).
///
/// `Kind` is [`Iterable`] or [`Tuple`] and always inferred; it only keeps the two families of
/// implementations apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither an iterable of futures nor a tuple of futures",
    label = "cannot be gathered or raced",
    note = "give a `Vec`, an array or an iterator whose items are futures of one type, or a tuple of up to 12 different futures: `gather((a(), b()))`",
    note = "an `async fn` has to be called: `a()`, not `a`"
)]
pub trait IntoChildren<Kind> {
    /// What the futures are stored as.
    type Children: Children;

    /// Stores the futures, without polling them.
    fn into_children(self) -> Self::Children;
}

/// Futures that are polled one at a time by index, each with its output kept beside it.
///
/// Sealed: implemented by [`Many`] and [`Children1`] to [`Children12`].
pub trait Children: sealed::Sealed {
    /// The number of futures, those included that are finished.
    fn count(&self) -> usize;

    /// Polls one future; once it is ready its output is kept and the future dropped.
    ///
    /// Ready again, without a poll, when asked about a finished one.
    fn poll_child(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> Poll<()>;

    /// Polls all futures that are not finished, in order. Says how many are pending after that, or gives
    /// the index of the first after whose poll `is_over` said that there shall be no further one.
    fn poll_all(
        self: Pin<&mut Self>,
        waker: &Waker,
        is_over: impl Fn() -> bool,
    ) -> ControlFlow<usize, usize>;

    /// True for a future that is not finished.
    fn is_pending(&self, index: usize) -> bool;

    /// Drops one future; it counts as finished, and has no output.
    fn clear_child(self: Pin<&mut Self>, index: usize);

    /// Drops all futures and outputs.
    fn clear(self: Pin<&mut Self>);
}

/// Children whose outputs are taken together, once all are finished.
pub trait GatherChildren: Children {
    /// The outputs in the order of the input.
    type Outputs;

    /// Takes the outputs; every child is finished.
    fn take_outputs(self: Pin<&mut Self>) -> Self::Outputs;
}

/// Children that give a `Result` each, with one type of error.
#[diagnostic::on_unimplemented(
    message = "these children do not all give a `Result` with one type of error",
    label = "`try_gather` needs `Future<Output = Result<_, E>>` children with the same `E`",
    note = "`gather` takes children with any output"
)]
pub trait TryGatherChildren: Children {
    /// The values in the order of the input.
    type Values;
    /// What a child fails with.
    type Error;

    /// Takes the error of a finished child, if it failed.
    fn take_error(self: Pin<&mut Self>, index: usize) -> Option<Self::Error>;

    /// Takes the values; every child is finished and none has failed.
    fn take_values(self: Pin<&mut Self>) -> Self::Values;
}

/// Children with one type of output.
#[diagnostic::on_unimplemented(
    message = "these children do not all have the same output",
    label = "the output of a `race` has one type, whoever wins",
    note = "map the outputs into one enum: `async {{ Which::A(a().await) }}`"
)]
pub trait RaceChildren: Children {
    /// The output of a race: the winner's where there is always one, else a `Result`.
    type Outcome;

    /// Takes the output of a finished child.
    fn take_winner(self: Pin<&mut Self>, index: usize) -> Self::Outcome;

    /// The outcome of a race without children, where that is possible.
    fn without_children(&self) -> Option<Self::Outcome>;
}

mod sealed {
    #[expect(
        unnameable_types,
        reason = "a trait is sealed by having no name outside"
    )]
    pub trait Sealed {}
}
