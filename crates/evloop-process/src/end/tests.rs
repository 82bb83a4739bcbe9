//! No system call after the end, and what statuses look like.

use std::{cell::Cell, process::Command};

use rustix::process::{Signal, getpgrp, getpid};

use super::{End, Ending, Pid, WaitId};

/// A child that has ended and was reaped, as `line` wants.
fn reaped(line: &str) -> Ending {
    let child = Command::new("/bin/sh").args(["-c", line]).spawn();
    let ending = Ending::new(Pid::from_child(&child.expect("there is a shell")));
    while ending
        .reap(WaitId::Pid(ending.pid()))
        .expect("it may be waited for")
        .is_none()
    {
        std::thread::yield_now();
    }
    ending
}

#[test]
fn after_the_end_the_system_is_not_asked_for_a_signal() {
    let ending = reaped("exit 0");
    let calls = Cell::new(0);

    let refused = ending.signal(|| {
        calls.set(calls.get() + 1);
        Ok(())
    });

    assert_eq!(
        refused.map_err(|error| error.kind()),
        Err(std::io::ErrorKind::NotFound)
    );
    assert_eq!(calls.get(), 0);
}

#[test]
fn before_the_end_a_signal_is_sent_once() {
    let ending = Ending::new(getpid());
    let calls = Cell::new(0);

    let sent = ending.signal(|| {
        calls.set(calls.get() + 1);
        Ok(())
    });

    assert!(sent.is_ok());
    assert_eq!(calls.get(), 1);
}

#[test]
fn a_number_that_is_no_child_of_ours_gets_no_signal() {
    // This process is none.
    let refused = Ending::new(getpid()).signal_by_number(Signal::CONT);
    // And leads no group of ours: whoever started it does.
    let group = WaitId::Pid(getpgrp());
    let group = Ending::new(getpgrp()).signal_group(group, Signal::CONT);

    for refused in [refused, group] {
        assert_eq!(
            refused.map_err(|error| error.kind()),
            Err(std::io::ErrorKind::NotFound)
        );
    }
}

#[test]
fn statuses_are_those_of_the_standard_library() {
    for line in [
        "exit 0",
        "exit 1",
        "exit 255",
        "kill -9 $$",
        "kill -TERM $$",
    ] {
        let ending = reaped(line);
        let expected = Command::new("/bin/sh").args(["-c", line]).status();
        let expected = expected.expect("there is a shell");
        match ending.known() {
            Some(End::Exited(status)) => assert_eq!(status, expected, "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
}
