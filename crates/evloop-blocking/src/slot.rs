//! The one allocation shared by a job and the handle of its result.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use crate::containment::{contain, wake_all};
use crate::handle::{JobError, PanicPayload};
use crate::sync::{Mutex, lock};

/// The end of the slot that a [`Job`](crate::Job) holds.
pub(crate) trait Run: Send + Sync {
    /// Runs the closure, unless it was cancelled, and publishes the outcome.
    fn run(&self);
    /// Publishes that the closure will never run, unless it did.
    fn abandon(&self);
}

/// The end of the slot that a [`JobHandle`](crate::JobHandle) holds.
pub(crate) trait Outcome<T>: Send + Sync {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JobError>>;
    /// Takes the closure back if it has not started.
    fn cancel(&self) -> bool;
    fn progress(&self) -> Progress;
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Queued,
    Running,
    Finished,
}

pub(crate) struct Slot<F, T>(Mutex<Inner<F, T>>);

struct Inner<F, T> {
    stage: Stage<F, T>,
    /// Set only while the stage is `Queued` or `Running`. The last poll wins.
    waker: Option<Waker>,
}

enum Stage<F, T> {
    Queued(F),
    Running,
    Finished(Result<T, JobError>),
    Taken,
}

impl<F, T> Slot<F, T> {
    pub(crate) fn new(work: F) -> Self {
        Self(Mutex::new(Inner {
            stage: Stage::Queued(work),
            waker: None,
        }))
    }

    pub(crate) fn failed(reason: JobError) -> Self {
        Self(Mutex::new(Inner {
            stage: Stage::Finished(Err(reason)),
            waker: None,
        }))
    }

    /// Publishes the outcome, then wakes, with the lock released.
    fn finish(&self, outcome: Result<T, JobError>) {
        let mut inner = lock(&self.0);
        inner.stage = Stage::Finished(outcome);
        let waker = inner.waker.take();
        drop(inner);
        wake_all(waker);
    }

    /// Takes the closure out, if it is still there, and marks the job as running.
    fn start(&self) -> Option<F> {
        let mut inner = lock(&self.0);
        if !matches!(inner.stage, Stage::Queued(_)) {
            return None;
        }
        match mem::replace(&mut inner.stage, Stage::Running) {
            Stage::Queued(work) => Some(work),
            _ => None,
        }
    }

    /// Ends a job that has not started, for the reason given.
    fn withdraw(&self, reason: JobError) -> bool {
        let Some(work) = self.start() else {
            return false;
        };
        // What the closure captured may run anything when dropped: first let the awaiter know.
        self.finish(Err(reason));
        contain(|| drop(work));
        true
    }
}

impl<F, T> Run for Slot<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(&self) {
        if let Some(work) = self.start() {
            let outcome = catch_unwind(AssertUnwindSafe(work));
            self.finish(outcome.map_err(|payload| JobError::Panicked(PanicPayload::new(payload))));
        }
    }

    fn abandon(&self) {
        self.withdraw(JobError::ShutDown);
    }
}

impl<F, T> Outcome<T> for Slot<F, T>
where
    F: Send,
    T: Send,
{
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JobError>> {
        let mut fresh: Option<Waker> = None;
        loop {
            let mut inner = lock(&self.0);
            match &inner.stage {
                Stage::Finished(_) => {
                    let stage = mem::replace(&mut inner.stage, Stage::Taken);
                    // The lock goes first: an unused waker of `fresh` is dropped without it.
                    drop(inner);
                    let Stage::Finished(outcome) = stage else {
                        unreachable!("the stage was matched as finished under the same lock");
                    };
                    return Poll::Ready(outcome);
                }
                Stage::Taken => {
                    drop(inner);
                    panic!("a `JobHandle` was polled again after it gave its result away");
                }
                Stage::Queued(_) | Stage::Running => {}
            }
            if inner
                .waker
                .as_ref()
                .is_some_and(|old| old.will_wake(cx.waker()))
            {
                return Poll::Pending;
            }
            if let Some(waker) = fresh.take() {
                let old = inner.waker.replace(waker);
                drop(inner);
                drop(old);
                return Poll::Pending;
            }
            // Cloning and dropping wakers is foreign code, so it happens with the lock
            // released, and the stage is looked at again afterwards.
            drop(inner);
            fresh = Some(cx.waker().clone());
        }
    }

    fn cancel(&self) -> bool {
        self.withdraw(JobError::Cancelled)
    }

    fn progress(&self) -> Progress {
        match lock(&self.0).stage {
            Stage::Queued(_) => Progress::Queued,
            Stage::Running => Progress::Running,
            Stage::Finished(_) | Stage::Taken => Progress::Finished,
        }
    }
}
