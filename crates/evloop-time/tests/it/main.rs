//! Time through its public interface, on manual clocks only.

mod clocks;
mod deadlines;
mod driver;
mod intervals;
mod museum;
mod remote;
mod shared;
mod sleeps;
mod support;
mod unpark;
