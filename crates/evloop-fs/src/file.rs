//! One file, in pieces.

use std::{
    fmt,
    fs::{self, Metadata, OpenOptions, Permissions},
    future::poll_fn,
    io::{self, Read, Seek, SeekFrom, Write},
    mem,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, ready},
};

use evloop_blocking::JobHandle;
use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};

use crate::pool::{self, call};

/// What is read ahead by one call, unless more is wanted at once.
const SMALL: usize = 64 * 1024;

/// The most that is read or written by one call.
const LARGE: usize = 1024 * 1024;

/// A file that is open.
///
/// It implements `AsyncRead`, `AsyncWrite` and `AsyncSeek` of `futures-io`. Reads are made ahead, up to 64
/// KiB; writes are ready when their bytes have been taken over, and go on behind the scenes: an error of one
/// comes with the next operation, so [`flush`](AsyncWrite::poll_flush) or close the file to hear of the
/// last. A file that is dropped still gets what was written, unless the process ends first.
///
/// # Cancel safety
///
/// Of `read`, `write`, `flush` and `close` nothing is lost when the future is dropped at any await: what was
/// read is given to the next read, what was taken over is written. A `seek` that is dropped, or another call
/// that changes something, may have happened, or happens before whatever is asked of this file next: no call
/// overtakes another.
///
/// # Examples
///
/// ```
/// use evloop_fs::File;
/// use futures_lite::{AsyncReadExt, future::block_on};
///
/// let mut text = String::new();
/// block_on(async { File::open("Cargo.toml").await?.read_to_string(&mut text).await })?;
/// assert!(text.starts_with("[package]"));
/// # std::io::Result::Ok(())
/// ```
pub struct File {
    file: Arc<fs::File>,
    state: State,
    /// Has begun, and nobody has heard of its end.
    seeking: Option<SeekFrom>,
}

enum State {
    Idle(Buffer),
    Busy(JobHandle<(Buffer, Done)>),
}

/// Bytes that were read and not given out; empty, or about to be written, otherwise.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

/// What a call has done.
enum Done {
    Read(io::Result<usize>),
    Wrote(io::Result<()>),
    Sought(io::Result<u64>),
    /// What was asked, to whoever asked.
    Answered,
}

impl File {
    /// Opens a file to read it.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the file is closed again.
    ///
    /// # Errors
    ///
    /// Those of [`std::fs::File::open`], in an error that names the path and is of the same kind.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_with(OpenOptions::new().read(true), path).await
    }

    /// Opens a file to write it: a new one, or one that is cleared.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have been made or cleared.
    ///
    /// # Errors
    ///
    /// Those of [`std::fs::File::create`], in an error that names the path and is of the same kind.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        Self::open_with(options.write(true).create(true).truncate(true), path).await
    }

    /// Opens a file as the options of the standard library say.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have been made or cleared.
    ///
    /// # Errors
    ///
    /// Those of [`OpenOptions::open`], in an error that names the path and is of the same kind.
    pub async fn open_with(options: &OpenOptions, path: impl AsRef<Path>) -> io::Result<Self> {
        let (options, path): (_, PathBuf) = (options.clone(), path.as_ref().into());
        let file = call("open", path, move |path| options.open(path)).await?;
        Ok(file.into())
    }

    /// What is known of the file, after what was written before.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// Those of the system, and of a write before.
    pub async fn metadata(&mut self) -> io::Result<Metadata> {
        self.with(fs::File::metadata).await
    }

    /// Cuts the file off, or fills it up with zeros.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have happened.
    ///
    /// # Errors
    ///
    /// Those of the system, and of a write before.
    pub async fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.with(move |file| file.set_len(len)).await
    }

    /// Changes who may do what.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have happened.
    ///
    /// # Errors
    ///
    /// Those of the system, and of a write before.
    pub async fn set_permissions(&mut self, permissions: Permissions) -> io::Result<()> {
        self.with(move |file| file.set_permissions(permissions))
            .await
    }

    /// Waits until all that was written is on the disk, with what is known of the file.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have happened.
    ///
    /// # Errors
    ///
    /// Those of the system, and of a write before.
    pub async fn sync_all(&mut self) -> io::Result<()> {
        self.with(fs::File::sync_all).await
    }

    /// Waits until all that was written is on the disk.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have happened.
    ///
    /// # Errors
    ///
    /// Those of the system, and of a write before.
    pub async fn sync_data(&mut self) -> io::Result<()> {
        self.with(fs::File::sync_data).await
    }

    /// The file of the standard library, after what was written before, at the place up to which it was
    /// read.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the file is closed.
    ///
    /// # Errors
    ///
    /// Those of a write before, and of the system.
    pub async fn into_std(mut self) -> io::Result<fs::File> {
        poll_fn(|cx| self.poll_idle(cx)).await?;
        let unread = self.unread();
        self.with(move |file| go_back(file, unread)).await?;
        // Calls that have ended hold none.
        Arc::try_unwrap(self.file).or_else(|file| file.try_clone())
    }

    async fn with<T, F>(&mut self, ask: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&fs::File) -> io::Result<T> + Send + 'static,
    {
        poll_fn(|cx| self.poll_idle(cx)).await?;
        let (answers, answer) = mpsc::sync_channel(1);
        // As a read or a write is: on its own, a call that was given up could overtake what comes later.
        self.start(move |file, _| {
            // Nobody listens if it was given up.
            drop(answers.send(ask(file)));
            Done::Answered
        });
        poll_fn(|cx| self.poll_done(cx)).await?;
        answer.recv().expect("it was sent before the call ended")
    }

    /// Waits for what is under way. An error of a write is for whoever comes next.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.poll_done(cx))? {
            Some(Done::Wrote(written)) => Poll::Ready(written),
            // Whoever wanted it is gone. A read that has failed will fail again.
            Some(Done::Read(_) | Done::Sought(_) | Done::Answered) | None => Poll::Ready(Ok(())),
        }
    }

    /// Waits for what is under way, and says what has become of it.
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Done>>> {
        let State::Busy(call) = &mut self.state else {
            return Poll::Ready(Ok(None));
        };
        let done = ready!(pool::poll(call, cx));
        self.state = State::Idle(Buffer::default());
        let (buffer, done) = done?;
        self.state = State::Idle(buffer);
        Poll::Ready(Ok(Some(done)))
    }

    fn start<F>(&mut self, call: F)
    where
        F: FnOnce(&fs::File, &mut Buffer) -> Done + Send + 'static,
    {
        let mut buffer = mem::take(self.buffer());
        let file = Arc::clone(&self.file);
        self.state = State::Busy(pool::start(move || {
            let done = call(&file, &mut buffer);
            // Before the result is there: whoever gets it has the file alone.
            drop(file);
            (buffer, done)
        }));
    }

    /// The buffer, when nothing is under way.
    fn buffer(&mut self) -> &mut Buffer {
        match &mut self.state {
            State::Idle(buffer) => buffer,
            State::Busy(_) => unreachable!("what was under way was waited for"),
        }
    }

    fn unread(&mut self) -> usize {
        let buffer = self.buffer();
        buffer.bytes.len() - buffer.start
    }
}

impl Buffer {
    fn fill(&mut self, mut file: &fs::File, wanted: usize) -> io::Result<usize> {
        self.start = 0;
        self.bytes.resize(wanted, 0);
        let read = loop {
            match file.read(&mut self.bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.bytes.truncate(*read.as_ref().unwrap_or(&0));
        read
    }

    fn give(&mut self, buf: &mut [u8]) -> usize {
        let unread = &self.bytes[self.start..];
        let count = unread.len().min(buf.len());
        buf[..count].copy_from_slice(&unread[..count]);
        self.start += count;
        count
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }
}

/// To where the program has read.
fn go_back(mut file: &fs::File, unread: usize) -> io::Result<()> {
    match i64::try_from(unread) {
        Ok(0) => Ok(()),
        Ok(unread) => file.seek(SeekFrom::Current(-unread)).map(drop),
        Err(_) => unreachable!("a buffer is smaller than that"),
    }
}

impl AsyncRead for File {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            match ready!(this.poll_done(cx))? {
                Some(Done::Wrote(Err(error)) | Done::Read(Err(error))) => {
                    return Poll::Ready(Err(error));
                }
                Some(Done::Read(Ok(0))) => return Poll::Ready(Ok(0)),
                Some(Done::Wrote(Ok(())) | Done::Read(_) | Done::Sought(_) | Done::Answered)
                | None => {}
            }
            if this.unread() > 0 || buf.is_empty() {
                return Poll::Ready(Ok(this.buffer().give(buf)));
            }
            let wanted = buf.len().clamp(SMALL, LARGE);
            this.start(move |file, buffer| Done::Read(buffer.fill(file, wanted)));
        }
    }
}

impl AsyncWrite for File {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_idle(cx))?;
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let unread = this.unread();
        let count = buf.len().min(LARGE);
        let buffer = this.buffer();
        buffer.clear();
        buffer.bytes.extend_from_slice(&buf[..count]);
        this.start(move |mut file, buffer| {
            let written = go_back(file, unread).and_then(|()| file.write_all(&buffer.bytes));
            buffer.clear();
            Done::Wrote(written)
        });
        Poll::Ready(Ok(count))
    }

    /// Waits until all that was written is the system's. [`sync_all`](File::sync_all) waits for the disk.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_idle(cx)
    }

    /// The same as a flush: the file is closed when it is dropped.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl AsyncSeek for File {
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let this = self.get_mut();
        loop {
            match ready!(this.poll_done(cx))? {
                Some(Done::Wrote(Err(error))) => return Poll::Ready(Err(error)),
                Some(Done::Sought(sought)) if this.seeking.take() == Some(to) => {
                    return Poll::Ready(sought);
                }
                Some(Done::Wrote(Ok(())) | Done::Read(_) | Done::Sought(_) | Done::Answered)
                | None => {}
            }
            let unread = this.unread();
            this.buffer().clear();
            this.seeking = Some(to);
            this.start(move |mut file, _| {
                Done::Sought(go_back(file, unread).and_then(|()| file.seek(to)))
            });
        }
    }
}

/// Takes over a file of the standard library.
impl From<fs::File> for File {
    fn from(file: fs::File) -> Self {
        Self {
            file: Arc::new(file),
            state: State::Idle(Buffer::default()),
            seeking: None,
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("file", &self.file)
            .field("is_busy", &matches!(self.state, State::Busy(_)))
            .finish_non_exhaustive()
    }
}
