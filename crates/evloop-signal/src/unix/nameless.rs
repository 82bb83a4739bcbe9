//! Signals that have a number but no name of their own on every system.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod real_time;
#[cfg(any(target_os = "linux", target_os = "android"))]
use real_time as system;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod none;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use none as system;

pub(crate) use system::{is_nameless, place_of_real_time};
