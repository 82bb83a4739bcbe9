//! A small loop around the reactor, with a watchdog.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{PoisonError, RwLock},
    task::{Context, Poll, Waker},
    time::Duration,
};

use evloop_fixtures::{drive, watched};
use evloop_net::{StreamWriter, TcpListener, TcpStream};
use evloop_reactor::Reactor;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, future::try_zip};

pub(crate) const LOOPBACK: &str = "127.0.0.1:0";

/// Runs the future that `body` makes with its reactor entered, and fails if that takes ten seconds.
pub(crate) fn run<F>(body: impl FnOnce() -> F + Send + 'static)
where
    F: Future<Output = io::Result<()>>,
{
    with_reactor(move |reactor| block_on(reactor, body()).unwrap());
}

/// Tests share the process and its descriptors; one that counts them excludes the others.
static DESCRIPTORS: RwLock<()> = RwLock::new(());

/// Runs `body` on a thread of its own, with an entered reactor, and fails if that takes ten seconds.
pub(crate) fn with_reactor(body: impl FnOnce(&mut Reactor) + Send + 'static) {
    let _shared = DESCRIPTORS.read().unwrap_or_else(PoisonError::into_inner);
    on_reactor(body);
}

/// The same while no other test has descriptors open.
pub(crate) fn alone_with_reactor(body: impl FnOnce(&mut Reactor) + Send + 'static) {
    let _alone = DESCRIPTORS.write().unwrap_or_else(PoisonError::into_inner);
    on_reactor(body);
}

fn on_reactor(body: impl FnOnce(&mut Reactor) + Send + 'static) {
    watched(move || {
        let mut reactor = Reactor::new().unwrap();
        let _entered = reactor.enter();
        body(&mut reactor);
        assert_eq!(
            reactor.handle().source_count(),
            0,
            "sources were left behind"
        );
    });
}

/// Polls `fut` to its end and turns the reactor between the polls.
pub(crate) fn block_on<F: Future>(reactor: &mut Reactor, fut: F) -> F::Output {
    let notifier = reactor.notifier();
    reactor.begin_turn();
    drive(
        fut,
        move || notifier.notify(),
        |is_woken| {
            turn(reactor, is_woken.then_some(Duration::ZERO));
            reactor.begin_turn();
        },
    )
}

/// One turn, and who it woke.
pub(crate) fn turn(reactor: &mut Reactor, timeout: Option<Duration>) {
    let mut woken = Vec::new();
    reactor.poll(timeout, &mut woken).unwrap();
    woken.drain(..).for_each(Waker::wake);
}

/// Polls `fut` once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future>(fut: Pin<&mut F>) -> Poll<F::Output> {
    fut.poll(&mut Context::from_waker(Waker::noop()))
}

/// Two ends of a connection on the current reactor.
pub(crate) async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(LOOPBACK).await?;
    let connect = TcpStream::connect(listener.local_addr()?);
    let (ours, (theirs, _)) = try_zip(connect, listener.accept()).await?;
    Ok((ours, theirs))
}

/// Lets this process open `wanted` descriptors, where the system starts it with fewer.
pub(crate) fn allow_fds(wanted: u64) {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        setrlimit(Resource::Nofile, limit).unwrap();
    }
}

/// Writes so many whole mebibytes with a [`StreamWriter`], in one piece and in many, and checks that they come.
pub(crate) async fn transfer<S>(n_bytes: usize, ours: S, mut theirs: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let writer = StreamWriter::new(ours);
    let block: Vec<u8> = (0..1 << 20).map(|index| (index % 251) as u8).collect();
    let send = async {
        for round in 0..n_bytes / block.len() {
            match round % 2 {
                0 => writer.write(&block)?,
                _ => writer.writelines(block.chunks(100))?,
            }
            writer.drain().await?;
        }
        writer.close();
        writer.wait_closed().await
    };
    let receive = async {
        let (mut total, mut buf) = (0, vec![0; 1 << 16]);
        loop {
            let count = theirs.read(&mut buf).await?;
            if count == 0 {
                return io::Result::Ok(total);
            }
            let start = total % block.len();
            let (front, back) = buf[..count].split_at(count.min(block.len() - start));
            let is_intact = block[start..].starts_with(front) && block.starts_with(back);
            assert!(is_intact, "damaged after {total} bytes");
            total += count;
        }
    };
    let ((), total) = try_zip(send, receive).await?;
    assert_eq!(total, n_bytes);
    Ok(())
}
