//! What is refused, and calls that come too late.

use std::{ffi::OsStr, io::ErrorKind, path::Path, process::Command as StdCommand, sync::Arc};

use evloop_fixtures::{block_on as wait_for, in_thread, join};
use evloop_process::Command;

use crate::support::{WATCHES, alone, block_on, cat, fd_count, has_children, run, with_reactor};

type MakeWrong<'a> = &'a dyn Fn(&mut StdCommand);

#[test]
fn e18_commands_that_cannot_be_started_are_errors_of_the_kinds_of_the_standard_library() {
    alone(
        "refusals::e18_commands_that_cannot_be_started_are_errors_of_the_kinds_of_the_standard_library",
        |_| {
            let long = "x".repeat(4 << 20);
            let wrong: [(&str, MakeWrong<'_>); 7] = [
                ("", &|_| {}),
                ("/bin/tr\0ue", &|_| {}),
                ("/bin/true", &|command| {
                    command.arg("a\0b");
                }),
                ("/bin/true", &|command| {
                    command.env("A", "a\0b");
                }),
                ("/bin/true", &|command| {
                    command.current_dir("/none/such");
                }),
                ("/bin/true", &|command| {
                    use std::os::unix::process::CommandExt;
                    // A user that no system has.
                    command.uid(u32::MAX);
                }),
                ("/bin/true", &|command| {
                    command.arg(&long);
                }),
            ];
            let before = fd_count();
            for (program, make_wrong) in wrong {
                for watch in WATCHES {
                    let mut expected = StdCommand::new(program);
                    make_wrong(&mut expected);
                    let expected = expected.spawn().unwrap_err();
                    let mut command = Command::new(program);
                    watch(&mut command);
                    make_wrong(command.as_std_mut());
                    let error = command.spawn().unwrap_err();
                    assert_eq!(error.kind(), expected.kind(), "{error}");
                    let named = format!(
                        "failed to start `{}`",
                        command.as_std().get_program().display()
                    );
                    assert!(error.to_string().starts_with(&named), "{error}");
                    assert!(!has_children());
                    assert_eq!(fd_count(), before);
                }
            }
        },
    );
}

#[test]
fn e18_a_directory_that_is_missing_is_named() {
    with_reactor(|_| {
        let error = Command::new("/bin/true")
            .current_dir("/none/such")
            .spawn()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(
            error.to_string().contains("`/bin/true` in `/none/such`"),
            "{error}"
        );
        let source = std::error::Error::source(error.get_ref().unwrap()).unwrap();
        assert!(source.is::<std::io::Error>(), "{source}");
    });
}

#[test]
fn e18_variables_that_would_become_others_are_refused() {
    with_reactor(|_| {
        for name in ["A=B", "=", ""] {
            let error = Command::new("/bin/true")
                .env(name, "x")
                .spawn()
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
    });
}

#[test]
fn e18_one_descriptor_may_be_several_streams() {
    run(|watch| async move {
        let (reader, writer) = std::io::pipe()?;
        let mut command = Command::shell("echo a; echo b >&2");
        watch(&mut command);
        command.stdout(writer.try_clone()?).stderr(writer);
        assert!(command.status().await?.success());
        drop(command);
        assert_eq!(std::io::read_to_string(reader)?, "a\nb\n");
        Ok(())
    });
}

#[test]
fn e18_outside_of_every_reactor_nothing_is_started() {
    let mark = "/none/such/program";
    let error = Command::new(mark)
        .current_dir(Path::new("/"))
        .spawn()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(error.to_string().contains(mark), "{error}");
    assert_eq!(Command::new(OsStr::new(mark)).as_std().get_program(), mark);
}

#[test]
fn e19_calls_after_the_end_are_answered_without_the_system() {
    run(|watch| async move {
        let mut child = cat(watch);
        child.stdin = None;
        let status = child.wait().await?;
        for _ in 0..2 {
            assert_eq!(child.wait().await?, status);
            assert_eq!(child.try_wait()?, Some(status));
            assert_eq!(child.id(), None);
            for refused in [child.kill(), child.terminate(), child.send_signal(1)] {
                assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
            }
        }
        Ok(())
    });
}

#[test]
fn e19_a_hundred_kill_and_wait_for_one_child_at_once() {
    with_reactor(|reactor| {
        for watch in WATCHES {
            let child = Arc::new(cat(watch));
            let threads: Vec<_> = (0..100)
                .map(|_| {
                    let child = Arc::clone(&child);
                    in_thread(move || {
                        if let Err(error) = child.kill() {
                            assert_eq!(error.kind(), ErrorKind::NotFound);
                        }
                        wait_for(child.wait()).unwrap()
                    })
                })
                .collect();
            let all_ended = async {
                while !threads.iter().all(|thread| thread.is_finished()) {
                    futures_lite::future::yield_now().await;
                }
            };
            block_on(reactor, all_ended);
            let statuses: Vec<_> = threads.into_iter().map(join).collect();
            assert!(statuses.iter().all(|status| *status == statuses[0]));
            assert_eq!(child.id(), None);
        }
    });
}
