//! Unix sockets.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, IoSlice},
    os::{fd::OwnedFd, unix},
    path::{Path, PathBuf},
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
};

use evloop_net::{
    OwnedReadHalf, OwnedWriteHalf, StreamReader, StreamWriter, UnixDatagram, UnixListener,
    UnixListenerOptions, UnixStream, open_unix_connection,
};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};
use socket2::SockRef;

use crate::support::{poll_once, run, transfer};

/// A folder of its own for each test, gone with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evloop-net-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A socket file whose owner is gone.
fn stale(path: &Path) {
    drop(unix::net::UnixListener::bind(path).unwrap());
    assert!(path.exists());
}

#[test]
fn a_connection_through_a_path_carries_both_ways() {
    run(|| async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let listener = UnixListener::bind(&path)?;
        let (reader, writer) = &mut open_unix_connection(&path).await?;
        let mut theirs = listener.incoming().next().await.unwrap()?;

        writer.write(b"question\n")?;
        let mut question = [0; 9];
        theirs.read_exact(&mut question).await?;
        theirs
            .write_vectored(&[IoSlice::new(b"ans"), IoSlice::new(b"wer\n")])
            .await?;

        assert_eq!(reader.readline().await?, b"answer\n");
        assert_eq!(listener.local_addr()?.as_pathname(), Some(&*path));
        assert_eq!(writer_peer(&theirs), None);
        Ok(())
    });
}

fn writer_peer(stream: &UnixStream) -> Option<PathBuf> {
    let peer = stream.peer_addr().unwrap();
    peer.as_pathname().map(Path::to_owned)
}

/// asyncio's case 179.
#[test]
fn case_179_the_file_of_a_listener_goes_with_it_unless_another_has_its_place() {
    run(|| async {
        let folder = Folder::new();
        let path = folder.path("socket");

        drop(UnixListener::bind(&path)?);
        assert!(!path.exists());

        let replaced = UnixListener::bind(&path)?;
        fs::remove_file(&path)?;
        let other = unix::net::UnixListener::bind(&path)?;
        drop(replaced);
        assert!(path.exists());
        UnixStream::connect(&path).await?;
        drop(other);
        fs::remove_file(&path)?;

        let gone = UnixListener::bind(&path)?;
        fs::remove_file(&path)?;
        drop(gone);

        let given_away = UnixListener::bind(&path)?.into_std()?;
        assert!(path.exists());
        drop(UnixListener::try_from(given_away)?);
        assert!(path.exists(), "not made here, so not removed here");
        Ok(())
    });
}

#[test]
fn fault_e13_what_is_there_already_is_refused_and_only_a_stale_socket_replaced() {
    run(|| async {
        let folder = Folder::new();
        let (file, dead, live) = (
            folder.path("file"),
            folder.path("dead"),
            folder.path("live"),
        );
        File::create(&file)?;
        stale(&dead);
        let _live = UnixListener::bind(&live)?;

        for path in [&file, &dead, &live] {
            let error = UnixListener::bind(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
            assert!(error.to_string().contains(path.to_str().unwrap()));
        }
        let replacing = UnixListenerOptions::new().reuse_stale(true);
        for path in [&file, &live] {
            let error = replacing.bind(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
        }
        let listener = replacing.bind(&dead)?;
        UnixStream::connect(&dead).await?;
        listener.accept().await?;
        assert!(file.exists() && live.exists());
        Ok(())
    });
}

#[test]
fn fault_e13_paths_that_cannot_be_are_errors_that_name_them() {
    run(|| async {
        let folder = Folder::new();
        let long = folder.path(&"x".repeat(108));
        let kind = |result: io::Result<UnixListener>| result.unwrap_err().kind();
        assert_eq!(kind(UnixListener::bind(&long)), ErrorKind::InvalidInput);
        assert_eq!(
            kind(UnixListener::bind(folder.path("no/socket"))),
            ErrorKind::NotFound
        );

        let missing = UnixStream::connect(folder.path("missing"))
            .await
            .unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        assert!(missing.to_string().contains("missing"));
        stale(&folder.path("dead"));
        let refused = UnixStream::connect(folder.path("dead")).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        Ok(())
    });
}

#[test]
fn fault_e13_the_mode_is_that_which_was_asked_for() {
    use std::os::unix::fs::PermissionsExt;

    run(|| async {
        let folder = Folder::new();
        for mode in [0o600, 0o666] {
            let path = folder.path("socket");
            let _listener = UnixListenerOptions::new().mode(mode).bind(&path)?;
            assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, mode);
        }
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn fault_e13_an_abstract_name_leaves_no_file() {
    run(|| async {
        let name = format!("\0evloop-net-{}", std::process::id());
        let listener = UnixListenerOptions::new().mode(0o600).bind(&name)?;
        UnixStream::connect(&name).await?;
        listener.accept().await?;
        drop(listener);
        drop(UnixListener::bind(&name)?);
        Ok(())
    });
}

#[test]
fn a_connect_to_a_full_queue_says_so() {
    run(|| async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let listener = UnixListenerOptions::new().backlog(1).bind(&path)?;
        let mut waiting = Vec::new();
        let error = loop {
            match UnixStream::connect(&path).await {
                Ok(stream) => waiting.push(stream),
                Err(error) => break error,
            }
            assert!(waiting.len() < 100);
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);

        listener.accept().await?;
        UnixStream::connect(&path).await?;
        Ok(())
    });
}

#[test]
fn halves_go_their_own_ways_and_come_together_again() {
    run(|| async {
        let (ours, theirs) = UnixStream::pair()?;
        let (mut read, mut write) = ours.into_split();
        let (mut their_read, their_write) = theirs.into_split();

        write.write_all(b"to them").await?;
        drop(write);
        let mut all = Vec::new();
        their_read.read_to_end(&mut all).await?;
        assert_eq!(all, b"to them", "the end came with the drop of the half");

        let mut theirs = their_read.reunite(their_write).unwrap();
        theirs.write_all(b"to us").await?;
        drop(theirs);
        all.clear();
        read.read_to_end(&mut all).await?;
        assert_eq!(all, b"to us");
        Ok(())
    });
}

#[test]
fn halves_whose_stream_is_in_use_stay_apart_until_it_is_not() {
    run(|| async {
        let (ours, theirs) = UnixStream::pair()?;
        let (read, write) = ours.into_split();
        let weak = read.downgrade();
        let in_use = weak.upgrade().unwrap();

        let (read, write) = read.reunite(write).unwrap_err().into_halves();
        in_use.shutdown(std::net::Shutdown::Read)?;
        drop(in_use);

        drop(read.reunite(write).unwrap());
        assert!(weak.upgrade().is_none());
        drop(theirs);
        Ok(())
    });
}

#[test]
fn halves_of_different_streams_stay_apart() {
    run(|| async {
        let (ours, theirs) = UnixStream::pair()?;
        let (read, _write) = ours.into_split();
        let (mut their_read, their_write) = theirs.into_split();

        let error = read.reunite(their_write).unwrap_err();

        assert!(error.to_string().contains("different streams"));
        type Halves = (OwnedReadHalf<UnixStream>, OwnedWriteHalf<UnixStream>);
        let (_read, mut write): Halves = error.into_halves();
        assert!(poll_once(pin!(their_read.read(&mut [0]))).is_pending());
        write.write_all(b"still open").await?;
        Ok(())
    });
}

#[test]
fn peek_leaves_the_bytes_where_they_are() {
    run(|| async {
        let (mut ours, mut theirs) = UnixStream::pair()?;
        ours.write_all(b"hello").await?;
        let mut buf = [0; 8];
        assert_eq!(theirs.peek(&mut buf).await?, 5);
        assert_eq!(theirs.read(&mut buf).await?, 5);
        ours.close().await?;
        assert_eq!(theirs.peek(&mut buf).await?, 0);
        Ok(())
    });
}

#[test]
fn museum_bm49_a_socket_with_little_room_delivers_everything_intact() {
    run(|| async {
        let (ours, theirs) = UnixStream::pair()?;
        SockRef::from(&ours).set_send_buffer_size(4096)?;
        transfer(64 << 20, ours, theirs).await
    });
}

#[test]
fn datagrams_keep_their_borders_and_name_their_senders() {
    run(|| async {
        let folder = Folder::new();
        let (path, from) = (folder.path("to"), folder.path("from"));
        stale(&folder.path("stream"));
        let receiver = UnixDatagram::bind(&path)?;
        let sender = UnixDatagram::bind(&from)?;
        let mut buf = [0; 16];
        {
            let mut early = pin!(receiver.recv(&mut buf));
            assert!(poll_once(early.as_mut()).is_pending());
        }
        sender.send_to(b"one", &path).await?;
        UnixDatagram::unbound()?.send_to(b"", &path).await?;

        let (count, addr) = receiver.recv_from(&mut buf).await?;
        assert_eq!(
            (&buf[..count], addr.as_pathname()),
            (&b"one"[..], Some(&*from))
        );
        assert_eq!(receiver.recv(&mut buf).await?, 0);

        sender.connect(&path)?;
        sender.send(b"two").await?;
        assert_eq!(receiver.recv(&mut buf).await?, 3);
        drop(receiver);
        assert!(!path.exists());
        assert_eq!(
            sender.send(b"x").await.unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
        Ok(())
    });
}

#[test]
fn a_stale_datagram_socket_is_replaced_and_a_live_one_is_not() {
    run(|| async {
        let folder = Folder::new();
        let path = folder.path("socket");
        drop(unix::net::UnixDatagram::bind(&path)?);

        let live = UnixDatagram::bind(&path)?;

        let error = UnixDatagram::bind(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let (ours, theirs) = UnixDatagram::pair()?;
        ours.send(b"x").await?;
        assert_eq!(theirs.recv(&mut [0; 2]).await?, 1);
        drop((live, theirs.into_std()?));
        Ok(())
    });
}

#[test]
fn a_sender_waits_for_the_room_of_a_receiver_it_is_connected_to() {
    run(|| async {
        let (ours, theirs) = UnixDatagram::pair()?;
        let send = async {
            for number in 0..1000_u32 {
                ours.send(&number.to_be_bytes()).await?;
            }
            io::Result::Ok(())
        };
        let receive = async {
            for number in 0..1000_u32 {
                let mut buf = [0; 8];
                assert_eq!(theirs.recv(&mut buf).await?, 4);
                assert_eq!(buf[..4], number.to_be_bytes());
            }
            Ok(())
        };
        future::try_zip(send, receive).await?;
        Ok(())
    });
}

#[test]
fn readers_and_writers_work_on_any_stream() {
    run(|| async {
        let (ours, theirs) = UnixStream::pair()?;
        let mut reader = StreamReader::new(theirs);
        let writer = StreamWriter::new(ours);
        writer.write(b"line\n")?;
        assert_eq!(reader.readline().await?, b"line\n");
        let fd: OwnedFd = reader.into_parts().0.into_std()?.into();
        drop(fd);
        Ok(())
    });
}
