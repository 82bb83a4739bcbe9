//! Waiting for registered sources.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    pin::pin,
    rc::Rc,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
};

use evloop_fixtures::{Wakes, watched};
use evloop_reactor::{Direction, Reactor, Ready, Source};

use crate::{
    hostile_waker,
    support::{NOW, block_on, kind, on_both, pair, poll_once, turn_until_woken},
};

#[test]
fn a_source_can_be_shared_between_threads() {
    fn check<T: Send + Sync>() {}

    check::<Source<UnixStream>>();
}

#[test]
fn a_fresh_source_is_not_readable_until_there_is_something_to_read() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let mut readable = pin!(source.readable());
        assert!(poll_once(readable.as_mut(), Waker::noop()).is_pending());
        reactor.poll(NOW, &mut Vec::new()).unwrap();
        assert!(poll_once(readable.as_mut(), Waker::noop()).is_pending());

        (&theirs).write_all(b"x").unwrap();
        assert_eq!(turn_until_woken(&mut reactor).len(), 1);

        let Poll::Ready(Ok(ready)) = poll_once(readable.as_mut(), Waker::noop()) else {
            panic!("woken and not ready");
        };
        assert_eq!(ready.direction(), Direction::Read);
    });
}

#[test]
fn waiters_of_a_direction_wake_in_the_order_of_their_arrival() {
    struct Named(u32, Arc<Mutex<Vec<u32>>>);
    impl Wake for Named {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let named = |name| Waker::from(Arc::new(Named(name, Arc::clone(&order))));
        let mut waits: Vec<_> = (0..10).map(|_| Box::pin(source.readable())).collect();
        for (name, wait) in waits.iter_mut().enumerate() {
            assert!(poll_once(wait.as_mut(), &named(name as u32)).is_pending());
        }
        // Asking again keeps the place, and giving up frees it.
        assert!(poll_once(waits[4].as_mut(), &named(40)).is_pending());
        drop(waits.remove(7));

        (&theirs).write_all(b"x").unwrap();
        turn_until_woken(&mut reactor)
            .drain(..)
            .for_each(Waker::wake);

        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 40, 5, 6, 8, 9]);
    });
}

#[test]
fn museum_bm35_cancelled_waiters_leave_nothing_behind() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let (counter, waker) = Wakes::new();
        for _ in 0..100_000 {
            let mut readable = pin!(source.readable());
            assert!(poll_once(readable.as_mut(), &waker).is_pending());
            let mut writable = pin!(
                source.write_with(|_| -> io::Result<()> { Err(io::ErrorKind::WouldBlock.into()) })
            );
            assert!(poll_once(writable.as_mut(), &waker).is_pending());
        }
        assert_eq!(Arc::strong_count(&counter), 2, "wakers were left behind");

        let mut readable = pin!(source.readable());
        assert!(poll_once(readable.as_mut(), &waker).is_pending());
        (&theirs).write_all(b"x").unwrap();
        assert_eq!(turn_until_woken(&mut reactor).len(), 1);
    });
}

#[test]
fn museum_bm37_every_operation_that_would_block_waits_for_the_next_event() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();

        for round in 0..50u8 {
            let mut read = pin!(source.read_with(|mut stream| {
                let mut byte = [0];
                stream.read(&mut byte).map(|_| byte[0])
            }));
            assert!(poll_once(read.as_mut(), Waker::noop()).is_pending());
            assert!(poll_once(read.as_mut(), Waker::noop()).is_pending());
            (&theirs).write_all(&[round]).unwrap();

            assert_eq!(block_on(&mut reactor, read).unwrap(), round);
        }
    });
}

#[test]
fn museum_bm26_events_for_writing_do_not_make_a_reader_spin() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let attempts = Cell::new(0);
        let mut sink = vec![0; 1 << 20];
        let mut read = pin!(source.read_with(|mut stream| {
            attempts.set(attempts.get() + 1);
            stream.read(&mut [0; 8])
        }));
        assert!(poll_once(read.as_mut(), Waker::noop()).is_pending());

        let mut turns = 0;
        for _ in 0..100 {
            while source
                .try_io(Direction::Write, |mut stream| stream.write(&[0; 4096]))
                .is_ok()
            {}
            while (&theirs).read(&mut sink).is_ok() {}
            turns += reactor.poll(None, &mut Vec::new()).unwrap();
            assert!(poll_once(read.as_mut(), Waker::noop()).is_pending());
        }

        assert!(turns >= 100);
        let attempts = attempts.get();
        assert!(
            attempts <= 1 + turns,
            "{attempts} attempts in {turns} events"
        );
    });
}

#[test]
fn museum_bm27_one_direction_leaves_the_other_alone() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        while source
            .try_io(Direction::Write, |mut stream| stream.write(&[0; 4096]))
            .is_ok()
        {}
        let (reader, read_waker) = Wakes::new();
        let (writer, write_waker) = Wakes::new();
        let mut readable = pin!(source.readable());
        let mut writable = pin!(source.writable());
        assert!(poll_once(readable.as_mut(), &read_waker).is_pending());
        assert!(poll_once(writable.as_mut(), &write_waker).is_pending());

        (&theirs).write_all(b"x").unwrap();
        turn_until_woken(&mut reactor)
            .drain(..)
            .for_each(Waker::wake);
        assert_eq!((reader.count(), writer.count()), (1, 0));
        let Poll::Ready(Ok(ready)) = poll_once(readable.as_mut(), &read_waker) else {
            panic!("woken and not ready");
        };
        source.clear(ready);

        while (&theirs).read(&mut vec![0; 1 << 20]).is_ok() {}
        turn_until_woken(&mut reactor)
            .drain(..)
            .for_each(Waker::wake);
        assert_eq!((reader.count(), writer.count()), (1, 1));
        assert!(poll_once(writable.as_mut(), &write_waker).is_ready());
    });
}

#[test]
fn a_clear_with_an_old_ready_does_not_erase_a_newer_event() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let cx = Context::from_waker(Waker::noop());
        let ready = |source: &Source<UnixStream>| -> Option<Ready> {
            match source.poll_readable(&cx) {
                Poll::Ready(ready) => Some(ready.unwrap()),
                Poll::Pending => None,
            }
        };
        (&theirs).write_all(b"a").unwrap();
        reactor.poll(None, &mut Vec::new()).unwrap();
        let old = ready(&source).unwrap();
        (&theirs).write_all(b"b").unwrap();
        reactor.poll(None, &mut Vec::new()).unwrap();

        source.clear(old);
        assert!(ready(&source).is_some());

        source.clear(ready(&source).unwrap());
        assert!(ready(&source).is_none());
    });
}

#[test]
fn try_io_refuses_without_a_call_until_the_next_event() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let mut calls = 0;
        let mut attempt = |source: &Source<UnixStream>| {
            source.try_io(Direction::Read, |mut stream| {
                calls += 1;
                stream.read(&mut [0; 8])
            })
        };
        assert_eq!(kind(attempt(&source)), io::ErrorKind::WouldBlock);
        assert_eq!(kind(attempt(&source)), io::ErrorKind::WouldBlock);
        (&theirs).write_all(b"x").unwrap();
        reactor.poll(None, &mut Vec::new()).unwrap();

        assert_eq!(attempt(&source).unwrap(), 1);
        assert_eq!(calls, 2);
    });
}

#[test]
fn an_interrupted_operation_is_tried_again_at_once() {
    on_both(|mut reactor| {
        let (ours, _theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let mut results = vec![
            Ok(7),
            Err(io::ErrorKind::Interrupted),
            Err(io::ErrorKind::Interrupted),
        ];

        let read = source.read_with(|_| results.pop().unwrap().map_err(io::Error::from));

        assert_eq!(block_on(&mut reactor, read).unwrap(), 7);
    });
}

/// A waker whose every step goes back into the source that holds it.
struct Hostile {
    source: Arc<Source<UnixStream>>,
    reactor: evloop_reactor::ReactorHandle,
}

impl Hostile {
    fn meddle(&self) {
        let cx = Context::from_waker(Waker::noop());
        drop(self.source.poll_readable(&cx));
        let mut readable = pin!(self.source.readable());
        drop(poll_once(readable.as_mut(), Waker::noop()));
        let (ours, _theirs) = pair();
        drop(self.reactor.register(ours));
        assert!(!format!("{:?}{:?}", self.source, self.reactor).is_empty());
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
fn museum_bm78_wakers_that_reenter_the_source_do_not_deadlock() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = Arc::new(reactor.handle().register(ours).unwrap());
        let hostile = || {
            Waker::from(Arc::new(Hostile {
                source: Arc::clone(&source),
                reactor: reactor.handle(),
            }))
        };
        let wakers = [hostile(), hostile(), hostile()];
        for waker in &wakers {
            let mut readable = pin!(source.readable());
            assert!(poll_once(readable.as_mut(), waker).is_pending());
            let cx = Context::from_waker(waker);
            assert!(source.poll_readable(&cx).is_pending());
        }
        let mut readable = pin!(source.readable());
        for waker in wakers {
            assert!(poll_once(readable.as_mut(), &waker).is_pending());
        }

        (&theirs).write_all(b"x").unwrap();
        turn_until_woken(&mut reactor)
            .drain(..)
            .for_each(Waker::wake);
        drop(reactor);
    });
}

#[test]
fn museum_bm78_a_waker_whose_clone_reenters_the_source_does_not_deadlock() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = Arc::new(reactor.handle().register(ours).unwrap());
        let again = Arc::clone(&source);
        let clones = Rc::new(Cell::new(0));
        let counted = Rc::clone(&clones);
        let waker = hostile_waker::cloning(move || {
            counted.set(counted.get() + 1);
            drop(again.poll_readable(&Context::from_waker(Waker::noop())));
            let mut readable = pin!(again.readable());
            drop(poll_once(readable.as_mut(), Waker::noop()));
        });

        let mut readable = pin!(source.readable());
        assert!(poll_once(readable.as_mut(), &waker).is_pending());
        let cx = Context::from_waker(&waker);
        assert!(source.poll_readable(&cx).is_pending());
        (&theirs).write_all(b"x").unwrap();
        turn_until_woken(&mut reactor)
            .drain(..)
            .for_each(Waker::wake);

        assert!(clones.get() >= 2);
        hostile_waker::stop_cloning();
    });
}

#[test]
fn museum_bm40_a_waker_that_drops_the_source_ends_it_for_good() {
    watched(|| {
        let mut reactor = Reactor::new().unwrap();
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let cx = Context::from_waker(Waker::noop());
        while source
            .try_io(Direction::Write, |mut stream| stream.write(&[0; 4096]))
            .is_ok()
        {}
        assert!(source.poll_readable(&cx).is_pending());
        assert!(source.poll_writable(&cx).is_pending());
        drop(theirs);

        // One event for both directions; what the first task does is over before the second runs.
        let woken = turn_until_woken(&mut reactor);
        assert_eq!(woken.len(), 2);
        drop(source);
        woken.into_iter().for_each(Waker::wake);

        assert_eq!(reactor.poll(NOW, &mut Vec::new()).unwrap(), 0);
        assert_eq!(reactor.handle().source_count(), 0);
    });
}
