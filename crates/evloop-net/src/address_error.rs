//! Errors that name the address they are about.

use std::{error::Error, fmt, io};

/// What the system said about one address.
#[derive(Debug)]
struct AddressError {
    verb: &'static str,
    addr: String,
    error: io::Error,
}

/// `error` with the address in its text, and of the same kind.
pub(crate) fn address_error(
    verb: &'static str,
    addr: impl fmt::Display,
    error: io::Error,
) -> io::Error {
    let (kind, addr) = (error.kind(), addr.to_string());
    io::Error::new(kind, AddressError { verb, addr, error })
}

/// There was no address to try.
pub(crate) fn no_address(verb: &'static str) -> io::Error {
    let text = format!("failed to {verb}: the name has no address");
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, addr, error } = self;
        write!(f, "failed to {verb} `{addr}`: {error}")
    }
}

impl Error for AddressError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
