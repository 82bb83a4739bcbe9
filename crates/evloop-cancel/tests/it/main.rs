//! Scopes on a task made by hand.

mod allocations;
mod auto_traits;
mod basics;
mod cancel_scopes;
mod claims;
mod decisions;
mod faults;
mod foreign;
mod forks;
mod gather;
mod moved;
mod museum;
mod program;
mod random_trees;
mod rules;
mod support;
mod timeouts;
mod tokens;
