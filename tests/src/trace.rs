//! What a program did, line by line, and the comparison with what was recorded.

use std::fmt;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A recorder of events; clones record into the same trace, from any thread.
///
/// ```
/// use evloop_tests::trace::Trace;
///
/// let trace = Trace::new();
/// trace.event("a starts");
/// trace.clone().event(format_args!("a ends with {}", 42));
/// trace.assert_matches("# who recorded it\na starts\na ends with 42\n");
/// ```
#[derive(Clone)]
pub struct Trace {
    lines: Arc<Mutex<Vec<String>>>,
    /// Tells the time of an event; `None` for events without one.
    time: Option<Arc<dyn Fn() -> Duration + Send + Sync>>,
}

impl Trace {
    /// A trace whose lines are the events alone.
    #[must_use]
    pub fn new() -> Self {
        Self {
            lines: Arc::default(),
            time: None,
        }
    }

    /// A trace whose lines begin with the time in whole milliseconds: `30 ms: a ends`.
    #[must_use]
    pub fn timed(time: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self {
            lines: Arc::default(),
            time: Some(Arc::new(time)),
        }
    }

    /// Records one event.
    pub fn event(&self, event: impl fmt::Display) {
        let line = match &self.time {
            Some(time) => format!("{} ms: {event}", time().as_millis()),
            None => event.to_string(),
        };
        // A test that failed in the middle of a line has left no line behind.
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Compares with a recorded trace, whose lines that begin with `#` are comments.
    ///
    /// # Panics
    ///
    /// When they differ, with the place where they do.
    #[track_caller]
    pub fn assert_matches(&self, recorded: &str) {
        compare(&events_of(recorded), &self.lines());
    }

    /// As [`Trace::assert_matches`], but what happens at the same time may happen in any order.
    ///
    /// # Panics
    ///
    /// When they differ, with the place where they do.
    #[track_caller]
    pub fn assert_matches_at_each_time(&self, recorded: &str) {
        compare(&by_time(events_of(recorded)), &by_time(self.lines()));
    }
}

fn events_of(recorded: &str) -> Vec<String> {
    let is_event = |line: &&str| !line.starts_with('#');
    let events = recorded.lines().filter(is_event);
    events.map(str::to_owned).collect()
}

/// Puts the lines of each time into an order of their own.
fn by_time(mut lines: Vec<String>) -> Vec<String> {
    let time = |line: &str| line.split_once(" ms: ").map(|(time, _)| time.to_owned());
    for at_once in lines.chunk_by_mut(|a, b| time(a) == time(b)) {
        at_once.sort();
    }
    lines
}

#[track_caller]
fn compare(recorded: &[String], here: &[String]) {
    assert!(
        here == recorded,
        "the trace is not the recorded one:\n{}",
        difference(recorded, here)
    );
}

/// Writes both as one list: `-` is recorded only, `+` is of this run only.
fn difference<L: PartialEq + fmt::Display>(recorded: &[L], here: &[L]) -> String {
    let n_before = recorded
        .iter()
        .zip(here)
        .take_while(|(a, b)| a == b)
        .count();
    let (recorded_rest, here_rest) = (&recorded[n_before..], &here[n_before..]);
    let n_behind = recorded_rest
        .iter()
        .rev()
        .zip(here_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let changed = |lines: &[L]| lines.len() - n_behind;

    let mut text = String::new();
    let mut section = |sign: char, lines: &[L]| {
        for line in lines {
            let _infallible = writeln!(text, "{sign} {line}");
        }
    };
    section(' ', &recorded[..n_before]);
    section('-', &recorded_rest[..changed(recorded_rest)]);
    section('+', &here_rest[..changed(here_rest)]);
    section(' ', &recorded_rest[changed(recorded_rest)..]);
    text
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("lines", &self.lines())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
