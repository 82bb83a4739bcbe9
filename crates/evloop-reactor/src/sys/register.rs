//! The one unsafe call: `Poller::add_with_mode`.
//!
//! # Invariants
//!
//! 1. A registration names a file descriptor by its number and holds no memory of the caller: on
//!    every system this crate is built for, `polling` keeps neither pointer nor buffer for it.
//!    `Source` and `LevelSource` own what they register and delete it before they drop it, as
//!    `polling` asks. Should an `AsFd` implementation answer with another descriptor by then, a
//!    stale registration stays behind in the kernel; its events carry a key that the registry no
//!    longer knows, and are ignored.
#![expect(
    unsafe_code,
    reason = "`polling` asks its caller to delete a source before dropping it"
)]

use std::{io, os::fd::BorrowedFd};

use polling::{PollMode, Poller};

/// Watches `fd` for `event`.
pub(super) fn add(
    poller: &Poller,
    fd: BorrowedFd<'_>,
    event: polling::Event,
    mode: PollMode,
) -> io::Result<()> {
    // SAFETY: (1) the descriptor is open now, and its owner deletes it before dropping it.
    unsafe { poller.add_with_mode(&fd, event, mode) }
}
