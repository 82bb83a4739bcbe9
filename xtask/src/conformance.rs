//! `cargo xtask conformance`: which of asyncio's behaviours a test run has shown.
//!
//! `docs/conformance.md` is generated from the names and results of the tests, never written by
//! hand: `case_NNN_…` proves the behaviour of that number, `diff_…` compares the trace of a program
//! with CPython's, `museum_bmNN_…` keeps a known bug of others from happening here.

mod page;
mod record;

use std::fs;

use xshell::{Shell, cmd};

use crate::test_report::TestReport;
use crate::workspace::{self, Tree};
use crate::{Result, ci};

const PAGE: &str = "docs/conformance.md";

/// Writes the page from a test run; `--check` only compares; `--record` writes CPython's traces.
pub(crate) fn run(sh: &Shell, args: &mut lexopt::Parser) -> Result<()> {
    let mut check_only = false;
    while let Some(arg) = args.next()? {
        match arg {
            // Fails if the page is not what this run would write.
            lexopt::Arg::Long("check") => check_only = true,
            // Runs the Python programs, not the tests.
            lexopt::Arg::Long("record") => return record::run(sh),
            _ => return Err(arg.unexpected().into()),
        }
    }

    // Some tests start the examples as programs.
    cmd!(sh, "cargo build --workspace --bins --examples").run()?;
    let (report, success) = ci::run_tests(sh)?;
    if check_only {
        check(&report)?;
    } else {
        fs::write(workspace::root().join(PAGE), render(&report)?)?;
        println!("wrote {PAGE}");
    }
    if success {
        Ok(())
    } else {
        Err(format!("{} tests failed", report.failed).into())
    }
}

/// Compares the page with what a run of all tests has shown.
///
/// # Errors
/// The page is missing or differs.
pub(crate) fn check(report: &TestReport) -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("SKIPPED conformance: {PAGE} is of a run on Linux, where all tests exist");
        return Ok(());
    }
    let written = fs::read_to_string(workspace::root().join(PAGE)).unwrap_or_default();
    let fresh = render(report)?;
    if written.replace("\r\n", "\n") == fresh {
        println!("{PAGE} is what this run shows");
        return Ok(());
    }
    let differs = fresh
        .lines()
        .zip(written.lines())
        .find(|(fresh, written)| fresh != written);
    if let Some((fresh, written)) = differs {
        println!("written: {written}\n    now: {fresh}");
    }
    Err(format!("{PAGE} is out of date: `cargo xtask conformance` writes it").into())
}

fn render(report: &TestReport) -> Result<String> {
    let tree = Tree::read(&workspace::root())?;
    Ok(page::render(report, &tree))
}
