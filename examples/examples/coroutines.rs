//! Two coroutines that wait at the same time: three seconds in all, not four.
//!
//! The program is in `examples/src/coroutines.rs`. Run it with `cargo run --example coroutines`; add
//! `-- --fast` to skip the waiting.

fn main() {
    evloop_examples::coroutines::program(evloop_examples::Pace::from_args());
}
