//! Tells a process that was forked off from its parent, for the price of a load.
//!
//! After `fork` the child has a copy of everything, also of what is not its own: descriptors whose state it
//! shares with the parent, and structures whose threads it does not have. Whoever owns such a thing
//! remembers its [`Origin`] and asks it before use.
//!
//! # Example
//!
//! ```
//! use evloop_fork::Origin;
//!
//! let origin = Origin::here();
//! assert!(origin.is_here()); // In a child that is forked off from here on it is not.
//! ```
//!
//! # Relation to asyncio
//!
//! asyncio remembers the process of a running loop, so that a child sees none, and has a hook for after the
//! fork.
//!
//! # What this crate does not do
//!
//! Forking. It does not notice a `clone` or `fork` that is made without the C library, nor is there anything to
//! notice on systems other than Unix.

#![cfg_attr(not(unix), forbid(unsafe_code))]

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as sys;

#[cfg(not(unix))]
mod without_forks;
#[cfg(not(unix))]
use without_forks as sys;

/// True in every process that was forked off, and its children, since the first [`Origin`] was made: whoever
/// has one need not ask it as long as this is false.
///
/// # Cost
///
/// One atomic load.
#[inline]
#[must_use]
pub fn was_forked() -> bool {
    sys::n_forks() != 0
}

/// The process in which something was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin(u32);

impl Origin {
    /// This process.
    ///
    /// # Cost
    ///
    /// The first call of a process registers a function that every child calls when it begins. Others are
    /// two atomic loads.
    #[must_use]
    pub fn here() -> Self {
        Self(sys::n_forks_from_now_on())
    }

    /// True in the process in which [`Origin::here`] was called; false in children, and theirs.
    ///
    /// # Cost
    ///
    /// One atomic load.
    #[inline]
    #[must_use]
    pub fn is_here(self) -> bool {
        sys::n_forks() == self.0
    }
}
