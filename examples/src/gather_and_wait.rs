//! Waiting on several things: `gather` for results in order, `wait` for who is done when.

use evloop::{AllCompleted, FirstCompleted, FirstException, create_task, gather, sleep, wait};

use crate::Pace;

async fn a(pace: Pace) -> &'static str {
    println!("Suspending a");
    sleep(pace.seconds(3)).await;
    println!("Resuming a");
    "A"
}

async fn b(pace: Pace) -> &'static str {
    println!("Suspending b");
    sleep(pace.seconds(1)).await;
    println!("Resuming b");
    "B"
}

async fn fails(pace: Pace) -> Result<&'static str, &'static str> {
    println!("Suspending fails");
    sleep(pace.seconds(1)).await;
    println!("Failing");
    Err("an error")
}

async fn succeeds(pace: Pace) -> Result<&'static str, &'static str> {
    let result = a(pace).await;
    Ok(result)
}

/// Runs the program.
pub fn program(pace: Pace) {
    println!("-- gather: results in the order of the arguments, though b ends first");
    evloop::run(async {
        let (first, second) = gather((a(pace), b(pace))).await;
        println!("{first} {second}");
    });
    println!("-- wait, ALL_COMPLETED");
    evloop::run(wait_for_all(pace));
    println!("-- wait, FIRST_COMPLETED");
    evloop::run(wait_for_first(pace));
    println!("-- wait, FIRST_EXCEPTION");
    evloop::run(wait_for_exception(pace));
}

async fn wait_for_all(pace: Pace) {
    let tasks = [named("a", a(pace)), named("b", b(pace))];
    let (done, pending) = wait(tasks)
        .return_when(AllCompleted)
        .await
        .expect("there are two");
    println!("done: {done:?}");
    println!("pending: {pending:?}");
}

async fn wait_for_first(pace: Pace) {
    let tasks = [named("a", a(pace)), named("b", b(pace))];
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

async fn wait_for_exception(pace: Pace) {
    let tasks = [
        named("succeeds", succeeds(pace)),
        named("fails", fails(pace)),
    ];
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
