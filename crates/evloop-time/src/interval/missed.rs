//! What to do about ticks that nobody was there to take.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// What an [`Interval`](super::Interval) does about ticks that nobody was there to take.
///
/// A tick that is taken late, but before the one after it is due, is followed by that one at its
/// proper time under every policy: there is nothing missed and nothing drifts. Otherwise, with a
/// period of 100 ms and a tick taken 250 ms late:
///
/// ```text
///  scheduled  0    100   200   300   400   500
///  taken                    250
///  Burst                    250.250.250 300   400   500     all, the missed ones at once
///  Skip                     250   300   400   500           on the grid, without the missed ones
///  Delay                    250      350   450              the grid is moved
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
#[non_exhaustive]
pub enum MissedTicks {
    /// They follow at once, one after another.
    Burst,
    /// They are left out: the next tick is the first on the grid that is still to come.
    #[default]
    Skip,
    /// They are left out, and the next tick is a full period after the late one.
    Delay,
}

impl MissedTicks {
    /// When the next tick is due after one that was scheduled, and taken now.
    ///
    /// `None` is never: beyond what instants can express.
    pub(crate) fn next(
        self,
        scheduled: Instant,
        period: Duration,
        now: Instant,
    ) -> Option<Instant> {
        let following = scheduled.checked_add(period)?;
        if now < following {
            return Some(following);
        }
        match self {
            Self::Burst => Some(following),
            Self::Skip => {
                let late = now.saturating_duration_since(scheduled);
                let since_grid = duration_of(late.as_nanos() % period.as_nanos());
                now.checked_add(period - since_grid)
            }
            Self::Delay => now.checked_add(period),
        }
    }
}

/// The inverse of `Duration::as_nanos`, for less than one period.
fn duration_of(nanos: u128) -> Duration {
    const NANOS_PER_SECOND: u128 = 1_000_000_000;
    // It came from a duration, so its seconds fit, and the rest of a division by 10^9 does.
    Duration::new(
        (nanos / NANOS_PER_SECOND) as u64,
        (nanos % NANOS_PER_SECOND) as u32,
    )
}
