//! Scopes on a task made by hand.

mod basics;
mod forks;
mod gather;
mod moved;
mod program;
mod random_trees;
mod support;
mod timeouts;
