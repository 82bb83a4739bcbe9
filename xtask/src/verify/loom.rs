//! loom explores the interleavings of each crate's `tests/loom.rs`.
//!
//! A model asserts itself that it explored more than one iteration: one that did not proves
//! nothing.

use std::time::Duration;

use xshell::cmd;

use super::{Outcome, Setup};
use crate::Result;
use crate::process::stream;
use crate::test_report::TestReport;
use crate::workspace::target_dir;

const LIMIT: Duration = Duration::from_secs(60 * 60);

pub(super) fn run(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    let target = target_dir("loom");
    let mut total = TestReport::default();
    let mut modelled = Vec::new();
    for name in setup.crates() {
        if !setup
            .tree
            .paths
            .contains(&format!("crates/{name}/tests/loom.rs"))
        {
            continue;
        }
        // --release: a model runs thousands of times, and its own checks do not need ours.
        let test = cmd!(
            sh,
            "cargo test --release --package {name} --test loom --target-dir {target}"
        )
        .env("RUSTFLAGS", "--cfg loom")
        // Two preemptions find nearly all bugs in minutes; three may take hours.
        .env("LOOM_MAX_PREEMPTIONS", if setup.deep { "3" } else { "2" })
        // Without these two, linking takes longer than the models.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        let report = TestReport::parse(&stream(test, LIMIT)?.or_fail(&format!("loom of {name}"))?);
        if report.passed == 0 {
            return Err(format!("`{name}` has tests/loom.rs but no model in it ran").into());
        }
        total.add(report);
        modelled.push(name);
    }
    if modelled.is_empty() {
        return Ok(Outcome::Skipped("no crate has a tests/loom.rs".to_owned()));
    }
    Ok(Outcome::Passed(format!(
        "{} models of {}",
        total.passed,
        modelled.join(", ")
    )))
}
