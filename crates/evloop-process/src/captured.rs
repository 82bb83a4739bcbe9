//! Feeding a child and reading what it writes, at the same time.

use std::{
    fmt,
    io::{self, ErrorKind},
    process::{ExitStatus, Output},
};

use evloop_net::{PipeReader, PipeWriter};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future::try_zip};

use crate::{CaptureOverrun, Child};

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
#[derive(Clone, PartialEq, Eq)]
pub struct Captured {
    /// How it ended.
    pub status: ExitStatus,
    /// All that it has written to its standard output.
    pub stdout: Option<Vec<u8>>,
    /// All that it has written to its standard error.
    pub stderr: Option<Vec<u8>>,
}

/// Without the bytes, which may be secrets and are many.
impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured")
            .field("status", &self.status)
            .field("stdout_len", &self.stdout.as_ref().map(Vec::len))
            .field("stderr_len", &self.stderr.as_ref().map(Vec::len))
            .finish()
    }
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
    let limit = process.capture_limit();
    let outputs = try_zip(read_all(stdout, limit), read_all(stderr, limit));
    let communicated = try_zip(feed(stdin, input), outputs).await;
    if communicated.as_ref().is_err_and(is_overrun) {
        // Nobody reads the rest, and it would wait for ever.
        process.kill_all().ok();
        (*stdin, *stdout, *stderr) = (None, None, None);
        process.wait().await?;
    }
    let ((), (stdout, stderr)) = communicated?;
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

fn is_overrun(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(|inner| inner.is::<CaptureOverrun>())
}

/// Reads to the end, and closes the pipe.
async fn read_all(stream: &mut Option<PipeReader>, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let Some(reader) = stream else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    // One byte more shows that there are more.
    let at_most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(at_most).read_to_end(&mut bytes).await?;
    if bytes.len() > limit {
        return Err(CaptureOverrun { limit }.into());
    }
    *stream = None;
    Ok(Some(bytes))
}
