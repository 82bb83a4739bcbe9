//! A program on its own main thread, to which SIGINT is sent.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

/// A started `interrupted` program, which is killed when this is dropped.
#[derive(Debug)]
pub struct Interrupted {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

/// What came of it.
#[derive(Debug)]
pub struct Ended {
    /// The lines that it printed and that were not waited for.
    pub lines: Vec<String>,
    /// What it printed on standard error.
    pub stderr: String,
    /// The exit code, unless a signal killed it.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
}

impl Interrupted {
    /// Starts a program, with the disposition of SIGINT that this process has.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let stdout = child.stdout.take().expect("it is piped");
        let stdout = BufReader::new(stdout);
        Self { child, stdout }
    }

    /// Reads until it has printed `line`, which has to be the next one.
    ///
    /// # Panics
    ///
    /// When it prints another line, or ends.
    pub fn wait_for(&mut self, line: &str) {
        let mut read = String::new();
        self.stdout
            .read_line(&mut read)
            .expect("its output can be read");
        assert_eq!(read.trim_end(), line);
    }

    /// Waits until its main thread sleeps, which after its last line it does in the loop's wait.
    ///
    /// # Panics
    ///
    /// When the system does not tell.
    pub fn wait_until_asleep(&self) {
        let status = format!("/proc/{}/stat", self.child.id());
        loop {
            let status = std::fs::read_to_string(&status).expect("Linux tells the state");
            // The name before it is in parentheses, and may hold any character.
            let state = status.rsplit(") ").next().unwrap_or("");
            if state.starts_with('S') {
                return;
            }
            thread::yield_now();
        }
    }

    /// Sends SIGINT.
    ///
    /// # Panics
    ///
    /// When that is refused.
    pub fn interrupt(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).expect("it was not waited for yet");
    }

    /// Sends SIGTERM.
    ///
    /// # Panics
    ///
    /// When that is refused.
    pub fn terminate(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("it was not waited for yet");
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When its output cannot be read.
    #[must_use]
    pub fn end(mut self) -> Ended {
        let mut stdout = String::new();
        self.stdout
            .read_to_string(&mut stdout)
            .expect("its output can be read");
        let mut stderr = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_string(&mut stderr)
                .expect("its errors can be read");
        }
        let status = self.child.wait().expect("it can be waited for");
        Ended {
            lines: stdout.lines().map(str::to_owned).collect(),
            stderr,
            code: status.code(),
            signal: status.signal(),
        }
    }
}

impl Drop for Interrupted {
    fn drop(&mut self) {
        // Either fails when it has ended, which is as good.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Ended {
    /// Requires that SIGINT has killed it, and returns the lines.
    ///
    /// # Panics
    ///
    /// When it has ended otherwise, or printed an error.
    #[must_use]
    #[track_caller]
    pub fn by_interrupt(self) -> Vec<String> {
        assert_eq!((self.signal, &*self.stderr), (Some(2), ""), "{self:?}");
        self.lines
    }

    /// Requires that it has ended well, and returns the lines.
    ///
    /// # Panics
    ///
    /// When it has ended otherwise, or printed an error.
    #[must_use]
    #[track_caller]
    pub fn well(self) -> Vec<String> {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{self:?}");
        self.lines
    }
}
