//! Errors that name the path they are about.

use std::{error::Error, fmt, io, path::PathBuf};

/// What the system said about a path, or two.
#[derive(Debug)]
struct PathError {
    verb: &'static str,
    path: PathBuf,
    to: Option<PathBuf>,
    error: io::Error,
}

/// `error` with the path in its text, and of the same kind.
pub(crate) fn path_error(verb: &'static str, path: PathBuf, error: io::Error) -> io::Error {
    named(PathError {
        verb,
        path,
        to: None,
        error,
    })
}

/// As [`path_error`], of a call that goes from one path to another.
pub(crate) fn paths_error(
    verb: &'static str,
    path: PathBuf,
    to: PathBuf,
    error: io::Error,
) -> io::Error {
    named(PathError {
        verb,
        path,
        to: Some(to),
        error,
    })
}

fn named(error: PathError) -> io::Error {
    io::Error::new(error.error.kind(), error)
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            verb,
            path,
            to,
            error,
        } = self;
        write!(f, "failed to {verb} `{}`", path.display())?;
        if let Some(to) = to {
            write!(f, " to `{}`", to.display())?;
        }
        write!(f, ": {error}")
    }
}

impl Error for PathError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
