//! Programs that xtask starts: shown before they run, read while they run, bounded in time.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use xshell::{Cmd, Shell, cmd};

use crate::Result;

/// What a program wrote to its standard output, and whether it ended well.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The lines of its standard output; its standard error went to ours.
    pub(crate) lines: Vec<String>,
    /// Whether it exited with zero.
    pub(crate) success: bool,
}

impl Finished {
    /// The lines, or an error that names the command.
    pub(crate) fn or_fail(self, command: &str) -> Result<Vec<String>> {
        if self.success {
            Ok(self.lines)
        } else {
            Err(format!("`{command}` failed").into())
        }
    }
}

/// Runs a command to its end, printing its standard output as it comes and keeping it too.
///
/// # Errors
/// The program cannot be started, or is still running after `limit`: then it is killed.
pub(crate) fn stream(cmd: Cmd<'_>, limit: Duration) -> Result<Finished> {
    let shown = cmd.to_string();
    println!("$ {shown}");
    let mut child = Command::from(cmd)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("failed to start `{shown}`: {error}"))?;
    let stdout = child
        .stdout
        .take()
        .expect("the standard output was piped just above");
    let (sender, arriving) = channel();
    thread::Builder::new()
        .name("read a child's output".to_owned())
        .spawn(move || send_lines(stdout, &sender))?;

    let started = now();
    let mut lines = Vec::new();
    loop {
        match arriving.recv_timeout(limit.saturating_sub(started.elapsed())) {
            Ok(line) => {
                println!("{line}");
                lines.push(line);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                child.kill()?;
                child.wait()?;
                return Err(format!("`{shown}` was still running after {limit:?}; killed").into());
            }
        }
    }
    Ok(Finished {
        lines,
        success: child.wait()?.success(),
    })
}

/// Runs a command and gives what it wrote, or `None` if it does not exist or fails: this is how a
/// step asks for an optional tool.
pub(crate) fn probe(cmd: Cmd<'_>) -> Option<String> {
    // Asking for a toolchain must not make rustup fetch it.
    cmd.env("RUSTUP_AUTO_INSTALL", "0")
        .quiet()
        .ignore_stderr()
        .read()
        .ok()
}

/// Whether a program answers to `--version`.
pub(crate) fn has_tool(sh: &Shell, name: &str) -> bool {
    probe(cmd!(sh, "{name} --version")).is_some()
}

/// The instant, for limits and for the timing of steps.
#[expect(
    clippy::disallowed_methods,
    reason = "xtask times real programs with the real clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

fn send_lines(output: impl Read, sender: &Sender<String>) {
    for line in BufReader::new(output).split(b'\n') {
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line);
        if sender.send(line.trim_end_matches('\r').to_owned()).is_err() {
            return;
        }
    }
}
