//! Which signal.

use std::fmt;
use std::io;

use crate::disposition::Disposition;
use crate::sys;

/// A signal that can be watched.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(Kind);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Interrupt,
}

impl Signal {
    /// SIGINT, which ctrl-C sends to the programs in the foreground of a terminal.
    pub const INTERRUPT: Self = Self(Kind::Interrupt);

    /// Its number, the same on every Unix.
    #[must_use]
    pub fn number(self) -> i32 {
        match self.0 {
            Kind::Interrupt => 2,
        }
    }

    /// Asks what the signal does now.
    ///
    /// # Errors
    ///
    /// What the system says; [`io::ErrorKind::Unsupported`] where there are no signals.
    pub fn disposition(self) -> io::Result<Disposition> {
        sys::disposition(self)
    }

    /// Gives the signal its default disposition, whatever it does now.
    ///
    /// For a program that was started with the signal ignored, by a script in the background for
    /// example, and wants it nevertheless. A watch that is installed counts no more.
    ///
    /// # Errors
    ///
    /// What the system says; [`io::ErrorKind::Unsupported`] where there are no signals.
    pub fn set_default(self) -> io::Result<()> {
        sys::set_default(self)
    }

    /// Ends the process by this signal, so that its parent sees it killed: a shell shows 130 for
    /// SIGINT, and stops a script that ran the program.
    ///
    /// The signal gets its default disposition, is unblocked on this thread and raised. Where that
    /// kills nobody (the first process of a container) the process exits with 128 plus the number.
    /// Destructors do not run, and buffered output is not written.
    pub fn kill_this_process(self) -> ! {
        sys::kill_this_process(self)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Interrupt => "SIGINT",
        })
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
