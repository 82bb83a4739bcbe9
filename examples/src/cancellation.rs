//! Cancellation that code can catch: clean-up, a limit in time, a group, a refusal.

use std::time::Duration;

use evloop::{TaskBuilder, TaskGroup, catch_cancel, on_cancel, sleep, timeout, yield_now};

use crate::Pace;

/// A session that says goodbye before it ends.
async fn session() -> &'static str {
    println!("the session is open");
    match catch_cancel(sleep(Duration::from_secs(60))).await {
        Ok(()) => "closed by itself",
        Err(cancelled) => {
            println!("the session is {cancelled}");
            sleep(Duration::from_secs(1)).await;
            println!("the session has said goodbye");
            // The request is dropped here, which passes it on: the task ends cancelled.
            "never seen"
        }
    }
}

/// Work that is undone if it is asked to end.
async fn work(name: &str) {
    println!("{name} begins");
    on_cancel(sleep(Duration::from_secs(60)), async || {
        sleep(Duration::from_secs(1)).await;
        println!("{name} has cleaned up");
    })
    .await;
}

/// Finishes, whoever asks.
async fn stubborn() -> &'static str {
    if let Err(cancelled) = catch_cancel(sleep(Duration::from_secs(60))).await {
        cancelled.swallow();
    }
    "done anyway"
}

/// Runs the program.
pub fn program(pace: Pace) {
    println!("-- catch a request, clean up, pass it on");
    // `evloop::run`, which waits in real time, unless the program is told to skip the waiting.
    pace.run(cancel_session());
    println!("-- timeout: what is late is asked to end, and cleans up");
    pace.run(limit_work());
    println!("-- TaskGroup: a failure ends the others, and all are waited for");
    pace.run(fail_together());
    println!("-- refuse it: that takes a word");
    pace.run(ask_stubborn());
}

async fn cancel_session() {
    let mut task = TaskBuilder::new().name("session").create_task(session());
    yield_now().await;
    task.cancel_with("the server closes");
    let ended = (&mut task).await;
    println!("{ended:?}");
    println!("{task:?}");
}

async fn limit_work() {
    match timeout(Duration::from_secs(1), work("work")).await {
        Ok(()) => println!("work was in time"),
        Err(elapsed) => println!("work {elapsed}"),
    }
}

async fn fail_together() {
    let ended = TaskGroup::scope(async |group| {
        for name in ["a", "b"] {
            group
                .create_task(async move { work(name).await })
                .expect("the group is open");
        }
        let fails = async move {
            sleep(Duration::from_secs(1)).await;
            println!("c fails");
            Err::<(), _>("the disk is full")
        };
        let named = TaskBuilder::new().name("c");
        group
            .create_task_with(named, fails)
            .expect("the group is open");
    });
    if let Err(error) = ended.await {
        println!("{error}");
    }
}

async fn ask_stubborn() {
    let task = evloop::create_task(stubborn());
    yield_now().await;
    task.cancel();
    println!("{:?}", task.await);
}
