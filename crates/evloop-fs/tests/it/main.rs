//! Files from outside.

mod files;
mod folders;
mod support;
