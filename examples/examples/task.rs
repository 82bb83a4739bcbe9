//! A coroutine made a task before the loop runs.
//!
//! The program is in `examples/src/task.rs`. Run it with `cargo run --example task`; add
//! `-- --fast` to skip the waiting.

fn main() {
    evloop_examples::task::program(evloop_examples::Pace::from_args());
}
