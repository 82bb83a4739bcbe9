//! What both ways of waiting promise.

use std::{
    future::Future,
    io::{Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use polling::{PollMode, Poller};

use super::{Backend, Sys, register};
use crate::{Direction, Reactor, key::Key};

const NOW: Option<Duration> = Some(Duration::ZERO);

/// What the direct wait relies on: `polling` stores its key as it is in the data of the event.
#[cfg(target_os = "linux")]
#[test]
fn polling_stores_the_plain_key_as_event_data() {
    use rustix::{buffer::spare_capacity, event::Timespec, event::epoll};

    let poller = Poller::new().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let key = Key::new(7, 0x1234_5678);
    for (fd, mode) in [(&ours, PollMode::Level), (&theirs, PollMode::Edge)] {
        let event = polling::Event::all(key.raw());
        register::add(&poller, fd.as_fd(), event, mode).unwrap();
    }

    let mut events = Vec::with_capacity(8);
    let now = Timespec::default();
    epoll::wait(poller.as_fd(), spare_capacity(&mut events), Some(&now)).unwrap();

    assert_eq!(events.len(), 2);
    for event in events {
        let data = event.data;
        assert_eq!(data.u64(), key.raw() as u64);
    }
    poller.delete(&ours).unwrap();
    poller.delete(&theirs).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn linux_waits_directly_unless_told_otherwise() {
    let (best, _) = Sys::new(Backend::Best).unwrap();
    let (portable, _) = Sys::new(Backend::Portable).unwrap();

    assert!(best.waits_directly());
    assert!(!portable.waits_directly());
}

/// A system without edge-triggered events: what is waited for is asked for, each time.
#[test]
fn one_shot_sources_are_armed_again_for_every_wait() {
    let mut reactor = Reactor::with(Backend::PortableOnce).unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let source = reactor.handle().register(ours).unwrap();
    let mut cx = Context::from_waker(Waker::noop());

    for round in 0..20u8 {
        let mut read = pin!(source.read_with(|mut stream| {
            let mut byte = [0];
            stream.read(&mut byte).map(|_| byte[0])
        }));
        assert!(read.as_mut().poll(&mut cx).is_pending());
        let mut woken = Vec::new();
        reactor.poll(NOW, &mut woken).unwrap();
        assert!(woken.is_empty());

        theirs.write_all(&[round]).unwrap();
        while woken.is_empty() {
            turn(&mut reactor, &mut woken);
        }

        let Poll::Ready(Ok(byte)) = read.as_mut().poll(&mut cx) else {
            panic!("woken and not ready");
        };
        assert_eq!(byte, round);
    }
}

#[test]
fn one_shot_waiters_of_both_directions_never_disarm_each_other() {
    let mut reactor = Reactor::with(Backend::PortableOnce).unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let source = reactor.handle().register(ours).unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    // Fill the way out, so that the writer has to wait.
    while source
        .try_io(Direction::Write, |mut stream| stream.write(&[0; 4096]))
        .is_ok()
    {}

    let mut readable = pin!(source.readable());
    let mut writable = pin!(source.writable());
    assert!(readable.as_mut().poll(&mut cx).is_pending());
    assert!(writable.as_mut().poll(&mut cx).is_pending());

    theirs.write_all(b"x").unwrap();
    let mut woken = Vec::new();
    turn(&mut reactor, &mut woken);

    // The writer lost its arming to the event of the reader, and is told to wait again.
    assert_eq!(woken.len(), 2);
    assert!(readable.as_mut().poll(&mut cx).is_ready());
    assert!(writable.as_mut().poll(&mut cx).is_pending());
    let mut sink = vec![0; 1 << 20];
    assert!(theirs.read(&mut sink).unwrap() > 0);
    woken.clear();
    turn(&mut reactor, &mut woken);
    assert_eq!(woken.len(), 1);
    assert!(writable.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn one_shot_try_io_asks_for_the_event_that_ends_its_refusal() {
    let mut reactor = Reactor::with(Backend::PortableOnce).unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let source = reactor.handle().register(ours).unwrap();
    let attempt = || {
        let mut byte = [0];
        source.try_io(Direction::Read, |mut stream| stream.read(&mut byte))
    };

    attempt().unwrap_err();
    theirs.write_all(b"x").unwrap();
    attempt().unwrap_err();
    turn(&mut reactor, &mut Vec::new());

    assert_eq!(attempt().unwrap(), 1);
}

/// One turn that waits for an event, and fails rather than hang.
fn turn(reactor: &mut Reactor, woken: &mut Vec<Waker>) {
    let events = reactor.poll(Some(Duration::from_secs(10)), woken).unwrap();
    assert!(events > 0, "no event for ten seconds");
}
