//! Why a server does not serve.

use std::{error::Error, fmt, io};

/// [`Server::serve_forever`](crate::Server::serve_forever) was called when it cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeError {
    is_closed: bool,
}

impl ServeError {
    pub(crate) const CLOSED: Self = Self { is_closed: true };
    pub(crate) const AWAITED: Self = Self { is_closed: false };

    /// The server is closed; otherwise somebody else awaits it already.
    #[must_use]
    pub fn is_closed(self) -> bool {
        self.is_closed
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.is_closed {
            true => "failed to serve: the server is closed",
            false => "failed to serve: `serve_forever` is being awaited already",
        })
    }
}

impl Error for ServeError {}

impl From<ServeError> for io::Error {
    fn from(error: ServeError) -> Self {
        Self::other(error)
    }
}
