//! Signals for children.

use std::{io::ErrorKind, os::unix::process::ExitStatusExt, pin::pin, process::Stdio};

use futures_lite::AsyncReadExt;
use rustix::process::{Signal, WaitId, WaitIdOptions, waitid};

use crate::support::{cat, pid, poll_once, run, shell, sleep_until_ended};

#[test]
fn each_signal_does_what_it_does() {
    run(|watch| async move {
        let child = cat(watch);
        child.terminate()?;
        assert_eq!(child.wait().await?.signal(), Some(15));
        let child = cat(watch);
        child.kill()?;
        child.kill()?;
        assert_eq!(child.wait().await?.signal(), Some(9));
        let child = cat(watch);
        child.send_signal(Signal::HUP.as_raw())?;
        assert_eq!(child.wait().await?.signal(), Some(1));
        Ok(())
    });
}

#[test]
fn a_child_that_is_stopped_and_continued_has_not_ended() {
    run(|watch| async move {
        let mut child = cat(watch);
        let stdin = child.stdin.take();
        let mut waiter = pin!(child.wait());
        assert!(poll_once(waiter.as_mut()).is_pending());
        for (signal, change) in [
            (Signal::STOP, WaitIdOptions::STOPPED),
            (Signal::CONT, WaitIdOptions::CONTINUED),
        ] {
            child.send_signal(signal.as_raw())?;
            // Sleeps until the system has done it.
            waitid(WaitId::Pid(pid(&child)), change)?;
            assert_eq!(child.try_wait()?, None);
            assert!(poll_once(waiter.as_mut()).is_pending());
        }
        drop(stdin);
        assert!(waiter.await?.success());
        Ok(())
    });
}

#[test]
fn a_stopped_child_is_killed_all_the_same() {
    run(|watch| async move {
        let child = cat(watch);
        child.send_signal(Signal::STOP.as_raw())?;
        child.kill()?;
        assert_eq!(child.wait().await?.signal(), Some(9));
        Ok(())
    });
}

#[test]
fn numbers_that_are_no_signals_are_refused() {
    run(|watch| async move {
        let child = cat(watch);
        for number in [0, -1, 65, 1000, i32::MAX] {
            let error = child.send_signal(number).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
        let error = child.send_signal_to_group(9).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert_eq!(child.try_wait()?, None);
        child.kill()?;
        child.wait().await?;
        Ok(())
    });
}

#[test]
fn real_time_signals_arrive() {
    run(|watch| async move {
        for number in [libc::SIGRTMIN(), libc::SIGRTMIN() + 1, libc::SIGRTMAX()] {
            let child = cat(watch);
            child.send_signal(number)?;
            assert_eq!(child.wait().await?.signal(), Some(number));
        }
        let child = cat(watch);
        // Those before the first are the C library's.
        for number in [libc::SIGRTMIN() - 1, libc::SIGRTMAX() + 1] {
            let error = child.send_signal(number).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
        child.kill()?;
        child.wait().await?;
        Ok(())
    });
}

#[test]
fn a_signal_between_the_end_and_the_wait_changes_nothing() {
    run(|watch| async move {
        let child = shell("exit 3", watch).spawn()?;
        sleep_until_ended(&child);
        match child.kill() {
            Ok(()) => {}
            // The thread that waits for it has reaped it.
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound),
        }
        assert_eq!(child.wait().await?.code(), Some(3));
        Ok(())
    });
}

#[test]
fn a_group_gets_a_signal_with_the_children_of_the_child() {
    run(|watch| async move {
        // The grandchild holds the pipe, so its end shows that both are gone.
        let mut child = shell("exec 3<&0; cat <&3 & echo up; cat <&3", watch)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 3]).await?;

        child.send_signal_to_group(9)?;

        stdout.read_to_end(&mut Vec::new()).await?;
        assert_eq!(child.wait().await?.signal(), Some(9));
        let error = child.send_signal_to_group(9).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        Ok(())
    });
}
