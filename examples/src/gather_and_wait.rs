//! Waiting on several things: `gather` for results in order, `wait` for who is done when.

use std::time::Duration;

use evloop::{AllCompleted, FirstCompleted, FirstException, create_task, gather, sleep, wait};

use crate::Pace;

async fn a() -> &'static str {
    println!("Suspending a");
    sleep(Duration::from_secs(3)).await;
    println!("Resuming a");
    "A"
}

async fn b() -> &'static str {
    println!("Suspending b");
    sleep(Duration::from_secs(1)).await;
    println!("Resuming b");
    "B"
}

async fn fails() -> Result<&'static str, &'static str> {
    println!("Suspending fails");
    sleep(Duration::from_secs(1)).await;
    println!("Failing");
    Err("an error")
}

async fn succeeds() -> Result<&'static str, &'static str> {
    let result = a().await;
    Ok(result)
}

/// Runs the program.
pub fn program(pace: Pace) {
    println!("-- gather: results in the order of the arguments, though b ends first");
    pace.run(async {
        let (first, second) = gather((a(), b())).await;
        println!("{first} {second}");
    });
    println!("-- wait, ALL_COMPLETED");
    pace.run(wait_for_all());
    println!("-- wait, FIRST_COMPLETED");
    pace.run(wait_for_first());
    println!("-- wait, FIRST_EXCEPTION");
    pace.run(wait_for_exception());
}

async fn wait_for_all() {
    let tasks = [named("a", a()), named("b", b())];
    let (done, pending) = wait(tasks)
        .return_when(AllCompleted)
        .await
        .expect("there are two");
    println!("done: {done:?}");
    println!("pending: {pending:?}");
}

async fn wait_for_first() {
    let tasks = [named("a", a()), named("b", b())];
    let (done, pending) = wait(tasks)
        .return_when(FirstCompleted)
        .await
        .expect("there are two");
    println!("done: {done:?}");
    println!("pending: {pending:?}");
    if let Ok(Ok(result)) = done[0].result() {
        println!("result of the first: {result}");
    }
    // The other one goes on; the same set can be waited for again.
    let (done, _) = pending.wait().await.expect("one is left");
    println!("done later: {done:?}");
}

async fn wait_for_exception() {
    let tasks = [named("succeeds", succeeds()), named("fails", fails())];
    let (done, pending) = wait(tasks)
        .return_when(FirstException)
        .await
        .expect("there are two");
    println!("done: {done:?}");
    println!("pending: {pending:?}");
}

fn named<F>(name: &'static str, coroutine: F) -> evloop::Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let task = create_task(coroutine);
    task.set_name(name);
    task
}
