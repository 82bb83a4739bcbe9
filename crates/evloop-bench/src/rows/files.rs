//! Small files, read whole. They are in the page cache: what is measured is the way to a thread and back.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::join_all;

use crate::row::{Effort, Family, Row, Sample, Unit, on_each};
use crate::runtimes::{EventLoop, Runtime, Smol, Tokio};
use crate::stopwatch::Rounds;

const N_FILES: usize = 10_000;

/// Bytes of a file.
const SIZE: usize = 1000;

pub(crate) fn family() -> Family {
    Family {
        title: "Files",
        rows: vec![
            Row::new(
                "files_read_1",
                Unit::Nanoseconds,
                "a task reads 10,000 files of 1,000 bytes whole, one after the other; per file (smol: \
                 `blocking::unblock`, of which its files are made)",
                on_each!(|effort| read_all(effort, 1): EventLoop, Tokio, Smol),
            ),
            Row::new(
                "files_read_64",
                Unit::Nanoseconds,
                "the same, 64 at a time",
                on_each!(|effort| read_all(effort, 64): EventLoop, Tokio, Smol),
            ),
        ],
    }
}

/// A runtime with files.
trait Files: Runtime {
    fn read(path: Arc<Path>) -> impl Future<Output = io::Result<Vec<u8>>>;
}

impl Files for EventLoop {
    async fn read(path: Arc<Path>) -> io::Result<Vec<u8>> {
        evloop::fs::read(path).await
    }
}

impl Files for Tokio {
    async fn read(path: Arc<Path>) -> io::Result<Vec<u8>> {
        tokio::fs::read(path).await
    }
}

impl Files for Smol {
    async fn read(path: Arc<Path>) -> io::Result<Vec<u8>> {
        blocking::unblock(move || std::fs::read(path)).await
    }
}

/// Files that are gone when this is dropped.
struct Folder {
    path: PathBuf,
    files: Vec<Arc<Path>>,
}

impl Folder {
    fn new(n_files: usize) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("evloop-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        let files = (0..n_files).map(|number| {
            let file = path.join(number.to_string());
            std::fs::write(&file, [0; SIZE])?;
            Ok(file.into())
        });
        let files = files.collect::<io::Result<_>>()?;
        Ok(Self { path, files })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is in the folder for such things.
        drop(std::fs::remove_dir_all(&self.path));
    }
}

async fn read_all<R: Files>(effort: Effort, n_at_once: usize) -> Sample {
    let mut rounds = Rounds::new((effort.times(N_FILES) / n_at_once).max(10));
    let folder = Folder::new(N_FILES).expect("there is room");
    let mut chunks = folder.files.chunks_exact(n_at_once).cycle();
    for _ in rounds.by_ref() {
        let files = chunks.next().expect("they are enough for a chunk");
        let read = files.iter().map(|file| R::read(Arc::clone(file)));
        for read in join_all(read).await {
            assert_eq!(read.expect("it was written").len(), SIZE);
        }
    }
    rounds.sample(n_at_once)
}
