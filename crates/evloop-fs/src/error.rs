//! Errors that name the path they are about.

use std::{error::Error, fmt, io, path::PathBuf};

/// What the system said about one path.
#[derive(Debug)]
struct PathError {
    verb: &'static str,
    path: PathBuf,
    error: io::Error,
}

/// `error` with the path in its text, and of the same kind.
pub(crate) fn path_error(verb: &'static str, path: PathBuf, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), PathError { verb, path, error })
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, path, error } = self;
        write!(f, "failed to {verb} `{}`: {error}", path.display())
    }
}

impl Error for PathError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
