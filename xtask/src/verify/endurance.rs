//! Servers under load, and children, for minutes: the program `endurance` of the tests says what it measures, and fails
//! where a bound is broken.

use std::time::Duration;

use xshell::cmd;

use super::{Outcome, Setup};
use crate::Result;
use crate::process::stream;
use crate::workspace;

const LIMIT: Duration = Duration::from_secs(60 * 60);

const MEASURED: [&str; 5] = ["echo", "churn", "memory", "slow", "children"];

const FLAVOURS: [&str; 2] = ["event-loop", "runtime"];

pub(super) fn run(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    cmd!(
        sh,
        "cargo build --release --package evloop-tests --bin endurance"
    )
    .run()?;
    let program = workspace::target_directory(sh)?.join("release/endurance");
    let (mut passed, mut skipped, mut broken) = (0, Vec::new(), Vec::new());
    for what in MEASURED {
        for flavour in FLAVOURS {
            let churns = setup.churns.to_string();
            let count = (what == "churn").then_some(churns);
            let name = format!("{what} on {flavour}");
            let finished = stream(cmd!(sh, "{program} {what} {flavour} {count...}"), LIMIT)?;
            let skips = |line: &String| line.starts_with("SKIPPED");
            match finished.lines.iter().find(|line| skips(line)) {
                _ if !finished.success => broken.push(name),
                Some(line) => skipped.push(line.clone()),
                None => passed += 1,
            }
        }
    }
    if !broken.is_empty() {
        return Err(broken.join(", ").into());
    }
    let skipped = skipped.join("; ");
    match passed {
        0 => Ok(Outcome::Skipped(skipped)),
        _ => Ok(Outcome::Passed(
            format!("{passed} loads within their bounds. {skipped}")
                .trim_end()
                .to_owned(),
        )),
    }
}
