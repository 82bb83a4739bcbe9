//! Two coroutines that wait at the same time: three seconds in all, not four.

use std::time::Duration;

use evloop::{Handle, gather, sleep};

use crate::Pace;

async fn a() {
    println!("Suspending a");
    sleep(Duration::from_secs(3)).await;
    println!("Resuming a");
}

async fn b() {
    println!("Suspending b");
    sleep(Duration::from_secs(1)).await;
    println!("Resuming b");
}

/// Runs the program.
pub fn program(pace: Pace) {
    // `evloop::run`, which waits in real time, unless the program is told to skip the waiting.
    pace.run(async {
        let event_loop = Handle::current();
        let start = event_loop.time();
        gather((a(), b())).await;
        let cost = event_loop.time() - start;
        println!("main Cost: {:.6}", cost.as_secs_f64());
    });
}
