//! What a handler may return.

use std::error::Error;

/// What a handler may return: nothing, or a `Result` whose error is reported.
pub trait Handled: Send + 'static {
    /// The error that nobody else hears of.
    fn into_error(self) -> Option<Box<dyn Error + Send + Sync>>;
}

impl Handled for () {
    fn into_error(self) -> Option<Box<dyn Error + Send + Sync>> {
        None
    }
}

impl<T, E> Handled for Result<T, E>
where
    T: Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    fn into_error(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.err().map(Into::into)
    }
}
