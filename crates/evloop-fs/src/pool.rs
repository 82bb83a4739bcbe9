//! The threads on which files are used.

use std::{
    io,
    path::PathBuf,
    sync::LazyLock,
    task::{Context, Poll},
};

use evloop_blocking::{BlockingPool, JobError, JobHandle};

use crate::error::{path_error, paths_error};

/// One for the process: a disk does not get faster by more of them.
static POOL: LazyLock<BlockingPool> = LazyLock::new(|| {
    let pool = BlockingPool::builder().thread_name("evloop-fs").build();
    pool.expect("the settings are valid")
});

/// Starts a call.
pub(crate) fn start<T, F>(call: F) -> JobHandle<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    POOL.spawn(call)
}

/// The result of a call.
pub(crate) fn poll<T>(call: &mut JobHandle<T>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
    std::pin::Pin::new(call).poll(cx).map_err(lost)
}

/// Makes a call about `path`.
pub(crate) async fn call<T, F>(verb: &'static str, path: PathBuf, call: F) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce(&PathBuf) -> io::Result<T> + Send + 'static,
{
    let called = start(move || call(&path).map_err(|error| path_error(verb, path, error)));
    called.await.map_err(lost)?
}

/// Makes a call that goes from `path` to another.
pub(crate) async fn call_with<T, F>(
    verb: &'static str,
    path: PathBuf,
    to: PathBuf,
    call: F,
) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce(&PathBuf, &PathBuf) -> io::Result<T> + Send + 'static,
{
    let called =
        start(move || call(&path, &to).map_err(|error| paths_error(verb, path, to, error)));
    called.await.map_err(lost)?
}

/// There is no thread, say.
fn lost(error: JobError) -> io::Error {
    io::Error::other(error)
}
