//! A child as a descriptor, which is readable when it has ended: Linux since 5.4.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

use evloop_reactor::{ReactorHandle, Source};
use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, WaitId, pidfd_open, pidfd_send_signal},
};

use crate::{
    end::{End, Ending, look},
    orphans,
};

#[cfg(test)]
mod tests;

/// The descriptor of a child, registered with a reactor.
#[derive(Debug)]
pub(crate) struct Pidfd {
    source: Source<OwnedFd>,
}

/// What came of asking for one.
#[derive(Debug)]
pub(crate) enum Opened {
    Pidfd(Pidfd),
    /// Somebody else has reaped the child.
    Lost,
    /// The system has none, or none left.
    Refused,
}

impl Pidfd {
    /// Asks for the descriptor of a child that was just started.
    ///
    /// # Errors
    ///
    /// If the reactor does not take it.
    pub(crate) fn open(reactor: &ReactorHandle, pid: Pid) -> io::Result<Opened> {
        let fd = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(fd) => fd,
            Err(Errno::SRCH) => return Ok(Opened::Lost),
            // The kernel is too old, a filter forbids it, or there are too many descriptors.
            Err(_) => return Ok(Opened::Refused),
        };
        // If somebody has reaped it, the number may be another process's already, whom our signals must
        // not hit. This also finds the kernel that cannot wait for a descriptor.
        match look(WaitId::PidFd(fd.as_fd())) {
            Ok(()) => {}
            Err(Errno::CHILD) => return Ok(Opened::Lost),
            Err(_) => return Ok(Opened::Refused),
        }
        let source = reactor.register(fd)?;
        Ok(Opened::Pidfd(Self { source }))
    }

    /// Reaps the child if it has ended.
    pub(crate) fn reap(&self, ending: &Ending) -> io::Result<Option<End>> {
        ending.reap(WaitId::PidFd(self.source.get_ref().as_fd()))
    }

    /// Waits until it has ended, and reaps it.
    pub(crate) async fn ended(&self, ending: &Ending) -> io::Result<End> {
        let reap = |_: &OwnedFd| self.reap(ending)?.ok_or(io::ErrorKind::WouldBlock.into());
        self.source.read_with(reap).await
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Errno> {
        pidfd_send_signal(self.source.get_ref(), signal)
    }

    pub(crate) fn signal_group(&self, ending: &Ending, signal: Signal) -> io::Result<()> {
        // By the number alone a group of another child that has got it would be taken for this one's.
        ending.signal_group(WaitId::PidFd(self.source.get_ref().as_fd()), signal)
    }

    /// Has it reaped when it ends.
    pub(crate) fn abandon(self) {
        // An error says that the descriptor was closed behind the reactor: nothing is left to wait on.
        if let Ok(fd) = self.source.into_inner() {
            orphans::adopt(fd);
        }
    }
}
