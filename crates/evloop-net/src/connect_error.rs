//! What became of the attempts to connect.

use std::{error::Error, fmt, io, net::SocketAddr};

/// Why no connection was made: what each address gave.
///
/// It is inside of the `io::Error` that connecting gives, whose kind is the one that all attempts share,
/// or else that of the last.
///
/// # Examples
///
/// ```
/// use evloop_net::{ConnectError, TcpStream};
///
/// async fn connect() -> Option<TcpStream> {
///     let error = match TcpStream::connect("example.com:80").await {
///         Ok(stream) => return Some(stream),
///         Err(error) => error,
///     };
///     for (addr, error) in ConnectError::of(&error)?.attempts() {
///         eprintln!("{addr}: {error}");
///     }
///     None
/// }
/// # let _ = connect();
/// ```
#[derive(Debug)]
pub struct ConnectError {
    /// One or more.
    attempts: Vec<(SocketAddr, io::Error)>,
}

impl ConnectError {
    pub(crate) fn new(attempts: Vec<(SocketAddr, io::Error)>) -> Self {
        Self { attempts }
    }

    /// What is inside of `error`, if it came from attempts to connect.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Each address that was tried, in this order, and what it gave.
    pub fn attempts(&self) -> impl ExactSizeIterator<Item = (SocketAddr, &io::Error)> {
        self.attempts.iter().map(|(addr, error)| (*addr, error))
    }

    fn kind(&self) -> io::ErrorKind {
        let mut kinds = self.attempts.iter().map(|(_, error)| error.kind());
        kinds.next_back().unwrap_or(io::ErrorKind::Other)
    }
}

impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        Self::new(error.kind(), error)
    }
}

/// asyncio's rule: one error stands for many that say the same.
impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.attempts.iter().map(|(_, e)| e.to_string()).collect();
        f.write_str("failed to connect to ")?;
        let is_same = texts.windows(2).all(|pair| pair[0] == pair[1]);
        for (index, ((addr, _), text)) in self.attempts.iter().zip(&texts).enumerate() {
            let is_last = index + 1 == texts.len();
            match (is_same, is_last) {
                (true, false) => write!(f, "`{addr}`, ")?,
                (false, false) => write!(f, "`{addr}`: {text}; ")?,
                (_, true) => write!(f, "`{addr}`: {text}")?,
            }
        }
        Ok(())
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let (_, error) = self.attempts.last()?;
        Some(error)
    }
}
