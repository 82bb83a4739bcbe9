//! The models of a group's word and list.

#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::task::{Context, Wake, Waker};

use evloop_cancel::CancelScope;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::group::roster::Roster;

pub(crate) fn an_admission_meets_the_end() {
    let roster = Roster::new(CancelScope::new(), usize::MAX);
    drop(roster.enter());
    let theirs = std::sync::Arc::clone(&roster);
    let spawner = thread::spawn(move || theirs.admit().ok());

    let ended = roster.try_end();

    let admitted = spawner.join().unwrap();
    if ended {
        // Whoever was in time has left by then, or came too late.
        assert!(admitted.is_none());
        assert_eq!(roster.n_children(), 0);
    } else {
        assert_eq!(roster.n_children(), usize::from(admitted.is_some()));
    }
    drop(admitted);
    assert!(roster.try_end(), "nobody is left");
}

/// Notes that it was woken.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub(crate) fn the_last_child_meets_the_wait() {
    let roster = Roster::new(CancelScope::new(), usize::MAX);
    drop(roster.enter());
    let member = roster.admit().unwrap();
    let child = thread::spawn(move || drop(member));

    let woken = std::sync::Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(std::sync::Arc::clone(&woken));
    let ended = roster.try_end() || roster.wait(&Context::from_waker(&waker));

    child.join().unwrap();
    assert!(
        ended || woken.0.load(Ordering::SeqCst),
        "the group waits for ever"
    );
    assert!(roster.try_end());
}
