//! Cancellation that code can catch: clean-up, a limit in time, a group, a refusal.

use evloop::{TaskBuilder, TaskGroup, catch_cancel, on_cancel, sleep, timeout, yield_now};

use crate::Pace;

/// A session that says goodbye before it ends.
async fn session(pace: Pace) -> &'static str {
    println!("the session is open");
    match catch_cancel(sleep(pace.seconds(60))).await {
        Ok(()) => "closed by itself",
        Err(cancelled) => {
            println!("the session is {cancelled}");
            sleep(pace.seconds(1)).await;
            println!("the session has said goodbye");
            // The request is dropped here, which passes it on: the task ends cancelled.
            "never seen"
        }
    }
}

/// Work that is undone if it is asked to end.
async fn work(pace: Pace, name: &str) {
    println!("{name} begins");
    on_cancel(sleep(pace.seconds(60)), async || {
        sleep(pace.seconds(1)).await;
        println!("{name} has cleaned up");
    })
    .await;
}

/// Finishes, whoever asks.
async fn stubborn(pace: Pace) -> &'static str {
    if let Err(cancelled) = catch_cancel(sleep(pace.seconds(60))).await {
        cancelled.swallow();
    }
    "done anyway"
}

/// Runs the program.
pub fn program(pace: Pace) {
    println!("-- catch a request, clean up, pass it on");
    evloop::run(cancel_session(pace));
    println!("-- timeout: what is late is asked to end, and cleans up");
    evloop::run(limit_work(pace));
    println!("-- TaskGroup: a failure ends the others, and all are waited for");
    evloop::run(fail_together(pace));
    println!("-- refuse it: that takes a word");
    evloop::run(ask_stubborn(pace));
}

async fn cancel_session(pace: Pace) {
    let mut task = TaskBuilder::new()
        .name("session")
        .create_task(session(pace));
    yield_now().await;
    task.cancel_with("the server closes");
    let ended = (&mut task).await;
    println!("{ended:?}");
    println!("{task:?}");
}

async fn limit_work(pace: Pace) {
    match timeout(pace.seconds(1), work(pace, "work")).await {
        Ok(()) => println!("work was in time"),
        Err(elapsed) => println!("work {elapsed}"),
    }
}

async fn fail_together(pace: Pace) {
    let ended = TaskGroup::scope(async |group| {
        for name in ["a", "b"] {
            group
                .create_task(async move { work(pace, name).await })
                .expect("the group is open");
        }
        let fails = async move {
            sleep(pace.seconds(1)).await;
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

async fn ask_stubborn(pace: Pace) {
    let task = evloop::create_task(stubborn(pace));
    yield_now().await;
    task.cancel();
    println!("{:?}", task.await);
}
