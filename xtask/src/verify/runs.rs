//! The tests and the tour under other circumstances: one CPU, many times, many orders of steps, panics that
//! abort.

use std::time::Duration;

use xshell::cmd;

use super::{Outcome, Setup};
use crate::Result;
use crate::process::{has_tool, stream};
use crate::test_report::TestReport;
use crate::workspace::target_dir;

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// With one CPU, a spin that waits for another thread takes a whole time slice or forever.
pub(super) fn one_cpu(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    if !has_tool(sh, "taskset") {
        return Ok(Outcome::Skipped("there is no taskset".to_owned()));
    }
    build(setup)?;
    let test = cmd!(
        sh,
        "taskset --cpu-list 0 cargo test --workspace --tests -- --quiet"
    );
    let report = TestReport::parse(&stream(test, LIMIT)?.or_fail("the tests on one CPU")?);
    Ok(Outcome::Passed(report.to_string()))
}

/// A test that fails once in a while is wrong, or the code is.
pub(super) fn flakes(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    build(setup)?;
    let mut report = TestReport::default();
    for round in 1..=setup.repeat {
        let test = cmd!(sh, "cargo test --workspace --tests -- --quiet");
        let lines = stream(test, LIMIT)?.or_fail(&format!("round {round} of the tests"))?;
        report.add(TestReport::parse(&lines));
    }
    Ok(Outcome::Passed(format!(
        "{report} in {} rounds",
        setup.repeat
    )))
}

/// Code that relies on an order of steps may do so only seldom.
pub(super) fn orders(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    let n_seeds = if setup.deep { "10000" } else { "1000" };
    let test = cmd!(
        sh,
        "cargo test --package evloop-tests --test conformance --test differential -- --quiet"
    );
    let test = test.env("EVLOOP_SHUFFLE_SEEDS", n_seeds);
    let limit = if setup.deep { 20 } else { 3 } * LIMIT;
    let lines = stream(test, limit)?.or_fail("the cases under many orders of steps")?;
    let report = TestReport::parse(&lines);
    Ok(Outcome::Passed(format!("{report} with {n_seeds} seeds")))
}

/// A program may abort on panic; then nothing may rely on unwinding to work.
pub(super) fn panic_abort(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    let target = target_dir("panic-abort");
    let tour = cmd!(
        sh,
        "cargo run --package evloop-examples --example tour --target-dir {target} -- --fast"
    )
    .env("CARGO_PROFILE_DEV_PANIC", "abort");
    stream(tour, LIMIT)?.or_fail("the tour with panic=abort")?;
    Ok(Outcome::Passed("the tour builds and runs".to_owned()))
}

fn build(setup: &Setup<'_>) -> Result<()> {
    let sh = setup.sh;
    cmd!(sh, "cargo build --workspace --bins --examples").run()?;
    Ok(cmd!(sh, "cargo test --workspace --tests --no-run").run()?)
}
