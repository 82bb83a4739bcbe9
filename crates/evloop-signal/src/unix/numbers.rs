//! The numbers of signals, which differ between systems.

pub(crate) use libc::{
    SIGABRT as ABORT, SIGALRM as ALARM, SIGCHLD as CHILD, SIGCONT as CONTINUE, SIGHUP as HANGUP,
    SIGINT as INTERRUPT, SIGIO as IO, SIGPIPE as PIPE, SIGPROF as PROFILE, SIGQUIT as QUIT,
    SIGTERM as TERMINATE, SIGTSTP as TERMINAL_STOP, SIGTTIN as TERMINAL_READ,
    SIGTTOU as TERMINAL_WRITE, SIGURG as URGENT, SIGUSR1 as USER_1, SIGUSR2 as USER_2,
    SIGVTALRM as VIRTUAL_ALARM, SIGWINCH as WINDOW_CHANGE, SIGXCPU as CPU_LIMIT,
    SIGXFSZ as FILE_SIZE_LIMIT,
};

/// What the system gives to nobody.
pub(crate) const UNCATCHABLE: &[i32] = &[libc::SIGKILL, libc::SIGSTOP];

/// What the failing instruction of a thread raises.
pub(crate) const SYNCHRONOUS: &[i32] = &[
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGSEGV,
    libc::SIGSYS,
    libc::SIGTRAP,
];
