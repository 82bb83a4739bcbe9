//! Futures that are dropped at an await.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use evloop_net::{TcpListener, TcpStream};
use evloop_reactor::Reactor;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::support::{
    LOOPBACK, alone_with_reactor, block_on, pair, poll_once, run, turn, with_reactor,
};

fn open_fds() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Polls a future at most `polls` times, with a turn after each, and then drops it.
fn abandon<F: Future>(reactor: &mut Reactor, fut: F, polls: usize) -> Option<F::Output> {
    let mut fut = pin!(fut);
    for _ in 0..polls {
        if let Poll::Ready(output) = poll_once(fut.as_mut()) {
            return Some(output);
        }
        turn(reactor, Some(Duration::ZERO));
    }
    None
}

/// An address whose connects stay in progress: its queue is full and nobody accepts.
fn full_queue() -> (socket2::Socket, SocketAddr, Vec<socket2::Socket>) {
    use socket2::{Domain, Socket, Type};

    let any: SocketAddr = LOOPBACK.parse().unwrap();
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let addr = listener.local_addr().unwrap();
    let fillers = (0..4)
        .map(|_| {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            filler.set_nonblocking(true).unwrap();
            // Connected or in progress, either is meant.
            drop(filler.connect(&addr));
            filler
        })
        .collect();
    (listener, addr.as_socket().unwrap(), fillers)
}

#[test]
fn museum_bm33_a_connect_dropped_at_any_await_closes_its_socket() {
    alone_with_reactor(|reactor| {
        let (_listener, addr, _fillers) = full_queue();
        let before = open_fds();
        let mut cut_short = 0;
        for round in 0..2_000 {
            let polls = round % 4;
            let connected = abandon(reactor, TcpStream::connect(addr), polls);
            cut_short += usize::from(connected.is_none() && polls > 0);
            assert_eq!(open_fds(), before);
            assert_eq!(reactor.handle().source_count(), 0);
        }
        assert!(cut_short > 1000, "only {cut_short} were cut short");
    });
}

#[test]
fn museum_bm44_a_connect_to_a_full_queue_waits_until_there_is_room() {
    with_reactor(|reactor| {
        let (listener, addr, fillers) = full_queue();
        let mut connect = pin!(TcpStream::connect(addr));
        for _ in 0..3 {
            assert!(poll_once(connect.as_mut()).is_pending());
            turn(reactor, Some(Duration::ZERO));
        }
        drop(fillers);
        drop(listener);

        let error = block_on(reactor, connect).unwrap_err();

        let expected = [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::ConnectionReset,
        ];
        assert!(expected.contains(&error.kind()), "{error}");
    });
}

#[test]
fn museum_bm51_an_accept_dropped_at_any_await_loses_no_connection() {
    alone_with_reactor(|reactor| {
        let listener = block_on(reactor, TcpListener::bind(LOOPBACK)).unwrap();
        let addr = listener.local_addr().unwrap();
        let before = open_fds();
        for round in 0..500 {
            assert!(abandon(reactor, listener.accept(), round % 3).is_none());
            let client = std::net::TcpStream::connect(addr).unwrap();
            assert!(abandon(reactor, listener.accept(), 0).is_none());

            let (accepted, peer) = block_on(reactor, listener.accept()).unwrap();

            assert_eq!(peer, client.local_addr().unwrap());
            drop((accepted, client));
            assert_eq!(open_fds(), before);
        }
    });
}

/// asyncio's case 181.
#[test]
fn case_181_a_reader_started_after_another_was_cancelled_gets_all_data() {
    run(|| async {
        let (ours, mut theirs) = pair().await?;
        for round in 0..100u8 {
            let (mut first, mut second) = (&ours, &ours);
            let mut lost = [0; 16];
            {
                let mut cancelled = pin!(first.read(&mut lost));
                assert!(poll_once(cancelled.as_mut()).is_pending());
            }
            let mut buffer = [0; 4];
            let read = second.read_exact(&mut buffer);
            let data = [round, 1, 2, 3];
            let write = theirs.write_all(&data);
            futures_lite::future::try_zip(read, write).await?;
            assert_eq!(buffer, data);
            assert_eq!(lost, [0; 16]);
        }
        Ok(())
    });
}

#[test]
fn case_181_a_reader_cancelled_after_its_data_has_arrived_leaves_it_to_the_next() {
    with_reactor(|reactor| {
        let (ours, mut theirs) = block_on(reactor, pair()).unwrap();
        let (mut first, mut second) = (&ours, &ours);
        let mut lost = [0; 16];
        {
            let mut cancelled = pin!(first.read(&mut lost));
            assert!(poll_once(cancelled.as_mut()).is_pending());
            block_on(reactor, theirs.write_all(b"data")).unwrap();
            turn(reactor, Some(Duration::ZERO));
        }

        let mut buffer = [0; 4];
        block_on(reactor, second.read_exact(&mut buffer)).unwrap();

        assert_eq!(&buffer, b"data");
    });
}

#[test]
fn peeks_and_writes_that_are_dropped_lose_nothing() {
    run(|| async {
        let (ours, theirs) = pair().await?;
        for _ in 0..10 {
            let mut buffer = [0; 8];
            let mut peek = pin!(theirs.peek(&mut buffer));
            assert!(poll_once(peek.as_mut()).is_pending());
        }
        // Fill the way, so that a write waits, and then give it up.
        let (mut writer, mut sent) = (&ours, 0);
        let block = [1; 65536];
        loop {
            let mut write = pin!(writer.write(&block));
            match poll_once(write.as_mut()) {
                Poll::Ready(count) => sent += count?,
                Poll::Pending => break,
            }
        }
        ours.shutdown(std::net::Shutdown::Write)?;

        let (mut reader, mut all) = (&theirs, Vec::new());
        reader.read_to_end(&mut all).await?;
        assert_eq!(all.len(), sent);
        Ok(())
    });
}

/// A waker that reads from the stream that is about to wake it.
struct Hostile {
    stream: Arc<TcpStream>,
    touched: Arc<AtomicUsize>,
}

impl Hostile {
    fn meddle(&self) {
        self.touched.fetch_add(1, Ordering::Relaxed);
        let mut reader = &*self.stream;
        let mut cx = Context::from_waker(Waker::noop());
        drop(Pin::new(&mut reader).poll_read(&mut cx, &mut []));
        let mut peeked = [0; 4];
        let mut peek = pin!(self.stream.peek(&mut peeked));
        drop(poll_once(peek.as_mut()));
    }
}

impl Wake for Hostile {
    fn wake(self: Arc<Self>) {
        self.meddle();
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.meddle();
    }
}

#[test]
fn museum_bm78_wakers_that_use_the_stream_do_not_deadlock() {
    with_reactor(|reactor| {
        let (ours, mut theirs) = block_on(reactor, pair()).unwrap();
        let ours = Arc::new(ours);
        let touched = Arc::new(AtomicUsize::new(0));
        for _ in 0..3 {
            let waker = Waker::from(Arc::new(Hostile {
                stream: Arc::clone(&ours),
                touched: Arc::clone(&touched),
            }));
            let mut cx = Context::from_waker(&waker);
            let mut reader = &*ours;
            let mut byte = [0; 1];
            assert!(
                Pin::new(&mut reader)
                    .poll_read(&mut cx, &mut byte)
                    .is_pending()
            );
        }
        block_on(reactor, theirs.write_all(b"x")).unwrap();
        turn(reactor, Some(Duration::ZERO));

        let mut reader = &*ours;
        assert_eq!(block_on(reactor, reader.read(&mut [0; 8])).unwrap(), 1);
        assert!(touched.load(Ordering::Relaxed) >= 3);
    });
}
