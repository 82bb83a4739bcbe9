//! F23: the system refuses the process itself.

use std::{error::Error, io, os::unix::process::CommandExt, process::Stdio};

use evloop_process::Command;
use rustix::{
    io::Errno,
    process::{Resource, geteuid, getrlimit, setrlimit},
};

use crate::{
    ignoring::have_no_more_children,
    support::{WATCHES, alone, alone_as, block_on, fd_count, has_children, say_skipped},
};

/// Requires that no way to start a program succeeds, that the error says why, and that nothing is left.
fn is_refused(expected: Errno) {
    let before = fd_count();
    for watch in WATCHES {
        for merges in [false, true] {
            let mut command = Command::new("/bin/cat");
            watch(&mut command);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            if merges {
                command.merge_stderr();
            }
            let error = command.spawn().unwrap_err();
            let of_system = io::Error::from(expected);
            assert_eq!(error.kind(), of_system.kind(), "{error}");
            let text = format!("failed to start `/bin/cat`: {of_system}");
            assert_eq!(error.to_string(), text);
            let source = error.get_ref().and_then(Error::source).unwrap();
            let source = source.downcast_ref::<io::Error>().unwrap();
            assert_eq!(source.raw_os_error(), Some(expected.raw_os_error()));
            assert!(!has_children());
            assert_eq!(fd_count(), before);
        }
    }
}

#[test]
fn fault_f23_a_user_with_too_many_processes_gets_an_error_and_leaves_nothing() {
    const NAME: &str =
        "refused_forks::fault_f23_a_user_with_too_many_processes_gets_an_error_and_leaves_nothing";
    alone_as(
        NAME,
        |command| {
            if geteuid().is_root() {
                // The limit does not hold for root. To whom this number belongs does not matter.
                command.uid(65_534).gid(65_534);
            }
        },
        |reactor| {
            let limit = getrlimit(Resource::Nproc);
            let mut none = limit;
            none.current = Some(0);
            setrlimit(Resource::Nproc, none).unwrap();
            is_refused(Errno::AGAIN);

            // It was not the command: with the limit of before it starts.
            setrlimit(Resource::Nproc, limit).unwrap();
            let child = Command::new("/bin/true").spawn().unwrap();
            assert!(block_on(reactor, child.wait()).unwrap().success());
        },
    );
}

#[test]
fn fault_f23_without_memory_for_a_process_there_is_an_error_and_nothing_left() {
    const NAME: &str =
        "refused_forks::fault_f23_without_memory_for_a_process_there_is_an_error_and_nothing_left";
    alone(NAME, |_| match have_no_more_children() {
        Ok(()) => is_refused(Errno::NOMEM),
        Err(error) => say_skipped(NAME, &format!("no namespace of processes: {error}")),
    });
}
