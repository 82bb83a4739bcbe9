//! Callbacks that are called with a task's result.
//!
//! The program is in `examples/src/done_callback.rs`. Run it with `cargo run --example done_callback`; add
//! `-- --fast` for a hundred times faster.

fn main() {
    evloop_examples::done_callback::program(evloop_examples::Pace::from_args());
}
