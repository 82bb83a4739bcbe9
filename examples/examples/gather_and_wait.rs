//! Waiting on several things: `gather` for results in order, `wait` for who is done when.
//!
//! The program is in `examples/src/gather_and_wait.rs`. Run it with `cargo run --example gather_and_wait`; add
//! `-- --fast` for a hundred times faster.

fn main() {
    evloop_examples::gather_and_wait::program(evloop_examples::Pace::from_args());
}
