//! A child's side of its group.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::conclude::Conclude;
use crate::error::{JoinError, TaskResult, contain};
use crate::group::error::ChildFailure;
use crate::group::roster::Roster;
use crate::meta::Meta;
use crate::outcome::ChildOutput;
use crate::task_ref::TaskRef;

/// A child's membership. Dropped before its task was made, it gives the place back.
pub(crate) struct Member {
    roster: Arc<Roster>,
    /// Its place in the list of those that were suspended.
    key: Option<usize>,
    over: bool,
}

impl Member {
    pub(super) fn new(roster: Arc<Roster>) -> Self {
        Self {
            roster,
            key: None,
            over: false,
        }
    }
}

impl<O: ChildOutput> Conclude<O> for Member {
    type Value = O::Value;

    #[inline]
    fn may_start(&self) -> bool {
        !self.roster.is_aborting()
    }

    fn adopted(&mut self, task: impl FnOnce() -> TaskRef) {
        self.key = self.roster.suspended(task());
    }

    #[inline]
    fn conclude(&mut self, meta: &Meta, result: TaskResult<O>) -> TaskResult<O::Value> {
        if let Some(key) = self.key.take() {
            // Out of the list first: a child that fails does not cancel itself.
            self.roster.forget(key);
        }
        let result = result.and_then(|output| output.into_value().map_err(JoinError::Failed));
        if let Err(error) = &result
            && !error.is_cancelled()
        {
            self.roster
                .fail(ChildFailure::of_child(meta, error.clone()));
        }
        result
    }

    #[inline]
    fn ended(&mut self, _meta: &Meta, _detached: bool) {
        self.over = true;
        self.roster.child_ended(true);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if !self.over {
            self.roster.child_ended(false);
        }
    }
}

pin_project! {
    /// A future whose panics go no further: one of its poll is its output, and one of its destructor,
    /// whenever that runs, is told to `hears`.
    pub(super) struct Contained<F, H>
    where
        H: HearsPanic,
    {
        // Always something, until this is dropped.
        #[pin]
        future: Option<F>,
        hears: H,
    }

    impl<F, H> PinnedDrop for Contained<F, H>
    where
        H: HearsPanic,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Err(payload) = contain(|| this.future.set(None)) {
                this.hears.hear(payload);
            }
        }
    }
}

/// Who is told of a panic in a destructor. No closure: rustc does not see that one is `Send` inside of
/// another coroutine.
pub(super) trait HearsPanic {
    fn hear(&self, payload: Payload);
}

pub(super) type Payload = Box<dyn Any + Send>;

impl<F, H: HearsPanic> Contained<F, H> {
    pub(super) const fn new(future: F, hears: H) -> Self {
        Self {
            future: Some(future),
            hears,
        }
    }
}

impl<F: Future, H: HearsPanic> Future for Contained<F, H> {
    type Output = Result<F::Output, Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future.as_pin_mut();
        let future = future.expect("it is there until this is dropped");
        match contain(|| future.poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}
