//! How waiting for a task or promise can fail, and what reading it too early says.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::cancel_reason::CancelReason;
use crate::report::{ErrorContext, report};
use crate::scheduler::Scheduler;

/// What a task or promise ends with: its value, or why there is none.
pub type TaskResult<T> = Result<T, JoinError>;

/// Why a task or promise gave no value.
///
/// An `Err` that a coroutine returns by itself is part of its output and no `JoinError`.
#[derive(Clone)]
pub enum JoinError {
    /// It was cancelled; says by which message, if any.
    Cancelled(Cancellation),
    /// Its coroutine panicked.
    Panicked(Panic),
    /// [`Promise::set_exception`](crate::Promise::set_exception) stored this error, or the handle
    /// was misused ([`InvalidState`]).
    Failed(Arc<dyn Error + Send + Sync>),
}

impl JoinError {
    /// A cancellation, and why.
    pub(crate) fn cancelled(reason: CancelReason) -> Self {
        Self::Cancelled(Cancellation::of(reason))
    }

    /// A cancellation whose reason lies with the task still: its handle adds it.
    pub(crate) const CANCELLED: Self = Self::Cancelled(Cancellation(Told::Origin(None)));

    /// A cancellation with a message, for results that are made by hand.
    #[must_use]
    pub fn from_cancel(message: impl Into<Arc<str>>) -> Self {
        Self::cancelled(CancelReason::message(Some(message.into())))
    }

    /// A panic caught in `who`, for results that are made by hand. Unless somebody looks at it, it
    /// is reported to the handler of the loop that is current here.
    #[must_use]
    pub fn from_panic(payload: Box<dyn Any + Send>, who: impl Into<String>) -> Self {
        Self::Panicked(Panic::new(
            payload,
            who.into(),
            crate::scheduler::turning_scheduler(),
        ))
    }

    /// A misuse of the handle, as an error value.
    pub(crate) fn invalid(state: InvalidState) -> Self {
        Self::Failed(Arc::new(state))
    }

    /// Adds the reason of a cancellation that has none yet.
    pub(crate) fn explain(&mut self, reason: impl FnOnce() -> CancelReason) {
        if let Self::Cancelled(cancellation @ Cancellation(Told::Origin(None))) = self {
            *cancellation = Cancellation::of(reason());
        }
    }

    /// True for [`JoinError::Cancelled`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// True for [`JoinError::Panicked`].
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// True when the handle was misused: awaited twice, or awaited by its own task.
    #[must_use]
    pub fn is_invalid_state(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is::<InvalidState>())
    }

    /// Marks a panic as seen, so that it is not reported as never retrieved.
    pub(crate) fn mark_observed(&self) {
        if let Self::Panicked(panic) = self {
            panic.0.observed.store(true, Ordering::Relaxed);
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled(cancellation) => fmt::Display::fmt(cancellation, f),
            Self::Panicked(panic) => fmt::Display::fmt(panic, f),
            Self::Failed(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled(cancellation) => fmt::Debug::fmt(cancellation, f),
            Self::Panicked(panic) => fmt::Debug::fmt(panic, f),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            Self::Cancelled(_) | Self::Panicked(_) => None,
        }
    }
}

/// So that `?` takes it where I/O is done. An I/O error in it keeps its kind.
impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        let kind = match &error {
            JoinError::Failed(failure) => failure.downcast_ref().map(Self::kind),
            JoinError::Cancelled(_) | JoinError::Panicked(_) => None,
        };
        Self::new(kind.unwrap_or(io::ErrorKind::Other), error)
    }
}

/// The plain data of a cancellation that has happened: its message, and who asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Cancellation(Told);

/// Two words, so that it does not add to every task's result; and without an allocation where there
/// is no message.
#[derive(Clone, PartialEq, Eq)]
enum Told {
    Origin(Option<&'static Location<'static>>),
    Message(Arc<CancelReason>),
}

impl Cancellation {
    fn of(reason: CancelReason) -> Self {
        Self(if reason.message.is_some() {
            Told::Message(Arc::new(reason))
        } else {
            Told::Origin(reason.origin)
        })
    }

    /// The message given with the last cancel request, if any.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match &self.0 {
            Told::Origin(_) => None,
            Told::Message(reason) => reason.message.as_deref(),
        }
    }

    /// The line of code that made the last cancel request, if it is known.
    #[must_use]
    pub fn origin(&self) -> Option<&'static Location<'static>> {
        match &self.0 {
            Told::Origin(origin) => *origin,
            Told::Message(reason) => reason.origin,
        }
    }
}

impl fmt::Display for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "cancelled: {message}"),
            None => f.write_str("cancelled"),
        }
    }
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "Cancelled({message:?})"),
            None => f.write_str("Cancelled"),
        }
    }
}

/// A panic caught in a task, shared by everyone who learns of it.
///
/// Dropped without anybody having read it, it is reported once to the exception handler.
#[derive(Clone)]
pub struct Panic(Arc<Caught>);

struct Caught {
    /// What the panic message says, or a placeholder.
    message: Box<str>,
    /// Who panicked, for the report.
    who: Box<str>,
    /// The payload, until somebody resumes it.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
    observed: AtomicBool,
    reporter: Option<&'static dyn Scheduler>,
}

impl Panic {
    /// Wraps a payload caught in `who`.
    pub(crate) fn new(
        payload: Box<dyn Any + Send>,
        who: String,
        reporter: Option<&'static dyn Scheduler>,
    ) -> Self {
        Self(Arc::new(Caught {
            message: payload_message(&*payload).into(),
            who: who.into(),
            payload: Mutex::new(Some(payload)),
            observed: AtomicBool::new(false),
            reporter,
        }))
    }

    /// What the panic said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Takes the payload, which can be taken once; for [`std::panic::resume_unwind`].
    #[must_use]
    pub fn take_payload(&self) -> Option<Box<dyn Any + Send>> {
        self.0.observed.store(true, Ordering::Relaxed);
        self.0
            .payload
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Panic {
    /// Goes on panicking in the caller.
    ///
    /// # Panics
    ///
    /// Always: with the payload, or with its text if the payload was taken before.
    #[track_caller]
    pub fn resume(&self) -> ! {
        match self.take_payload() {
            Some(payload) => std::panic::resume_unwind(payload),
            None => panic!("{self}"),
        }
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        if !*self.observed.get_mut() {
            let message = format!("{} panicked and nobody looked: {}", self.who, self.message);
            report(self.reporter, &ErrorContext::new(message));
        }
        // A payload is a user's value: its destructor may panic as well.
        let payload = self
            .payload
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Err(second) = contain(|| drop(payload)) {
            std::mem::forget(second);
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.0.message)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Panicked({:?})", self.0.message)
    }
}

/// The text of a panic payload.
pub(crate) fn payload_message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a value that is no text"
    }
}

/// Runs user code whose panic must go no further.
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f))
}

/// The handle is not in the state that the operation needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvalidState(Reason);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Pending,
    AlreadyDone,
    Taken,
    AwaitsItself,
}

impl InvalidState {
    pub(crate) const PENDING: Self = Self(Reason::Pending);
    pub(crate) const ALREADY_DONE: Self = Self(Reason::AlreadyDone);
    pub(crate) const TAKEN: Self = Self(Reason::Taken);
    pub(crate) const AWAITS_ITSELF: Self = Self(Reason::AwaitsItself);
}

impl fmt::Display for InvalidState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Reason::Pending => "result is not set: the operation has not finished yet",
            Reason::AlreadyDone => "invalid state: the result is set already and is set only once",
            Reason::Taken => {
                "invalid state: the result was taken by an earlier await of this handle"
            }
            Reason::AwaitsItself => "invalid state: a task cannot await itself",
        })
    }
}

impl fmt::Debug for InvalidState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidState({self})")
    }
}

impl Error for InvalidState {}

/// No event loop runs on this thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NoRunningLoop;

impl fmt::Display for NoRunningLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no event loop is running on this thread; call this from inside `run(...)`, or on a \
             `Handle` of the loop",
        )
    }
}

impl fmt::Debug for NoRunningLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoRunningLoop({self})")
    }
}

impl Error for NoRunningLoop {}
