//! Callbacks that are called with a task's result.

use std::time::Duration;

use evloop::{TaskResult, create_task, sleep};

use crate::Pace;

async fn funa() -> &'static str {
    sleep(Duration::from_millis(100)).await;
    "funa"
}

fn callback(result: &TaskResult<&'static str>) {
    if let Ok(value) = result {
        println!("Result: {value}");
    }
}

fn callback_n(result: &TaskResult<&'static str>, n: u32) {
    if let Ok(value) = result {
        println!("Result: {value}, N: {n}");
    }
}

/// Runs the program.
pub fn program(pace: Pace) {
    pace.run(async {
        let task = create_task(funa());
        task.add_done_callback(callback);
        // asyncio binds further arguments with functools.partial; a closure captures them.
        task.add_done_callback(|result| callback_n(result, 1));
        println!("{task:?}");
        // An awaiter gets the value after the callbacks have seen it.
        if let Err(error) = task.await {
            println!("failed: {error}");
        }
    });
}
