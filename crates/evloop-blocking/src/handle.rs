//! `JobHandle`: the result of a job, to be awaited, joined or cancelled.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::containment::discard;
use crate::executor::RejectedReason;
use crate::queue::Ticket;
use crate::shared::Shared;
use crate::slot::{Outcome, Progress, Slot};
use crate::sync::{Mutex, PoisonError};

/// The result of a job that was given to an executor: a future, and a handle to cancel it.
///
/// The job does not wait for the handle to be polled. Dropping the handle detaches: the job
/// runs all the same and its result is dropped on the thread that ran it.
///
/// # Cancel safety
///
/// Polling through `&mut handle` loses nothing when the poll is given up; poll again later. Dropping
/// the handle leaves the job to be run, begun or not.
/// If several tasks poll it in turn, the last one is woken.
///
/// # Panics
///
/// Polling again after the result was returned panics.
#[must_use = "dropping the handle detaches the job; use `let _handle` to say so"]
pub struct JobHandle<T> {
    outcome: Arc<dyn Outcome<T>>,
    /// Where the job waits, if it went through the queue of a pool.
    origin: Option<(Arc<Shared>, Ticket)>,
}

impl<T> JobHandle<T> {
    pub(crate) fn new(outcome: Arc<dyn Outcome<T>>) -> Self {
        Self {
            outcome,
            origin: None,
        }
    }

    /// A handle whose job was refused.
    pub(crate) fn failed(reason: JobError) -> Self
    where
        T: Send + 'static,
    {
        Self::new(Arc::new(Slot::<(), T>::failed(reason)))
    }

    pub(crate) fn queued_in(&mut self, shared: &Arc<Shared>, ticket: Ticket) {
        self.origin = Some((Arc::clone(shared), ticket));
    }

    /// Tells whether the result is there (or was already taken).
    ///
    /// ```
    /// use evloop_blocking::Job;
    ///
    /// let (job, handle) = Job::with_handle(|| "result");
    /// assert!(!handle.is_finished());
    /// job.run();
    /// assert!(handle.is_finished());
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.outcome.progress() == Progress::Finished
    }

    /// Takes the job back if it has not started, and tells whether that was so.
    ///
    /// On `true` the closure is dropped before this returns, its place in the queue is free,
    /// and the handle yields [`JobError::Cancelled`]. On `false` nothing changes: a running
    /// job cannot be stopped, and a finished one keeps its result.
    ///
    /// ```
    /// use evloop_blocking::Job;
    ///
    /// let (job, handle) = Job::with_handle(|| unreachable!());
    /// assert!(handle.cancel());
    /// job.run();
    /// assert!(handle.join().unwrap_err().is_cancelled());
    /// ```
    ///
    /// # Cost
    ///
    /// O(log n) in the length of the queue, amortized.
    pub fn cancel(&self) -> bool {
        let cancelled = self.outcome.cancel();
        if cancelled && let Some((shared, ticket)) = &self.origin {
            drop(shared.withdraw(*ticket));
        }
        cancelled
    }

    /// Blocks the calling thread until the job has ended, and returns its result.
    ///
    /// Inside a job of the same pool, a job that is still queued is run here and now: it may
    /// pass others in the queue, but jobs that join their own sub-jobs never wait for a
    /// thread that they keep busy themselves.
    ///
    /// Do not call this on the thread of an event loop; await the handle there.
    ///
    /// # Errors
    ///
    /// The same as awaiting the handle: see [`JobError`].
    ///
    /// # Panics
    ///
    /// If the handle was polled to its end before.
    pub fn join(mut self) -> Result<T, JobError> {
        if let Some((shared, ticket)) = &self.origin
            && shared.is_inside()
            && let Some(job) = shared.withdraw(*ticket)
        {
            job.run();
        }
        let (parker, unparker) = parking::pair();
        let waker = Waker::from(unparker);
        let mut cx = Context::from_waker(&waker);
        loop {
            // Parking may end early, so only the poll decides.
            if let Poll::Ready(outcome) = Pin::new(&mut self).poll(&mut cx) {
                return outcome;
            }
            parker.park();
        }
    }
}

impl<T> Future for JobHandle<T> {
    type Output = Result<T, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.outcome.poll(cx)
    }
}

// A panic can leave nothing half done in a handle: all its changes are made under a lock, where
// no foreign code runs.
impl<T> UnwindSafe for JobHandle<T> {}
impl<T> RefUnwindSafe for JobHandle<T> {}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.outcome.progress() {
            Progress::Queued => "<JobHandle queued>",
            Progress::Running => "<JobHandle running>",
            Progress::Finished => "<JobHandle finished>",
        })
    }
}

/// Why a job has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// The job panicked.
    Panicked(PanicPayload),
    /// [`JobHandle::cancel`] took it back before it started.
    Cancelled,
    /// The pool did not take the job, which therefore never ran.
    Rejected(RejectedReason),
    /// The executor took the job and dropped it before it started, as a pool does when its
    /// shutdown runs out of time.
    ShutDown,
}

impl JobError {
    /// Tells whether the job panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// Tells whether the job was cancelled before it started.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Returns what the job panicked with, for [`std::panic::resume_unwind`].
    ///
    /// # Errors
    ///
    /// The error itself, if the job did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self {
            Self::Panicked(payload) => Ok(payload.into_inner()),
            other => Err(other),
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(payload) => write!(f, "failed to run a blocking job: {payload}"),
            Self::Cancelled => {
                f.write_str("failed to run a blocking job: it was cancelled before it started")
            }
            Self::Rejected(reason) => write!(f, "failed to submit a blocking job: {reason}"),
            Self::ShutDown => f.write_str(
                "failed to run a blocking job: its executor shut down before the job started; \
                 await the jobs that matter, or give the shutdown more time",
            ),
        }
    }
}

impl Error for JobError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rejected(reason) => reason.source(),
            Self::Panicked(_) | Self::Cancelled | Self::ShutDown => None,
        }
    }
}

/// What a job panicked with. `Display` shows the message.
///
/// Dropping it never panics, whatever the payload does when dropped.
pub struct PanicPayload {
    /// Behind a lock only so that errors stay `Sync`; `None` once taken.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
    message: Option<Box<str>>,
}

impl PanicPayload {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = match payload.downcast_ref::<&'static str>() {
            Some(text) => Some(Box::from(*text)),
            None => payload
                .downcast_ref::<String>()
                .map(|text| Box::from(text.as_str())),
        };
        Self {
            payload: Mutex::new(Some(payload)),
            message,
        }
    }

    /// The text given to `panic!`, if the payload is text.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The payload itself, for [`std::panic::resume_unwind`].
    #[must_use]
    pub fn into_inner(mut self) -> Box<dyn Any + Send> {
        // Only this method and `drop` take it, and each of them ends it.
        self.take().unwrap_or_else(|| Box::new(()))
    }

    fn take(&mut self) -> Option<Box<dyn Any + Send>> {
        let payload = self.payload.get_mut();
        payload.unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for PanicPayload {
    fn drop(&mut self) {
        if let Some(payload) = self.take() {
            discard(payload);
        }
    }
}

impl fmt::Display for PanicPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "it panicked: {message}"),
            None => f.write_str("it panicked with a payload that is not text"),
        }
    }
}

impl fmt::Debug for PanicPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PanicPayload").field(&self.message).finish()
    }
}
