//! Peers that send byte by byte, and peers that say early that they have nothing more to send.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use evloop::sync::Queue;
use evloop::{
    ClientReader, ClientWriter, Connection, Server, ServerOptions, StreamReader, TcpListener,
    TcpStream, UnixListener, UnixStream, create_task, gather, open_connection, sleep, split,
    start_server, timeout,
};
use evloop_tests::in_every_loop;
use futures_lite::{AsyncRead, AsyncWrite};

const LOOPBACK: &str = "127.0.0.1:0";
const PACE: Duration = Duration::from_millis(10);

type Reader = ClientReader<TcpStream>;
type Writer = ClientWriter<TcpStream>;

async fn echo(mut reader: Reader, writer: Writer) -> io::Result<()> {
    loop {
        let line = reader.readline().await?;
        if line.is_empty() {
            return Ok(());
        }
        writer.write(&line)?;
        writer.drain().await?;
    }
}

fn addr_of(server: &Server<TcpListener>) -> std::net::SocketAddr {
    server.sockets()[0].local_addr().expect("it listens")
}

/// A byte every ten milliseconds, of which each is read before the next one comes.
#[test]
fn fault_f08_each_byte_of_a_slow_peer_is_read_when_it_comes() {
    in_every_loop(async || {
        let seen = Arc::new(Queue::unbounded());
        let told = Arc::clone(&seen);
        let handler = move |mut reader: Reader, _: Writer| {
            let told = Arc::clone(&told);
            async move {
                loop {
                    let bytes = reader.read(100).await.expect("the peer is slow, not gone");
                    told.put_nowait(bytes.clone()).expect("it is unbounded");
                    if bytes.is_empty() {
                        return;
                    }
                }
            }
        };
        let server = start_server(handler, LOOPBACK).await.expect("it listens");
        let (_reader, writer) = open_connection(addr_of(&server)).await.expect("it listens");
        for byte in b"slowly" {
            sleep(PACE).await;
            writer.write(&[*byte]).expect("it is open");
            assert_eq!(seen.get().await.expect("nobody shuts it down"), [*byte]);
        }
        writer.close();
        assert_eq!(seen.get().await.expect("nobody shuts it down"), b"");
    });
}

/// Lines of slow peers come whole, and others are served between any two of their bytes.
#[test]
fn fault_f08_slow_peers_hold_up_nobody_and_are_heard_whole() {
    in_every_loop(async || {
        let server = start_server(echo, LOOPBACK).await.expect("it listens");
        let addr = addr_of(&server);
        let slow = (0..5).map(|number| {
            create_task(async move {
                let (mut reader, writer) = open_connection(addr).await?;
                let line = format!("slow peer {number}\n").into_bytes();
                for byte in &line {
                    sleep(PACE).await;
                    writer.write(&[*byte])?;
                    // One that is not slow, meanwhile.
                    let (mut reader, writer) = open_connection(addr).await?;
                    writer.write(b"quick\n")?;
                    assert_eq!(reader.readline().await?, b"quick\n");
                }
                assert_eq!(reader.readline().await?, line);
                io::Result::Ok(())
            })
        });
        for ended in gather(slow.collect::<Vec<_>>()).await {
            ended.expect("nobody cancels it").expect("it is served");
        }
    });
}

/// What ends a line that its peer never ends.
#[derive(Clone, Copy)]
enum Bound {
    Bytes,
    Time,
}

#[test]
fn fault_f08_a_line_without_an_end_is_bounded_in_bytes_and_in_time() {
    for bound in [Bound::Bytes, Bound::Time] {
        in_every_loop(move || async move {
            let handler = move |mut reader: Reader, _: Writer| async move {
                match bound {
                    Bound::Bytes => {
                        let read = reader.readline().await;
                        assert!(read.expect_err("no line").is_limit_overrun());
                    }
                    Bound::Time => {
                        let read = timeout(PACE * 50, reader.readline()).await;
                        assert!(read.is_err(), "no line: {read:?}");
                    }
                }
                assert!(reader.buffer().len() <= 64);
            };
            let listener = TcpListener::bind(LOOPBACK).await.expect("it listens");
            let server = ServerOptions::new().limit(64).start(handler, [listener]);
            let server = server.expect("it can be started");
            let (_reader, writer) = open_connection(addr_of(&server)).await.expect("it listens");

            // It is ended by the server alone.
            while writer.write(b"x").is_ok() {
                let pace = match bound {
                    Bound::Bytes => PACE,
                    Bound::Time => PACE * 2,
                };
                sleep(pace).await;
            }

            assert_eq!(server.shutdown(Duration::MAX).await.n_aborted, 0);
        });
    }
}

/// More than a writer buffers.
fn much() -> &'static [u8] {
    static MUCH: OnceLock<Vec<u8>> = OnceLock::new();
    MUCH.get_or_init(|| (0..600_000).map(|index| (index % 251) as u8).collect())
}

/// A client that says all it has to say, and that this was all, is answered nevertheless.
async fn client_ends_first<S: Connection>(stream: S)
where
    for<'a> &'a S: AsyncRead + AsyncWrite,
{
    let (read, write) = split(stream);
    let (mut reader, writer) = (StreamReader::new(read), evloop::StreamWriter::new(write));
    writer.write(b"end first").expect("it is open");
    writer.write_eof().expect("it is open");
    let answer = reader.read_to_end().await.expect("it is answered");
    assert!(answer == much(), "{} bytes", answer.len());
    writer.close();
    writer.wait_closed().await.expect("it ends well");
}

/// A handler that has said all it has to say hears the client out.
async fn handler_ends_first<S: Connection>(stream: S)
where
    for<'a> &'a S: AsyncRead + AsyncWrite,
{
    let (read, write) = split(stream);
    let (mut reader, writer) = (StreamReader::new(read), evloop::StreamWriter::new(write));
    writer.write(b"hear me out\n").expect("it is open");
    assert_eq!(reader.read_to_end().await.expect("it is open"), b"go on\n");
    for piece in much().chunks(100_000) {
        writer.write(piece).expect("the other half is open");
        writer.drain().await.expect("the other half is open");
    }
    writer.close();
    writer.wait_closed().await.expect("it ends well");
}

/// Both of it.
async fn half_closes<S: Connection>(mut reader: ClientReader<S>, writer: ClientWriter<S>)
where
    for<'a> &'a S: AsyncRead + AsyncWrite,
{
    let asked = reader.read(9).await.expect("it is open");
    if asked == b"end first" {
        assert_eq!(reader.read_to_end().await.expect("it ends well"), b"");
        for piece in much().chunks(100_000) {
            writer.write(piece).expect("the other half is open");
            writer.drain().await.expect("the other half is open");
        }
    } else {
        reader.readline().await.expect("it is open");
        writer.write(b"go on\n").expect("it is open");
        writer.write_eof().expect("it is open");
        let rest = reader.read_to_end().await.expect("it ends well");
        assert!(rest == much(), "{} bytes", rest.len());
        let late = writer.write(b"x").expect_err("its half is closed");
        assert_eq!(late.kind(), io::ErrorKind::BrokenPipe);
    }
}

#[test]
fn fault_f06_either_end_of_a_served_connection_may_close_its_half_first() {
    in_every_loop(async || {
        let listener = TcpListener::bind(LOOPBACK).await.expect("it listens");
        let addr = listener.local_addr().expect("it listens");
        let server = ServerOptions::new().start(half_closes, [listener]);
        let server = server.expect("it can be started");
        let connect = async || TcpStream::connect(addr).await.expect("it listens");

        client_ends_first(connect().await).await;
        handler_ends_first(connect().await).await;

        assert_eq!(server.shutdown(Duration::MAX).await.n_aborted, 0);
    });
}

#[test]
fn fault_f06_the_same_through_a_unix_socket() {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    in_every_loop(async || {
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("evloop-half-closes-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&path).expect("it listens");
        let server = ServerOptions::new().start(half_closes, [listener]);
        let server = server.expect("it can be started");
        let connect = async || UnixStream::connect(&path).await.expect("it listens");

        client_ends_first(connect().await).await;
        handler_ends_first(connect().await).await;

        assert_eq!(server.shutdown(Duration::MAX).await.n_aborted, 0);
    });
}
