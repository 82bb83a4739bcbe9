//! The future around a scenario: counts its suspensions, and drops it when the plan says so.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::fault::Mode;
use crate::plan::Plan;

/// Runs a scenario; `None` when it was dropped.
pub(crate) struct Probe<'a, F> {
    /// `None` when it has ended.
    scenario: Option<Pin<Box<F>>>,
    plan: &'a Plan,
}

impl<'a, F: Future> Probe<'a, F> {
    pub(crate) fn new(scenario: F, plan: &'a Plan) -> Self {
        Self {
            scenario: Some(Box::pin(scenario)),
            plan,
        }
    }
}

impl<F: Future> Future for Probe<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let this = &mut *self;
        let is_first = this.plan.n_suspensions() == 0;
        // In the place of a poll; a request is for the driver to make, since a poll that is not passed
        // on hides the scopes inside.
        let is_meant = |mode| mode == Mode::DropWoken || (is_first && mode == Mode::Drop);
        if this.plan.strike(is_meant).is_some() {
            drop(this.scenario.take());
            return Poll::Ready(None);
        }
        let scenario = this.scenario.as_mut();
        let polled = scenario.expect("polled after its end").as_mut().poll(cx);
        match polled {
            Poll::Ready(output) => {
                this.plan.note("returns");
                drop(this.scenario.take());
                Poll::Ready(Some(output))
            }
            Poll::Pending => {
                this.plan.suspended();
                if this.plan.strike(|mode| mode == Mode::Drop).is_some() {
                    drop(this.scenario.take());
                    return Poll::Ready(None);
                }
                Poll::Pending
            }
        }
    }
}

impl<F> Drop for Probe<'_, F> {
    /// The task dropped the scenario: it was cancelled, or panicked.
    fn drop(&mut self) {
        if self.scenario.is_some() {
            self.plan.note("is dropped by its task");
        }
    }
}
