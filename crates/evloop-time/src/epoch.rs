//! Instants as ticks: integer nanoseconds since a driver's start.

use std::time::{Duration, Instant};

use crate::delay::nanos;

/// The deadline that is never due.
pub(crate) const NEVER: u64 = u64::MAX;

/// The instant that is tick zero of a driver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch(pub(crate) Instant);

impl Epoch {
    /// The tick of a deadline; [`NEVER`] beyond 584 years, zero before the start.
    pub(crate) fn deadline(self, instant: Instant) -> u64 {
        nanos(instant.saturating_duration_since(self.0))
    }

    /// The tick of a reading of the clock, which never reaches [`NEVER`].
    pub(crate) fn now(self, instant: Instant) -> u64 {
        self.deadline(instant).min(NEVER - 1)
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
        self.0.checked_add(Duration::from_nanos(tick))
    }
}
