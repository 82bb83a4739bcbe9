//! Feeding a child and reading what it writes, at the same time.

use std::{
    io::{self, ErrorKind},
    process::{ExitStatus, Output},
};

use evloop_net::{PipeReader, PipeWriter};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future::try_zip};

use crate::Child;

/// What a child has written, and how it ended.
///
/// A stream that was not piped is `None`, and so is one that was taken before.
///
/// # Examples
///
/// ```
/// use std::{os::unix::process::ExitStatusExt, process::ExitStatus};
/// use evloop_process::Captured;
///
/// let captured = Captured {
///     status: ExitStatus::from_raw(0),
///     stdout: Some(b"hello".to_vec()),
///     stderr: None,
/// };
/// assert_eq!(std::process::Output::from(captured).stdout, b"hello");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// How it ended.
    pub status: ExitStatus,
    /// All that it has written to its standard output.
    pub stdout: Option<Vec<u8>>,
    /// All that it has written to its standard error.
    pub stderr: Option<Vec<u8>>,
}

/// With nothing for a stream that was not piped.
impl From<Captured> for Output {
    fn from(captured: Captured) -> Self {
        Self {
            status: captured.status,
            stdout: captured.stdout.unwrap_or_default(),
            stderr: captured.stderr.unwrap_or_default(),
        }
    }
}

/// [`Child::communicate`].
pub(crate) async fn communicate(child: &mut Child, input: &[u8]) -> io::Result<Captured> {
    let Child {
        stdin,
        stdout,
        stderr,
        process,
    } = child;
    // All at once: whoever reads one first waits for ever for a child that fills another.
    let outputs = try_zip(read_all(stdout), read_all(stderr));
    let ((), (stdout, stderr)) = try_zip(feed(stdin, input), outputs).await?;
    let status = process.wait().await?;
    Ok(Captured {
        status,
        stdout,
        stderr,
    })
}

/// Writes `input` and closes the pipe, as far as anybody reads it.
async fn feed(stdin: &mut Option<PipeWriter>, input: &[u8]) -> io::Result<()> {
    let Some(writer) = stdin else { return Ok(()) };
    let written = writer.write_all(input).await;
    *stdin = None;
    match written {
        // It has enough, or has ended: its status tells.
        Err(error) if is_hangup(&error) => Ok(()),
        written => written,
    }
}

fn is_hangup(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
    )
}

/// Reads to the end, and closes the pipe.
async fn read_all(stream: &mut Option<PipeReader>) -> io::Result<Option<Vec<u8>>> {
    let Some(reader) = stream else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await?;
    *stream = None;
    Ok(Some(bytes))
}
