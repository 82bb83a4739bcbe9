//! Plain callbacks: soon, later, at a time; and cancelled before they run.
//!
//! The program is in `examples/src/callbacks.rs`. Run it with `cargo run --example callbacks`; add
//! `-- --fast` to skip the waiting.

fn main() {
    evloop_examples::callbacks::program(evloop_examples::Pace::from_args());
}
