//! Two coroutines that wait at the same time: three seconds in all, not four.

use evloop::{Handle, gather, sleep};

use crate::Pace;

async fn a(pace: Pace) {
    println!("Suspending a");
    sleep(pace.seconds(3)).await;
    println!("Resuming a");
}

async fn b(pace: Pace) {
    println!("Suspending b");
    sleep(pace.seconds(1)).await;
    println!("Resuming b");
}

/// Runs the program.
pub fn program(pace: Pace) {
    evloop::run(async {
        let event_loop = Handle::current();
        let start = event_loop.time();
        gather((a(pace), b(pace))).await;
        println!("main Cost: {:.6}", pace.unscaled(event_loop.time() - start));
    });
}
