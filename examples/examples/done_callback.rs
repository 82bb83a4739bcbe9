//! Callbacks that are called with a task's result.
//!
//! The program is in `examples/src/done_callback.rs`. Run it with `cargo run --example done_callback`; add
//! `-- --fast` to skip the waiting.

fn main() {
    evloop_examples::done_callback::program(evloop_examples::Pace::from_args());
}
