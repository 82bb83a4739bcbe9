//! Children whose handles are dropped.

use std::process::Stdio;

use evloop_process::Command;
use futures_lite::AsyncReadExt;

use crate::support::{
    WATCHES, alone, block_on, cat, fd_count, has_children, shell, sleep_until_ended, thread_count,
    until,
};

#[test]
fn children_that_are_dropped_are_reaped_by_a_thread_that_ends() {
    alone(
        "orphans::children_that_are_dropped_are_reaped_by_a_thread_that_ends",
        |_| {
            let before = fd_count();
            for _ in 0..3 {
                let children: Vec<_> = (0..50).map(|_| cat(WATCHES[0])).collect();
                let mut stdins = Vec::new();
                for mut child in children {
                    stdins.push(child.stdin.take());
                    drop(child);
                }
                assert!(has_children());
                until(|| thread_count("evloop-orphans") == 1);
                drop(stdins);
                until(|| !has_children());
                until(|| thread_count("evloop-orphans") == 0);
            }
            until(|| fd_count() == before);
        },
    );
}

#[test]
fn children_watched_by_threads_are_reaped_by_those() {
    alone(
        "orphans::children_watched_by_threads_are_reaped_by_those",
        |_| {
            let mut child = cat(WATCHES[1]);
            let stdin = child.stdin.take();
            drop(child);
            until(|| thread_count("evloop-child") == 1);
            assert_eq!(thread_count("evloop-orphans"), 0);
            drop(stdin);
            until(|| !has_children());
            until(|| thread_count("evloop-child") == 0);
        },
    );
}

#[test]
fn a_child_that_has_ended_is_reaped_by_the_drop_itself() {
    alone(
        "orphans::a_child_that_has_ended_is_reaped_by_the_drop_itself",
        |_| {
            for watch in WATCHES {
                let child = shell("exit 0", watch).spawn().unwrap();
                sleep_until_ended(&child);
                drop(child);
                assert!(!has_children());
                assert_eq!(thread_count("evloop-orphans"), 0);
            }
        },
    );
}

#[test]
fn a_dropped_child_runs_on_unless_it_is_to_be_killed() {
    alone(
        "orphans::a_dropped_child_runs_on_unless_it_is_to_be_killed",
        |reactor| {
            for watch in WATCHES {
                for kills in [false, true] {
                    let mut command = shell("read line; echo $line", watch);
                    command.stdin(Stdio::piped()).stdout(Stdio::piped());
                    if kills {
                        command.kill_on_drop();
                    }
                    let mut child = command.spawn().unwrap();
                    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
                    drop(child);
                    let written = block_on(reactor, async {
                        if !kills {
                            let mut stdin = stdin.unwrap();
                            futures_lite::AsyncWriteExt::write_all(&mut stdin, b"on\n").await?;
                        }
                        // While the input is open: a child that was not killed would wait for ever.
                        let mut text = String::new();
                        stdout.unwrap().read_to_string(&mut text).await?;
                        std::io::Result::Ok(text)
                    });
                    assert_eq!(written.unwrap(), if kills { "" } else { "on\n" });
                    until(|| !has_children());
                }
            }
        },
    );
}

#[test]
fn a_group_is_killed_with_the_child_that_leads_it() {
    alone(
        "orphans::a_group_is_killed_with_the_child_that_leads_it",
        |reactor| {
            for watch in WATCHES {
                let mut child = shell("exec 3<&0; cat <&3 & echo up; cat <&3", watch)
                    .process_group(0)
                    .kill_on_drop()
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let (_stdin, stdout) = (child.stdin.take(), child.stdout.take());
                let mut stdout = stdout.unwrap();
                block_on(reactor, async {
                    stdout.read_exact(&mut [0; 3]).await?;
                    drop(child);
                    // The grandchild holds it too.
                    stdout.read_to_end(&mut Vec::new()).await
                })
                .unwrap();
                until(|| !has_children());
            }
        },
    );
}

#[test]
fn a_future_that_is_dropped_leaves_its_child_to_be_reaped() {
    alone(
        "orphans::a_future_that_is_dropped_leaves_its_child_to_be_reaped",
        |_| {
            for watch in WATCHES {
                let mut command = Command::new("/bin/cat");
                watch(&mut command);
                let (reader, writer) = std::io::pipe().unwrap();
                command.stdin(reader).kill_on_drop();
                assert!(crate::support::poll_once(std::pin::pin!(command.output())).is_pending());
                until(|| !has_children());
                drop(writer);
            }
        },
    );
}
