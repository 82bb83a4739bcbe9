//! What a watch does to the process; each test has a process of its own.

#![cfg(unix)]

mod child;
mod foreign;

mod ending;
mod hostile;
mod museum;
mod names;
mod refusals;
mod streams;
mod streams_and_watches;
mod wakeups;
mod watching;
