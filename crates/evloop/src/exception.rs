//! The exception handler: who hears of failures that nobody receives.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use evloop_task::ErrorContext;

use crate::handle::Handle;
use crate::shared::lock;

/// What [`Handle::set_exception_handler`] takes.
pub(crate) type ExceptionHandler = Arc<dyn Fn(&Handle, &ErrorContext) + Send + Sync>;

impl Handle {
    /// Replaces the exception handler; `None` goes back to printing on standard error.
    ///
    /// It hears of callbacks that panic, of tasks whose panic nobody looked at, of promises whose
    /// error nobody retrieved, and of destructors that panic. It may be called from any thread.
    pub fn set_exception_handler<F>(&self, handler: Option<F>)
    where
        F: Fn(&Self, &ErrorContext) + Send + Sync + 'static,
    {
        let handler = handler.map(|handler| Arc::new(handler) as ExceptionHandler);
        let old = std::mem::replace(&mut *lock(&self.shared().handler), handler);
        drop(old);
    }

    /// True when an exception handler is set.
    #[must_use]
    pub fn has_exception_handler(&self) -> bool {
        lock(&self.shared().handler).is_some()
    }

    /// Tells the exception handler of a failure. A handler that panics is itself reported, together
    /// with the failure, by [`Handle::default_exception_handler`].
    pub fn call_exception_handler(&self, context: &ErrorContext) {
        let handler = lock(&self.shared().handler).clone();
        let Some(handler) = handler else {
            return self.default_exception_handler(context);
        };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| handler(self, context))) {
            let mut both = ErrorContext::from_panic("the exception handler", payload);
            both.message = format!("{}; it was called for: {}", both.message, context.message);
            both.source.clone_from(&context.source);
            self.default_exception_handler(&both);
        }
    }

    /// Tells the exception handler of what the executor has seen; of a task that is left over it says
    /// so.
    pub(crate) fn report(&self, context: &ErrorContext) {
        if !self.shared().ending.load(Ordering::Relaxed) {
            return self.call_exception_handler(context);
        }
        let mut context = context.clone();
        context.message = format!("while the program was ending: {}", context.message);
        self.call_exception_handler(&context);
    }

    /// What happens without an exception handler: the context is printed on standard error.
    pub fn default_exception_handler(&self, context: &ErrorContext) {
        context.print();
    }
}
