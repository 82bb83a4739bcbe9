//! How fast the programs run.

use std::time::Duration;

/// Scales the waiting times of a program: in real time, or with `--fast` a hundred times faster.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    divisor: u32,
}

impl Pace {
    /// Seconds are seconds.
    pub const REAL: Self = Self { divisor: 1 };

    /// Seconds are hundredths of a second.
    pub const FAST: Self = Self { divisor: 100 };

    /// Reads the program's arguments.
    ///
    /// # Panics
    ///
    /// On an argument that is not `--fast`.
    #[must_use]
    pub fn from_args() -> Self {
        let mut pace = Self::REAL;
        for argument in std::env::args().skip(1) {
            assert!(
                argument == "--fast",
                "unknown argument `{argument}`: there is only `--fast`"
            );
            pace = Self::FAST;
        }
        pace
    }

    /// `n` seconds at this pace.
    #[must_use]
    pub fn seconds(self, n: u64) -> Duration {
        Duration::from_secs(n) / self.divisor
    }

    /// `n` milliseconds at this pace.
    #[must_use]
    pub fn millis(self, n: u64) -> Duration {
        Duration::from_millis(n) / self.divisor
    }

    /// A measured time as it would have been in real time, in seconds.
    #[must_use]
    pub fn unscaled(self, measured: Duration) -> f64 {
        (measured * self.divisor).as_secs_f64()
    }
}
