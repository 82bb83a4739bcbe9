//! Numbers that are no child's of ours are not watched.

use std::process::Command;

use evloop_reactor::Reactor;
use rustix::process::{Pid, getpid};

use super::{Opened, Pidfd};

fn open(pid: Pid) -> Opened {
    let reactor = Reactor::new().expect("the system has descriptors");
    Pidfd::open(&reactor.handle(), pid).expect("the reactor is there")
}

#[test]
fn another_process_that_got_the_number_is_not_taken_for_the_child() {
    // This process is not its own child.
    assert!(matches!(open(getpid()), Opened::Lost));
}

#[test]
fn a_number_that_was_given_back_is_lost() {
    let mut child = Command::new("/bin/true").spawn().expect("it is there");
    let pid = Pid::from_child(&child);
    child.wait().expect("it is ours");

    // Lost in either case, also if the number is another's by now.
    assert!(matches!(open(pid), Opened::Lost));
}

#[test]
fn a_child_that_has_ended_is_watched_like_others() {
    let mut child = Command::new("/bin/true").spawn().expect("it is there");

    let opened = open(Pid::from_child(&child));

    assert!(!matches!(opened, Opened::Lost));
    child.wait().expect("it is ours");
}
