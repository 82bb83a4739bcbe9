//! Children: whoever stops waiting leaves them to be waited for, and their pipes where they are.

use std::cell::RefCell;
use std::pin::pin;
use std::process::Stdio;
use std::task::Waker;
use std::time::Duration;

use evloop::process::{Child, Command};
use evloop::sync::Lock;
use evloop::{gather, sleep};
use evloop_reactor::Reactor;
use evloop_test::CancelAtEachAwait;
use futures_lite::AsyncReadExt;
use futures_lite::future::{block_on, poll_once};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::SECOND;

/// A cat, and the reactor that a test turns when it wants to.
struct Cat {
    reactor: RefCell<Reactor>,
    id: u32,
    child: Lock<Child>,
}

impl Cat {
    fn new() -> Self {
        let reactor = Reactor::new().expect("the system has descriptors");
        let mut command = Command::new("/bin/cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn_in(&reactor.handle()).expect("there is a cat");
        Self {
            reactor: RefCell::new(reactor),
            id: child.id().expect("nobody has reaped it"),
            child: Lock::new(child),
        }
    }

    /// A cat that is stopped until it [goes on](Self::goes_on): none of its bytes is there before.
    fn stopped() -> Self {
        let cat = Self::new();
        kill_process(cat.pid(), Signal::STOP).expect("it is ours");
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(cat.pid()), options).expect("it is not reaped");
        cat
    }

    fn goes_on(&self) {
        kill_process(self.pid(), Signal::CONT).expect("nobody has reaped it");
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.id.cast_signed()).expect("it has a number")
    }

    /// Sleeps until the cat has ended, and wakes who waits for that.
    fn has_ended(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid()), options).expect("it is not reaped");
        self.turn(Some(Duration::ZERO));
    }

    fn turn(&self, timeout: Option<Duration>) {
        let mut woken = Vec::new();
        let mut reactor = self.reactor.borrow_mut();
        reactor
            .poll(timeout, &mut woken)
            .expect("the reactor works");
        woken.drain(..).for_each(Waker::wake);
    }

    /// Runs `fut` to its end, and turns the reactor between its polls.
    fn block_on<T>(&self, fut: impl Future<Output = T>) -> T {
        let mut fut = pin!(fut);
        loop {
            match block_on(poll_once(fut.as_mut())) {
                Some(output) => return output,
                None => self.turn(None),
            }
        }
    }
}

#[test]
fn a_wait_for_a_child() {
    let report = CancelAtEachAwait::new().check_with(
        Cat::new,
        async |cat: &Cat| {
            let mut child = cat.child.acquire().await;
            let stdin = child.stdin.take();
            let ends = async {
                sleep(SECOND).await;
                drop(stdin);
                cat.has_ended();
            };
            let (status, ()) = gather((child.wait(), ends)).await;
            assert!(status.expect("it is ours").success());
        },
        |cat, _run| {
            // Whatever became of the wait, the child is there for the next.
            let status = cat.block_on(async {
                let mut child = cat.child.acquire().await;
                child.stdin = None;
                child.wait().await
            });
            assert!(status.expect("it is ours").success());
        },
    );
    assert!(report.n_suspensions >= 1, "{report:?}");
}

#[test]
fn a_communication_with_a_child() {
    let report = CancelAtEachAwait::new().check_with(
        Cat::stopped,
        async |cat: &Cat| {
            let mut child = cat.child.acquire().await;
            let ends = async {
                sleep(SECOND).await;
                cat.goes_on();
                cat.has_ended();
            };
            let (captured, ()) = gather((child.communicate("x"), ends)).await;
            let captured = captured.expect("pipes work");
            assert_eq!(captured.stdout.as_deref(), Some(&b"x"[..]));
        },
        |cat, run| {
            if run.fault().is_some() {
                cat.goes_on();
            }
            let status = cat.block_on(async {
                let mut child = cat.child.acquire().await;
                child.stdin = None;
                // The pipe is there to be read to its end, unless that was done.
                let stdout = child.stdout.take();
                assert_eq!(stdout.is_none(), run.fault().is_none());
                if let Some(mut stdout) = stdout {
                    stdout.read_to_end(&mut Vec::new()).await?;
                }
                child.wait().await
            });
            assert!(status.expect("it is ours").success());
        },
    );
    assert!(report.n_suspensions >= 1, "{report:?}");
}
