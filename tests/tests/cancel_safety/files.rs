//! Files and the standard input: bytes are neither lost nor doubled, and what was given up is over before
//! what comes next.
//!
//! Threads do the work. Where one waits for the other end of a pipe, it waits until the test says so; where
//! it waits for a disk, either may be first, and the promise is the same.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use evloop::fs::{File, ReadDir, read, read_dir, stdin, write};
use evloop::sleep;
use evloop::sync::Lock;
use evloop_test::CancelAtEachAwait;
use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::{SECOND, guarded, is_begun};

/// Awaits `fut`, whose thread waits until `goes_on`, if it waits at all: a suspension of a second.
async fn held<T>(fut: impl Future<Output = T>, goes_on: impl FnOnce()) -> T {
    let mut fut = pin!(fut);
    if let Some(output) = block_on(poll_once(fut.as_mut())) {
        return output;
    }
    sleep(SECOND).await;
    goes_on();
    block_on(fut)
}

/// Awaits `fut`, whose thread waits for nobody: a suspension of a second after its first poll, whether it is
/// ready or not.
async fn begun(fut: impl Future<Output = ()>) {
    let mut fut = pin!(fut);
    let is_ready = block_on(poll_once(fut.as_mut())).is_some();
    sleep(SECOND).await;
    if !is_ready {
        block_on(fut);
    }
}

/// A pipe, that is, its ends.
fn pipe() -> (OwnedFd, fs::File) {
    let (reader, writer) = rustix::pipe::pipe().expect("the system has descriptors");
    (reader, writer.into())
}

/// Reads from a pipe, and what has to come by it.
struct Fed<R> {
    reader: Lock<R>,
    writer: RefCell<Option<fs::File>>,
    pieces: RefCell<VecDeque<&'static [u8]>>,
    taken: RefCell<Vec<u8>>,
}

const PIECES: [&[u8]; 3] = [b"one", b"two", b"three"];

impl<R: AsyncRead + Unpin> Fed<R> {
    fn new(reader: R, writer: fs::File) -> Self {
        Self {
            reader: Lock::new(reader),
            writer: RefCell::new(Some(writer)),
            pieces: RefCell::new(PIECES.into()),
            taken: RefCell::default(),
        }
    }

    /// The next piece, or the end.
    fn feed(&self) {
        let piece = self.pieces.borrow_mut().pop_front();
        let mut writer = self.writer.borrow_mut();
        match (piece, writer.as_mut()) {
            (Some(piece), Some(writer)) => writer.write_all(piece).expect("there is room"),
            _ => *writer = None,
        }
    }

    async fn read_all(&self) {
        let mut reader = self.reader.acquire().await;
        let mut piece = [0; 2];
        loop {
            let read = held(reader.read(&mut piece), || self.feed()).await;
            match read.expect("a pipe can be read") {
                0 => break,
                count => self.taken.borrow_mut().extend(&piece[..count]),
            }
        }
    }

    fn read_rest(&self) -> Vec<u8> {
        while self.writer.borrow().is_some() {
            self.feed();
        }
        let mut rest = Vec::new();
        let read = block_on(async { self.reader.acquire().await.read_to_end(&mut rest).await });
        read.expect("a pipe can be read");
        rest
    }

    /// Whatever was struck, what was taken and what is left make up what was fed.
    #[track_caller]
    fn check(fed: impl Fn() -> Self) {
        let report = CancelAtEachAwait::new().check_with(
            fed,
            async |fed: &Self| fed.read_all().await,
            |fed, run| {
                let rest = fed.read_rest();
                assert!(run.fault().is_some() || rest.is_empty());
                let all = [fed.taken.take(), rest].concat();
                assert_eq!(all, PIECES.concat());
            },
        );
        assert_eq!(report.n_suspensions, PIECES.len() + 1);
    }
}

#[test]
fn reads_of_a_file() {
    guarded(|| {
        Fed::check(|| {
            let (reader, writer) = pipe();
            Fed::new(File::from(fs::File::from(reader)), writer)
        });
    });
}

/// The input of this very process is a pipe for the time of the test, which nothing else here reads.
#[test]
fn reads_of_the_standard_input() {
    guarded(|| {
        Fed::check(|| {
            let (reader, writer) = pipe();
            rustix::stdio::dup2_stdin(&reader).expect("it is open");
            Fed::new(stdin(), writer)
        });
    });
}

/// More than a pipe takes.
const LARGE: usize = 100_000;

/// Writes into a pipe that is read when the test says so.
struct Drained {
    file: Lock<Option<File>>,
    reader: fs::File,
    /// How much of it the file has taken over.
    n_taken: Cell<usize>,
    arrived: RefCell<Vec<u8>>,
}

impl Drained {
    fn new() -> Self {
        let (reader, writer) = pipe();
        Self {
            file: Lock::new(Some(File::from(writer))),
            reader: reader.into(),
            n_taken: Cell::new(0),
            arrived: RefCell::default(),
        }
    }

    fn bytes(n_bytes: usize) -> Vec<u8> {
        (0..n_bytes).map(|index| (index % 251) as u8).collect()
    }

    fn drain(&self) {
        let mut piece = vec![0; LARGE];
        let read = (&self.reader).read_exact(&mut piece);
        read.expect("so much was written");
        self.arrived.borrow_mut().extend(piece);
    }

    async fn write_all(&self) -> io::Result<()> {
        let mut file = self.file.acquire().await;
        let file = file.as_mut().expect("it is there");
        let bytes = Self::bytes(2 * LARGE);
        for piece in bytes.chunks(LARGE) {
            // The second waits for the first.
            let count = held(file.write(piece), || self.drain()).await?;
            assert_eq!(count, LARGE);
            self.n_taken.update(|n_taken| n_taken + count);
        }
        held(file.flush(), || self.drain()).await?;
        file.close().await
    }

    /// Writes on, to the end, and gives all that has arrived.
    fn write_end(&self) -> Vec<u8> {
        let file = block_on(self.file.acquire()).take();
        let mut file = file.expect("it is there");
        let mut arrived = self.arrived.take();
        let mut reader = &self.reader;
        thread::scope(|scope| {
            scope.spawn(|| reader.read_to_end(&mut arrived).expect("it can be read"));
            let written = block_on(async {
                file.write_all(b"end").await?;
                file.close().await
            });
            drop(file);
            written.expect("it is read");
        });
        arrived
    }
}

#[test]
fn writes_of_a_file() {
    guarded(|| {
        let report = CancelAtEachAwait::new().check_with(
            Drained::new,
            async |drained: &Drained| drained.write_all().await.expect("it is read"),
            |drained, run| {
                let arrived = drained.write_end();
                let mut expected = Drained::bytes(drained.n_taken.get());
                assert!(run.fault().is_some() || expected.len() == 2 * LARGE);
                expected.extend(b"end");
                assert!(arrived == expected, "{} bytes", arrived.len());
            },
        );
        assert_eq!(report.n_suspensions, 2);
    });
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evloop-cancelled-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a folder of this name is new");
        Self(path)
    }

    /// A pipe with a name in it: whoever opens one end waits for who opens the other.
    fn fifo(&self) -> PathBuf {
        let path = self.0.join("fifo");
        if !path.exists() {
            let made = Command::new("mkfifo").arg(&path).status();
            assert!(made.expect("the system has `mkfifo`").success());
        }
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A test that has failed may have left it otherwise.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The end of a pipe for whoever writes.
fn writer(path: &Path) -> fs::File {
    let writer = OpenOptions::new().write(true).open(path);
    writer.expect("it is a pipe")
}

#[test]
fn a_file_that_is_opened_for_nobody_is_closed_again() {
    guarded(|| {
        let opened = async |folder: &Folder| {
            let path = folder.fifo();
            let file = held(File::open(&path), || drop(writer(&path))).await;
            let mut text = String::new();
            let read = block_on(file.expect("it is a pipe").read_to_string(&mut text));
            assert_eq!(read.expect("it can be read"), 0);
        };
        let report = CancelAtEachAwait::new().check_with(Folder::new, opened, |folder, run| {
            if run.fault().is_some() && is_begun(run) {
                // A pipe that nobody reads any more says so; and as long as somebody has it open and does
                // not read, a writer waits.
                let mut writer = writer(&folder.fifo());
                let refused = (0..).find_map(|_| writer.write_all(&[0; 4096]).err());
                assert_eq!(
                    refused.map(|error| error.kind()),
                    Some(ErrorKind::BrokenPipe)
                );
            }
        });
        assert_eq!(report.n_suspensions, 1);
    });
}

#[test]
fn whole_files_go_on_without_who_asked() {
    guarded(|| {
        let get = |path: &Path| fs::read(path).expect("it is a pipe");
        let wrote = async |folder: &Folder| {
            let path = folder.fifo();
            let arrived = Cell::new(Vec::new());
            let written = held(write(&path, "all of it"), || arrived.set(get(&path))).await;
            written.expect("it is read");
            assert_eq!(arrived.take(), b"all of it");
        };
        let report = CancelAtEachAwait::new().check_with(Folder::new, wrote, |folder, run| {
            if run.fault().is_some() && is_begun(run) {
                assert_eq!(get(&folder.fifo()), b"all of it");
            }
        });
        assert_eq!(report.n_suspensions, 1);

        let put = |path: &Path| writer(path).write_all(b"all of it");
        let reads = async |folder: &Folder| {
            let path = folder.fifo();
            let read = held(read(&path), || put(&path).expect("it is read")).await;
            assert_eq!(read.expect("it is written"), b"all of it");
        };
        let report = CancelAtEachAwait::new().check_with(Folder::new, reads, |folder, run| {
            if run.fault().is_some() && is_begun(run) {
                put(&folder.fifo()).expect("somebody is still there to read it");
            }
        });
        assert_eq!(report.n_suspensions, 1);
    });
}

/// What a file may hold now, and up to where it was read or written.
type Place = (&'static str, u64);

/// A file on a disk, and what may have become of it.
struct OnDisk {
    folder: Folder,
    file: Lock<File>,
    places: RefCell<Vec<Place>>,
}

/// What becomes of a step that is given up.
enum GivenUp {
    /// It has done nothing.
    Undone,
    /// It is done, or not; not later.
    EitherWay,
}

impl OnDisk {
    fn new() -> Self {
        let folder = Folder::new();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = options.open(folder.0.join("file"));
        Self {
            file: Lock::new(File::from(file.expect("it can be made"))),
            folder,
            places: RefCell::new(vec![("", 0)]),
        }
    }

    /// Does a step, after which the file is at `after`.
    async fn step<T>(
        &self,
        given_up: GivenUp,
        after: Place,
        step: impl Future<Output = io::Result<T>>,
    ) {
        if matches!(given_up, GivenUp::EitherWay) {
            self.places.borrow_mut().push(after);
        }
        let step = async {
            drop(step.await.expect("disks work"));
            *self.places.borrow_mut() = vec![after];
        };
        begun(step).await;
    }

    async fn steps(&self) {
        use GivenUp::{EitherWay, Undone};
        use SeekFrom::{Current, End, Start};

        let mut file = self.file.acquire().await;
        let file = &mut *file;
        let mut piece = [0; 3];
        self.step(Undone, ("0123456789", 10), file.write(b"0123456789"))
            .await;
        self.step(Undone, ("0123456789", 10), file.flush()).await;
        self.step(EitherWay, ("0123456789", 2), file.seek(Start(2)))
            .await;
        self.step(Undone, ("0123456789", 5), file.read(&mut piece))
            .await;
        assert_eq!(&piece, b"234");
        self.step(Undone, ("01234xy789", 7), file.write(b"xy"))
            .await;
        self.step(EitherWay, ("01234xy789", 6), file.seek(Current(-1)))
            .await;
        self.step(EitherWay, ("01234xy7", 6), file.set_len(8)).await;
        self.step(Undone, ("01234xy7", 6), file.sync_all()).await;
        self.step(Undone, ("01234xy7", 6), file.metadata()).await;
        self.step(EitherWay, ("01234xy7", 8), file.seek(End(0)))
            .await;
        self.step(Undone, ("01234xy7", 8), file.read(&mut piece))
            .await;
    }

    /// Where it is, and what it holds; and then goes on with it.
    async fn look(&self) -> io::Result<(String, u64)> {
        let mut file = self.file.acquire().await;
        let position = file.seek(SeekFrom::Current(0)).await?;
        file.seek(SeekFrom::Start(0)).await?;
        let mut text = String::new();
        file.read_to_string(&mut text).await?;
        file.write_all(b"end").await?;
        file.close().await?;
        let all = fs::read_to_string(self.folder.0.join("file"))?;
        assert_eq!(all, format!("{text}end"));
        Ok((text, position))
    }
}

#[test]
fn what_is_given_up_on_a_disk_is_undone_or_done_but_not_late() {
    guarded(|| {
        let report = CancelAtEachAwait::new().check_with(
            OnDisk::new,
            async |on_disk: &OnDisk| on_disk.steps().await,
            |on_disk, _run| {
                let (text, position) = block_on(on_disk.look()).expect("disks work");
                let places = on_disk.places.borrow();
                assert!(
                    places.contains(&(&*text, position)),
                    "{text} at {position}, not {places:?}"
                );
            },
        );
        assert_eq!(report.n_suspensions, 11);
    });
}

#[test]
fn entries_of_a_folder() {
    guarded(|| {
        let folder = Folder::new();
        // They are read by 128.
        let names: Vec<_> = (0..300).map(|number| format!("{number:03}")).collect();
        for name in &names {
            fs::write(folder.0.join(name), "").expect("there is room");
        }
        let listing = || {
            let entries = block_on(read_dir(&folder.0)).expect("it is a folder");
            (Lock::new(entries), RefCell::new(Vec::new()))
        };
        let report = CancelAtEachAwait::new().check_with(
            listing,
            async |(entries, seen): &(Lock<ReadDir>, RefCell<Vec<String>>)| {
                let mut entries = entries.acquire().await;
                for count in 0..=names.len() {
                    let next = async {
                        let entry = entries.next().await;
                        seen.borrow_mut().extend(entry.map(name));
                    };
                    match count % 64 {
                        0 => begun(next).await,
                        _ => block_on(next),
                    }
                }
            },
            |(entries, seen), _run| {
                let mut seen = seen.take();
                block_on(async {
                    let mut entries = entries.acquire().await;
                    while let Some(entry) = entries.next().await {
                        seen.push(name(entry));
                    }
                });
                seen.sort();
                assert_eq!(seen, names);
            },
        );
        assert_eq!(report.n_suspensions, 5);
    });
}

fn name(entry: io::Result<fs::DirEntry>) -> String {
    let name = entry.expect("it can be listed").file_name();
    name.into_string().expect("these are digits")
}
