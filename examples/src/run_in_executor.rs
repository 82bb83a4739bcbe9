//! Blocking work and coroutines at the same time: one second in all, not two.

use std::sync::Arc;
use std::time::Duration;

use evloop::{BlockingPool, Executor, Handle, gather, sleep};

use crate::Pace;

/// Blocks its thread.
#[expect(
    clippy::disallowed_methods,
    reason = "blocking a thread is what this shows"
)]
fn a1(delay: Duration) -> &'static str {
    std::thread::sleep(delay);
    "A1"
}

async fn b1() -> &'static str {
    sleep(Duration::from_secs(1)).await;
    "B1"
}

async fn main_method(pace: Pace, executor: Option<&dyn Executor>) {
    let event_loop = Handle::current();
    let start = event_loop.time();
    let delay = pace.blocking(Duration::from_secs(1));
    let blocking = event_loop.run_in_executor(executor, move || a1(delay));
    let (a, b) = gather((blocking, b1())).await;
    println!("{} {b}", a.unwrap_or("failed"));
    let cost = event_loop.time() - start;
    println!("main method Cost: {:.6}", cost.as_secs_f64());
}

/// Runs the program.
///
/// # Panics
///
/// When the pool's options are refused, which they are not.
pub fn program(pace: Pace) {
    println!("-- the default executor");
    pace.run(main_method(pace, None));

    println!("-- an executor of the user's");
    let pool = BlockingPool::builder()
        .max_threads(2)
        .thread_name("mine")
        .build();
    let pool: Arc<dyn Executor> = Arc::new(pool.expect("two threads are allowed"));
    pace.run(main_method(pace, Some(&pool)));
}
