//! Servers under load for a while: ten thousand connections at once, a million that come and go, peers
//! that send a byte now and then, and the memory that they cost; and child processes.
//!
//! `endurance echo|churn|slow|memory|children event-loop|runtime [number]` prints a line for each result and fails
//! where a bound is broken. The server is a process of its own, as are the slow peers: each has a limit
//! of descriptors, and is measured alone.

#![expect(clippy::print_stdout, reason = "results are printed")]

mod children;
mod churn;
mod echo;
mod memory;
mod served;
mod server;
mod slow;
mod slow_peers;

use std::io;

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::served::Flavour;

/// How many connections are open at once.
const MANY: u64 = 10_000;

/// Descriptors that are none of connections.
const OTHERS: u64 = 64;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let n_allowed = allow_descriptors()?;
    match arguments[..] {
        ["server", flavour, limit] => server::run(flavour.parse()?, number(limit)?),
        ["peers", addr, n_fast, n_slow] => slow_peers::run(addr, number(n_fast)?, number(n_slow)?),
        [what, flavour] => measure(what, flavour.parse()?, None, n_allowed),
        [what, flavour, count] => measure(what, flavour.parse()?, Some(number(count)?), n_allowed),
        _ => Err(io::Error::other("what is to be measured, and of what?")),
    }
}

fn measure(what: &str, flavour: Flavour, count: Option<u64>, n_allowed: u64) -> io::Result<()> {
    let n_connections = match what {
        "churn" => 0,
        // Two pipes and the process of each.
        "children" => 3 * 500,
        _ => count.unwrap_or(MANY),
    };
    if n_allowed < n_connections + OTHERS {
        println!("SKIPPED {what}: this system allows a process {n_allowed} descriptors");
        return Ok(());
    }
    match what {
        "echo" => echo::run(flavour, n_connections),
        "churn" => churn::run(flavour, count.unwrap_or(1_000_000)),
        "children" => children::run(flavour, count.unwrap_or(20_000)),
        "slow" => slow::run(flavour, n_connections),
        "memory" => memory::run(flavour, n_connections),
        _ => Err(io::Error::other(format!("`{what}` cannot be measured"))),
    }
}

/// As many as the system lets us have.
fn allow_descriptors() -> io::Result<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

fn number(text: &str) -> io::Result<u64> {
    text.parse()
        .map_err(|error| io::Error::other(format!("`{text}`: {error}")))
}

/// Fails with what was measured, unless it is within its bound.
fn require(holds: bool, broken: &str) -> io::Result<()> {
    match holds {
        true => Ok(()),
        false => Err(io::Error::other(format!("a bound is broken: {broken}"))),
    }
}
