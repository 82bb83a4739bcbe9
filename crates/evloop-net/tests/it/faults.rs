//! What sockets and peers do wrong: calls that are interrupted, come short or fail, halves that are
//! closed and connections that are reset.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Read, Write},
    net,
    os::{
        fd::{AsFd, BorrowedFd},
        unix,
    },
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use evloop_net::{Async, StreamReader, StreamWriter, TcpListener, TcpStream, WaterMarks};
use evloop_reactor::Reactor;
use futures_lite::{AsyncReadExt, AsyncWrite, AsyncWriteExt, future};
use rustix::io::Errno;
use socket2::SockRef;

use crate::support::{LOOPBACK, block_on, pair, poll_once, run, turn, with_reactor};

/// What a call comes to.
#[derive(Clone, Copy)]
enum Call {
    Interrupted,
    /// Of one byte at most.
    Short,
    Whole,
    Fails(Errno),
}

/// A socket whose calls come to what the test wants, again and again from the first on.
struct Scripted {
    stream: unix::net::UnixStream,
    script: Mutex<VecDeque<Call>>,
}

/// Two ends of a connection, the first with a script for both of its directions.
fn scripted<const N: usize>(script: [Call; N]) -> (Async<Scripted>, Async<unix::net::UnixStream>) {
    let (stream, theirs) = unix::net::UnixStream::pair().unwrap();
    let scripted = Scripted {
        stream,
        script: Mutex::new(script.into()),
    };
    (Async::new(scripted).unwrap(), Async::new(theirs).unwrap())
}

impl Scripted {
    fn next(&self) -> Call {
        let mut script = self.script.lock().unwrap();
        script.rotate_left(1);
        *script.back().unwrap()
    }

    fn call<R>(&self, len: usize, call: impl FnOnce(usize) -> io::Result<R>) -> io::Result<R> {
        match self.next() {
            Call::Interrupted => Err(Errno::INTR.into()),
            Call::Short => call(len.min(1)),
            Call::Whole => call(len),
            Call::Fails(errno) => Err(errno.into()),
        }
    }
}

impl AsFd for Scripted {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Read for &Scripted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.call(buf.len(), |len| (&self.stream).read(&mut buf[..len]))
    }
}

impl Write for &Scripted {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.call(buf.len(), |len| (&self.stream).write(&buf[..len]))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|index| (index % 251) as u8).collect()
}

#[test]
fn fault_f05_interrupted_and_short_calls_keep_the_order_of_what_is_read_and_written() {
    run(|| async {
        use Call::{Interrupted, Short, Whole};
        let sent = bytes(300_000);
        let (ours, theirs) = scripted([Interrupted, Short, Interrupted, Interrupted, Whole, Short]);
        let write = async {
            let mut writer = &theirs;
            writer.write_all(&sent).await?;
            theirs.get_ref().shutdown(net::Shutdown::Write)
        };
        let mut reader = StreamReader::new(&ours);
        let read = async {
            let mut all = reader.readexactly(1000).await?;
            for _ in 0..10 {
                all.extend(reader.readuntil(&[250]).await?);
            }
            all.extend(reader.read_to_end().await?);
            io::Result::Ok(all)
        };
        let ((), read) = future::try_zip(write, read).await?;
        assert!(read == sent);

        let (ours, theirs) = scripted([Short, Interrupted, Whole, Interrupted, Short, Short]);
        let writer = StreamWriter::new(ours);
        let write = async {
            for piece in sent.chunks(10_007) {
                writer.write(piece)?;
                writer.drain().await?;
            }
            writer.close();
            writer.wait_closed().await
        };
        let mut reader = StreamReader::new(theirs);
        let ((), read) = future::try_zip(write, reader.read_to_end()).await?;
        assert!(read == sent);
        Ok(())
    });
}

#[test]
fn fault_f05_what_another_reader_takes_after_the_event_is_waited_for_again() {
    with_reactor(|reactor| {
        let (ours, theirs) = unix::net::UnixStream::pair().unwrap();
        let thief = ours.try_clone().unwrap();
        let mut reader = StreamReader::new(Async::new(ours).unwrap());
        let mut read = pin!(reader.readexactly(2));
        assert!(poll_once(read.as_mut()).is_pending());
        for (taken, left) in [(b"x", b"a"), (b"y", b"b")] {
            (&theirs).write_all(taken).unwrap();
            turn(reactor, None);
            assert_eq!((&thief).read(&mut [0; 8]).unwrap(), 1);
            assert!(poll_once(read.as_mut()).is_pending(), "nothing is left");
            (&theirs).write_all(left).unwrap();
            turn(reactor, None);
            if left == b"a" {
                assert!(poll_once(read.as_mut()).is_pending(), "it wants two");
            }
        }
        assert_eq!(block_on(reactor, read).unwrap(), b"ab");
    });
}

/// What a socket may fail with in the midst of it.
const ERRORS: [Errno; 4] = [Errno::IO, Errno::CONNRESET, Errno::PIPE, Errno::TIMEDOUT];

fn errno<T>(result: Result<T, impl Into<io::Error>>) -> Option<Errno> {
    Errno::from_io_error(&result.err().unwrap().into())
}

#[test]
fn fault_f05_an_error_of_a_read_comes_after_the_data_and_stays() {
    run(|| async {
        for error in ERRORS {
            // After the error the socket would go on, which nobody shall see.
            let (ours, theirs) = scripted([Call::Short, Call::Short, Call::Fails(error)]);
            theirs.get_ref().write_all(b"abcdef")?;
            let mut reader = StreamReader::new(ours);

            assert_eq!(errno(reader.readexactly(5).await), Some(error));
            assert_eq!(reader.buffer(), b"ab");
            assert_eq!(errno(reader.readline().await), Some(error));
            assert_eq!(reader.readexactly(2).await?, b"ab");
            assert_eq!(errno(reader.read(9).await), Some(error));
            assert_eq!(errno(reader.read_to_end().await), Some(error));
            assert!(!reader.at_eof());
        }
        Ok(())
    });
}

#[test]
fn fault_f05_an_error_of_a_write_comes_after_the_data_and_stays() {
    run(|| async {
        for error in ERRORS {
            let (ours, theirs) = scripted([Call::Short, Call::Short, Call::Fails(error)]);
            let writer = StreamWriter::new(ours);
            // Whether the call itself says so depends on what was written by then.
            let first = writer.write(b"abcdef");

            let drained = writer.drain().await;

            assert_eq!(errno(first.and(drained)), Some(error));
            assert_eq!(errno(writer.write(b"x")), Some(error));
            assert_eq!(errno(writer.writelines(["x"])), Some(error));
            assert_eq!(errno(writer.drain().await), Some(error));
            assert_eq!(errno(writer.write_eof()), Some(error));
            writer.close();
            assert_eq!(errno(writer.wait_closed().await), Some(error));
            assert_eq!(StreamReader::new(theirs).read_to_end().await?, b"ab");
        }
        Ok(())
    });
}

/// Counts how often it is ended and dropped.
struct Ends(Arc<[AtomicUsize; 2]>);

impl AsyncWrite for Ends {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0[0].fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.0[1].fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn fault_f06_a_writer_ends_its_stream_once() {
    let counts: Arc<[AtomicUsize; 2]> = Arc::default();
    let writer = StreamWriter::new(Ends(Arc::clone(&counts)));
    let counted = || counts.each_ref().map(|count| count.load(Ordering::Relaxed));
    writer.write(b"x").unwrap();
    for _ in 0..3 {
        writer.write_eof().unwrap();
    }
    assert_eq!(counted(), [1, 0]);
    for _ in 0..3 {
        writer.close();
    }
    drop(writer);
    assert_eq!(counted(), [1, 1]);
}

/// Each side in turn says that it has nothing more to send, before the other one has begun.
#[test]
fn fault_f06_after_either_half_close_the_other_direction_carries_everything() {
    run(|| async {
        let much = bytes(3 << 20);
        for we_end_first in [true, false] {
            let (ours, theirs) = pair().await?;
            let (first, second) = match we_end_first {
                true => (ours, theirs),
                false => (theirs, ours),
            };
            let (first_read, first_write) = first.into_split();
            let (second_read, second_write) = second.into_split();
            let first_writer = StreamWriter::new(first_write);
            first_writer.write(b"question")?;
            first_writer.write_eof()?;
            let mut second_reader = StreamReader::new(second_read);
            assert_eq!(second_reader.read_to_end().await?, b"question");
            assert!(second_reader.at_eof());

            let second_writer = StreamWriter::new(second_write);
            second_writer.set_write_buffer_limits(WaterMarks::unbounded());
            second_writer.write(&much)?;
            second_writer.close();
            let mut first_reader = StreamReader::new(first_read);
            let all = first_reader.read_to_end().await?;

            assert!(all == much);
            assert_eq!(first_reader.read(1).await?, b"", "the end stays");
            let late = first_writer.write(b"x").unwrap_err();
            assert_eq!(late.kind(), ErrorKind::BrokenPipe);
            first_writer.close();
            first_writer.wait_closed().await?;
            second_writer.wait_closed().await?;
        }
        Ok(())
    });
}

/// A peer of std that resets its connection.
fn reset(stream: net::TcpStream) {
    let lingered = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    lingered.unwrap();
}

/// A connection of std.
fn std_pair() -> (net::TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind(LOOPBACK).unwrap();
    let ours = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (ours, listener.accept().unwrap().0)
}

#[test]
fn fault_f07_a_connect_that_is_reset_fails_as_that_of_std() {
    run(|| async {
        // Bound, so that nobody else listens there, and not listened on.
        let nobody = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        nobody.bind(&"127.0.0.1:0".parse::<net::SocketAddr>().unwrap().into())?;
        let addr = nobody.local_addr()?.as_socket().unwrap();
        let expected = net::TcpStream::connect(addr).unwrap_err();

        let error = TcpStream::connect(addr).await.unwrap_err();

        assert_eq!(error.kind(), expected.kind());
        Ok(())
    });
}

#[test]
fn fault_f07_a_reset_after_the_event_and_before_the_read_comes_to_what_std_makes_of_it() {
    with_reactor(|reactor| {
        let (mut blocking, peer) = std_pair();
        (&peer).write_all(b"last").unwrap();
        reset(peer);
        let expected = [(); 3].map(|()| blocking.read(&mut [0; 9]));

        let (ours, peer) = std_pair();
        let mut ours = TcpStream::try_from(ours).unwrap();
        (&peer).write_all(b"last").unwrap();
        ready_to_read(reactor, &ours);
        reset(peer);
        let results = [(); 3].map(|()| block_on(reactor, ours.read(&mut [0; 9])));

        assert_eq!(comparable(&results), comparable(&expected));
        assert!(results.iter().any(Result::is_err), "{results:?}");
        let late = block_on(reactor, ours.write(b"x")).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::BrokenPipe);
    });
}

/// Counts and numbers of errors.
fn comparable(results: &[io::Result<usize>; 3]) -> Vec<Result<usize, Option<i32>>> {
    let results = results.iter();
    results
        .map(|result| {
            let result = result.as_ref();
            result.map_err(io::Error::raw_os_error).copied()
        })
        .collect()
}

/// Turns the reactor until somebody who waits to read would be woken.
fn ready_to_read(reactor: &mut Reactor, stream: &TcpStream) {
    let mut byte = [0];
    let mut peek = pin!(stream.peek(&mut byte));
    while poll_once(peek.as_mut()).is_pending() {
        turn(reactor, None);
    }
}

#[test]
fn fault_f07_a_reset_in_the_queue_is_found_by_the_first_read_as_with_std() {
    run(|| async {
        let std = net::TcpListener::bind(LOOPBACK)?;
        reset(net::TcpStream::connect(std.local_addr()?)?);
        let expected = std.accept().map(|(mut stream, _)| stream.read(&mut [0]));

        let listener = TcpListener::bind(LOOPBACK).await?;
        reset(net::TcpStream::connect(listener.local_addr()?)?);
        let Ok(expected) = expected else {
            // A system that drops such a connection: it comes to nothing here either.
            let mut context = Context::from_waker(Waker::noop());
            assert!(pin!(listener.accept()).poll(&mut context).is_pending());
            return Ok(());
        };
        let (mut stream, _) = listener.accept().await?;

        let error = stream.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.raw_os_error(), expected.unwrap_err().raw_os_error());
        Ok(())
    });
}
