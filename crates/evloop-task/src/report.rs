//! What goes to the exception handler: failures that no caller is there to receive.

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use crate::error::{JoinError, Panic, contain, payload_message};
use crate::scheduler::Scheduler;

/// One failure that nobody received, as asyncio's context dictionary of an exception handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ErrorContext {
    /// What happened, in one sentence.
    pub message: String,
    /// The error itself, where there is one.
    pub exception: Option<JoinError>,
    /// The task, promise or callback concerned, in its `Debug` form.
    pub source: Option<Arc<str>>,
}

impl ErrorContext {
    /// A context with only a message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exception: None,
            source: None,
        }
    }

    /// The context of a caught panic: what panicked, what the panic said, and the panic itself.
    #[must_use]
    pub fn from_panic(what: impl fmt::Display, payload: Box<dyn Any + Send>) -> Self {
        let message = format!("{what} panicked: {}", payload_message(&*payload));
        let panic = Panic::new(payload, String::new(), None);
        Self::new(message).with_exception(JoinError::Panicked(panic))
    }

    /// Adds the error, which counts as seen by that.
    #[must_use]
    pub fn with_exception(mut self, exception: JoinError) -> Self {
        exception.mark_observed();
        self.exception = Some(exception);
        self
    }

    /// Adds what the failure belongs to.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Arc<str>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Sends it to the exception handler of `scheduler`; without one, as [`ErrorContext::print`].
    pub fn report_to(&self, scheduler: Option<&'static dyn Scheduler>) {
        report(scheduler, self);
    }

    /// Prints it on standard error: what happens without a handler.
    pub fn print(&self) {
        // Standard error may be closed or a broken pipe: then there is nobody left to tell.
        let _unheard = writeln!(std::io::stderr().lock(), "evloop: {self}");
    }
}

impl fmt::Display for ErrorContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, "\n  in: {source}")?;
        }
        if let Some(exception) = &self.exception {
            write!(f, "\n  exception: {exception}")?;
        }
        Ok(())
    }
}

/// Runs foreign code; if it panics, the panic goes to the exception handler of `scheduler` and no
/// further. `what` says what it did, for the report: "`what` panicked: ...".
pub fn report_panic<R>(
    scheduler: Option<&'static dyn Scheduler>,
    what: impl fmt::Display,
    f: impl FnOnce() -> R,
) -> Option<R> {
    match contain(f) {
        Ok(value) => Some(value),
        Err(payload) => {
            report(scheduler, &ErrorContext::from_panic(what, payload));
            None
        }
    }
}

/// Sends a context to the scheduler's handler, or to standard error where there is no scheduler.
pub(crate) fn report(scheduler: Option<&'static dyn Scheduler>, context: &ErrorContext) {
    let reported = contain(|| match scheduler {
        Some(scheduler) => scheduler.report(context),
        None => context.print(),
    });
    if let Err(payload) = reported {
        // A handler that fails gets no second chance here; the facade's handler has its own.
        std::mem::forget(payload);
        context.print();
    }
}
