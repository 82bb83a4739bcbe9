//! Descriptors that cannot be watched, and descriptors that go away.

use std::{
    fs::File,
    io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    net::Shutdown,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    pin::pin,
    sync::Arc,
    task::{Poll, Waker},
};

use evloop_fixtures::{Wakes, in_thread, join};
use evloop_reactor::{Reactor, ReactorGone};

use crate::support::{NOW, on_both, pair, poll_once, turn_until_woken};

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
fn e11_a_directory_is_refused() {
    on_both(|reactor| {
        let directory = File::open("/").unwrap();

        let error = reactor.handle().register(directory).unwrap_err();

        let text = format!("{error}");
        assert!(text.starts_with("failed to register `fd "), "{text}");
        assert_eq!(io::Error::from(error).kind(), ErrorKind::PermissionDenied);
    });
}

#[test]
fn e11_the_same_descriptor_twice_is_refused_and_the_first_stays() {
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
fn e11_two_reactors_may_watch_one_descriptor() {
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

#[cfg(target_os = "linux")]
#[test]
fn e11_the_descriptor_of_another_epoll_is_watched_like_any() {
    use rustix::event::epoll;

    on_both(|mut reactor| {
        let inner = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let (ours, mut theirs) = pair();
        let data = epoll::EventData::new_u64(7);
        epoll::add(&inner, &ours, data, epoll::EventFlags::IN).unwrap();
        let source = reactor.handle().register(inner).unwrap();
        let mut readable = pin!(source.readable());
        assert!(poll_once(readable.as_mut(), Waker::noop()).is_pending());

        theirs.write_all(b"x").unwrap();
        turn_until_woken(&mut reactor);

        assert!(poll_once(readable.as_mut(), Waker::noop()).is_ready());
    });
}

/// Whatever has the number 0 at the moment.
struct Zero;

impl AsFd for Zero {
    fn as_fd(&self) -> BorrowedFd<'_> {
        rustix::stdio::stdin()
    }
}

#[test]
fn fault_f21_a_number_that_another_descriptor_takes_over_gives_nobody_a_foreign_event() {
    // One after the other: there is one number 0.
    on_both(|mut reactor| {
        let (first, first_peer) = pair();
        let (second, mut second_peer) = pair();
        rustix::stdio::dup2_stdin(&first).unwrap();
        drop(first);
        let source = reactor.handle().register(Zero).unwrap();
        let (wakes, waker) = Wakes::new();
        let mut readable = Box::pin(source.readable());
        assert!(poll_once(readable.as_mut(), &waker).is_pending());

        // This closes the first, behind the reactor's back.
        rustix::stdio::dup2_stdin(&second).unwrap();
        second_peer.write_all(b"x").unwrap();
        assert_eq!((&first_peer).read(&mut [0]).unwrap(), 0);
        let mut woken = Vec::new();
        reactor.poll(NOW, &mut woken).unwrap();
        woken.drain(..).for_each(Waker::wake);

        assert_eq!(wakes.count(), 0, "not for the second one's data");
        let mut byte = [0];
        assert_eq!((&second).read(&mut byte).unwrap(), 1, "it is still there");
        drop(readable);
        let error = source.into_inner().err().unwrap();
        assert_eq!(error.error().kind(), ErrorKind::NotFound);
        assert_eq!(reactor.handle().source_count(), 0);
    });
}

#[test]
fn fault_f21_a_socket_that_another_thread_shuts_down_wakes_who_waits() {
    on_both(|mut reactor| {
        let (ours, _theirs) = pair();
        let ours = Arc::new(ours);
        let source = reactor.handle().register(Arc::clone(&ours)).unwrap();
        let mut read = pin!(source.read_with(|stream| (&mut &**stream).read(&mut [0])));
        assert!(poll_once(read.as_mut(), Waker::noop()).is_pending());

        join(in_thread(move || ours.shutdown(Shutdown::Both).unwrap()));

        turn_until_woken(&mut reactor);
        let Poll::Ready(end) = poll_once(read.as_mut(), Waker::noop()) else {
            panic!("woken and not ready");
        };
        assert_eq!(end.unwrap(), 0);
    });
}

#[test]
fn fault_f21_a_descriptor_given_away_leaves_with_its_source() {
    use rustix::net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    };

    on_both(|mut reactor| {
        let (ours, mut theirs) = pair();
        let (here, there) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let (wakes, waker) = Wakes::new();
        let mut readable = Box::pin(source.readable());
        assert!(poll_once(readable.as_mut(), &waker).is_pending());
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut message = SendAncillaryBuffer::new(&mut space);
        let given = [source.as_fd()];
        assert!(message.push(SendAncillaryMessage::ScmRights(&given)));
        let flags = SendFlags::empty();
        sendmsg(&here, &[IoSlice::new(b"!")], &mut message, flags).unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut message = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let buffers = &mut [IoSliceMut::new(&mut byte)];
        recvmsg(&there, buffers, &mut message, RecvFlags::CMSG_CLOEXEC).unwrap();
        let Some(RecvAncillaryMessage::ScmRights(mut taken)) = message.drain().next() else {
            panic!("a descriptor was sent");
        };
        let taken = UnixStream::from(taken.next().unwrap());

        // It is open there, and what comes for it concerns nobody here any more.
        drop(readable);
        drop(source);
        theirs.write_all(b"x").unwrap();
        let mut woken = Vec::new();
        reactor.poll(NOW, &mut woken).unwrap();

        assert!(woken.is_empty());
        assert_eq!(wakes.count(), 0);
        assert_eq!((&taken).read(&mut [0; 4]).unwrap(), 1);
        // Whoever has it now may have it watched.
        reactor.handle().register(taken).unwrap();
    });
}
