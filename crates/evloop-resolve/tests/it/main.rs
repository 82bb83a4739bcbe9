//! The resolver from outside.

mod lookups;
mod support;
mod targets;
