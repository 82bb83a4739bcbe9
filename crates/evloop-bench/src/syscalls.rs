//! The system calls of a message of the echo rows, counted by `strace`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::process::{Command, Stdio};

use crate::row::{Effort, Family, Row};
use crate::rows::echo_messages;

/// Calls of a whole process, by name.
type Counts = BTreeMap<String, u64>;

/// Per message, the client does one of each.
const CLIENT: [&str; 2] = ["sendto", "recvfrom"];

/// Prints a table of the echo rows among `families`, or why there is none.
pub(crate) fn print(families: &[Family]) -> Result<(), Box<dyn Error>> {
    if let Err(error) = Command::new("strace").arg("-V").output() {
        println!("skipped: strace does not start: {error}");
        return Ok(());
    }
    let rows = families.iter().flat_map(|family| &family.rows);
    let mut rows = rows.filter_map(|row| Some((row, n_messages(row)?)));
    let mut above: Vec<&str> = Vec::new();
    rows.try_for_each(|(row, n_messages)| {
        let names: Vec<&str> = row.contenders.iter().map(|one| one.name).collect();
        if names != above {
            println!("\n| row | {} |", names.join(" | "));
            println!("|---|{}", "---|".repeat(names.len()));
            above = names;
        }
        let cells = row.contenders.iter().map(|contender| {
            let start = count(row, contender.name, Effort::Quick)?;
            let all = count(row, contender.name, Effort::Full)?;
            Ok(cell(&start, &all, n_messages))
        });
        let cells: Result<Vec<_>, Box<dyn Error>> = cells.collect();
        println!("| `{}` | {} |", row.name, cells?.join(" | "));
        Ok(())
    })
}

/// How many messages a full measurement has more than a quick one; `None` if that is not what is
/// counted here: one connection, or 64, and the time that passes.
fn n_messages(row: &Row) -> Option<usize> {
    let of_time = row.name.trim_start_matches("mt_");
    let n_connections = row
        .size
        .filter(|_| ["echo_1", "echo_64"].contains(&of_time))?;
    let of = |effort| echo_messages(effort, n_connections);
    Some(of(Effort::Full) - of(Effort::Quick))
}

/// Runs this program under strace.
fn count(row: &Row, contender: &str, effort: Effort) -> Result<Counts, Box<dyn Error>> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c"]).arg(std::env::current_exe()?);
    strace.args(["--rows", &row.name, "--only", contender, "--reps", "1"]);
    if effort == Effort::Quick {
        strace.arg("--quick");
    }
    let output = strace.stdout(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(io::Error::other(format!("strace failed: {text}")).into());
    }
    Ok(text.lines().filter_map(call).collect())
}

/// A line of the summary: share, seconds, time for one, calls, errors if any, name.
fn call(line: &str) -> Option<(String, u64)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let name = words.last().filter(|name| **name != "total")?;
    // That of a child ended is in the lines as well, and has no such number.
    let n_calls = words.get(3)?.parse().ok()?;
    Some(((*name).to_owned(), n_calls))
}

/// What a message takes, and of what: the difference of the two runs, without the client.
fn cell(start: &Counts, all: &Counts, n_messages: usize) -> String {
    let per_message = |(name, &n_calls): (&String, &u64)| {
        let n_calls = n_calls as f64 - start.get(name).map_or(0.0, |&before| before as f64);
        let of_client = f64::from(u8::from(CLIENT.contains(&name.as_str())));
        (name.clone(), n_calls / n_messages as f64 - of_client)
    };
    let mut calls: Vec<_> = all.iter().map(per_message).collect();
    calls.retain(|(_, n_calls)| *n_calls >= 0.005);
    calls.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let total: f64 = calls.iter().map(|(_, n_calls)| n_calls).sum();
    let calls = calls
        .iter()
        .map(|(name, n_calls)| format!("{name} {n_calls:.2}"));
    format!("**{total:.2}**: {}", calls.collect::<Vec<_>>().join(", "))
}
