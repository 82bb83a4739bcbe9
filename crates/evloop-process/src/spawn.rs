//! Starting a child, so that nothing is left of an attempt that fails.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    process::{Child as StdChild, Command as StdCommand, Stdio},
};

use evloop_net::{PipeReader, PipeWriter};
use evloop_reactor::ReactorHandle;
use rustix::process::Pid;

use crate::{
    Child,
    process::{Fate, Process},
};

/// A child that is killed and reaped unless somebody takes it over.
struct Unwatched(Option<StdChild>);

impl Drop for Unwatched {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // Errors say that it is gone already.
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Starts `command` with its streams as they are.
pub(crate) fn spawn(
    command: &mut StdCommand,
    fate: Fate,
    reactor: &ReactorHandle,
) -> io::Result<Child> {
    let child = command.spawn()?;
    let pid = Pid::from_child(&child);
    let mut unwatched = Unwatched(Some(child));
    let child = unwatched.0.as_mut().expect("it was put there");

    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let reader = |fd: OwnedFd| PipeReader::from_fd_in(reactor, fd);
    let stdin = stdin
        .map(|pipe| PipeWriter::from_fd_in(reactor, pipe.into()))
        .transpose()?;
    let stdout = stdout.map(|pipe| reader(pipe.into())).transpose()?;
    let stderr = stderr.map(|pipe| reader(pipe.into())).transpose()?;
    let process = Process::watch(reactor, pid, fate)?;
    unwatched.0 = None;
    Ok(Child {
        stdin,
        stdout,
        stderr,
        process,
    })
}

/// The same with standard output and error in one pipe.
pub(crate) fn spawn_merged(
    command: &mut StdCommand,
    fate: Fate,
    reactor: &ReactorHandle,
) -> io::Result<Child> {
    let (reader, writer) = io::pipe()?;
    let reader = PipeReader::from_fd_in(reactor, reader.into())?;
    let copy = writer.as_fd().try_clone_to_owned()?;
    command.stdout(copy).stderr(writer);
    let spawned = spawn(command, fate, reactor);
    // The command would keep the pipe open, and the end of what the child writes would never come.
    command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let mut child = spawned?;
    child.stdout = Some(reader);
    Ok(child)
}
