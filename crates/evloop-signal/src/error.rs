//! Why a signal is not watched.

use std::error::Error;
use std::fmt;
use std::io;

use crate::disposition::Disposition;
use crate::signal::Signal;

/// Why a signal is not watched.
#[derive(Debug)]
pub struct WatchError {
    signal: Signal,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Watched,
    Taken(Disposition),
    Unsupported,
    System(io::Error),
}

impl WatchError {
    pub(crate) fn watched(signal: Signal) -> Self {
        let reason = Reason::Watched;
        Self { signal, reason }
    }

    pub(crate) fn taken(signal: Signal, by: Disposition) -> Self {
        let reason = Reason::Taken(by);
        Self { signal, reason }
    }

    pub(crate) fn system(signal: Signal, error: io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::Unsupported => Reason::Unsupported,
            _ => Reason::System(error),
        };
        Self { signal, reason }
    }

    /// True when another [`Watch`](crate::Watch) of this process has the signal.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        matches!(self.reason, Reason::Watched)
    }

    /// True when the signal is ignored or has a handler that is not ours.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self.reason, Reason::Taken(_))
    }

    /// True where there are no signals.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self.reason, Reason::Unsupported)
    }
}

impl From<WatchError> for io::Error {
    /// Of the kind `ResourceBusy` for a signal that others have, `Unsupported`, or what the system said.
    fn from(error: WatchError) -> Self {
        let kind = match &error.reason {
            Reason::Watched | Reason::Taken(_) => io::ErrorKind::ResourceBusy,
            Reason::Unsupported => io::ErrorKind::Unsupported,
            Reason::System(error) => error.kind(),
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to watch {}: ", self.signal)?;
        match &self.reason {
            Reason::Watched => f.write_str("it is watched already"),
            Reason::Taken(Disposition::Ignored) => f.write_str("it is ignored"),
            Reason::Taken(_) => f.write_str("it has a handler of somebody else"),
            Reason::Unsupported => f.write_str("this system has no signals"),
            Reason::System(error) => write!(f, "{error}"),
        }
    }
}

impl Error for WatchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            Reason::System(error) => Some(error),
            _ => None,
        }
    }
}
