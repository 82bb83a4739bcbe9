//! What hosts and systems do to children, and starts that fail half-way.

use std::{
    fs::File,
    io::{self, ErrorKind},
    pin::pin,
    process::Stdio,
};

use evloop_process::{ChildLost, Command};
use rustix::io::Errno;
use rustix::process::{
    Pid, Resource, Signal, WaitId, WaitIdOptions, getrlimit, kill_process, setrlimit, waitid,
};

use crate::ignoring::ignore_sigchld;
use crate::support::{
    WATCHES, alone, block_on, cat, fd_count, has_children, pid, poll_once, run, shell,
    sleep_until_ended, steal, until, with_reactor,
};

fn is_lost(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<ChildLost>())
}

#[test]
fn fault_f22_a_child_that_is_killed_from_outside_is_known_by_its_signal() {
    use std::os::unix::process::ExitStatusExt;

    run(|watch| async move {
        let child = cat(watch);
        kill_process(pid(&child), Signal::SEGV)?;
        assert_eq!(child.wait().await?.signal(), Some(11));
        Ok(())
    });
}

#[test]
fn fault_f22_a_child_that_the_host_reaped_is_lost_for_who_waits_already() {
    with_reactor(|reactor| {
        let child = cat(WATCHES[0]);
        let mut waiter = pin!(child.wait());
        assert!(poll_once(waiter.as_mut()).is_pending());
        kill_process(pid(&child), Signal::KILL).unwrap();
        steal(&child);
        let error = block_on(reactor, waiter).unwrap_err();
        assert!(is_lost(&error), "{error}");
        let error = child.kill().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert_eq!(child.id(), None);
    });
}

#[test]
fn fault_f22_a_child_that_the_host_reaped_is_signalled_no_more() {
    with_reactor(|_| {
        let child = cat(WATCHES[0]);
        kill_process(pid(&child), Signal::KILL).unwrap();
        steal(&child);
        // Nobody has told us, and the system does.
        let error = child.kill().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(is_lost(&child.try_wait().unwrap_err()));
    });
}

#[test]
fn fault_f22_children_are_lost_and_nobody_hangs_where_the_host_ignores_sigchld() {
    alone(
        "faults::fault_f22_children_are_lost_and_nobody_hangs_where_the_host_ignores_sigchld",
        |reactor| {
            ignore_sigchld();
            let before = fd_count();
            for watch in WATCHES {
                for line in ["exit 3", "exec cat"] {
                    let mut child = shell(line, watch).stdin(Stdio::piped()).spawn().unwrap();
                    child.stdin = None;
                    let error = block_on(reactor, child.wait()).unwrap_err();
                    assert!(is_lost(&error), "{error}");
                    assert!(is_lost(&child.try_wait().unwrap_err()));
                    assert_eq!(child.kill().unwrap_err().kind(), ErrorKind::NotFound);
                }
                // Nobody hangs in the reaper either.
                drop(cat(watch));
            }
            until(|| fd_count() == before);
        },
    );
}

#[test]
fn fault_f22_a_grandchild_that_was_orphaned_is_not_ours() {
    run(|watch| async move {
        // It outlives its parent, and holds no pipe of ours.
        let mut child = shell("(exec cat >/dev/null 2>&1 <&3) 3<&0 & exit 2", watch)
            .stdin(Stdio::piped())
            .spawn()?;
        assert_eq!(child.wait().await?.code(), Some(2));
        child.stdin = None;
        Ok(())
    });
}

#[test]
fn fault_f22_a_stopped_child_that_is_dropped_is_reaped_after_its_end() {
    alone(
        "faults::fault_f22_a_stopped_child_that_is_dropped_is_reaped_after_its_end",
        |_| {
            for watch in WATCHES {
                let child = cat(watch);
                let number = pid(&child);
                child.send_signal(Signal::STOP.as_raw()).unwrap();
                drop(child);
                assert!(has_children());
                kill_process(number, Signal::KILL).unwrap();
                until(|| !has_children());
            }
        },
    );
}

#[test]
fn fault_f23_programs_that_cannot_be_run_leave_nothing() {
    alone(
        "faults::fault_f23_programs_that_cannot_be_run_leave_nothing",
        |_| {
            let before = fd_count();
            for (program, kind) in [
                ("/none/such", ErrorKind::NotFound),
                ("none-such-anywhere", ErrorKind::NotFound),
                ("/dev/null", ErrorKind::PermissionDenied),
                ("/", ErrorKind::PermissionDenied),
            ] {
                for watch in WATCHES {
                    let mut command = Command::new(program);
                    watch(&mut command);
                    command.stdin(Stdio::piped());
                    for merges in [false, true] {
                        if merges {
                            command.merge_stderr();
                        }
                        let error = command.spawn().unwrap_err();
                        assert_eq!(error.kind(), kind, "{error}");
                        assert!(error.to_string().contains(program), "{error}");
                        assert!(!has_children());
                        assert_eq!(fd_count(), before);
                    }
                }
            }
        },
    );
}

#[test]
fn fault_f23_with_any_number_of_descriptors_a_start_succeeds_or_leaves_nothing() {
    alone(
        "faults::fault_f23_with_any_number_of_descriptors_a_start_succeeds_or_leaves_nothing",
        |reactor| {
            let before = fd_count();
            let mut limit = getrlimit(Resource::Nofile);
            limit.current = Some(before as u64 + 40);
            setrlimit(Resource::Nofile, limit).unwrap();
            let (mut succeeded, mut failed) = (0, 0);
            for n_free in 0..12 {
                for merges in [false, true] {
                    let mut taken = take_all();
                    taken.truncate(taken.len() - n_free);
                    let mut command = Command::new("/bin/cat");
                    command.stdin(Stdio::piped()).stdout(Stdio::piped());
                    command.stderr(Stdio::piped());
                    if merges {
                        command.merge_stderr();
                    }
                    let spawned = command.spawn();
                    drop(taken);
                    match spawned {
                        Ok(mut child) => {
                            succeeded += 1;
                            let captured = block_on(reactor, child.communicate("x")).unwrap();
                            assert_eq!(captured.stdout.as_deref(), Some(&b"x"[..]));
                            assert!(captured.status.success());
                        }
                        Err(error) => {
                            failed += 1;
                            assert!(error.to_string().contains("/bin/cat"), "{error}");
                            let source = std::error::Error::source(error.get_ref().unwrap());
                            let source = source.unwrap().downcast_ref::<io::Error>().unwrap();
                            assert_eq!(source.raw_os_error(), Some(24), "{source}");
                        }
                    }
                    assert!(!has_children());
                    assert_eq!(fd_count(), before, "with {n_free} free");
                }
            }
            assert!(succeeded > 4 && failed > 4, "{succeeded} {failed}");
        },
    );
}

/// Sleeps until the child has ended, and leaves it to be reaped.
fn wait_for_end(number: Pid) -> Result<(), Errno> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(number), options).map(drop)
}

/// Every descriptor that the process may still have.
fn take_all() -> Vec<File> {
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(24), "{error}");
                return taken;
            }
        }
    }
}

#[test]
fn fault_f23_children_are_reaped_also_when_the_reaper_gets_no_descriptor() {
    alone(
        "faults::fault_f23_children_are_reaped_also_when_the_reaper_gets_no_descriptor",
        |_| {
            let mut limit = getrlimit(Resource::Nofile);
            limit.current = Some(fd_count() as u64 + 40);
            setrlimit(Resource::Nofile, limit).unwrap();
            let mut children: Vec<_> = (0..5).map(|_| cat(WATCHES[0])).collect();
            // Apart from the children, so that dropping one frees no descriptor.
            let pipes: Vec<_> = children
                .iter_mut()
                .map(|child| (child.stdin.take(), child.stdout.take()))
                .collect();
            let (last, next) = (children.pop().unwrap(), children.pop().unwrap());
            let numbers: Vec<_> = children.iter().map(pid).collect();
            let taken = take_all();
            drop(children);

            // They end, and are reaped when the next one comes, still without a descriptor.
            for number in &numbers {
                kill_process(*number, Signal::KILL).unwrap();
                wait_for_end(*number).unwrap();
            }
            drop(next);
            for number in &numbers {
                assert_eq!(wait_for_end(*number), Err(Errno::CHILD));
            }

            // With descriptors, the thread takes all that are left.
            drop((taken, pipes));
            drop(last);
            until(|| !has_children());
        },
    );
}

#[test]
fn fault_f23_a_reactor_that_is_gone_starts_nothing_that_stays() {
    alone(
        "faults::fault_f23_a_reactor_that_is_gone_starts_nothing_that_stays",
        |_| {
            let gone = evloop_reactor::Reactor::new().unwrap().handle();
            let before = fd_count();
            for merges in [false, true] {
                let mut command = Command::new("/bin/cat");
                command.stdin(Stdio::piped());
                if merges {
                    command.merge_stderr();
                }
                let error = command.spawn_in(&gone).unwrap_err();
                assert!(error.to_string().contains("/bin/cat"), "{error}");
                assert!(!has_children());
                assert_eq!(fd_count(), before);
            }
        },
    );
}

#[test]
fn fault_f22_an_end_before_the_watch_begins_is_an_end_like_others() {
    run(|watch| async move {
        // As many as it takes for some to end first.
        for _ in 0..50 {
            let mut command = Command::new("/bin/true");
            watch(&mut command);
            let child = command.spawn()?;
            sleep_until_ended(&child);
            assert!(child.wait().await?.success());
        }
        Ok(())
    });
}
