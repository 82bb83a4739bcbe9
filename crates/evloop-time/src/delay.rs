//! Delays as numbers: nanoseconds, and asyncio's seconds as floats.

use std::error::Error;
use std::fmt;
use std::time::Duration;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A duration in whole nanoseconds; `u64::MAX` when it has more.
pub(crate) const fn nanos(duration: Duration) -> u64 {
    // All in 64 bits: this is on the path of every sleep.
    match duration.as_secs().checked_mul(NANOS_PER_SECOND) {
        Some(nanos) => nanos.saturating_add(duration.subsec_nanos() as u64),
        None => u64::MAX,
    }
}

/// Reads a number of seconds as asyncio does.
///
/// Negative numbers are zero. Fractions are rounded **up** to a nanosecond, so that nothing
/// waits too short. Numbers out of range, and infinity, are [`Duration::MAX`], which every timer
/// here takes as never.
///
/// # Errors
///
/// [`InvalidDelay`] for NaN.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use evloop_time::delay_from_secs;
///
/// assert_eq!(delay_from_secs(1.5), Ok(Duration::from_millis(1_500)));
/// assert_eq!(delay_from_secs(1e-10), Ok(Duration::from_nanos(1)));
/// assert_eq!(delay_from_secs(-3.0), Ok(Duration::ZERO));
/// assert_eq!(delay_from_secs(f64::INFINITY), Ok(Duration::MAX));
/// assert!(delay_from_secs(f64::NAN).is_err());
/// ```
pub fn delay_from_secs(secs: f64) -> Result<Duration, InvalidDelay> {
    if secs.is_nan() {
        return Err(InvalidDelay(()));
    }
    if secs <= 0.0 {
        return Ok(Duration::ZERO);
    }
    // Casts from float to integer saturate.
    let whole = secs as u64;
    if whole == u64::MAX {
        return Ok(Duration::MAX);
    }
    let nanos = (secs.fract() * NANOS_PER_SECOND as f64).ceil() as u64;
    Ok(Duration::from_secs(whole).saturating_add(Duration::from_nanos(nanos)))
}

/// The error of a delay that is not a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidDelay(());

impl fmt::Display for InvalidDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to read the delay: it is NaN, not a number of seconds")
    }
}

impl Error for InvalidDelay {}
