//! Which signal.

use std::fmt;
use std::io;

use crate::disposition::Disposition;
use crate::sys::{self, numbers};

/// A signal that can be watched.
///
/// These are the signals that a process can do something about: not SIGKILL and SIGSTOP, which the
/// system gives to nobody, and none that the failing instruction of a thread raises (SIGSEGV,
/// SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS), which would fail again when a handler returns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

/// The names under which the constants are found, and which `Display` gives.
const NAMES: &[(Signal, &str)] = &[
    (Signal::HANGUP, "SIGHUP"),
    (Signal::INTERRUPT, "SIGINT"),
    (Signal::QUIT, "SIGQUIT"),
    (Signal::ABORT, "SIGABRT"),
    (Signal::USER_1, "SIGUSR1"),
    (Signal::USER_2, "SIGUSR2"),
    (Signal::PIPE, "SIGPIPE"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::TERMINATE, "SIGTERM"),
    (Signal::CHILD, "SIGCHLD"),
    (Signal::CONTINUE, "SIGCONT"),
    (Signal::TERMINAL_STOP, "SIGTSTP"),
    (Signal::TERMINAL_READ, "SIGTTIN"),
    (Signal::TERMINAL_WRITE, "SIGTTOU"),
    (Signal::URGENT, "SIGURG"),
    (Signal::CPU_LIMIT, "SIGXCPU"),
    (Signal::FILE_SIZE_LIMIT, "SIGXFSZ"),
    (Signal::VIRTUAL_ALARM, "SIGVTALRM"),
    (Signal::PROFILE, "SIGPROF"),
    (Signal::WINDOW_CHANGE, "SIGWINCH"),
    (Signal::IO, "SIGIO"),
];

impl Signal {
    /// SIGHUP: the terminal is gone; servers take it to read their configuration again.
    #[doc(alias = "SIGHUP")]
    pub const HANGUP: Self = Self(numbers::HANGUP);
    /// SIGINT, which ctrl-C sends to the programs in the foreground of a terminal.
    #[doc(alias = "SIGINT")]
    pub const INTERRUPT: Self = Self(numbers::INTERRUPT);
    /// SIGQUIT, which ctrl-\ sends; by default it ends the process with a core dump.
    #[doc(alias = "SIGQUIT")]
    pub const QUIT: Self = Self(numbers::QUIT);
    /// SIGABRT. A process that aborts itself ends whoever watches it.
    #[doc(alias = "SIGABRT")]
    pub const ABORT: Self = Self(numbers::ABORT);
    /// SIGUSR1, which means what the program says.
    #[doc(alias = "SIGUSR1")]
    pub const USER_1: Self = Self(numbers::USER_1);
    /// SIGUSR2, which means what the program says.
    #[doc(alias = "SIGUSR2")]
    pub const USER_2: Self = Self(numbers::USER_2);
    /// SIGPIPE: a write to a pipe that nobody reads. Programs in Rust begin with it ignored.
    #[doc(alias = "SIGPIPE")]
    pub const PIPE: Self = Self(numbers::PIPE);
    /// SIGALRM, of `alarm` and `setitimer`.
    #[doc(alias = "SIGALRM")]
    pub const ALARM: Self = Self(numbers::ALARM);
    /// SIGTERM, by which a process is asked to end: what `kill` sends, and a supervisor.
    #[doc(alias = "SIGTERM")]
    pub const TERMINATE: Self = Self(numbers::TERMINATE);
    /// SIGCHLD: a child has ended, stopped or gone on. By default nothing happens.
    #[doc(alias = "SIGCHLD")]
    pub const CHILD: Self = Self(numbers::CHILD);
    /// SIGCONT: the process goes on after a stop, watched or not.
    #[doc(alias = "SIGCONT")]
    pub const CONTINUE: Self = Self(numbers::CONTINUE);
    /// SIGTSTP, which ctrl-Z sends; by default it stops the process.
    #[doc(alias = "SIGTSTP")]
    pub const TERMINAL_STOP: Self = Self(numbers::TERMINAL_STOP);
    /// SIGTTIN: the process reads from the terminal in the background.
    #[doc(alias = "SIGTTIN")]
    pub const TERMINAL_READ: Self = Self(numbers::TERMINAL_READ);
    /// SIGTTOU: the process writes to the terminal in the background.
    #[doc(alias = "SIGTTOU")]
    pub const TERMINAL_WRITE: Self = Self(numbers::TERMINAL_WRITE);
    /// SIGURG: a socket has urgent data. By default nothing happens.
    #[doc(alias = "SIGURG")]
    pub const URGENT: Self = Self(numbers::URGENT);
    /// SIGXCPU: the limit of processor time.
    #[doc(alias = "SIGXCPU")]
    pub const CPU_LIMIT: Self = Self(numbers::CPU_LIMIT);
    /// SIGXFSZ: a file would grow beyond the limit.
    #[doc(alias = "SIGXFSZ")]
    pub const FILE_SIZE_LIMIT: Self = Self(numbers::FILE_SIZE_LIMIT);
    /// SIGVTALRM, of a timer of processor time.
    #[doc(alias = "SIGVTALRM")]
    pub const VIRTUAL_ALARM: Self = Self(numbers::VIRTUAL_ALARM);
    /// SIGPROF, of a profiler's timer.
    #[doc(alias = "SIGPROF")]
    pub const PROFILE: Self = Self(numbers::PROFILE);
    /// SIGWINCH: the terminal has another size. By default nothing happens.
    #[doc(alias = "SIGWINCH")]
    pub const WINDOW_CHANGE: Self = Self(numbers::WINDOW_CHANGE);
    /// SIGIO: a descriptor that was made to tell so is ready.
    #[doc(alias = "SIGIO")]
    pub const IO: Self = Self(numbers::IO);

    /// The signal of this number, real-time signals included where the system has them.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use evloop_signal::Signal;
    ///
    /// assert_eq!(Signal::from_raw(15)?, Signal::TERMINATE);
    /// let refused = Signal::from_raw(9).unwrap_err(); // SIGKILL
    /// assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] for a number of no signal, or of one that cannot be watched;
    /// the type says which these are.
    pub fn from_raw(number: i32) -> io::Result<Self> {
        let why = if numbers::UNCATCHABLE.contains(&number) {
            "it cannot be caught"
        } else if numbers::SYNCHRONOUS.contains(&number) {
            "it is raised by the instruction that failed, which a handler would have run again"
        } else if is_named(number) || sys::is_nameless(number) {
            return Ok(Self(number));
        } else {
            "there is no such signal"
        };
        let message = format!("failed to take {number} for a signal: {why}");
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    /// Its number on this system.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
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
    /// example, and wants it nevertheless. Whoever watches it hears no more.
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
    /// kills nobody (SIGCHLD for example, or the first process of a container) the process exits
    /// with 128 plus the number. Destructors do not run, and buffered output is not written.
    pub fn kill_this_process(self) -> ! {
        sys::kill_this_process(self)
    }
}

fn is_named(number: i32) -> bool {
    NAMES.iter().any(|(signal, _)| signal.0 == number)
}

/// Its number, for what sends signals by number: `child.send_signal(Signal::HANGUP)`.
impl From<Signal> for i32 {
    fn from(signal: Signal) -> Self {
        signal.number()
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(signal, _)| signal == self) {
            Some((_, name)) => f.write_str(name),
            None => match sys::place_of_real_time(self.0) {
                Some(0) => f.write_str("SIGRTMIN"),
                Some(place) => write!(f, "SIGRTMIN+{place}"),
                None => write!(f, "signal {}", self.0),
            },
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
