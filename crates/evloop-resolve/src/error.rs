//! Errors that name the name they are about.

use std::{error::Error, fmt, io, sync::Arc};

/// What the system said about one name; everybody who asked for it gets a copy.
#[derive(Debug, Clone)]
pub(crate) struct LookupError {
    host: Arc<str>,
    error: Arc<io::Error>,
}

impl LookupError {
    pub(crate) fn new(host: Arc<str>, error: io::Error) -> Self {
        let error = Arc::new(error);
        Self { host, error }
    }
}

/// Of the same kind, with the name in its text.
impl From<LookupError> for io::Error {
    fn from(error: LookupError) -> Self {
        Self::new(error.error.kind(), error)
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name may be anything, and as long as anything.
        let mut chars = self.host.chars();
        let start: String = chars.by_ref().take(255).collect();
        let more = if chars.next().is_some() { "…" } else { "" };
        let start = start.escape_debug();
        write!(f, "failed to look up `{start}{more}`: {}", self.error)
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}
