//! A result that another thread provides: pending until the loop runs, then there for good.
//!
//! The program is in `examples/src/promise.rs`. Run it with `cargo run --example promise`; add
//! `-- --fast` to skip the waiting.

fn main() {
    evloop_examples::promise::program(evloop_examples::Pace::from_args());
}
