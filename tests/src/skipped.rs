//! Tests that the system does not allow.

use std::fmt::Display;
use std::io::{self, Write};

/// Says on standard output, past the test harness, which keeps what tests print, that `what` was not
/// tested and why.
///
/// # Panics
///
/// When nobody reads the output any more: it would be left out silently.
pub fn say_skipped(what: &str, why: impl Display) {
    writeln!(io::stdout(), "SKIPPED {what}: {why}").expect("somebody reads what tests say");
}
