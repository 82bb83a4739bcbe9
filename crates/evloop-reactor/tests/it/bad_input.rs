//! Descriptors that cannot be watched, and descriptors that go away.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use evloop_reactor::{Reactor, ReactorGone};

use crate::support::{NOW, on_both, pair};

#[test]
fn museum_bm30_a_refused_descriptor_is_given_back_and_leaves_nothing_registered() {
    on_both(|reactor| {
        let handle = reactor.handle();
        let mut file = File::open("/proc/self/exe").unwrap();
        for _ in 0..10_000 {
            let error = handle.register(file).unwrap_err();
            assert_eq!(error.error().kind(), ErrorKind::PermissionDenied);
            assert!(error.error().raw_os_error().is_some());
            file = error.into_source();
            let error = handle.register_level(file).unwrap_err();
            assert_eq!(error.error().kind(), ErrorKind::PermissionDenied);
            file = error.into_source();
        }

        assert_eq!(handle.source_count(), 0);
    });
}

#[test]
fn a_directory_is_refused() {
    on_both(|reactor| {
        let directory = File::open("/").unwrap();

        let error = reactor.handle().register(directory).unwrap_err();

        let text = format!("{error}");
        assert!(text.starts_with("failed to register `fd "), "{text}");
        assert_eq!(io::Error::from(error).kind(), ErrorKind::PermissionDenied);
    });
}

#[test]
fn the_same_descriptor_twice_is_refused_and_the_first_stays() {
    on_both(|mut reactor| {
        let handle = reactor.handle();
        let (ours, theirs) = pair();
        let ours = Arc::new(ours);
        let first = handle.register(Arc::clone(&ours)).unwrap();

        let again = handle.register(Arc::clone(&ours)).unwrap_err();
        assert_eq!(again.error().kind(), ErrorKind::AlreadyExists);
        let level = handle.register_level(Arc::clone(&ours)).unwrap_err();
        assert_eq!(level.error().kind(), ErrorKind::AlreadyExists);

        assert_eq!(handle.source_count(), 1);
        drop(theirs);
        assert_eq!(reactor.poll(None, &mut Vec::new()).unwrap(), 1);
        drop(first);
        handle.register(ours).unwrap();
    });
}

#[test]
fn two_reactors_may_watch_one_descriptor() {
    on_both(|mut reactor| {
        let mut other = Reactor::new().unwrap();
        let (ours, _theirs) = pair();
        let ours = Arc::new(ours);
        let sources = [&reactor, &other].map(|r| r.handle().register(Arc::clone(&ours)).unwrap());

        assert_eq!(reactor.poll(NOW, &mut Vec::new()).unwrap(), 1);
        assert_eq!(other.poll(NOW, &mut Vec::new()).unwrap(), 1);
        drop(sources);
    });
}

#[test]
fn registering_with_a_reactor_that_is_gone_gives_the_source_back() {
    on_both(|reactor| {
        let handle = reactor.handle();
        drop(reactor);
        let (ours, theirs) = pair();

        let (error, _ours) = handle.register(ours).unwrap_err().into_parts();
        assert!(ReactorGone::is_cause_of(&error));
        let (error, _theirs) = handle.register_level(theirs).unwrap_err().into_parts();
        assert!(ReactorGone::is_cause_of(&error));
    });
}

/// Answers with another descriptor every time: what an `AsFd` of another crate may do.
#[derive(Debug)]
struct Shifty(OwnedFd, OwnedFd, std::cell::Cell<bool>);

impl AsFd for Shifty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.2.replace(!self.2.get()) {
            true => self.0.as_fd(),
            false => self.1.as_fd(),
        }
    }
}

#[test]
fn fault_f21_a_descriptor_that_is_exchanged_behind_the_reactor_is_an_error_and_is_freed() {
    on_both(|mut reactor| {
        let (a, b) = pair();
        let numbers = (a.as_raw_fd(), b.as_raw_fd());
        let shifty = Shifty(a.into(), b.into(), std::cell::Cell::new(true));
        let source = reactor.handle().register(shifty).unwrap();

        let error = source.into_inner().unwrap_err();

        assert_eq!(error.error().kind(), ErrorKind::NotFound);
        assert_eq!(reactor.handle().source_count(), 0);
        let Shifty(a, b, _) = error.into_source();
        assert_eq!((a.as_raw_fd(), b.as_raw_fd()), numbers);
        // What the kernel still says about the first names nobody.
        drop(b);
        let mut woken = Vec::new();
        reactor.poll(NOW, &mut woken).unwrap();
        assert!(woken.is_empty());
    });
}
