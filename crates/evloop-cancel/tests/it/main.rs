//! Scopes on a task made by hand.

mod basics;
mod support;
