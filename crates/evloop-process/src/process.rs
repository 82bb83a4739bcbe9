//! One child process: how its end is noticed, and signals for it.

use std::{io, process::ExitStatus, sync::Arc};

use evloop_reactor::ReactorHandle;
use rustix::process::{Pid, Signal};

use crate::{
    end::{End, Ending},
    error::{is_gone, no_group},
    pidfd::{Opened, Pidfd},
    waiting_thread::WaitingThread,
};

/// What is to become of a child besides what its program does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    /// It leads a process group of its own.
    pub(crate) leads_group: bool,
    /// Whoever drops it kills it.
    pub(crate) kill_on_drop: bool,
    /// It is not asked for its descriptor, as where there are none.
    pub(crate) without_pidfd: bool,
    /// How many bytes of each stream are captured at most.
    pub(crate) capture_limit: usize,
}

impl Default for Fate {
    fn default() -> Self {
        Self {
            leads_group: false,
            kill_on_drop: false,
            without_pidfd: false,
            capture_limit: 16 << 20,
        }
    }
}

/// A child process, which is reaped in any case.
#[derive(Debug)]
pub(crate) struct Process {
    ending: Arc<Ending>,
    fate: Fate,
    /// `None` when it was lost before anybody could watch it, or is dropped.
    watch: Option<Watch>,
}

#[derive(Debug)]
enum Watch {
    Pidfd(Pidfd),
    Thread(WaitingThread),
}

impl Process {
    /// Watches a child that was just started.
    ///
    /// # Errors
    ///
    /// If there is no way to. Nobody reaps it then.
    pub(crate) fn watch(reactor: &ReactorHandle, pid: Pid, fate: Fate) -> io::Result<Self> {
        let ending = Arc::new(Ending::new(pid));
        let opened = match fate.without_pidfd {
            true => Opened::Refused,
            false => Pidfd::open(reactor, pid)?,
        };
        let watch = match opened {
            Opened::Pidfd(pidfd) => Some(Watch::Pidfd(pidfd)),
            Opened::Refused => Some(Watch::Thread(WaitingThread::start(&ending)?)),
            Opened::Lost => None,
        };
        Ok(Self {
            ending,
            fate,
            watch,
        })
    }

    /// Its number, until it is reaped.
    pub(crate) fn id(&self) -> Option<u32> {
        let is_ours = self.ending.known().is_none() && self.watch.is_some();
        is_ours.then(|| self.ending.id())
    }

    pub(crate) fn capture_limit(&self) -> usize {
        self.fate.capture_limit
    }

    fn reap(&self) -> io::Result<Option<End>> {
        match &self.watch {
            Some(Watch::Pidfd(pidfd)) => pidfd.reap(&self.ending),
            Some(Watch::Thread(thread)) => thread.reap(&self.ending),
            None => Ok(Some(End::Lost)),
        }
    }

    pub(crate) fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        let end = self.reap()?;
        end.map(|end| self.ending.status(end)).transpose()
    }

    pub(crate) async fn wait(&self) -> io::Result<ExitStatus> {
        let end = match (self.ending.known(), &self.watch) {
            (Some(end), _) => end,
            (None, Some(Watch::Pidfd(pidfd))) => pidfd.ended(&self.ending).await?,
            (None, Some(Watch::Thread(thread))) => thread.ended(&self.ending).await?,
            (None, None) => End::Lost,
        };
        self.ending.status(end)
    }

    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        match &self.watch {
            Some(Watch::Pidfd(pidfd)) => self.ending.signal(|| pidfd.signal(signal)),
            Some(Watch::Thread(_)) => self.ending.signal_by_number(signal),
            None => Err(is_gone(self.ending.id())),
        }
    }

    /// Kills it, and its group if it leads one.
    pub(crate) fn kill_all(&self) -> io::Result<()> {
        match self.fate.leads_group {
            true => self.signal_group(Signal::KILL),
            false => self.signal(Signal::KILL),
        }
    }

    pub(crate) fn signal_group(&self, signal: Signal) -> io::Result<()> {
        match (self.fate.leads_group, &self.watch) {
            (false, _) => Err(no_group(self.ending.id())),
            (true, None) => Err(is_gone(self.ending.id())),
            (true, Some(Watch::Pidfd(pidfd))) => pidfd.signal_group(&self.ending, signal),
            (true, Some(Watch::Thread(thread))) => thread.signal_group(&self.ending, signal),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It is reaped first, so that one that has ended is not killed.
        if matches!(self.reap(), Ok(Some(_))) {
            return;
        }
        if self.fate.kill_on_drop {
            // It became another user's, who may not be killed, or has just ended.
            drop(self.kill_all());
        }
        match self.watch.take() {
            Some(Watch::Pidfd(pidfd)) => pidfd.abandon(),
            // The thread reaps it.
            Some(Watch::Thread(_)) | None => {}
        }
    }
}
