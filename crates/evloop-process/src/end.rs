//! How a child ended, and the one place where it is reaped and signalled.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    process::ExitStatus,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::{
    io::{Errno, retry_on_intr},
    process::{
        Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process, kill_process_group, waitid,
    },
};

use crate::error::{ChildLost, is_gone};

#[cfg(test)]
mod tests;

/// How a child ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Exited(ExitStatus),
    /// Somebody else has reaped it.
    Lost,
}

/// The end of one child, once it is known.
///
/// # Invariants
///
/// 1. The child is reaped under the lock, and the lock has its end afterwards.
/// 2. A signal by number is sent under the lock, while there is no end and the system still says that the
///    number is a child's of ours: so it is the child, unless somebody else reaps it in that instant.
#[derive(Debug)]
pub(crate) struct Ending {
    pid: Pid,
    end: Mutex<Option<End>>,
}

impl Ending {
    pub(crate) fn new(pid: Pid) -> Self {
        let end = Mutex::new(None);
        Self { pid, end }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// The number of the process for people.
    pub(crate) fn id(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    fn lock(&self) -> MutexGuard<'_, Option<End>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn known(&self) -> Option<End> {
        *self.lock()
    }

    /// Reaps it if it has ended.
    pub(crate) fn reap(&self, child: WaitId<'_>) -> io::Result<Option<End>> {
        let mut end = self.lock();
        if end.is_none() {
            *end = reap(child)?;
        }
        Ok(*end)
    }

    /// Signals it by `send`, unless its end is known: then nothing is called.
    pub(crate) fn signal(&self, send: impl FnOnce() -> Result<(), Errno>) -> io::Result<()> {
        let end = self.lock();
        if end.is_some() {
            return Err(is_gone(self.id()));
        }
        match send() {
            // It was reaped by somebody else.
            Err(Errno::SRCH | Errno::CHILD) => Err(is_gone(self.id())),
            sent => Ok(sent?),
        }
    }

    /// Signals it by its number.
    pub(crate) fn signal_by_number(&self, signal: Signal) -> io::Result<()> {
        self.signal(|| {
            look(WaitId::Pid(self.pid))?;
            kill_process(self.pid, signal)
        })
    }

    /// Signals the group that it leads. `child` is what best says whether it is there still.
    pub(crate) fn signal_group(&self, child: WaitId<'_>, signal: Signal) -> io::Result<()> {
        // While its leader is not reaped, the number of the group is nobody else's.
        self.signal(|| {
            look(child)?;
            kill_process_group(self.pid, signal)
        })
    }

    /// `end` as a result.
    pub(crate) fn status(&self, end: End) -> io::Result<ExitStatus> {
        match end {
            End::Exited(status) => Ok(status),
            End::Lost => Err(ChildLost { id: self.id() }.into()),
        }
    }
}

/// An error if nobody could reap `child` any more.
pub(crate) fn look(child: WaitId<'_>) -> Result<(), Errno> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    wait(child, options).map(drop)
}

/// Reaps `child` if it has ended.
pub(crate) fn reap(child: WaitId<'_>) -> io::Result<Option<End>> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    match wait(child, options) {
        Ok(status) => Ok(status.map(|status| End::Exited(exit_status(&status)))),
        Err(Errno::CHILD) => Ok(Some(End::Lost)),
        Err(error) => Err(error.into()),
    }
}

/// Waits as the options say, and again when a signal interrupts it.
pub(crate) fn wait(
    child: WaitId<'_>,
    options: WaitIdOptions,
) -> Result<Option<WaitIdStatus>, Errno> {
    retry_on_intr(|| waitid(child.clone(), options))
}

/// As the older calls write it, which std reads.
fn exit_status(status: &WaitIdStatus) -> ExitStatus {
    /// Says that a core was dumped.
    const DUMPED: i32 = 0x80;
    let raw = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => (code & 0xff) << 8,
        (None, Some(signal)) if status.dumped() => signal | DUMPED,
        (None, signal) => signal.unwrap_or(0),
    };
    ExitStatus::from_raw(raw)
}
