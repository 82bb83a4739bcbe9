//! The ways to make a task, and what `ensure_future` does with what is one already.
//!
//! The program is in `examples/src/create_task.rs`. Run it with `cargo run --example create_task`; add
//! `-- --fast` to skip the waiting.

fn main() {
    evloop_examples::create_task::program(evloop_examples::Pace::from_args());
}
