//! What a test visited.

use crate::run::End;

/// Counts of a test: what it visited, and how the runs that were struck ended.
///
/// For a test of the test, that it does not pass because nothing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How often the scenario suspends when it is left alone.
    pub n_suspensions: usize,
    /// Runs that were struck. With all modes that is `2 + 4 * n_suspensions`.
    pub n_runs: usize,
    /// Of these, the ones that ended with a value all the same.
    pub n_values: usize,
    /// Of these, the ones that ended cancelled.
    pub n_cancelled: usize,
    /// Of these, the ones that were dropped.
    pub n_dropped: usize,
    /// Of these, the ones that panicked, which the settings must allow.
    pub n_panicked: usize,
}

impl Report {
    pub(crate) fn of(n_suspensions: usize) -> Self {
        Self {
            n_suspensions,
            ..Self::default()
        }
    }

    pub(crate) fn count<T>(&mut self, end: &End<T>) {
        self.n_runs += 1;
        *match end {
            End::Value(_) => &mut self.n_values,
            End::Cancelled => &mut self.n_cancelled,
            End::Dropped => &mut self.n_dropped,
            End::Panicked(_) => &mut self.n_panicked,
        } += 1;
    }
}
