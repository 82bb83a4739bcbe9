//! What a watch does to the process; each test has a process of its own.

#![cfg(unix)]

mod child;
mod foreign;

mod ending;
mod museum;
mod refusals;
mod wakeups;
mod watching;
