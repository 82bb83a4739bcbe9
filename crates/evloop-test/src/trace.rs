//! What happened in a run, with the virtual time of each event.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// The last events that are kept; a scenario that wakes itself for ever makes many.
const MOST_EVENTS: usize = 40;

/// The events of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    events: VecDeque<(Duration, String)>,
    n_forgotten: usize,
}

impl Trace {
    pub(crate) fn push(&mut self, at: Duration, event: impl fmt::Display) {
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
            self.n_forgotten += 1;
        }
        self.events.push_back((at, event.to_string()));
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.n_forgotten > 0 {
            writeln!(f, "  ({} earlier events)", self.n_forgotten)?;
        }
        for (at, event) in &self.events {
            writeln!(f, "  {at:?}: {event}")?;
        }
        Ok(())
    }
}
