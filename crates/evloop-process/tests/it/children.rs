//! Children that are started and waited for.

use std::{io, path::Path, pin::pin, process::Stdio};

use evloop_fixtures::auto_traits;
use evloop_process::{CaptureOverrun, Captured, Child, ChildLost, Command};
use evloop_reactor::Reactor;
use futures_lite::future;

use crate::support::{
    WATCHES, block_on, cat, poll_once, run, shell, sleep_until_ended, with_reactor,
};

#[test]
fn the_types_cross_threads() {
    auto_traits! {
        // type:   Send  Sync  Unpin
        Command:   true  true  true;
        Child:     true  true  true;
        Captured:  true  true  true;
        ChildLost: true  true  true;
        CaptureOverrun: true true true;
    }
}

#[test]
fn the_code_and_the_signal_of_an_end_arrive() {
    use std::os::unix::process::ExitStatusExt;

    run(|watch| async move {
        for code in [0, 1, 3, 255] {
            let status = shell(&format!("exit {code}"), watch).status().await?;
            assert_eq!((status.code(), status.signal()), (Some(code), None));
        }
        let status = shell("kill -TERM $$", watch).status().await?;
        assert_eq!((status.code(), status.signal()), (None, Some(15)));
        Ok(())
    });
}

#[test]
fn a_core_that_was_dumped_is_seen_as_the_standard_library_sees_it() {
    // Whether a core is dumped is up to the system; both see the same, each in a directory of its own.
    fn dumps<R>(name: &str, run: impl FnOnce(&str, &Path) -> R) -> R {
        let dir =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}_{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let ended = run("ulimit -c unlimited 2>/dev/null; kill -ABRT $$", &dir);
        std::fs::remove_dir_all(&dir).unwrap();
        ended
    }

    with_reactor(|reactor| {
        let expected = dumps("core_of_std", |line, dir| {
            let mut command = std::process::Command::new("/bin/sh");
            command
                .args(["-c", line])
                .current_dir(dir)
                .status()
                .unwrap()
        });
        for watch in WATCHES {
            let status = dumps("core_of_ours", |line, dir| {
                block_on(reactor, shell(line, watch).current_dir(dir).status())
            });
            assert_eq!(status.unwrap(), expected);
        }
    });
}

#[test]
fn many_wait_for_one_child_and_all_get_the_same() {
    run(|watch| async move {
        let mut child = cat(watch);
        let stdin = child.stdin.take();
        let child = &child;
        let mut waiters: Vec<_> = (0..10).map(|_| Box::pin(child.wait())).collect();
        for waiter in &mut waiters {
            assert!(poll_once(waiter.as_mut()).is_pending());
        }
        drop(stdin);
        for waiter in waiters {
            assert!(waiter.await?.success());
        }
        assert!(child.wait().await?.success());
        assert!(child.try_wait()?.unwrap().success());
        assert_eq!(child.id(), None);
        Ok(())
    });
}

#[test]
fn a_wait_that_was_dropped_leaves_the_next_one_everything() {
    run(|watch| async move {
        let mut child = cat(watch);
        for _ in 0..3 {
            assert!(poll_once(pin!(child.wait())).is_pending());
        }
        child.stdin = None;
        assert!(child.wait().await?.success());
        Ok(())
    });
}

#[test]
fn a_child_that_ended_before_anybody_waited_is_known_at_once() {
    run(|watch| async move {
        let child = shell("exit 4", watch).spawn()?;
        sleep_until_ended(&child);
        assert_eq!(child.try_wait()?.and_then(|status| status.code()), Some(4));

        let child = shell("exit 5", watch).spawn()?;
        sleep_until_ended(&child);
        assert_eq!(child.wait().await?.code(), Some(5));
        Ok(())
    });
}

#[test]
fn try_wait_says_that_a_child_runs() {
    run(|watch| async move {
        let child = cat(watch);
        assert_eq!(child.try_wait()?, None);
        assert!(child.id().is_some());
        child.kill()?;
        assert!(!child.wait().await?.success());
        Ok(())
    });
}

#[test]
fn waiters_are_woken_when_somebody_else_asks_first() {
    run(|watch| async move {
        let mut child = cat(watch);
        let stdin = child.stdin.take();
        let mut waiter = pin!(child.wait());
        assert!(poll_once(waiter.as_mut()).is_pending());
        drop(stdin);
        while child.try_wait()?.is_none() {
            future::yield_now().await;
        }
        assert!(waiter.await?.success());
        Ok(())
    });
}

#[test]
fn a_child_is_waited_for_while_another_thread_turns_its_reactor() {
    with_reactor(|reactor| {
        for watch in WATCHES {
            let mut child = cat(watch);
            let waiter = evloop_fixtures::in_thread(move || {
                child.stdin = None;
                evloop_fixtures::block_on(child.wait())
            });
            let joined = async {
                while !waiter.is_finished() {
                    future::yield_now().await;
                }
            };
            block_on(reactor, joined);
            assert!(evloop_fixtures::join(waiter).unwrap().success());
        }
    });
}

#[test]
fn a_reactor_that_is_gone_is_an_error_for_who_waits_and_not_for_who_asks() {
    with_reactor(|_| {
        let other = Reactor::new().unwrap();
        let mut child = Command::new("/bin/cat")
            .stdin(Stdio::piped())
            .spawn_in(&other.handle())
            .unwrap();
        drop(other);
        let error = evloop_fixtures::block_on(child.wait()).unwrap_err();
        assert!(error.to_string().contains("reactor"), "{error}");

        child.stdin = None;
        sleep_until_ended(&child);
        assert!(child.try_wait().unwrap().unwrap().success());
        // Whoever waits now has nothing to wait for.
        assert!(evloop_fixtures::block_on(child.wait()).unwrap().success());
    });
}

#[test]
fn programs_get_arguments_environment_and_directory() {
    run(|watch| async move {
        let mut command = Command::new("/bin/sh");
        watch(&mut command);
        command
            .args(["-c", "echo $0 $1 $A $B$C; pwd"])
            .arg("zero")
            .arg("one two")
            .envs([("A", "a"), ("B", "b")])
            .env("C", "c")
            .env_remove("B")
            .current_dir("/");
        let output = command.output().await?;
        assert_eq!(output.stdout, b"zero one two a c\n/\n");
        command.env_clear().env("B", "only");
        assert_eq!(command.output().await?.stdout, b"zero one two only\n/\n");
        assert_eq!(command.as_std().get_program(), "/bin/sh");
        Ok(())
    });
}

#[test]
fn what_output_sets_is_not_set_afterwards() {
    run(|watch| async move {
        let mut command = shell("echo out; echo err >&2", watch);
        let output = command.output().await?;
        assert_eq!(output.stdout, b"out\n");
        assert_eq!(output.stderr, b"err\n");

        command.stdout(Stdio::null());
        let output = command.output().await?;
        assert_eq!(output.stdout, b"");
        assert_eq!(output.stderr, b"err\n");

        command.as_std_mut().args(["x"]);
        command.stderr(Stdio::null());
        let child = command.spawn()?;
        assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
        assert!(child.wait().await?.success());
        io::Result::Ok(())
    });
}
