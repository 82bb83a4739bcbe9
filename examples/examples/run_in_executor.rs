//! Blocking work and coroutines at the same time: one second in all, not two.
//!
//! The program is in `examples/src/run_in_executor.rs`. Run it with `cargo run --example run_in_executor`; add
//! `-- --fast` to skip the waiting.

fn main() {
    evloop_examples::run_in_executor::program(evloop_examples::Pace::from_args());
}
