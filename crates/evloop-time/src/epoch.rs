//! Instants as ticks: integer nanoseconds, counted from a year before a driver's start.

use std::time::{Duration, Instant};

use crate::delay::nanos;

/// The deadline that is never due.
pub(crate) const NEVER: u64 = u64::MAX;

/// The tick of a driver's start. The 416 days of ticks before it keep deadlines apart that had
/// passed when the driver was made.
pub(crate) const START: u64 = 1 << 55;

/// The instant at which a driver started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch(pub(crate) Instant);

impl Epoch {
    /// The tick of a deadline; [`NEVER`] beyond 583 years, zero more than 416 days before the
    /// start.
    #[inline]
    pub(crate) fn deadline(self, instant: Instant) -> u64 {
        match instant.checked_duration_since(self.0) {
            Some(after) => START.saturating_add(nanos(after)),
            None => START.saturating_sub(nanos(self.0.duration_since(instant))),
        }
    }

    /// The tick of a reading of the clock, which never reaches [`NEVER`]. One before the start, of a
    /// clock that has stepped back, is read as the start.
    #[inline]
    pub(crate) fn now(self, instant: Instant) -> u64 {
        let after = instant.saturating_duration_since(self.0);
        START.saturating_add(nanos(after)).min(NEVER - 1)
    }

    /// The instant of a reading of the clock.
    pub(crate) fn reading(self, tick: u64) -> Instant {
        // The clock itself gave an instant no earlier than this, so it can be expressed.
        self.instant(tick).unwrap_or(self.0)
    }

    /// The instant of a tick; `None` for [`NEVER`] and what this platform cannot express.
    pub(crate) fn instant(self, tick: u64) -> Option<Instant> {
        if tick == NEVER {
            return None;
        }
        let distance = Duration::from_nanos(tick.abs_diff(START));
        match tick < START {
            // Only a tick that stands for everything before it can be too early to express.
            true => Some(self.0.checked_sub(distance).unwrap_or(self.0)),
            false => self.0.checked_add(distance),
        }
    }
}
