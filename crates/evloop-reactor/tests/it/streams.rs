//! Ends, errors and short transfers of streams.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    pin::pin,
    task::{Context, Poll, Waker},
};

use evloop_fixtures::watched;
use evloop_reactor::{Direction, Reactor, Source};
use socket2::SockRef;

use crate::support::{NOW, block_on, kind, on_both, pair, poll_once, turn_until_woken};

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nonblocking(true).unwrap();
    (ours, theirs)
}

/// Reads everything up to the end with `poll_stream_io`; says how many calls that took.
fn read_to_end<S>(reactor: &mut Reactor, source: &Source<S>, size: usize) -> (Vec<u8>, usize)
where
    S: std::os::fd::AsFd,
    for<'a> &'a S: Read,
{
    let (mut all, mut calls) = (Vec::new(), 0);
    loop {
        let mut buffer = vec![0; size];
        let read = std::future::poll_fn(|cx| {
            source.poll_stream_io(Direction::Read, cx, size, |mut stream| {
                calls += 1;
                stream.read(&mut buffer)
            })
        });
        match block_on(reactor, read).unwrap() {
            0 => return (all, calls),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

#[test]
fn museum_bm38_all_data_before_the_end_is_read_whatever_the_size_of_the_buffer() {
    on_both(|mut reactor| {
        for size in [1, 2, 3, 5, 8, 64] {
            for tcp in [true, false] {
                let expected = b"three chunks of it".to_vec();
                let chunks = [&b"three "[..], b"chunks ", b"of it"];
                let all = if tcp {
                    let (ours, mut theirs) = tcp_pair();
                    let source = reactor.handle().register(ours).unwrap();
                    chunks
                        .iter()
                        .for_each(|chunk| theirs.write_all(chunk).unwrap());
                    drop(theirs);
                    read_to_end(&mut reactor, &source, size).0
                } else {
                    let (ours, mut theirs) = pair();
                    let source = reactor.handle().register(ours).unwrap();
                    chunks
                        .iter()
                        .for_each(|chunk| theirs.write_all(chunk).unwrap());
                    drop(theirs);
                    read_to_end(&mut reactor, &source, size).0
                };
                assert_eq!(all, expected, "size {size}, tcp {tcp}");
            }
        }
    });
}

/// The end is already there when the only event is taken, and no other event will come.
#[test]
fn museum_bm38_a_short_read_does_not_hide_the_end_that_came_with_its_data() {
    on_both(|mut reactor| {
        let (ours, mut theirs) = tcp_pair();
        let source = reactor.handle().register(ours).unwrap();
        theirs.write_all(b"last words").unwrap();
        drop(theirs);
        let mut readable = pin!(source.readable());
        block_on(&mut reactor, readable.as_mut()).unwrap();
        while reactor.poll(NOW, &mut Vec::new()).unwrap() > 0 {}

        let (all, calls) = read_to_end(&mut reactor, &source, 64);

        assert_eq!(all, b"last words");
        assert_eq!(calls, 2);
    });
}

/// A read stops in front of urgent data, short of a full buffer, with more behind it.
#[test]
fn a_short_read_at_urgent_data_does_not_hide_what_follows_it() {
    on_both(|mut reactor| {
        let (ours, theirs) = tcp_pair();
        let source = reactor.handle().register(ours).unwrap();
        (&theirs).write_all(b"before").unwrap();
        SockRef::from(&theirs).send_out_of_band(b"!").unwrap();
        (&theirs).write_all(b"after").unwrap();
        let mut all = Vec::new();
        // Everything is announced before the first read, and there is no further event.
        block_on(&mut reactor, source.readable()).unwrap();
        while reactor.poll(NOW, &mut Vec::new()).unwrap() > 0 {}

        while all != b"beforeafter" {
            let mut buffer = [0; 64];
            let read = std::future::poll_fn(|cx| {
                source.poll_stream_io(Direction::Read, cx, 64, |mut stream| {
                    stream.read(&mut buffer)
                })
            });
            let count = block_on(&mut reactor, read).unwrap();
            all.extend_from_slice(&buffer[..count]);
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_short_read_saves_the_attempt_that_would_find_nothing() {
    watched(|| {
        let mut reactor = Reactor::new().unwrap();
        let (ours, mut theirs) = tcp_pair();
        let source = reactor.handle().register(ours).unwrap();
        let calls = Cell::new(0);
        let read = |cx: &Context<'_>| {
            source.poll_stream_io(Direction::Read, cx, 64, |mut stream| {
                calls.set(calls.get() + 1);
                stream.read(&mut [0; 64])
            })
        };
        let cx = Context::from_waker(Waker::noop());
        theirs.write_all(b"ping").unwrap();
        reactor.poll(None, &mut Vec::new()).unwrap();

        let Poll::Ready(Ok(4)) = read(&cx) else {
            panic!("the data has arrived")
        };
        assert!(read(&cx).is_pending());
        assert_eq!(calls.get(), 1);

        theirs.write_all(b"again").unwrap();
        turn_until_woken(&mut reactor);
        let Poll::Ready(Ok(5)) = read(&cx) else {
            panic!("the data has arrived")
        };
    });
}

#[test]
fn museum_bm38_a_terminal_and_a_pipe_give_all_they_have_before_the_end() {
    use std::{fs::File, os::fd::OwnedFd};

    use rustix::pty::{OpenptFlags, openpt, ptsname, unlockpt};

    on_both(|mut reactor| {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::io::ioctl_fionbio(&master, true).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();

        for (ours, theirs) in [(reader, File::from(writer)), (master, slave)] {
            let source: Source<OwnedFd> = reactor.handle().register(ours).unwrap();
            for chunk in [&b"one "[..], b"two ", b"three"] {
                (&theirs).write_all(chunk).unwrap();
            }
            drop(theirs);
            let mut all = Vec::new();
            loop {
                let mut buffer = [0; 6];
                let read = source.read_with(|fd| Ok(rustix::io::read(fd, &mut buffer)?));
                match block_on(&mut reactor, read) {
                    // A terminal whose other side is closed says EIO.
                    Ok(0) | Err(_) => break,
                    Ok(count) => all.extend_from_slice(&buffer[..count]),
                }
            }
            assert_eq!(all, b"one two three");
        }
    });
}

#[test]
fn museum_bm39_a_reset_wakes_who_only_reads() {
    on_both(|mut reactor| {
        let (ours, theirs) = tcp_pair();
        let source = reactor.handle().register(ours).unwrap();
        let mut read = pin!(source.read_with(|mut stream| stream.read(&mut [0; 8])));
        assert!(poll_once(read.as_mut(), Waker::noop()).is_pending());
        reset(theirs);

        assert_eq!(
            kind(block_on(&mut reactor, read)),
            io::ErrorKind::ConnectionReset
        );
    });
}

#[test]
fn museum_bm39_a_reset_wakes_who_only_writes() {
    on_both(|mut reactor| {
        let (ours, theirs) = tcp_pair();
        let source = reactor.handle().register(ours).unwrap();
        let mut write = pin!(async {
            loop {
                source
                    .write_with(|mut stream| stream.write(&[0; 65536]))
                    .await?;
            }
            #[expect(unreachable_code, reason = "names the type of the error")]
            io::Result::Ok(())
        });
        while poll_once(write.as_mut(), Waker::noop()).is_pending()
            && reactor.poll(NOW, &mut Vec::new()).unwrap() > 0
        {}
        assert!(poll_once(write.as_mut(), Waker::noop()).is_pending());
        reset(theirs);

        let error = kind(block_on(&mut reactor, write));
        assert!(matches!(
            error,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        ));
    });
}

#[test]
fn museum_bm39_a_pipe_without_a_reader_wakes_its_writer() {
    on_both(|mut reactor| {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let source = reactor.handle().register(writer).unwrap();
        let full = |fd: &std::os::fd::OwnedFd| Ok(rustix::io::write(fd, &[0; 4096])?);
        while source.try_io(Direction::Write, full).is_ok() {}
        let mut write = pin!(source.write_with(full));
        assert!(poll_once(write.as_mut(), Waker::noop()).is_pending());
        drop(reader);

        assert_eq!(
            kind(block_on(&mut reactor, write)),
            io::ErrorKind::BrokenPipe
        );
        // And then the reactor idles: the event was one.
        assert_eq!(reactor.poll(NOW, &mut Vec::new()).unwrap(), 0);
    });
}

#[test]
fn museum_bm49_a_tiny_buffer_delivers_everything_in_order() {
    on_both(|mut reactor| {
        const TOTAL: usize = 4 << 20;
        let (ours, theirs) = UnixStream::pair().unwrap();
        for stream in [&ours, &theirs] {
            stream.set_nonblocking(true).unwrap();
            SockRef::from(stream).set_send_buffer_size(4096).unwrap();
        }
        let ours = reactor.handle().register(ours).unwrap();
        let theirs = reactor.handle().register(theirs).unwrap();
        let pattern: Vec<u8> = (0..=250).cycle().take(TOTAL).collect();

        let write = async {
            let mut sent = 0;
            while sent < TOTAL {
                let rest = &pattern[sent..TOTAL.min(sent + 10_000)];
                sent += std::future::poll_fn(|cx| {
                    let write = |mut stream: &UnixStream| stream.write(rest);
                    ours.poll_stream_io(Direction::Write, cx, rest.len(), write)
                })
                .await
                .unwrap();
            }
        };
        let read = async {
            let mut all = Vec::with_capacity(TOTAL);
            let mut buffer = [0; 3000];
            while all.len() < TOTAL {
                let count = std::future::poll_fn(|cx| {
                    let read = |mut stream: &UnixStream| stream.read(&mut buffer);
                    theirs.poll_stream_io(Direction::Read, cx, 3000, read)
                })
                .await
                .unwrap();
                all.extend_from_slice(&buffer[..count]);
            }
            all
        };
        let ((), all) = block_on(&mut reactor, futures_lite::future::zip(write, read));

        assert!(all == pattern);
    });
}

/// Closes with a reset in place of an orderly end.
fn reset(stream: TcpStream) {
    SockRef::from(&stream)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(stream);
}
