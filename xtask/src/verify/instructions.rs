//! Instruction counts of single-threaded paths, which do not depend on the machine's load.
//!
//! The program `instructions` of `crates/evloop-bench` prints its cases, one a line, when it is
//! called with `--list`, and runs one case when it is called with its name. A case named `nothing`
//! is the cost of starting and is taken off the others. Counts hold for one compiler only, so the
//! recorded file names it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use xshell::cmd;

use super::{Outcome, Setup, memcheck};
use crate::Result;
use crate::bench::MANIFEST;
use crate::process::has_tool;
use crate::workspace::{root, target_dir};

const PROGRAM: &str = "crates/evloop-bench/src/bin/instructions.rs";
const RECORDED: &str = "docs/instructions.txt";
/// Per thousand. The same binary moves by less than a tenth of it from run to run.
const TOLERANCE: u64 = 5;

type Counts = BTreeMap<String, u64>;

pub(super) fn run(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    if !setup.tree.paths.contains(PROGRAM) {
        return Ok(Outcome::Skipped(format!("there is no {PROGRAM}")));
    }
    if !has_tool(sh, "valgrind") {
        return Ok(Outcome::Skipped("there is no valgrind".to_owned()));
    }
    let compiler = cmd!(sh, "rustc --version").read()?;
    let recorded = fs::read_to_string(root().join(RECORDED)).unwrap_or_default();
    let recorded_by = recorded
        .lines()
        .next()
        .unwrap_or("")
        .trim_start_matches(['#', ' ']);
    if !setup.write && recorded_by != compiler {
        let found = if recorded_by.is_empty() {
            "missing"
        } else {
            recorded_by
        };
        return Ok(Outcome::Skipped(format!(
            "counts hold for one compiler: {RECORDED} is {found}, this is {compiler}; \
             `cargo xtask verify instructions --write` records"
        )));
    }

    let counts = measure(setup)?;
    if setup.write {
        let mut text = format!("# {compiler}\n");
        for (case, count) in &counts {
            let _ = writeln!(text, "{case} {count}");
        }
        fs::write(root().join(RECORDED), text)?;
        return Ok(Outcome::Passed(format!("recorded {} counts", counts.len())));
    }
    let problems = compare(&parse(&recorded), &counts);
    if problems.is_empty() {
        return Ok(Outcome::Passed(format!(
            "{} counts within 0.5 %",
            counts.len()
        )));
    }
    Err(format!("{}; --write records them anew", problems.join("; ")).into())
}

fn measure(setup: &Setup<'_>) -> Result<Counts> {
    let sh = setup.sh;
    let build = cmd!(
        sh,
        "cargo build --release --manifest-path {MANIFEST} --bin instructions
            --message-format json"
    );
    let built = memcheck::executables(build)?;
    let program = built
        .last()
        .ok_or("cargo built no program `instructions`")?;
    let out = target_dir("callgrind.out");
    let mut counts = Counts::new();
    for case in cmd!(sh, "{program} --list").read()?.lines() {
        let file = out.display().to_string();
        cmd!(
            sh,
            "valgrind --quiet --tool=callgrind --callgrind-out-file={file} {program} {case}"
        )
        .run()?;
        counts.insert(case.to_owned(), total(&fs::read_to_string(&out)?)?);
    }
    let start = counts.remove("nothing").unwrap_or(0);
    counts
        .values_mut()
        .for_each(|count| *count = count.saturating_sub(start));
    Ok(counts)
}

/// The sum in callgrind's output file.
fn total(profile: &str) -> Result<u64> {
    let line = profile.lines().find_map(|line| {
        line.strip_prefix("summary: ")
            .or_else(|| line.strip_prefix("totals: "))
    });
    Ok(line.ok_or("callgrind wrote no sum")?.trim().parse()?)
}

fn parse(recorded: &str) -> Counts {
    let line = |line: &str| {
        let (case, count) = line.rsplit_once(' ')?;
        Some((case.to_owned(), count.parse().ok()?))
    };
    recorded
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(line)
        .collect()
}

/// Cases that cost more, cost so much less that the record is stale, came or went.
fn compare(recorded: &Counts, counted: &Counts) -> Vec<String> {
    let mut problems = Vec::new();
    for (case, &before) in recorded {
        match counted.get(case) {
            None => problems.push(format!("`{case}` is gone")),
            Some(&now) if before.abs_diff(now) * 1000 > before * TOLERANCE => {
                problems.push(format!("`{case}` went from {before} to {now} instructions"));
            }
            Some(_) => {}
        }
    }
    let new = counted.keys().filter(|case| !recorded.contains_key(*case));
    problems.extend(new.map(|case| format!("`{case}` is new")));
    problems
}

#[cfg(test)]
mod tests;
