//! Files through sockets.

use std::{
    env,
    fs::{self, File},
    io::{self, ErrorKind, Write},
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
};

use evloop_net::UnixStream;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future::try_zip};

use crate::support::{pair, poll_once, run};

/// Bytes that show where they come from.
fn contents(n_bytes: usize) -> Vec<u8> {
    (0..n_bytes).map(|index| (index % 251) as u8).collect()
}

/// A file with these bytes and without a name.
fn file_of(bytes: &[u8]) -> io::Result<File> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("evloop-send-file-{}-{number}", std::process::id());
    let path = env::temp_dir().join(name);
    File::create_new(&path)?.write_all(bytes)?;
    let file = File::open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

#[test]
fn a_large_file_arrives_whole_and_the_range_says_so() {
    run(|| async {
        let bytes = contents((5 << 20) + 17);
        let file = file_of(&bytes)?;
        let (mut ours, mut theirs) = pair().await?;
        let mut range = 0..u64::MAX;
        let mut got = Vec::new();

        let send = async {
            let sent = ours.send_file(&file, &mut range).await?;
            ours.close().await?;
            Ok(sent)
        };
        let (sent, _) = try_zip(send, theirs.read_to_end(&mut got)).await?;

        assert_eq!(
            (sent, range.start),
            (bytes.len() as u64, bytes.len() as u64)
        );
        assert!(got == bytes, "it is damaged");
        Ok(())
    });
}

#[test]
fn a_part_of_a_file_goes_through_a_unix_socket() {
    run(|| async {
        let file = file_of(&contents(1000))?;
        let (ours, mut theirs) = UnixStream::pair()?;
        let mut range = 10..15;

        assert_eq!(ours.send_file(&file, &mut range).await?, 5);

        let mut got = [0; 5];
        theirs.read_exact(&mut got).await?;
        assert_eq!(got, [10, 11, 12, 13, 14]);
        assert!(range.is_empty());
        assert_eq!(
            ours.send_file(&file, &mut range).await?,
            0,
            "nothing is left"
        );
        assert_eq!(ours.send_file(&file, &mut (999..2000)).await?, 1);
        assert_eq!(ours.send_file(&file, &mut (5000..6000)).await?, 0);
        Ok(())
    });
}

#[test]
fn dropped_in_the_middle_it_goes_on_where_it_was() {
    run(|| async {
        let bytes = contents(16 << 20);
        let file = file_of(&bytes)?;
        let (ours, mut theirs) = UnixStream::pair()?;
        let mut range = 0..u64::MAX;
        {
            let mut sending = pin!(ours.send_file(&file, &mut range));
            // Its polls end between two calls, and then where the socket is full.
            for _ in 0..100 {
                assert!(poll_once(sending.as_mut()).is_pending(), "nobody has read");
            }
        }
        assert!(range.start > 0, "the socket has room for some");

        let (mut ours, mut got) = (ours, Vec::new());
        let send = async {
            ours.send_file(&file, &mut range).await?;
            ours.close().await
        };
        try_zip(send, theirs.read_to_end(&mut got)).await?;

        assert!(got == bytes, "it is damaged");
        Ok(())
    });
}

#[test]
fn files_of_the_system_are_sent_as_well() {
    run(|| async {
        let path = "/proc/version";
        let expected = fs::read(path)?;
        let (mut ours, mut theirs) = pair().await?;
        let sent = ours
            .send_file(&File::open(path)?, &mut (0..u64::MAX))
            .await?;
        ours.close().await?;

        let mut got = Vec::new();
        theirs.read_to_end(&mut got).await?;

        assert_eq!(sent, expected.len() as u64);
        assert_eq!(got, expected);
        Ok(())
    });
}

#[test]
fn what_cannot_be_sent_is_an_error() {
    run(|| async {
        let (ours, theirs) = UnixStream::pair()?;
        let directory = File::open(env::temp_dir())?;
        let error = ours.send_file(&directory, &mut (0..10)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IsADirectory);

        // No file reaches so far, and no offset of the system.
        let file = file_of(b"some")?;
        let mut far = u64::MAX - 1..u64::MAX;
        let error = ours.send_file(&file, &mut far).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(far, u64::MAX - 1..u64::MAX);

        drop(theirs);
        let mut range = 0..4;
        let error = ours.send_file(&file, &mut range).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(range, 0..4, "nothing was sent");
        Ok(())
    });
}
