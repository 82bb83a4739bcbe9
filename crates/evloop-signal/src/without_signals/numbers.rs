//! Numbers for names that mean nothing here: Linux's.

pub(crate) const HANGUP: i32 = 1;
pub(crate) const INTERRUPT: i32 = 2;
pub(crate) const QUIT: i32 = 3;
pub(crate) const ABORT: i32 = 6;
pub(crate) const USER_1: i32 = 10;
pub(crate) const USER_2: i32 = 12;
pub(crate) const PIPE: i32 = 13;
pub(crate) const ALARM: i32 = 14;
pub(crate) const TERMINATE: i32 = 15;
pub(crate) const CHILD: i32 = 17;
pub(crate) const CONTINUE: i32 = 18;
pub(crate) const TERMINAL_STOP: i32 = 20;
pub(crate) const TERMINAL_READ: i32 = 21;
pub(crate) const TERMINAL_WRITE: i32 = 22;
pub(crate) const URGENT: i32 = 23;
pub(crate) const CPU_LIMIT: i32 = 24;
pub(crate) const FILE_SIZE_LIMIT: i32 = 25;
pub(crate) const VIRTUAL_ALARM: i32 = 26;
pub(crate) const PROFILE: i32 = 27;
pub(crate) const WINDOW_CHANGE: i32 = 28;
pub(crate) const IO: i32 = 29;

/// SIGKILL and SIGSTOP.
pub(crate) const UNCATCHABLE: &[i32] = &[9, 19];

/// SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV and SIGSYS.
pub(crate) const SYNCHRONOUS: &[i32] = &[4, 5, 7, 8, 11, 31];
