//! Level-triggered registrations.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    sync::Arc,
    task::{Context, Wake, Waker},
};

use evloop_fixtures::Wakes;
use evloop_reactor::{Direction, LevelSource, Reactor, ReactorGone};

use crate::{
    hostile_waker,
    support::{NOW, on_both, pair},
};

/// Turns once without waiting, wakes, and says how many were woken.
fn turn(reactor: &mut Reactor) -> usize {
    let mut woken = Vec::new();
    reactor.poll(NOW, &mut woken).unwrap();
    let count = woken.len();
    woken.drain(..).for_each(Waker::wake);
    count
}

#[test]
fn a_set_waker_is_woken_on_every_turn_while_its_direction_is_ready() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let watched = reactor.handle().register_level(ours).unwrap();
        let (reader, read_waker) = Wakes::new();
        let (writer, write_waker) = Wakes::new();
        assert_eq!(turn(&mut reactor), 0);

        watched.set(Direction::Read, Some(read_waker)).unwrap();
        assert_eq!(turn(&mut reactor), 0);
        (&theirs).write_all(b"x").unwrap();
        assert_eq!((turn(&mut reactor), turn(&mut reactor)), (1, 1));
        assert_eq!((reader.count(), writer.count()), (2, 0));

        watched.set(Direction::Write, Some(write_waker)).unwrap();
        assert_eq!(turn(&mut reactor), 2);
        assert_eq!((reader.count(), writer.count()), (3, 1));

        watched.get_ref().read_exact(&mut [0]).unwrap();
        assert_eq!(turn(&mut reactor), 1);
        assert_eq!((reader.count(), writer.count()), (3, 2));

        watched.set(Direction::Write, None).unwrap();
        watched.set(Direction::Write, None).unwrap();
        assert_eq!(turn(&mut reactor), 0);
    });
}

trait ReadExact {
    fn read_exact(&self, buffer: &mut [u8]) -> std::io::Result<()>;
}

impl ReadExact for UnixStream {
    fn read_exact(&self, buffer: &mut [u8]) -> std::io::Result<()> {
        Read::read_exact(&mut &*self, buffer)
    }
}

#[test]
fn a_waker_is_replaced_without_a_turn_in_between() {
    on_both(|mut reactor| {
        let (ours, _theirs) = pair();
        let watched = reactor.handle().register_level(ours).unwrap();
        let (first, first_waker) = Wakes::new();
        let (second, second_waker) = Wakes::new();
        watched.set(Direction::Write, Some(first_waker)).unwrap();
        assert_eq!(turn(&mut reactor), 1);

        watched.set(Direction::Write, Some(second_waker)).unwrap();

        assert_eq!(turn(&mut reactor), 1);
        assert_eq!((first.count(), second.count()), (1, 1));
        assert_eq!(
            Arc::strong_count(&first),
            1,
            "the replaced waker is dropped"
        );
    });
}

#[test]
fn museum_bm39_a_hang_up_wakes_who_is_set_and_makes_no_noise_when_nobody_is() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let watched = reactor.handle().register_level(ours).unwrap();
        drop(theirs);
        // At most one event that nobody asked for, and then silence.
        reactor.poll(NOW, &mut Vec::new()).unwrap();
        for _ in 0..3 {
            assert_eq!(reactor.poll(NOW, &mut Vec::new()).unwrap(), 0);
        }

        watched
            .set(Direction::Write, Some(Waker::noop().clone()))
            .unwrap();
        assert_eq!((turn(&mut reactor), turn(&mut reactor)), (1, 1));
        watched.set(Direction::Write, None).unwrap();
        reactor.poll(NOW, &mut Vec::new()).unwrap();
        assert_eq!(reactor.poll(NOW, &mut Vec::new()).unwrap(), 0);
        watched
            .set(Direction::Read, Some(Waker::noop().clone()))
            .unwrap();
        assert_eq!((turn(&mut reactor), turn(&mut reactor)), (1, 1));
    });
}

#[test]
fn a_duplicate_is_watched_after_the_owner_has_closed_its_own() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let watched = reactor.handle().register_level_duplicate(&ours).unwrap();
        let again = reactor.handle().register_level_duplicate(&ours).unwrap();
        watched
            .set(Direction::Read, Some(Waker::noop().clone()))
            .unwrap();
        drop((ours, again));

        assert_eq!(
            turn(&mut reactor),
            0,
            "the peer sees no end, and neither do we"
        );
        (&theirs).write_all(b"x").unwrap();
        assert_eq!(turn(&mut reactor), 1);

        drop(watched);
        assert_eq!(turn(&mut reactor), 0);
        let end = (&theirs).read(&mut [0]);
        assert!(!matches!(end, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock));
    });
}

#[test]
fn dropping_the_reactor_wakes_a_last_time_and_refuses_to_set() {
    on_both(|reactor| {
        let (ours, _theirs) = pair();
        let watched = reactor.handle().register_level(ours).unwrap();
        let (counter, waker) = Wakes::new();
        watched.set(Direction::Read, Some(waker)).unwrap();

        drop(reactor);

        assert_eq!(counter.count(), 1);
        assert_eq!(Arc::strong_count(&counter), 1);
        let refused = watched.set(Direction::Read, Some(Waker::noop().clone()));
        assert!(ReactorGone::is_cause_of(&refused.unwrap_err()));
        watched.into_inner().unwrap();
    });
}

#[test]
fn level_and_edge_sources_live_beside_each_other() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let level = reactor.handle().register_level(ours).unwrap();
        let edge = reactor.handle().register(theirs).unwrap();
        level
            .set(Direction::Read, Some(Waker::noop().clone()))
            .unwrap();
        assert_eq!(turn(&mut reactor), 0);

        edge.try_io(Direction::Write, |mut stream| stream.write(b"x"))
            .unwrap();

        assert_eq!((turn(&mut reactor), turn(&mut reactor)), (1, 1));
        let cx = Context::from_waker(Waker::noop());
        assert!(edge.poll_writable(&cx).is_ready());
        assert!(edge.poll_readable(&cx).is_pending());
    });
}

/// Sets and unsets itself whenever it is touched.
struct Hostile(Arc<LevelSource<UnixStream>>);

impl Hostile {
    fn meddle(&self) {
        self.0
            .set(Direction::Read, Some(Waker::noop().clone()))
            .unwrap();
        self.0.set(Direction::Read, None).unwrap();
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
fn museum_bm78_a_waker_that_changes_its_own_registration_does_not_deadlock() {
    on_both(|mut reactor| {
        let (ours, _theirs) = pair();
        let watched = Arc::new(reactor.handle().register_level(ours).unwrap());
        let hostile = Waker::from(Arc::new(Hostile(Arc::clone(&watched))));
        watched.set(Direction::Write, Some(hostile)).unwrap();

        assert_eq!(turn(&mut reactor), 1);
        watched.set(Direction::Write, None).unwrap();
        assert_eq!(turn(&mut reactor), 0);
    });
}

#[test]
fn museum_bm78_a_waker_whose_clone_changes_the_registration_does_not_deadlock() {
    on_both(|mut reactor| {
        let (ours, _theirs) = pair();
        let watched = Arc::new(reactor.handle().register_level(ours).unwrap());
        let again = Arc::clone(&watched);
        let waker = hostile_waker::cloning(move || {
            again.set(Direction::Read, None).unwrap();
        });
        watched.set(Direction::Write, Some(waker)).unwrap();

        assert_eq!(turn(&mut reactor), 1);

        hostile_waker::stop_cloning();
    });
}
