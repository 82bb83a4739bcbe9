//! What can go wrong when a piece of a stream is read.

use std::{error::Error, fmt, io};

/// The stream ended before the piece that was asked for: asyncio's `IncompleteReadError`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncompleteRead {
    /// What there was until the end, which the reader no longer holds.
    pub partial: Vec<u8>,
    /// How many bytes were asked for, if that was known.
    pub expected: Option<usize>,
}

impl IncompleteRead {
    pub(crate) fn new(partial: Vec<u8>, expected: Option<usize>) -> Self {
        Self { partial, expected }
    }
}

impl fmt::Display for IncompleteRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.partial.len();
        match self.expected {
            Some(expected) => write!(f, "the stream ended after {read} of {expected} bytes"),
            None => write!(
                f,
                "the stream ended after {read} bytes, without a separator"
            ),
        }
    }
}

impl Error for IncompleteRead {}

/// The piece before the separator is longer than the limit: asyncio's `LimitOverrunError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitOverrun {
    /// How many bytes from the front are certainly before the separator.
    pub consumed: usize,
    /// Whether the separator was found, which is at `consumed` then.
    pub is_found: bool,
}

impl LimitOverrun {
    pub(crate) fn new(consumed: usize, is_found: bool) -> Self {
        Self { consumed, is_found }
    }
}

impl fmt::Display for LimitOverrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let consumed = self.consumed;
        match self.is_found {
            true => write!(
                f,
                "a separator comes after {consumed} bytes, beyond the limit"
            ),
            false => write!(
                f,
                "no separator in {consumed} bytes, which is beyond the limit"
            ),
        }
    }
}

impl Error for LimitOverrun {}

/// Why a piece of a stream was not read.
///
/// As an [`io::Error`], into which `?` converts it, it is of the kind `UnexpectedEof` for a stream
/// that ended and `InvalidData` for a piece that is too long, with the details as its cause.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream has failed, or the call was refused.
    Io(io::Error),
    /// The stream ended before.
    Incomplete(IncompleteRead),
    /// The piece is longer than the limit of the reader.
    LimitOverrun(LimitOverrun),
}

impl ReadError {
    /// Whether the stream ended before the piece that was asked for.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        matches!(self, Self::Incomplete(_))
    }

    /// Whether the piece is longer than the limit.
    #[must_use]
    pub fn is_limit_overrun(&self) -> bool {
        matches!(self, Self::LimitOverrun(_))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Incomplete(error) => error.fmt(f),
            Self::LimitOverrun(error) => error.fmt(f),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            Self::Incomplete(_) | Self::LimitOverrun(_) => None,
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => error,
            ReadError::Incomplete(error) => Self::new(io::ErrorKind::UnexpectedEof, error),
            ReadError::LimitOverrun(error) => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
