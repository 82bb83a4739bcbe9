//! A server in a process of its own, and what is asked of it.

use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use evloop::{Clock, SystemClock};

/// For what should come at once.
const LIMIT: Duration = Duration::from_secs(60);

/// How often what it has is to be the same before it is at rest.
const SAME: usize = 100;

/// What the server runs on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flavour {
    EventLoop,
    Runtime,
}

impl FromStr for Flavour {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        match text {
            "event-loop" => Ok(Self::EventLoop),
            "runtime" => Ok(Self::Runtime),
            _ => Err(io::Error::other(format!("`{text}` is nothing to run on"))),
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EventLoop => "event-loop",
            Self::Runtime => "runtime",
        })
    }
}

/// What a process has, as it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) rss_kib: u64,
    pub(crate) n_fds: u64,
    pub(crate) n_tasks: u64,
    pub(crate) n_clients: u64,
}

impl Holdings {
    pub(crate) fn of_this_process(n_tasks: usize, n_clients: usize) -> io::Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let rss = rss.and_then(|rss| rss.split_whitespace().next()?.parse().ok());
        Ok(Self {
            rss_kib: rss.ok_or_else(|| io::Error::other("the system does not say VmRSS"))?,
            n_fds: fs::read_dir("/proc/self/fd")?.count() as u64,
            n_tasks: n_tasks as u64,
            n_clients: n_clients as u64,
        })
    }

    pub(crate) fn line(&self) -> String {
        let Self {
            rss_kib,
            n_fds,
            n_tasks,
            n_clients,
        } = self;
        format!("{rss_kib} {n_fds} {n_tasks} {n_clients}\n")
    }
}

impl FromStr for Holdings {
    type Err = io::Error;

    fn from_str(line: &str) -> io::Result<Self> {
        let numbers: Vec<u64> = line.split_whitespace().flat_map(str::parse).collect();
        let [rss_kib, n_fds, n_tasks, n_clients] = numbers[..] else {
            return Err(io::Error::other(format!("the server answers `{line}`")));
        };
        Ok(Self {
            rss_kib,
            n_fds,
            n_tasks,
            n_clients,
        })
    }
}

/// This program in another role, killed when it is dropped.
pub(crate) struct Served {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Served {
    pub(crate) fn start(arguments: &[&str]) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        Ok(Self {
            child,
            stdin: stdin.expect("it was piped just above"),
            stdout: BufReader::new(stdout.expect("it was piped just above")),
        })
    }

    /// A server with readers of that limit, and its address.
    pub(crate) fn server(flavour: Flavour, limit: u64) -> io::Result<(Self, SocketAddr)> {
        let (flavour, limit) = (flavour.to_string(), limit.to_string());
        let mut server = Self::start(&["server", &flavour, &limit])?;
        let addr: SocketAddr = server.line()?.trim().parse().map_err(io::Error::other)?;
        // Once somebody was served, all that serves has begun.
        let mut first = TcpStream::connect(addr)?;
        first.write_all(b"hello\n")?;
        first.read_exact(&mut [0; 6])?;
        drop(first);
        Ok((server, addr))
    }

    pub(crate) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stdout.read_line(&mut line)? {
            0 => Err(io::Error::other("the other process has ended")),
            _ => Ok(line),
        }
    }

    /// What the server has now.
    pub(crate) fn holdings(&mut self) -> io::Result<Holdings> {
        self.stdin.write_all(b"?\n")?;
        self.line()?.parse()
    }

    /// What it has when nobody is connected any more.
    pub(crate) fn holdings_at_rest(&mut self) -> io::Result<Holdings> {
        let (mut last, mut n_same) = (self.holdings()?, 0);
        while n_same < SAME {
            let now = self.holdings_once(|now| now.n_clients == 0)?;
            n_same = match now == last {
                true => n_same + 1,
                false => 0,
            };
            last = now;
        }
        Ok(last)
    }

    /// What it has once that satisfies `is_so`; it is asked until then.
    pub(crate) fn holdings_once(
        &mut self,
        is_so: impl Fn(&Holdings) -> bool,
    ) -> io::Result<Holdings> {
        let begin = SystemClock.now();
        loop {
            let holdings = self.holdings()?;
            if is_so(&holdings) {
                return Ok(holdings);
            }
            if SystemClock.now().saturating_duration_since(begin) > LIMIT {
                let text = format!("the server has {holdings:?}, and that does not change");
                return Err(io::Error::other(text));
            }
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which shows elsewhere.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}
