//! The descriptor that is readable after a signal.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use evloop_signal::{Signal, Wakeups, Watch};

use crate::child::in_child;
use crate::foreign::raise;

fn is_readable(wakeups: Wakeups) -> bool {
    let descriptor = wakeups.as_fd().try_clone_to_owned();
    let mut stream = UnixStream::from(descriptor.expect("the system has descriptors"));
    match stream.read(&mut [0]) {
        Ok(count) => count == 1,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            false
        }
    }
}

#[test]
fn a_signal_makes_it_readable_until_it_is_cleared() {
    in_child(
        "wakeups::a_signal_makes_it_readable_until_it_is_cleared",
        || {
            let watch = Watch::instead_of_default(Signal::INTERRUPT, 10).unwrap();
            let wakeups = watch.wakeups();
            assert!(!is_readable(wakeups));

            raise();
            assert!(is_readable(wakeups));

            raise();
            raise();
            wakeups.dispatch();
            assert!(!is_readable(wakeups));
            assert_eq!(watch.count(), 3);
        },
    );
}

#[test]
fn a_new_watch_begins_unreadable_on_the_same_descriptor() {
    in_child(
        "wakeups::a_new_watch_begins_unreadable_on_the_same_descriptor",
        || {
            let first = Watch::instead_of_default(Signal::INTERRUPT, 10).unwrap();
            let kept = first.wakeups();
            raise();
            drop(first);

            let second = Watch::instead_of_default(Signal::INTERRUPT, 10).unwrap();
            assert!(!is_readable(second.wakeups()));
            raise();
            assert!(is_readable(kept), "watches share what is never closed");
        },
    );
}
