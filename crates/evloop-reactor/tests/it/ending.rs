//! The end of sources, and the end of the reactor.

use std::{
    io::{Read, Write},
    os::fd::AsRawFd,
    os::unix::net::UnixStream,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use evloop_fixtures::{Wakes, in_thread, join, watched};
use evloop_reactor::{Direction, Reactor, ReactorGone, ReactorHandle};

use crate::support::{NOW, block_on, on_both, open_fds, pair, poll_once, turn_until_woken};

#[test]
fn into_inner_gives_the_descriptor_back_and_forgets_it() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let fd = ours.as_raw_fd();
        let source = reactor.handle().register(ours).unwrap();
        assert_eq!(reactor.handle().source_count(), 1);

        let ours = source.into_inner().unwrap();

        assert_eq!(ours.as_raw_fd(), fd);
        assert_eq!(reactor.handle().source_count(), 0);
        (&theirs).write_all(b"x").unwrap();
        assert_eq!(reactor.poll(NOW, &mut Vec::new()).unwrap(), 0);
        reactor.handle().register(ours).unwrap();
    });
}

#[test]
fn museum_bm31_a_shared_description_sends_no_events_after_its_source_is_dropped() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let number = ours.as_raw_fd();
        let duplicate = ours.try_clone().unwrap();
        drop(reactor.handle().register(ours).unwrap());

        // The next owner of the number sees its own events only.
        let (next, next_peer) = pair();
        let next = [next, next_peer].map(|stream| reactor.handle().register(stream).unwrap());
        reactor.poll(NOW, &mut Vec::new()).unwrap();
        let _has_number = next
            .iter()
            .any(|source| source.get_ref().as_raw_fd() == number);
        let cx = Context::from_waker(Waker::noop());
        assert!(
            next.iter()
                .all(|source| source.poll_readable(&cx).is_pending())
        );
        (&theirs).write_all(b"x").unwrap();

        let mut woken = Vec::new();
        assert_eq!(reactor.poll(NOW, &mut woken).unwrap(), 0);
        assert!(woken.is_empty());
        drop(duplicate);
    });
}

/// Threads open, use and close sources while one turns: nobody is woken by a stranger's event.
#[test]
fn museum_bm32_sources_that_come_and_go_see_only_their_own_events() {
    fn churn(handle: &ReactorHandle) {
        for round in 0..2_000 {
            let (ours, theirs) = pair();
            let source = handle.register(ours).unwrap();
            let (counter, waker) = Wakes::new();
            let cx = Context::from_waker(&waker);
            assert!(source.poll_readable(&cx).is_pending());
            if round % 3 == 0 {
                (&theirs).write_all(b"x").unwrap();
                let mut read = pin!(source.read_with(|mut stream| stream.read(&mut [0; 8])));
                assert!(matches!(
                    poll_once(read.as_mut(), &waker),
                    Poll::Ready(Ok(1))
                ));
            } else {
                assert_eq!(counter.count(), 0, "woken by a stranger's event");
            }
        }
    }

    on_both(|mut reactor| {
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let (handle, notifier) = (reactor.handle(), reactor.notifier());
                in_thread(move || {
                    churn(&handle);
                    notifier.notify();
                })
            })
            .collect();

        let mut woken = Vec::new();
        while !workers.iter().all(std::thread::JoinHandle::is_finished) {
            reactor.poll(NOW, &mut woken).unwrap();
            woken.drain(..).for_each(Waker::wake);
        }

        workers.into_iter().for_each(join);
        assert_eq!(reactor.handle().source_count(), 0);
    });
}

#[test]
fn dropping_the_reactor_ends_waits_present_and_future_with_an_error() {
    on_both(|reactor| {
        let (ours, _theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let (counter, waker) = Wakes::new();
        let cx = Context::from_waker(&waker);
        let mut read = pin!(source.read_with(|mut stream| stream.read(&mut [0; 8])));
        assert!(poll_once(read.as_mut(), &waker).is_pending());
        assert!(source.poll_readable(&cx).is_pending());

        drop(reactor);

        assert_eq!(counter.count(), 2);
        let Poll::Ready(Err(error)) = poll_once(read.as_mut(), &waker) else {
            panic!("the wait goes on");
        };
        assert!(ReactorGone::is_cause_of(&error));
        for later in [source.poll_readable(&cx), source.poll_writable(&cx)] {
            let Poll::Ready(Err(error)) = later else {
                panic!("a wait began")
            };
            assert!(ReactorGone::is_cause_of(&error));
        }
        let tried = source.try_io(Direction::Write, |mut stream| stream.write(b"x"));
        assert!(ReactorGone::is_cause_of(&tried.unwrap_err()));
    });
}

#[test]
fn a_waker_that_panics_at_the_end_of_the_reactor_does_not_cost_the_others_their_wake() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("planned");
        }
    }

    watched(|| {
        let reactor = Reactor::new().unwrap();
        let (ours, _theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let (counter, waker) = Wakes::new();
        let panics = Waker::from(Arc::new(Panics));
        let (mut first, mut second) = (pin!(source.readable()), pin!(source.readable()));
        assert!(poll_once(first.as_mut(), &panics).is_pending());
        assert!(poll_once(second.as_mut(), &waker).is_pending());

        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(reactor)));

        assert!(dropped.is_err());
        assert_eq!(counter.count(), 1);
    });
}

#[test]
fn museum_bm89_reactors_that_end_at_any_point_leave_nothing_behind() {
    watched(|| {
        let before = open_fds();
        for round in 0..1_000 {
            let mut reactor = Reactor::new().unwrap();
            let streams: Vec<_> = (0..4).map(|_| pair()).collect();
            let sources: Vec<_> = streams
                .iter()
                .map(|(ours, _)| {
                    reactor
                        .handle()
                        .register(ours.try_clone().unwrap())
                        .unwrap()
                })
                .collect();
            let (counter, waker) = Wakes::new();
            let cx = Context::from_waker(&waker);
            for source in &sources {
                assert!(source.poll_readable(&cx).is_pending());
            }
            for (_, theirs) in &streams[..round % 5] {
                (&mut &*theirs).write_all(b"x").unwrap();
            }
            if round % 2 == 0 {
                reactor.poll(NOW, &mut Vec::new()).unwrap();
            }
            // Either may be the first to go.
            if round % 3 == 0 {
                drop(reactor);
                drop(sources);
            } else {
                drop(sources);
                drop(reactor);
            }
            drop(waker);
            assert_eq!(Arc::strong_count(&counter), 1);
        }
        // Other tests of this process have descriptors open as well, but not 5 for each round.
        assert!(open_fds() < before + 5_000);
    });
}

#[test]
fn museum_bm51_futures_that_are_forgotten_are_harmless() {
    watched(|| {
        let mut reactor = Reactor::new().unwrap();
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let mut readable = Box::pin(source.readable());
        assert!(poll_once(readable.as_mut(), Waker::noop()).is_pending());
        std::mem::forget(readable);
        (&theirs).write_all(b"x").unwrap();

        assert_eq!(turn_until_woken(&mut reactor).len(), 1);
        block_on(&mut reactor, source.readable()).unwrap();
    });
}

#[test]
fn entering_nests_and_ends_with_its_guard() {
    let (first, second) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    assert_eq!(ReactorHandle::try_current(), None);

    let outer = first.enter();
    assert_eq!(ReactorHandle::current(), first.handle());
    {
        let _inner = second.handle().enter();
        assert_eq!(ReactorHandle::current(), second.handle());
        assert_eq!(join(in_thread(ReactorHandle::try_current)), None);
    }
    assert_eq!(ReactorHandle::current(), first.handle());
    drop(outer);

    assert_eq!(ReactorHandle::try_current(), None);
}

#[test]
#[should_panic(expected = "no reactor is entered on this thread")]
fn the_current_reactor_of_no_reactor_is_a_panic_that_says_what_to_do() {
    drop(ReactorHandle::current());
}

#[test]
fn sources_say_what_they_are_waiting_for() {
    let mut reactor = Reactor::new().unwrap();
    let (ours, _theirs): (UnixStream, _) = pair();
    let source = reactor.handle().register(ours).unwrap();
    assert!(format!("{source:?}").contains("read: untried waiters=0"));
    reactor.poll(NOW, &mut Vec::new()).unwrap();
    let cx = Context::from_waker(Waker::noop());
    assert!(source.poll_readable(&cx).is_pending());

    let text = format!("{source:?}");

    assert!(text.contains("read: untried waiters=1"), "{text}");
    assert!(text.contains("write: ready waiters=0"), "{text}");
    assert_eq!(
        format!("{:?}", reactor.handle()),
        "ReactorHandle { sources: 1, direct: true }"
    );
}
