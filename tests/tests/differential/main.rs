//! The programs of `tests/programs` in Rust: each must do what CPython was recorded to do.
//!
//! Every test is the program of its name, statement by statement, and says there what behaviour it
//! pins. Where Python raises, a coroutine here returns an `Err`; where Python has `finally`, a
//! guard is dropped; where it has `except CancelledError`, the request is caught, and resumed where
//! that raises again. None depends on how many turns lie between a completion and the resumption of
//! whoever waits for it: there evloop may be faster.
//!
//! Those whose traces follow from virtual time run on runtimes as well, where events of the same time may
//! come in any order.

#[macro_use]
mod program;

mod as_completed;
mod asked_again;
mod callbacks;
mod cancelling;
mod catching;
mod chains;
mod executors;
mod gather_cancel;
mod gathering;
mod group_scopes;
mod groups;
mod handles;
mod nested_timeouts;
mod promises;
mod queues;
mod random_program;
mod recipes;
mod running;
mod shielding;
mod sync;
mod tasks;
mod timeouts;
mod timers;
mod wait_for;
mod waiting;
mod watching;
