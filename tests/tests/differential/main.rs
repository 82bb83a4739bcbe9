//! The programs of `tests/programs` in Rust: each must do what CPython was recorded to do.
//!
//! Every test is the program of its name, statement by statement, and says there what behaviour it
//! pins. Where Python raises, a coroutine here returns an `Err`; where Python has `finally`, a
//! guard is dropped. None depends on how many turns lie between a completion and the resumption of
//! whoever waits for it: there evloop may be faster.

#[macro_use]
mod program;

mod as_completed;
mod asked_again;
mod callbacks;
mod cancelling;
mod catching;
mod chains;
mod executors;
mod gathering;
mod nested_timeouts;
mod promises;
mod random_program;
mod running;
mod tasks;
mod timeouts;
mod timers;
mod wait_for;
mod waiting;
mod watching;
