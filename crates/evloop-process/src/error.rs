//! Errors that name the program or the child.

use std::{error::Error, ffi::OsStr, fmt, io, path::Path};

/// Somebody else has reaped the child, so nobody knows how it ended.
///
/// A call of `waitpid` for any child did it, or SIGCHLD is ignored in this process and the system throws
/// statuses away. It comes inside of an [`io::Error`].
///
/// # Examples
///
/// ```
/// use std::io;
/// use evloop_process::ChildLost;
///
/// fn is_lost(error: &io::Error) -> bool {
///     error.get_ref().is_some_and(|inner| inner.is::<ChildLost>())
/// }
/// assert!(!is_lost(&io::Error::from(io::ErrorKind::NotFound)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildLost {
    /// The id it had. It may be another process's by now.
    pub id: u32,
}

impl fmt::Display for ChildLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id;
        write!(f, "failed to wait for child {id}: it was reaped elsewhere")
    }
}

impl Error for ChildLost {}

impl From<ChildLost> for io::Error {
    fn from(error: ChildLost) -> Self {
        Self::other(error)
    }
}

/// A child has written more than may be captured, and was killed.
///
/// It comes inside of an [`io::Error`].
///
/// # Examples
///
/// ```
/// use std::io;
/// use evloop_process::CaptureOverrun;
///
/// fn wrote_too_much(error: &io::Error) -> bool {
///     error.get_ref().is_some_and(|inner| inner.is::<CaptureOverrun>())
/// }
/// assert!(!wrote_too_much(&io::Error::from(io::ErrorKind::Other)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureOverrun {
    /// How many bytes of one stream were allowed.
    pub limit: usize,
}

impl fmt::Display for CaptureOverrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit;
        write!(
            f,
            "failed to capture a child: it wrote more than {limit} bytes"
        )
    }
}

impl Error for CaptureOverrun {}

impl From<CaptureOverrun> for io::Error {
    fn from(error: CaptureOverrun) -> Self {
        Self::other(error)
    }
}

/// What the system said about starting one program.
#[derive(Debug)]
struct SpawnError {
    /// As people write it: the program, and where it was to run.
    what: String,
    error: io::Error,
}

/// `error` with the program in its text, and of the same kind.
pub(crate) fn spawn_error(program: &OsStr, dir: Option<&Path>, error: io::Error) -> io::Error {
    let mut what = format!("`{}`", program.display());
    if let Some(dir) = dir {
        // A directory that is missing looks like a program that is.
        what += &format!(" in `{}`", dir.display());
    }
    io::Error::new(error.kind(), SpawnError { what, error })
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, error } = self;
        write!(f, "failed to start {what}: {error}")
    }
}

impl Error for SpawnError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// A signal for a child that is no more.
pub(crate) fn is_gone(id: u32) -> io::Error {
    let text = format!("failed to signal child {id}: it has ended");
    io::Error::new(io::ErrorKind::NotFound, text)
}

/// A number that is no signal.
pub(crate) fn no_signal(number: i32) -> io::Error {
    let text = format!("failed to signal a child: {number} is not a signal of programs");
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// A signal for the group of a child that leads none.
pub(crate) fn no_group(id: u32) -> io::Error {
    let text = format!("failed to signal the group of child {id}: it was not started in one");
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
