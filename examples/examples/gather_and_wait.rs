//! Waiting on several things: `gather` for results in order, `wait` for who is done when.
//!
//! The program is in `examples/src/gather_and_wait.rs`. Run it with `cargo run --example gather_and_wait`; add
//! `-- --fast` to skip the waiting.

fn main() {
    evloop_examples::gather_and_wait::program(evloop_examples::Pace::from_args());
}
