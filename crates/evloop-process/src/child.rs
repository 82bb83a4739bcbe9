//! A child process that was started.

use std::{io, process::ExitStatus};

use evloop_net::{PipeReader, PipeWriter};
use rustix::process::Signal;

use crate::{
    captured::{self, Captured},
    error::no_signal,
    process::Process,
    real_time::real_time,
};

/// A child process that was started.
///
/// asyncio's `Process`. Its pipes are fields, there if they were piped and until they are taken.
///
/// Dropping it lets the child run on, and has it reaped when it ends; with
/// [`kill_on_drop`](crate::Command::kill_on_drop) it is killed. It belongs to the reactor that it was
/// started on, which somebody has to turn while it is waited for; the one who waits may be anywhere.
///
/// # Examples
///
/// ```
/// use evloop_process::Command;
/// use evloop_reactor::Reactor;
///
/// let reactor = Reactor::new()?;
/// let child = Command::new("/bin/cat").spawn_in(&reactor.handle())?;
/// assert!(child.id().is_some());
/// assert!(child.stdin.is_none()); // It was not piped.
/// child.kill()?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Child {
    /// Where the child reads.
    pub stdin: Option<PipeWriter>,
    /// What the child writes to its standard output.
    pub stdout: Option<PipeReader>,
    /// What the child writes to its standard error.
    pub stderr: Option<PipeReader>,
    pub(crate) process: Process,
}

impl Child {
    /// The number of the process, until it is reaped: after that it may be another's.
    #[doc(alias = "pid")]
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Waits until the child has ended.
    ///
    /// Any number of tasks may wait, and all get the same. It waits for the exit and for nothing else:
    /// pipes may still be open in grandchildren. A child that waits for the end of its standard input
    /// ends after that was closed, by taking it out of the field and dropping it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: it can be called again.
    ///
    /// # Errors
    ///
    /// [`ChildLost`](crate::ChildLost) if somebody else has reaped it;
    /// [`ReactorGone`](evloop_reactor::ReactorGone) if its reactor was dropped before it ended, in which
    /// case [`try_wait`](Self::try_wait) still works.
    ///
    /// # Cost
    ///
    /// No allocation of its own. One system call when it begins and one for each waiter when the child
    /// ends, until one of them has reaped it.
    pub async fn wait(&self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// How the child has ended, or `None` while it runs.
    ///
    /// # Errors
    ///
    /// [`ChildLost`](crate::ChildLost) if somebody else has reaped it.
    #[doc(alias = "returncode")]
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }

    /// Writes `input` to the child and closes its standard input, reads what it writes until the end, and
    /// waits for it.
    ///
    /// All at the same time, so neither side waits for the other for ever. The standard input is closed
    /// also if `input` is empty. A child that does not want all of it is no error. What a child writes
    /// is kept in memory, up to 16 MiB of each stream or the
    /// [`capture_limit`](crate::Command::capture_limit).
    ///
    /// # Cancel safety
    ///
    /// What was read so far is lost, and how much was written is unknown. The pipes stay where they are.
    ///
    /// # Errors
    ///
    /// Those of the pipes, other than that nobody reads the input, and those of [`wait`](Self::wait);
    /// [`CaptureOverrun`](crate::CaptureOverrun) if the child writes more than may be captured: it is
    /// killed then, with its group if it leads one.
    pub async fn communicate(&mut self, input: impl AsRef<[u8]>) -> io::Result<Captured> {
        captured::communicate(self, input.as_ref()).await
    }

    /// Sends a signal: a number, as `libc` and [`ExitStatusExt`] have them, or an `evloop::Signal`.
    ///
    /// It reaches this child or nobody, also when the number of the process has become another's. A
    /// child that has ended and was not waited for ignores it. Where a child is no descriptor
    /// this holds as long as nobody else reaps children of this process.
    ///
    /// # Errors
    ///
    /// `NotFound` after the child was reaped, without asking the system; `InvalidInput` if the number
    /// is not that of a signal, named or real-time; `PermissionDenied` if the child has become another user's.
    ///
    /// [`ExitStatusExt`]: std::os::unix::process::ExitStatusExt
    pub fn send_signal(&self, signal: impl Into<i32>) -> io::Result<()> {
        self.process.signal(signal_of(signal.into())?)
    }

    /// As [`send_signal`](Self::send_signal), for every process of the group that the child leads.
    ///
    /// SIGKILL is number 9. A group that outlives its leader can no longer be reached once that was reaped:
    /// signal first, then wait.
    ///
    /// # Errors
    ///
    /// Those of [`send_signal`](Self::send_signal), after the leader was reaped too; `InvalidInput` if
    /// it was not started with [`process_group(0)`](crate::Command::process_group).
    pub fn send_signal_to_group(&self, signal: impl Into<i32>) -> io::Result<()> {
        self.process.signal_group(signal_of(signal.into())?)
    }

    /// Asks the child to end, with SIGTERM. Its own children, those of a shell say, hear nothing: there is
    /// [`send_signal_to_group`](Self::send_signal_to_group) for them.
    ///
    /// # Errors
    ///
    /// As [`send_signal`](Self::send_signal).
    pub fn terminate(&self) -> io::Result<()> {
        self.process.signal(Signal::TERM)
    }

    /// Ends the child, with SIGKILL, and not its own children. It is reaped by [`wait`](Self::wait), or after
    /// it was dropped.
    ///
    /// # Errors
    ///
    /// As [`send_signal`](Self::send_signal).
    #[doc(alias = "start_kill")]
    pub fn kill(&self) -> io::Result<()> {
        self.process.signal(Signal::KILL)
    }
}

fn signal_of(number: i32) -> io::Result<Signal> {
    let signal = Signal::from_named_raw(number).or_else(|| real_time(number));
    signal.ok_or_else(|| no_signal(number))
}
