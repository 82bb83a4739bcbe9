//! What to start, and how.

use std::{
    ffi::OsStr,
    fmt,
    io::{self, ErrorKind},
    os::unix::{ffi::OsStrExt, process::CommandExt},
    path::Path,
    process::{Command as StdCommand, ExitStatus, Output, Stdio},
};

use evloop_reactor::ReactorHandle;

use crate::{Child, error::spawn_error, process::Fate, spawn};

/// What to start, and how.
///
/// A [`std::process::Command`] whose children are asynchronous. What it has and this has not is
/// there through [`as_std_mut`](Self::as_std_mut). It can be started again and again.
///
/// As in the standard library, streams that were not set are those of this process for
/// [`spawn`](Self::spawn) and [`status`](Self::status), while [`output`](Self::output) pipes what the child
/// writes and gives it nothing to read. Descriptors of this process other than the streams are not the
/// child's, if they were opened close-on-exec, as all of evloop and of the standard library are. No
/// signal is blocked in the child, and SIGPIPE does there what it does by default.
///
/// # Examples
///
/// ```
/// use std::process::Stdio;
/// use evloop_process::Command;
/// use evloop_reactor::Reactor;
///
/// let reactor = Reactor::new()?;
/// let child = Command::new("/bin/sh")
///     .args(["-c", "exit $CODE"])
///     .env("CODE", "3")
///     .stdin(Stdio::null())
///     .spawn_in(&reactor.handle())?;
/// let status = loop {
///     if let Some(status) = child.try_wait()? {
///         break status;
///     }
/// };
/// assert_eq!(status.code(), Some(3));
/// # std::io::Result::Ok(())
/// ```
pub struct Command {
    std: StdCommand,
    fate: Fate,
    /// Which streams were set, by this type's own methods.
    is_set: Streams,
    /// Standard output and error get one pipe, made anew for each child.
    merges_stderr: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Streams {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

impl Command {
    /// Starts `program`, which is searched in `PATH` if there is no slash in it, with no arguments.
    #[doc(alias("create_subprocess_exec", "exec"))]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        StdCommand::new(program).into()
    }

    /// Has `/bin/sh` run `line`.
    ///
    /// The shell obeys whatever is in it: text from elsewhere belongs into arguments of [`new`](Self::new),
    /// or into the environment.
    ///
    /// What the shell starts are children of the shell: [`Child::terminate`] and [`Child::kill`] leave them
    /// alone. `exec program` as the last command puts the program in its place, and
    /// [`process_group(0)`](Self::process_group) makes all of them a group, which
    /// [`Child::send_signal_to_group`] reaches and [`kill_on_drop`](Self::kill_on_drop) kills.
    #[doc(alias = "create_subprocess_shell")]
    pub fn shell(line: impl AsRef<OsStr>) -> Self {
        let mut command = Self::new("/bin/sh");
        command.arg("-c").arg(line);
        command
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = S>) -> &mut Self {
        self.std.args(args);
        self
    }

    /// Sets a variable of the child's environment.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.std.env(key, value);
        self
    }

    /// Sets variables of the child's environment.
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Self {
        self.std.envs(variables);
        self
    }

    /// Leaves a variable out of the child's environment.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(key);
        self
    }

    /// Leaves out all variables, also those that were set before.
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// Sets the directory that the child begins in.
    ///
    /// Whether a relative program is meant from there is up to the system: give an absolute one.
    pub fn current_dir(&mut self, dir: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(dir);
        self
    }

    /// Sets what the child reads.
    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Self {
        self.is_set.stdin = true;
        self.std.stdin(stdio);
        self
    }

    /// Sets where the child's standard output goes. Undoes [`merge_stderr`](Self::merge_stderr).
    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Self {
        self.is_set.stdout = true;
        self.merges_stderr = false;
        self.std.stdout(stdio);
        self
    }

    /// Sets where the child's standard error goes. Undoes [`merge_stderr`](Self::merge_stderr).
    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Self {
        self.is_set.stderr = true;
        self.merges_stderr = false;
        self.std.stderr(stdio);
        self
    }

    /// Pipes the child's standard output, and its standard error through the same pipe.
    ///
    /// Both arrive in [`Child::stdout`], in the order in which they were written.
    #[doc(alias = "STDOUT")]
    pub fn merge_stderr(&mut self) -> &mut Self {
        (self.is_set.stdout, self.is_set.stderr) = (false, false);
        self.merges_stderr = true;
        self
    }

    /// Puts the child into the process group with this number, or with 0 into a new one that it leads.
    ///
    /// The keys of a terminal do not reach another group. The child's own children are of its group
    /// unless they leave it.
    pub fn process_group(&mut self, group: i32) -> &mut Self {
        self.fate.leads_group = group == 0;
        self.std.process_group(group);
        self
    }

    /// Has the child killed when its [`Child`] is dropped, if it has not ended: with its group, if it
    /// leads one.
    ///
    /// A future of this type that is dropped drops its child.
    pub fn kill_on_drop(&mut self) -> &mut Self {
        self.fate.kill_on_drop = true;
        self
    }

    /// Sets how many bytes of each stream [`output`](Self::output) and [`Child::communicate`] keep at
    /// most: 16 MiB unless told otherwise. A child that writes more is killed.
    pub fn capture_limit(&mut self, limit: usize) -> &mut Self {
        self.fate.capture_limit = limit;
        self
    }

    /// Has all that a child writes captured, however much it is.
    pub fn capture_unbounded(&mut self) -> &mut Self {
        self.capture_limit(usize::MAX)
    }

    /// The standard library's command inside.
    #[must_use]
    pub fn as_std(&self) -> &StdCommand {
        &self.std
    }

    /// The standard library's command inside, for what it has besides.
    ///
    /// Set streams and groups by the methods here: what is set there is not known here.
    pub fn as_std_mut(&mut self) -> &mut StdCommand {
        &mut self.std
    }

    /// Has children watched as where they are no descriptors, for tests of that.
    #[doc(hidden)]
    pub fn without_pidfd(&mut self) -> &mut Self {
        self.fate.without_pidfd = true;
        self
    }

    /// Starts it, on the current reactor.
    ///
    /// # Errors
    ///
    /// As [`spawn_in`](Self::spawn_in); `NotConnected` if no reactor is current.
    ///
    /// # Cost
    ///
    /// Blocks the thread until the program is loaded.
    pub fn spawn(&mut self) -> io::Result<Child> {
        let reactor = ReactorHandle::try_current().ok_or_else(|| {
            let text = "no reactor is entered on this thread: call this inside an event loop, or use \
                        `spawn_in`";
            self.error(io::Error::new(ErrorKind::NotConnected, text))
        })?;
        self.spawn_in(&reactor)
    }

    /// Starts it, on the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// What the system says about the program, with its name and of the same kind: `NotFound`,
    /// `PermissionDenied`. `InvalidInput` for a zero byte in any of the texts, and for a variable
    /// whose name is empty or contains `=`. No child is left then.
    pub fn spawn_in(&mut self, handle: &ReactorHandle) -> io::Result<Child> {
        let spawned = self.check().and_then(|()| match self.merges_stderr {
            true => spawn::spawn_merged(&mut self.std, self.fate, handle),
            false => spawn::spawn(&mut self.std, self.fate, handle),
        });
        spawned.map_err(|error| self.error(error))
    }

    /// Starts it, waits for its end, and returns how it ended.
    ///
    /// If its standard input is piped, it is closed at once.
    ///
    /// # Cancel safety
    ///
    /// The child is dropped: it runs on, unless it is [killed](Self::kill_on_drop).
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn) and [`Child::wait`].
    pub async fn status(&mut self) -> io::Result<ExitStatus> {
        let mut child = self.spawn()?;
        child.stdin = None;
        child.wait().await
    }

    /// Starts it, waits for its end, and returns what it has written.
    ///
    /// # Cancel safety
    ///
    /// What was read is lost. The child is dropped: it runs on, unless it is
    /// [killed](Self::kill_on_drop).
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn) and [`Child::communicate`].
    pub async fn output(&mut self) -> io::Result<Output> {
        let mut child = self.spawn_captured()?;
        Ok(child.communicate([]).await?.into())
    }

    /// Starts it with pipes for what was not set.
    fn spawn_captured(&mut self) -> io::Result<Child> {
        let is_set = self.is_set;
        if !is_set.stdin {
            self.std.stdin(Stdio::null());
        }
        if !is_set.stdout {
            self.std.stdout(Stdio::piped());
        }
        if !is_set.stderr {
            self.std.stderr(Stdio::piped());
        }
        let spawned = self.spawn();
        // As it was, for the next child.
        if !is_set.stdin {
            self.std.stdin(Stdio::inherit());
        }
        if !is_set.stdout {
            self.std.stdout(Stdio::inherit());
        }
        if !is_set.stderr {
            self.std.stderr(Stdio::inherit());
        }
        spawned
    }

    /// Finds, before anything is started, what the system would find too late or not at all.
    fn check(&self) -> io::Result<()> {
        if self.std.get_program().is_empty() {
            return Err(io::Error::new(
                ErrorKind::NotFound,
                "the program has no name",
            ));
        }
        for (key, _) in self.std.get_envs() {
            if key.is_empty() || key.as_bytes().contains(&b'=') {
                let text = format!("`{}` cannot be a variable", key.display());
                return Err(io::Error::new(ErrorKind::InvalidInput, text));
            }
        }
        Ok(())
    }

    fn error(&self, error: io::Error) -> io::Error {
        spawn_error(self.std.get_program(), self.std.get_current_dir(), error)
    }
}

impl From<StdCommand> for Command {
    /// With streams that count as not set.
    fn from(std: StdCommand) -> Self {
        Self {
            std,
            fate: Fate::default(),
            is_set: Streams::default(),
            merges_stderr: false,
        }
    }
}

/// Without arguments and variables, which may be secrets: [`as_std`](Command::as_std) shows them.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("program", &self.std.get_program())
            .field("n_args", &self.std.get_args().len())
            .field("current_dir", &self.std.get_current_dir())
            .finish_non_exhaustive()
    }
}
