//! Cancellation that code can catch: clean-up, a limit in time, a group, a refusal.
//!
//! The program is in `examples/src/cancellation.rs`. Run it with `cargo run --example cancellation`;
//! add `-- --fast` for a hundred times faster.

fn main() {
    evloop_examples::cancellation::program(evloop_examples::Pace::from_args());
}
