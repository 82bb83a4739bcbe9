//! The harness, given code that is right and code that is wrong.

mod broken;
mod settings;
mod visits;
mod waiters;
