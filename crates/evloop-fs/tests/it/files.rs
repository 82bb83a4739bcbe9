//! One file in pieces.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Read, SeekFrom},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use evloop_fixtures::block_on;
use evloop_fs::File;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt, io::copy};
use proptest::prelude::*;

use crate::support::Folder;

fn contents(n_bytes: usize) -> Vec<u8> {
    (0..n_bytes).map(|index| (index % 251) as u8).collect()
}

/// Polls once, and leaves; says whether it was ready.
fn give_up<F: Future>(future: F) -> bool {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    polled.is_ready()
}

#[test]
fn a_large_file_is_written_and_read_whole() -> io::Result<()> {
    let folder = Folder::new();
    let bytes = contents((3 << 20) + 5);
    block_on(async {
        let mut file = File::create(folder.path("large")).await?;
        file.write_all(&bytes).await?;
        file.close().await?;

        let mut file = File::open(folder.path("large")).await?;
        let mut read = Vec::new();
        assert_eq!(copy(&mut file, &mut read).await?, bytes.len() as u64);
        assert!(read == bytes, "it is damaged");
        assert_eq!(file.read(&mut [0; 8]).await?, 0, "the end stays");
        Ok(())
    })
}

#[test]
fn what_is_missing_is_an_error_that_names_it() {
    let path = Folder::new().path("missing");
    let error = block_on(File::open(&path)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let start = format!("failed to open `{}`: ", path.display());
    assert!(error.to_string().starts_with(&start), "{error}");
}

#[test]
fn an_error_of_a_write_comes_with_the_flush_and_once() -> io::Result<()> {
    let folder = Folder::new();
    let path = folder.file("read-only", b"some");
    block_on(async {
        let mut file = File::open(&path).await?;
        assert_eq!(file.write(b"more").await?, 4, "it was taken over");
        let error = file.flush().await.unwrap_err();
        assert!(error.raw_os_error().is_some());
        file.flush().await?;
        let mut text = String::new();
        file.read_to_string(&mut text).await?;
        assert_eq!(text, "some");
        Ok(())
    })
}

#[test]
fn a_file_that_is_dropped_gets_what_was_written() {
    let folder = Folder::new();
    let path = folder.path("dropped");
    block_on(async {
        let mut file = File::create(&path).await.expect("there is room");
        file.write_all(b"all of it")
            .await
            .expect("it is taken over");
    });
    evloop_fixtures::watched(move || {
        while fs::read(&path).expect("it was made") != b"all of it" {
            std::thread::yield_now();
        }
        drop(folder);
    });
}

#[test]
fn a_read_that_is_given_up_is_for_the_next() -> io::Result<()> {
    let folder = Folder::new();
    // More than is read ahead, so that several reads wait.
    let bytes = contents(1 << 18);
    let path = folder.file("file", &bytes);
    block_on(async {
        let mut file = File::open(&path).await?;
        let mut read = Vec::new();
        loop {
            let mut piece = vec![0; 1 << 16];
            let is_ready = {
                let mut reading = pin!(file.read(&mut piece));
                match reading
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                {
                    Poll::Ready(count) => Some(count?),
                    Poll::Pending => None,
                }
            };
            match is_ready {
                Some(0) => break,
                Some(count) => read.extend_from_slice(&piece[..count]),
                None => std::thread::yield_now(),
            }
        }
        assert!(read == bytes, "it is damaged");
        Ok(())
    })
}

#[test]
fn reads_writes_and_seeks_keep_one_place() -> io::Result<()> {
    let folder = Folder::new();
    let path = folder.file("file", b"0123456789");
    block_on(async {
        let options = OpenOptions::new().read(true).write(true).clone();
        let mut file = File::open_with(&options, &path).await?;
        let mut two = [0; 2];
        file.read_exact(&mut two).await?;
        // All was read ahead; it goes where the program is.
        file.write_all(b"ab").await?;
        file.read_exact(&mut two).await?;
        assert_eq!(&two, b"45");
        assert_eq!(file.seek(SeekFrom::Current(1)).await?, 7);
        file.read_exact(&mut two).await?;
        assert_eq!(&two, b"78");
        assert_eq!(file.seek(SeekFrom::End(-1)).await?, 9);
        assert!(file.seek(SeekFrom::Current(-100)).await.is_err());
        file.set_len(4).await?;
        file.sync_all().await?;
        assert_eq!(file.metadata().await?.len(), 4);

        file.seek(SeekFrom::Start(1)).await?;
        file.read_exact(&mut two[..1]).await?;
        let mut rest = String::new();
        file.into_std().await?.read_to_string(&mut rest)?;
        assert_eq!(rest, "ab", "std goes on where it was");
        assert_eq!(fs::read(&path)?, b"01ab");
        Ok(())
    })
}

#[derive(Debug, Clone)]
enum Step {
    Read(usize),
    Write(Vec<u8>),
    Seek(SeekFrom),
    Flush,
    GiveUpRead,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..20_usize).prop_map(Step::Read),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Step::Write),
        (0..40_u64).prop_map(|at| Step::Seek(SeekFrom::Start(at))),
        (-10..10_i64).prop_map(|by| Step::Seek(SeekFrom::Current(by))),
        (-20..5_i64).prop_map(|by| Step::Seek(SeekFrom::End(by))),
        Just(Step::Flush),
        Just(Step::GiveUpRead),
    ];
    prop::collection::vec(step, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The same steps on a file of std's give the same.
    #[test]
    fn it_does_what_a_file_of_std_does(steps in steps()) {
        use std::io::{Seek as _, Write as _};

        let folder = Folder::new();
        let (ours, theirs) = (folder.file("ours", b"0123456789"), folder.file("theirs", b"0123456789"));
        let options = OpenOptions::new().read(true).write(true).clone();
        let mut std = options.open(&theirs)?;
        block_on(async {
            let mut file = File::open_with(&options, &ours).await?;
            for step in steps {
                match step {
                    Step::Read(count) => {
                        let (mut ours, mut theirs) = (vec![0; count], vec![0; count]);
                        let read = read_fully(&mut file, &mut ours).await?;
                        let expected = read_fully_std(&mut std, &mut theirs)?;
                        assert_eq!((read, ours), (expected, theirs));
                    }
                    Step::Write(bytes) => {
                        file.write_all(&bytes).await?;
                        std.write_all(&bytes)?;
                    }
                    Step::Seek(to) => {
                        let ours = file.seek(to).await.map_err(|error| error.kind());
                        assert_eq!(ours, std.seek(to).map_err(|error| error.kind()));
                    }
                    Step::Flush => file.flush().await?,
                    // Without a place to put them: they are for the next.
                    Step::GiveUpRead => drop(give_up(file.read(&mut []))),
                }
            }
            file.close().await
        })?;
        prop_assert_eq!(fs::read(ours)?, fs::read(theirs)?);
    }
}

async fn read_fully(file: &mut File, buf: &mut [u8]) -> io::Result<usize> {
    let mut total = 0;
    while total < buf.len() {
        match file.read(&mut buf[total..]).await? {
            0 => break,
            count => total += count,
        }
    }
    Ok(total)
}

fn read_fully_std(file: &mut fs::File, buf: &mut [u8]) -> io::Result<usize> {
    let mut total = 0;
    while total < buf.len() {
        match file.read(&mut buf[total..])? {
            0 => break,
            count => total += count,
        }
    }
    Ok(total)
}

#[test]
fn a_seek_that_is_given_up_does_not_answer_another() -> io::Result<()> {
    let folder = Folder::new();
    let path = folder.file("file", b"0123456789");
    block_on(async {
        let mut file = File::open(&path).await?;
        // Ready or not, it is over.
        let _is_ready = give_up(file.seek(SeekFrom::Start(3)));
        assert_eq!(file.seek(SeekFrom::Start(5)).await?, 5);
        let mut one = [0];
        file.read_exact(&mut one).await?;
        assert_eq!(&one, b"5");
        Ok(())
    })
}

#[test]
fn a_file_is_for_all_threads_and_says_what_it_is() {
    fn shared<T: Send + Sync + Unpin + 'static>() {}
    shared::<File>();
    shared::<evloop_fs::ReadDir>();
    let folder = Folder::new();
    let mut file = block_on(File::create(folder.path("file"))).expect("there is room");
    let polled = Pin::new(&mut file).poll_write(&mut Context::from_waker(Waker::noop()), b"x");
    assert!(matches!(polled, Poll::Ready(Ok(1))));
    let text = format!("{file:?}");
    assert!(
        text.starts_with("File { file: File {") && text.ends_with("is_busy: true, .. }"),
        "{text}"
    );
}

#[test]
fn a_call_that_was_given_up_does_not_overtake_what_follows() -> io::Result<()> {
    let folder = Folder::new();
    block_on(async {
        for _ in 0..500 {
            let mut file = File::create(folder.path("cut")).await?;
            let _either_way = give_up(file.set_len(0));
            file.write_all(b"written later").await?;

            let file = file.into_std().await?;

            // Whoever came late would show here at the latest.
            assert_eq!(file.metadata()?.len(), 13);
        }
        Ok(())
    })
}
