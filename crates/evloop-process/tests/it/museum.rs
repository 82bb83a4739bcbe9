//! Bugs of other runtimes that children had there.

use std::{
    fs,
    io::{self, ErrorKind, Read, Write},
    path::Path,
    pin::pin,
    process::Stdio,
};

use evloop_fixtures::{in_thread, join};
use evloop_process::Command;
use evloop_reactor::Reactor;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::process::test_kill_process;

use crate::support::{
    WATCHES, alone, block_on, cat, fd_count, has_children, pid, poll_once, run, shell, until,
};

/// Each of the children ends with a status of its own, by which a mix-up would show.
async fn run_children(count: i32, watch: fn(&mut Command)) -> io::Result<()> {
    let children: Vec<_> = (0..count)
        .map(|number| shell(&format!("exit {}", number % 256), watch).spawn())
        .collect::<Result<_, _>>()?;
    for (number, child) in (0..count).zip(children) {
        assert_eq!(child.wait().await?.code(), Some(number % 256));
    }
    Ok(())
}

#[test]
fn museum_bm97_two_loops_and_the_host_each_reap_their_own_children() {
    alone(
        "museum::museum_bm97_two_loops_and_the_host_each_reap_their_own_children",
        |reactor| {
            let before = fd_count();
            let of_host = std::process::Command::new("/bin/true").spawn().unwrap();
            let loops: Vec<_> = WATCHES
                .into_iter()
                .map(|watch| {
                    in_thread(move || {
                        let mut reactor = Reactor::new().unwrap();
                        let _entered = reactor.enter();
                        block_on(&mut reactor, run_children(100, watch)).unwrap();
                    })
                })
                .collect();
            block_on(reactor, run_children(100, WATCHES[0])).unwrap();
            loops.into_iter().for_each(join);
            // Nobody has reaped it: it is there to be waited for.
            let mut of_host = of_host;
            assert!(of_host.wait().unwrap().success());
            assert!(!has_children());
            until(|| fd_count() == before);
        },
    );
}

#[test]
fn museum_bm97_five_hundred_children_at_once_all_end_and_leave_nothing() {
    alone(
        "museum::museum_bm97_five_hundred_children_at_once_all_end_and_leave_nothing",
        |reactor| {
            let before = fd_count();
            block_on(reactor, run_children(500, WATCHES[0])).unwrap();
            assert!(!has_children());
            assert_eq!(fd_count(), before);
        },
    );
}

#[test]
fn museum_bm98_a_kill_after_the_end_is_refused() {
    run(|watch| async move {
        let child = cat(watch);
        let number = pid(&child);
        child.kill()?;
        child.wait().await?;
        // The number is free: a signal to it could reach anybody.
        assert!(test_kill_process(number).is_err());
        for refused in [child.kill(), child.terminate(), child.send_signal(9)] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
        }
        Ok(())
    });
}

#[test]
fn museum_bm98_readiness_that_means_nothing_is_waited_out() {
    // Polled far more often than woken: each poll that finds the child running has to go on waiting.
    run(|watch| async move {
        let mut child = cat(watch);
        let stdin = child.stdin.take();
        let mut waiter = pin!(child.wait());
        for _ in 0..100 {
            assert!(poll_once(waiter.as_mut()).is_pending());
            assert_eq!(child.try_wait()?, None);
        }
        drop(stdin);
        assert!(waiter.await?.success());
        Ok(())
    });
}

#[test]
fn museum_bm99_a_grandchild_that_holds_the_pipe_does_not_delay_the_wait() {
    run(|watch| async move {
        // The grandchild lives until its input ends, which is held here.
        let mut child = shell("exec 3<&0; cat <&3 & exit 3", watch)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (stdin, mut stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        assert_eq!(child.wait().await?.code(), Some(3));
        // The pipe is indeed still open.
        assert!(poll_once(pin!(stdout.read(&mut [0]))).is_pending());
        drop(stdin);
        assert_eq!(stdout.read(&mut [0]).await?, 0);
        Ok(())
    });
}

#[test]
fn museum_bm99_output_that_is_given_up_blocks_nobody_and_leaves_no_zombie() {
    alone(
        "museum::museum_bm99_output_that_is_given_up_blocks_nobody_and_leaves_no_zombie",
        |_| {
            for watch in WATCHES {
                // It writes nothing meanwhile, which would end it: nobody reads any more.
                let mut command = shell("exec cat", watch);
                let (reader, writer) = io::pipe().unwrap();
                command.stdin(reader);
                assert!(poll_once(pin!(command.output())).is_pending());
                // It was not killed: it goes on until its input ends.
                assert!(has_children());
                drop(writer);
                drop(command);
                until(|| !has_children());
            }
        },
    );
}

/// The signal set of `field` of a process's status.
fn signal_set(status: &str, field: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    u64::from_str_radix(line.rsplit('\t').next().unwrap(), 16).unwrap()
}

#[test]
fn museum_bm100_a_child_begins_with_signals_and_descriptors_as_they_are_by_default() {
    run(|watch| async move {
        let mut child = cat(watch);
        let status = fs::read_to_string(format!("/proc/{}/status", pid(&child).as_raw_pid()))?;
        assert_eq!(signal_set(&status, "SigBlk:"), 0);
        /// The bit of SIGPIPE, which Rust programs ignore.
        const PIPE: u64 = 1 << 12;
        assert_eq!(signal_set(&status, "SigIgn:") & PIPE, 0);
        assert_ne!(
            signal_set(&fs::read_to_string("/proc/self/status")?, "SigIgn:") & PIPE,
            0
        );
        child.communicate([]).await?;
        Ok(())
    });
}

#[test]
fn museum_bm100_a_child_has_its_streams_and_no_other_descriptor_of_ours() {
    alone(
        "museum::museum_bm100_a_child_has_its_streams_and_no_other_descriptor_of_ours",
        |reactor| {
            let mut host = std::process::Command::new("/bin/cat")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            // It has answered: what its loader had open is closed.
            let mut byte = *b"x";
            let (mut to_host, from_host) = (host.stdin.take().unwrap(), host.stdout.as_mut());
            to_host.write_all(&byte).unwrap();
            from_host.unwrap().read_exact(&mut byte).unwrap();
            // What a child of the standard library has, whatever this process was started with.
            let expected = open_fds_of(&host.id().to_string());
            for watch in WATCHES {
                // Pipes, descriptors of children and, for one that is dropped, the reaper's.
                let (other, mut dropped) = (cat(watch), cat(WATCHES[0]));
                let input = dropped.stdin.take();
                drop(dropped);
                let mut child = cat(watch);
                let answered = async {
                    child.stdin.as_mut().unwrap().write_all(&byte).await?;
                    child.stdout.as_mut().unwrap().read(&mut [0]).await
                };
                assert_eq!(block_on(reactor, answered).unwrap(), 1);
                assert_eq!(open_fds_of(&pid(&child).to_string()), expected);
                drop((other, input));
            }
            drop(to_host);
            assert!(host.wait().unwrap().success());
        },
    );
}

#[test]
fn museum_bm100_every_descriptor_of_ours_is_closed_on_exec() {
    alone(
        "museum::museum_bm100_every_descriptor_of_ours_is_closed_on_exec",
        |reactor| {
            let before = open_fds_of("self");
            let (piped, merged) = block_on(reactor, async {
                let mut command = shell("exec cat", WATCHES[0]);
                command.stdin(Stdio::piped()).merge_stderr();
                (cat(WATCHES[0]), command.spawn().unwrap())
            });
            let ours: Vec<_> = open_fds_of("self")
                .into_iter()
                .filter(|fd| !before.contains(fd))
                .collect();
            // Two pipes and the process, of each.
            assert_eq!(ours.len(), 6, "{ours:?}");
            for fd in ours {
                let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap();
                let flags = info
                    .lines()
                    .find_map(|line| line.strip_prefix("flags:"))
                    .unwrap();
                let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
                assert_ne!(flags & 0o2_000_000, 0, "{fd} is inherited: {info}");
            }
            drop((piped, merged));
            until(|| !has_children());
        },
    );
}

/// The numbers of all descriptors of a process, without that of the listing, which is closed by then.
fn open_fds_of(process: &str) -> Vec<i32> {
    let path = format!("/proc/{process}/fd");
    let entries = fs::read_dir(&path).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    let mut numbers: Vec<i32> = names
        .iter()
        .filter(|name| fs::read_link(Path::new(&path).join(name)).is_ok())
        .map(|name| name.to_str().unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers
}
