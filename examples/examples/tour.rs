//! Everything in order: coroutines, promises, tasks, gather and wait, callbacks, executors, cancellation.
//!
//! Run it with `cargo run --release --example tour`; add `-- --fast` to skip the waiting.

#![expect(
    clippy::print_stdout,
    reason = "the tour shows what evloop does by printing it"
)]

use evloop_examples::{
    Pace, callbacks, cancellation, coroutines, create_task, done_callback, gather_and_wait,
    promise, run_in_executor, task,
};

/// A heading and its program.
type Stop = (&'static str, fn(Pace));

fn main() {
    let pace = Pace::from_args();
    let stops: [Stop; 9] = [
        (
            "Coroutines: two that wait at the same time",
            coroutines::program,
        ),
        ("Promise: a result set from outside", promise::program),
        ("Task: a coroutine that the loop runs", task::program),
        ("gather and wait: several at once", gather_and_wait::program),
        ("create_task and ensure_future", create_task::program),
        ("Done callbacks", done_callback::program),
        (
            "run_in_executor: blocking work on threads",
            run_in_executor::program,
        ),
        ("call_soon, call_later, call_at", callbacks::program),
        (
            "Cancellation: clean-up, limits, groups, refusal",
            cancellation::program,
        ),
    ];
    for (n, (title, program)) in stops.into_iter().enumerate() {
        println!("\n== {}. {title}", n + 1);
        program(pace);
    }
}
