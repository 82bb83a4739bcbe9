//! A small loop around the reactor, a watchdog and wakers that can be watched.

use std::{
    future::Future,
    io,
    os::unix::net::UnixStream,
    task::{Context, Poll, Waker},
    time::Duration,
};

use evloop_fixtures::{drive, watched};
use evloop_reactor::Reactor;

/// A timeout that never waits.
pub(crate) const NOW: Option<Duration> = Some(Duration::ZERO);

/// Runs `body` on both ways to wait, each on a thread that is given up after ten seconds.
pub(crate) fn on_both(body: fn(Reactor)) {
    watched(move || body(Reactor::new().unwrap()));
    watched(move || body(Reactor::portable().unwrap()));
}

/// Polls `fut` to its end and turns the reactor between the polls.
pub(crate) fn block_on<F: Future>(reactor: &mut Reactor, fut: F) -> F::Output {
    let notifier = reactor.notifier();
    reactor.begin_turn();
    drive(
        fut,
        move || notifier.notify(),
        |is_woken| {
            let mut woken = Vec::new();
            reactor
                .poll(is_woken.then_some(Duration::ZERO), &mut woken)
                .unwrap();
            woken.into_iter().for_each(Waker::wake);
            reactor.begin_turn();
        },
    )
}

/// Polls `fut` once with `waker`.
pub(crate) fn poll_once<F: Future>(fut: std::pin::Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    fut.poll(&mut Context::from_waker(waker))
}

/// Two connected streams, both non-blocking.
pub(crate) fn pair() -> (UnixStream, UnixStream) {
    let (a, b) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    b.set_nonblocking(true).unwrap();
    (a, b)
}

/// Turns the reactor until it gave a waker, or an event for each of `events`.
pub(crate) fn turn_until_woken(reactor: &mut Reactor) -> Vec<Waker> {
    let mut woken = Vec::new();
    while woken.is_empty() {
        reactor.poll(None, &mut woken).unwrap();
    }
    woken
}

/// How many descriptors this process has open.
pub(crate) fn open_fds() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

pub(crate) fn kind<T>(result: io::Result<T>) -> io::ErrorKind {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.kind(),
    }
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
