//! Sockets and pipes on every kind of loop.

use std::io::{self, ErrorKind};
use std::net::{self, SocketAddr};
use std::sync::Arc;

use evloop::{
    ConnectError, StreamReader, StreamWriter, Task, TcpListener, TcpStream, UdpSocket,
    UnixDatagram, UnixStream, create_task, gather, open_connection, pipe,
};
use evloop_tests::{Interrupted, at_rest, in_every_loop};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

/// The body of a test, whose errors are the test's.
fn in_every_loop_without_errors<F>(test: impl Fn() -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    in_every_loop(|| {
        let test = test();
        async { test.await.expect("loopback works") }
    });
}

#[test]
fn an_echo_through_tcp_keeps_every_line() {
    in_every_loop_without_errors(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let server = create_task(async move {
            let (read, write) = listener.accept().await?.0.into_split();
            let (mut reader, writer) = (StreamReader::new(read), StreamWriter::new(write));
            loop {
                let line = reader.readline().await?;
                if line.is_empty() {
                    writer.close();
                    return writer.wait_closed().await;
                }
                writer.write(&line)?;
                writer.drain().await?;
            }
        });
        let (mut reader, writer) = open_connection(addr).await?;
        for number in 0..20 {
            let line = format!("line {number}\n");
            writer.write(line.as_bytes())?;
            writer.drain().await?;
            assert_eq!(reader.readline().await?, line.as_bytes());
        }
        writer.close();
        writer.wait_closed().await?;
        assert_eq!(reader.read_to_end().await?, b"");
        server.await.expect("it ends")
    });
}

#[test]
fn a_large_transfer_through_a_unix_socket_arrives_whole() {
    in_every_loop_without_errors(async || {
        let (ours, theirs) = UnixStream::pair()?;
        let send = create_task(async move {
            let writer = StreamWriter::new(ours);
            for number in 0..50_u8 {
                writer.write(&[number; 30_000])?;
                writer.drain().await?;
            }
            writer.close();
            writer.wait_closed().await
        });
        let mut reader = StreamReader::new(theirs);
        for number in 0..50_u8 {
            assert_eq!(reader.readexactly(30_000).await?, [number; 30_000]);
        }
        assert_eq!(reader.read(1).await?, b"");
        send.await.expect("it ends")
    });
}

#[test]
fn datagrams_and_pipes_deliver() {
    in_every_loop_without_errors(async || {
        let (ours, theirs) = (
            UdpSocket::bind("127.0.0.1:0").await?,
            UdpSocket::bind("127.0.0.1:0").await?,
        );
        let to = theirs.local_addr()?;
        let receive = create_task(async move {
            let mut buf = [0; 16];
            let count = theirs.recv(&mut buf).await?;
            io::Result::Ok(buf[..count].to_vec())
        });
        ours.send_to(b"datagram", to).await?;
        assert_eq!(receive.await.expect("it ends")?, b"datagram");

        let (ours, theirs) = UnixDatagram::pair()?;
        ours.send(b"datagram").await?;
        assert_eq!(theirs.recv(&mut [0; 16]).await?, 8);

        let (reader, writer) = pipe()?;
        let read = create_task(async move { StreamReader::new(reader).read_to_end().await });
        let writer = StreamWriter::new(writer);
        writer.writelines(["through ", "a pipe"])?;
        writer.close();
        writer.wait_closed().await?;
        assert_eq!(read.await.expect("it ends")?, b"through a pipe");
        Ok(())
    });
}

/// Addresses of this machine at which nobody listens.
const CLOSED: [&str; 2] = ["127.0.0.1:1", "127.0.0.2:1"];

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

#[test]
fn case_182_all_connects_that_fail_differently_are_one_error_with_all_of_them() {
    in_every_loop_without_errors(async || {
        let addrs = [CLOSED[0], "255.255.255.255:9", CLOSED[1]].map(addr);
        let std = addrs.map(|addr| net::TcpStream::connect(addr).unwrap_err());

        let error = TcpStream::connect(&addrs[..]).await.unwrap_err();

        let kept = ConnectError::of(&error).expect("it came from attempts");
        assert_eq!(kept.attempts().len(), 3);
        for (((addr, error), expected), asked) in kept.attempts().zip(&std).zip(addrs) {
            assert_eq!(addr, asked);
            assert_eq!(error.raw_os_error(), expected.raw_os_error());
        }
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "of the last");
        let text = format!(
            "failed to connect to `{}`: {}; `{}`: {}; `{}`: {}",
            addrs[0], std[0], addrs[1], std[1], addrs[2], std[2]
        );
        assert_eq!(error.to_string(), text);
        Ok(())
    });
}

#[test]
fn case_182_connects_that_fail_alike_say_so_once() {
    in_every_loop_without_errors(async || {
        let addrs = CLOSED.map(addr);
        let std = net::TcpStream::connect(addrs[0]).unwrap_err();

        let error = TcpStream::connect(&addrs[..]).await.unwrap_err();

        let text = format!(
            "failed to connect to `{}`, `{}`: {std}",
            CLOSED[0], CLOSED[1]
        );
        assert_eq!(error.to_string(), text);
        Ok(())
    });
}

#[test]
fn a_name_is_connected_to_without_blocking_the_loop() {
    in_every_loop_without_errors(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let stream = TcpStream::connect(("localhost", port)).await?;
        assert_eq!(stream.peer_addr()?.port(), port);
        Ok(())
    });
}

#[test]
fn fault_f05_a_peer_that_is_gone_is_an_error_and_no_signal() {
    crate::guarded(|| {
        let program = std::process::Command::new(env!("CARGO_BIN_EXE_default_signals"));

        let lines = Interrupted::start(program).end().well();

        assert_eq!(lines, ["alive"]);
    });
}

#[test]
fn case_181_a_reader_that_takes_the_place_of_a_cancelled_one_gets_all_data() {
    in_every_loop_without_errors(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (theirs, ours) = gather((
            TcpStream::connect(listener.local_addr()?),
            listener.accept(),
        ))
        .await;
        let (mut theirs, ours) = (theirs?, Arc::new(ours?.0));
        for round in 0..10 {
            // As many that wait as there may be, of which none stays.
            let cancelled: Vec<_> = (0..round).map(|_| read_in_task(&ours, 1 << 16)).collect();
            at_rest().await;
            for reader in &cancelled {
                reader.cancel();
            }
            let last = read_in_task(&ours, 1 << 16);
            theirs.write_all(&[round; 3000]).await?;
            theirs.write_all(&[round; 3000]).await?;
            for reader in cancelled {
                assert!(reader.await.expect_err("it was cancelled").is_cancelled());
            }
            let mut all = last.await.expect("nobody cancels it")?;
            while all.len() < 6000 {
                let more = read_in_task(&ours, 1 << 16).await;
                all.extend(more.expect("nobody cancels it")?);
            }
            assert_eq!(all, [round; 6000]);
        }
        Ok(())
    });
}

/// One read, as `sock_recv` does it: any number of tasks may wait for the same socket.
fn read_in_task(stream: &Arc<TcpStream>, most: usize) -> Task<io::Result<Vec<u8>>> {
    let stream = Arc::clone(stream);
    create_task(async move {
        let mut buf = vec![0; most];
        let count = (&*stream).read(&mut buf).await?;
        buf.truncate(count);
        Ok(buf)
    })
}
