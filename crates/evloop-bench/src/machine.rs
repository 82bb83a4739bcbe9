//! Where and with what it was measured.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Ours are all of one version; these are the others that take part.
const PEERS: &[&str] = &[
    "async-channel",
    "async-executor",
    "async-io",
    "async-lock",
    "async-process",
    "async-task",
    "blocking",
    "futures-buffered",
    "futures-concurrency",
    "futures-util",
    "hyper",
    "hyper-util",
    "monoio",
    "rayon",
    "smol-hyper",
    "tokio",
];

/// As it was built.
const LOCK_FILE: &str = include_str!("../Cargo.lock");

/// Date, processor, kernel, compiler and versions, one a line.
pub(crate) fn describe() -> String {
    let processor = field_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = line_of("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".to_owned());
    let load = line_of("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!(
        "date: {}\nprocessor: {processor}, {n_cores} cores\nkernel: {} {kernel}\n\
         load when it started: {load}\ncompiler: {}\npeers: {}",
        today(),
        env::consts::OS,
        compiler(),
        versions(LOCK_FILE)
    )
}

fn line_of(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}

fn field_of(path: &str, field: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}

/// The versions of the peers in a lock file.
fn versions(lock_file: &str) -> String {
    let mut found = BTreeMap::new();
    let mut lines = lock_file.lines();
    while let Some(line) = lines.next() {
        let name = line
            .strip_prefix("name = ")
            .map(|name| name.trim_matches('"'));
        if let Some(name) = name.filter(|name| PEERS.contains(name)) {
            let version = lines
                .next()
                .and_then(|line| line.strip_prefix("version = "));
            found.insert(name, version.unwrap_or("unknown").trim_matches('"'));
        }
    }
    let named: Vec<_> = found
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    named.join(", ")
}

/// The date in UTC.
fn today() -> String {
    let now = SystemTime::now();
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    date_of(since.as_secs() / 86_400)
}

/// The date so many days after 1970-01-01, by counting whole years and months.
fn date_of(mut n_days: u64) -> String {
    let is_leap =
        |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while n_days >= 365 + u64::from(is_leap(year)) {
        n_days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if n_days < length {
            break;
        }
        n_days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", n_days + 1)
}
