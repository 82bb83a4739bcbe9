//! Errors that are given out again and again.

use std::{error::Error, fmt, io, sync::Arc};

/// An error that stays: the first who asks gets it, and everyone after that one like it.
#[derive(Debug)]
pub(crate) struct StickyError {
    first: Option<io::Error>,
    kind: io::ErrorKind,
    code: Option<i32>,
    text: Arc<str>,
}

impl StickyError {
    pub(crate) fn new(error: io::Error) -> Self {
        Self {
            kind: error.kind(),
            code: error.raw_os_error(),
            text: error.to_string().into(),
            first: Some(error),
        }
    }

    /// The error, or one with the same kind, text and number of the system.
    pub(crate) fn again(&mut self) -> io::Error {
        self.first.take().unwrap_or_else(|| match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, Again(Arc::clone(&self.text))),
        })
    }
}

/// What an error said that was given out before.
struct Again(Arc<str>);

impl fmt::Debug for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Again {}
