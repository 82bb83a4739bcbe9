//! Scopes on a task made by hand.

mod basics;
mod gather;
mod program;
mod random_trees;
mod support;
mod timeouts;
