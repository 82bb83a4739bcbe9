//! Why a test failed, in words from which it can be repeated.

use std::error::Error;
use std::fmt;

use crate::fault::Fault;
use crate::trace::Trace;

/// The first run that was not as it should be.
///
/// Its `Display` form names the fault, says what was wrong, shows the trace of the run, and tells how
/// to do that run alone.
#[derive(Clone, Debug)]
pub struct Failure {
    pub(crate) fault: Option<Fault>,
    /// How often the scenario suspends when it is left alone, once that is known.
    pub(crate) n_suspensions: Option<usize>,
    pub(crate) problem: Problem,
    pub(crate) trace: Trace,
}

/// What was wrong.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    NeverWoken,
    NeverEnds { n_steps: usize },
    NeverSettles { n_steps: usize, tasks: Vec<String> },
    Panicked(String),
    Reported(Vec<String>),
    LeftTasks(Vec<String>),
    LeftTimers,
    Different { n_suspensions: usize },
    Refused(String),
}

impl Failure {
    /// What was done to the scenario; `None` when it failed by itself.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// True when the scenario did not end: it was never woken again, or wakes itself for ever.
    #[must_use]
    pub fn is_hang(&self) -> bool {
        matches!(
            self.problem,
            Problem::NeverWoken | Problem::NeverEnds { .. }
        )
    }

    /// True when tasks or timers were left behind.
    #[must_use]
    pub fn is_leak(&self) -> bool {
        matches!(
            self.problem,
            Problem::LeftTasks(_) | Problem::LeftTimers | Problem::NeverSettles { .. }
        )
    }

    /// True when the scenario panicked, or something that it left to run or to be dropped.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.problem, Problem::Panicked(_) | Problem::Reported(_))
    }

    /// True when the oracle refused the run.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.problem, Problem::Refused(_))
    }

    /// True when a run did not repeat what the first one did: the scenario is not deterministic, or
    /// its state is not fresh.
    #[must_use]
    pub fn is_different(&self) -> bool {
        matches!(self.problem, Problem::Different { .. })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverWoken => f.write_str("it is pending and will never be woken again"),
            Self::NeverEnds { n_steps } => {
                write!(
                    f,
                    "it has not ended after {n_steps} steps, and is woken ever again"
                )
            }
            Self::NeverSettles { n_steps, tasks } => {
                write!(
                    f,
                    "what it left behind is still busy after {n_steps} steps: "
                )?;
                list(f, tasks)
            }
            Self::Panicked(message) => write!(f, "it panicked: {message}"),
            Self::Reported(reports) => {
                f.write_str("reported to the exception handler: ")?;
                list(f, reports)
            }
            Self::LeftTasks(tasks) => {
                f.write_str("it left tasks behind that will never be woken again: ")?;
                list(f, tasks)
            }
            Self::LeftTimers => f.write_str("it left timers behind"),
            Self::Different { n_suspensions } => write!(
                f,
                "this run did not repeat the first one: it suspended {n_suspensions} times, and the \
                 moment to strike never came; a scenario has to do the same each time"
            ),
            Self::Refused(message) => f.write_str(message),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, lines: &[String]) -> fmt::Result {
    for (n, line) in lines.iter().enumerate() {
        let comma = if n > 0 { "; " } else { "" };
        write!(f, "{comma}{line}")?;
    }
    Ok(())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.fault, self.n_suspensions) {
            (Some(fault), Some(n)) => writeln!(f, "{fault} of {n}: {}", self.problem)?,
            (Some(fault), None) => writeln!(f, "{fault}: {}", self.problem)?,
            (None, _) => writeln!(f, "left alone: {}", self.problem)?,
        }
        write!(f, "what happened:\n{}", self.trace)?;
        match self.fault {
            Some(fault) => write!(f, "this run alone: `.only({})`", fault.source()),
            None => Ok(()),
        }
    }
}

impl Error for Failure {}
