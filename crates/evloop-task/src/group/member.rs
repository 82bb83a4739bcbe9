//! A child's side of its group.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

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
            error.mark_observed();
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

/// Runs `body`, and gives its panic as a value.
pub(super) async fn contained<F: Future>(body: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut body = pin!(body);
    poll_fn(move |cx| match contain(|| body.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await
}
