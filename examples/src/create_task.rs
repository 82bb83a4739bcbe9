//! The ways to make a task, and what `ensure_future` does with what is one already.

use std::future::{Ready, ready};
use std::time::Duration;

use evloop::{Handle, create_task, ensure_future, sleep};

use crate::Pace;

async fn a() -> &'static str {
    sleep(Duration::from_millis(100)).await;
    "A"
}

/// Something that is no future itself, but becomes one when it is awaited.
struct Request;

impl IntoFuture for Request {
    type Output = &'static str;
    type IntoFuture = Ready<&'static str>;

    fn into_future(self) -> Self::IntoFuture {
        ready("A")
    }
}

/// Runs the program.
pub fn program(pace: Pace) {
    pace.run(async {
        let by_function = create_task(a());
        println!("create_task: {:?}", by_function.await);

        let by_loop = Handle::current().create_task(a());
        println!("loop.create_task: {:?}", by_loop.await);

        let by_ensure_future = ensure_future!(a());
        println!("ensure_future of a coroutine: {:?}", by_ensure_future.await);

        let task = create_task(a());
        let id = task.id();
        let same = ensure_future!(task);
        println!(
            "ensure_future of a task: the same task: {}",
            same.id() == id
        );
        println!("ensure_future of a task: {:?}", same.await);

        println!(
            "ensure_future of an awaitable: {:?}",
            ensure_future!(Request).await
        );
    });
}
