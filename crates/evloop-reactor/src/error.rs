//! What can go wrong with a registration.

use std::{
    error::Error,
    fmt, io,
    os::fd::{AsFd, AsRawFd, RawFd},
};

/// The reactor was dropped, or lost its descriptors: no event will ever come.
///
/// It travels as the cause of an [`io::Error`], which [`ReactorGone::is_cause_of`] recognizes.
///
/// # Examples
///
/// ```
/// use std::os::unix::net::UnixStream;
/// use evloop_reactor::{Reactor, ReactorGone};
///
/// let handle = Reactor::new()?.handle();
/// let (ours, _theirs) = UnixStream::pair()?;
///
/// let error = handle.register(ours).unwrap_err();
/// assert!(ReactorGone::is_cause_of(error.error()));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReactorGone;

impl ReactorGone {
    /// Whether `error` says that the reactor is gone.
    #[must_use]
    pub fn is_cause_of(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|cause| cause.is::<Self>())
    }
}

impl fmt::Display for ReactorGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reactor of this source was dropped, or has failed")
    }
}

impl Error for ReactorGone {}

impl From<ReactorGone> for io::Error {
    fn from(gone: ReactorGone) -> Self {
        Self::other(gone)
    }
}

/// The system refused to register or deregister a source, which this gives back.
///
/// Converts into the [`io::Error`] that is its cause, so that `?` works where the source need not
/// be saved.
///
/// # Examples
///
/// ```
/// use std::{fs::File, io};
/// use evloop_reactor::Reactor;
///
/// let reactor = Reactor::new()?;
/// let file = File::open("/proc/self/exe")?;
///
/// // A regular file is always ready; epoll does not watch it.
/// let error = reactor.handle().register(file).unwrap_err();
/// assert_eq!(error.error().kind(), io::ErrorKind::PermissionDenied);
/// let file: File = error.into_source();
/// # drop(file);
/// # std::io::Result::Ok(())
/// ```
pub struct SourceError<S> {
    verb: &'static str,
    fd: RawFd,
    error: io::Error,
    source: S,
}

impl<S> SourceError<S> {
    /// What the system said.
    pub fn error(&self) -> &io::Error {
        &self.error
    }

    /// The source, as it was given.
    pub fn into_source(self) -> S {
        self.source
    }

    /// What the system said, and the source.
    pub fn into_parts(self) -> (io::Error, S) {
        (self.error, self.source)
    }
}

impl<S: AsFd> SourceError<S> {
    pub(crate) fn register(error: io::Error, source: S) -> Self {
        Self::new("register", error, source)
    }

    pub(crate) fn deregister(error: io::Error, source: S) -> Self {
        Self::new("deregister", error, source)
    }

    fn new(verb: &'static str, error: io::Error, source: S) -> Self {
        Self {
            verb,
            fd: source.as_fd().as_raw_fd(),
            error,
            source,
        }
    }
}

impl<S> fmt::Display for SourceError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            verb, fd, error, ..
        } = self;
        write!(f, "failed to {verb} `fd {fd}`: {error}")
    }
}

impl<S> fmt::Debug for SourceError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceError")
            .field("verb", &self.verb)
            .field("fd", &self.fd)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<S> Error for SourceError<S> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl<S> From<SourceError<S>> for io::Error {
    fn from(error: SourceError<S>) -> Self {
        error.error
    }
}
