//! Folders and their entries.

use std::{
    fmt,
    fs::{self, DirEntry},
    future::poll_fn,
    io, iter,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll, ready},
};

use evloop_blocking::JobHandle;
use futures_core::Stream;

use crate::{
    error::path_error,
    pool::{self, call},
};

/// So many entries by one call.
const BATCH: usize = 128;

/// Makes a folder, whose parent is there.
///
/// # Cancel safety
///
/// Dropped, it goes on without anybody who hears of its result.
///
/// # Errors
///
/// Those of [`std::fs::create_dir`], in an error that names the path and is of the same kind.
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    call("make", path.as_ref().into(), |path| fs::create_dir(path)).await
}

/// Makes a folder and those above it that are missing.
///
/// # Cancel safety
///
/// Dropped, it goes on without anybody who hears of its result.
///
/// # Errors
///
/// Those of [`std::fs::create_dir_all`], in an error that names the path and is of the same kind.
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    call("make", path.as_ref().into(), |path| {
        fs::create_dir_all(path)
    })
    .await
}

/// Removes a folder that is empty.
///
/// # Cancel safety
///
/// Dropped, it goes on without anybody who hears of its result.
///
/// # Errors
///
/// Those of [`std::fs::remove_dir`], in an error that names the path and is of the same kind.
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    call("remove", path.as_ref().into(), |path| fs::remove_dir(path)).await
}

/// Removes a folder with all that is in it.
///
/// # Cancel safety
///
/// Dropped, it goes on without anybody who hears of its result.
///
/// # Errors
///
/// Those of [`std::fs::remove_dir_all`], in an error that names the path and is of the same kind.
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    call("remove", path.as_ref().into(), |path| {
        fs::remove_dir_all(path)
    })
    .await
}

/// The entries of a folder, in the order of the system.
///
/// # Cancel safety
///
/// Dropped, the folder is closed again.
///
/// # Errors
///
/// Those of [`std::fs::read_dir`], in an error that names the path and is of the same kind.
///
/// # Examples
///
/// ```
/// use evloop_fs::read_dir;
/// use futures_lite::future::block_on;
///
/// block_on(async {
///     let mut entries = read_dir(".").await?;
///     let mut names = Vec::new();
///     while let Some(entry) = entries.next().await {
///         names.push(entry?.file_name());
///     }
///     assert!(names.iter().any(|name| name == "Cargo.toml"));
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path: PathBuf = path.as_ref().into();
    let entries = call("list", path.clone(), |path| fs::read_dir(path)).await?;
    Ok(ReadDir {
        path,
        state: State::Idle(Some(Batch {
            read: Vec::new().into_iter(),
            rest: Some(entries),
        })),
    })
}

/// The entries of a folder: a stream, with a [`next`](Self::next) of its own. The `metadata` of an entry is
/// std's and blocks, as may its `file_type`: [`symlink_metadata`](crate::symlink_metadata) does not.
///
/// # Cancel safety
///
/// A `next` that is dropped loses nothing: what is read meanwhile is for the next one.
///
/// # Cost
///
/// One call on a thread for each 128 entries.
pub struct ReadDir {
    path: PathBuf,
    state: State,
}

enum State {
    /// Nothing only while it is polled.
    Idle(Option<Batch>),
    Busy(JobHandle<Batch>),
}

struct Batch {
    read: std::vec::IntoIter<io::Result<DirEntry>>,
    /// None after the last.
    rest: Option<fs::ReadDir>,
}

impl Batch {
    fn next(mut rest: fs::ReadDir) -> Self {
        let entries = iter::from_fn(|| rest.next()).take(BATCH);
        let read: Vec<_> = entries.collect();
        Self {
            rest: (read.len() == BATCH).then_some(rest),
            read: read.into_iter(),
        }
    }
}

impl ReadDir {
    /// The next entry; `None` after the last one.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: see the type.
    ///
    /// # Errors
    ///
    /// Those of the system, in an error that names the folder and is of the same kind.
    pub async fn next(&mut self) -> Option<io::Result<DirEntry>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Idle(batch) => {
                    let Some(current) = batch else {
                        return Poll::Ready(None);
                    };
                    if let Some(entry) = current.read.next() {
                        let named = |error| path_error("list", this.path.clone(), error);
                        return Poll::Ready(Some(entry.map_err(named)));
                    }
                    let Some(rest) = current.rest.take() else {
                        return Poll::Ready(None);
                    };
                    this.state = State::Busy(pool::start(|| Batch::next(rest)));
                }
                State::Busy(call) => {
                    let read = ready!(pool::poll(call, cx));
                    let (batch, lost) = match read {
                        Ok(batch) => (Some(batch), None),
                        Err(lost) => (None, Some(lost)),
                    };
                    this.state = State::Idle(batch);
                    if let Some(lost) = lost {
                        let error = path_error("list", this.path.clone(), lost);
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
        }
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
