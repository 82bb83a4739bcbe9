//! Processes that end while tasks live: such as sleep, wait for bytes, or for a thread that does not end.

use std::future::pending;
use std::mem::forget;
use std::sync::mpsc;
use std::time::Duration;

use evloop::{Handle, UnixStream, create_task, sleep, to_thread, yield_now};
use futures_lite::AsyncReadExt;

use crate::kept::{Kept, hold};
use crate::{new_loop, new_runtime, say};

const LONG: Duration = Duration::from_secs(3600);

/// Returns when each of the tasks is where it stays.
async fn leave_tasks() {
    create_task(sleep(LONG)).detach();
    create_task(pending::<()>()).detach();
    let (mut ours, theirs) = UnixStream::pair().expect("the system has descriptors");
    create_task(async move {
        let read = ours.read(&mut [0]).await;
        drop((read, theirs));
    })
    .detach();
    let (blocked, is_blocked) = evloop::channel::oneshot::channel();
    create_task(async move {
        let blocked_for_ever = to_thread(move || {
            let (kept, never) = mpsc::channel::<()>();
            blocked.send(()).expect("it is waited for");
            drop((never.recv(), kept));
        });
        drop(blocked_for_ever.await);
    })
    .detach();
    is_blocked.await.expect("it is sent");
    // One that has not begun, and one that always runs.
    create_task(async {
        loop {
            yield_now().await;
        }
    })
    .detach();
    create_task(async {}).detach();
}

fn run<F: Future<Output = ()> + Send + 'static>(flavour: &str, body: impl FnOnce() -> F) {
    match flavour {
        "loop" => {
            let event_loop = new_loop();
            event_loop.run_until_complete(body()).expect("it ends");
            // Nobody closes it.
            forget(event_loop);
        }
        "runtime" => {
            let runtime = new_runtime();
            let task = runtime.create_task(body());
            runtime
                .block_on(task)
                .expect("it is open")
                .expect("it ends");
            forget(runtime);
        }
        _ => panic!("`{flavour}` is no loop"),
    }
}

pub(crate) fn main_returns(flavour: &str) {
    run(flavour, leave_tasks);
}

/// The destructors of this thread's thread-locals run in the midst of a step.
pub(crate) fn exit_in_a_task(flavour: &str) {
    run(flavour, || async {
        leave_tasks().await;
        hold(Kept::new().await.of_a_loop_that_stays());
        assert!(Handle::try_current().is_ok());
        say("exit");
        exit();
    });
}

/// The main thread exits from outside of the loop.
pub(crate) fn exit_beside_tasks(flavour: &str) {
    run(flavour, || async {
        leave_tasks().await;
        hold(Kept::new().await.of_a_loop_that_stays());
    });
    say("exit");
    exit();
}

#[expect(clippy::disallowed_methods, reason = "it is what is tested")]
fn exit() -> ! {
    std::process::exit(0);
}
