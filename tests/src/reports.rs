//! What a loop's exception handler was told.

use evloop::{ErrorContext, Handle};

use crate::Seen;

/// The failures that a loop reported, in order.
#[derive(Clone, Debug)]
pub struct Reports(Seen<ErrorContext>);

impl Reports {
    /// Becomes the exception handler of a loop or runtime.
    #[must_use]
    pub fn of(handle: &Handle) -> Self {
        let seen = Seen::new();
        let told = seen.clone();
        handle.set_exception_handler(Some(move |_: &Handle, context: &ErrorContext| {
            told.push(context.clone());
        }));
        Self(seen)
    }

    /// Takes what was reported since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<ErrorContext> {
        self.0.take()
    }

    /// Takes the messages of what was reported since the last call.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.take()
            .into_iter()
            .map(|context| context.message)
            .collect()
    }

    /// Takes the one report there is since the last call.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one.
    #[must_use]
    #[track_caller]
    pub fn only(&self) -> ErrorContext {
        let mut reports = self.take();
        assert_eq!(reports.len(), 1, "one report, not {reports:?}");
        reports.remove(0)
    }
}
