//! `cargo xtask ci`: the one gate, and the exact list of what it runs.
//!
//! It needs cargo, rustfmt and clippy, nothing else. The steps run in order, stop at the first
//! failure, and share one profile and one set of flags, so that nothing is built twice.

mod expected;

use std::time::Duration;

use lexopt::ValueExt as _;
use xshell::{Shell, cmd};

use crate::process::{now, stream};
use crate::test_report::TestReport;
use crate::workspace::{self, Tree};
use crate::{Result, conformance, features, licences, tidy};

/// Longer than any honest run; a hung build or test ends the gate instead of blocking it.
const BUILD_LIMIT: Duration = Duration::from_secs(20 * 60);
/// An example that takes longer waits for something that never comes.
const EXAMPLE_LIMIT: Duration = Duration::from_secs(60);

struct Step {
    name: &'static str,
    /// Also part of `ci --fast`.
    fast: bool,
    /// What to type to run this step alone.
    again: &'static str,
    run: fn(&Shell, &mut TestReport) -> Result<()>,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        fast: true,
        again: "cargo fmt --all --check",
        run: format,
    },
    Step {
        name: "lints",
        fast: true,
        again: "cargo clippy --workspace --all-targets -- -D warnings",
        run: lints,
    },
    Step {
        name: "tidy",
        fast: true,
        again: "cargo xtask tidy",
        run: |sh, _| tidy::check(sh),
    },
    Step {
        name: "programs",
        fast: true,
        again: "cargo build --workspace --bins --examples",
        run: programs,
    },
    Step {
        name: "tests",
        fast: true,
        again: "cargo test --workspace --tests",
        run: tests,
    },
    Step {
        name: "conformance",
        fast: true,
        again: "cargo xtask conformance --check",
        run: |_, report| conformance::check(report),
    },
    Step {
        name: "doctests",
        fast: false,
        again: "cargo test --workspace --doc",
        run: doctests,
    },
    Step {
        name: "examples",
        fast: false,
        again: "cargo xtask ci --only programs && cargo xtask ci --only examples",
        run: |sh, _| examples(sh),
    },
    Step {
        name: "features",
        fast: false,
        again: "cargo xtask ci --only features",
        run: |sh, _| features::check(sh),
    },
    Step {
        name: "docs",
        fast: false,
        again: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps",
        run: docs,
    },
    Step {
        name: "licences",
        fast: false,
        again: "cargo xtask ci --only licences",
        run: |sh, _| licences::check(sh),
    },
];

/// Runs the steps; the last line on success is the plain count of tests.
pub(crate) fn run(sh: &Shell, args: &mut lexopt::Parser) -> Result<()> {
    let mut fast = false;
    let mut only: Option<String> = None;
    while let Some(arg) = args.next()? {
        match arg {
            // Leaves out doctests, examples, features, docs and licences: for the loop of editing.
            lexopt::Arg::Long("fast") => fast = true,
            // Runs one step, to see it pass after it failed. The gate is all of them.
            lexopt::Arg::Long("only") => only = Some(args.value()?.string()?),
            _ => return Err(arg.unexpected().into()),
        }
    }

    let mut report = TestReport::default();
    let mut timings = Vec::new();
    let chosen = |step: &&Step| match &only {
        Some(name) => step.name == name,
        None => step.fast || !fast,
    };
    for step in STEPS.iter().filter(chosen) {
        println!("\n=== {}", step.name);
        let started = now();
        let outcome = (step.run)(sh, &mut report);
        timings.push((step.name, started.elapsed()));
        if let Err(error) = outcome {
            println!("{report}");
            let Step { name, again, .. } = step;
            return Err(
                format!("step `{name}` failed: {error}; run it again with: {again}").into(),
            );
        }
    }

    println!();
    for (name, took) in &timings {
        println!("{name:>12} {:7.1} s", took.as_secs_f64());
    }
    match only {
        Some(name) if timings.is_empty() => return Err(format!("no step `{name}`").into()),
        Some(_) => return Ok(()),
        None => {}
    }
    if report.passed == 0 {
        return Err("no test ran: an empty gate proves nothing".into());
    }
    println!("{report}");
    Ok(())
}

fn format(sh: &Shell, _: &mut TestReport) -> Result<()> {
    cmd!(sh, "cargo fmt --all --check").run()?;
    if sh.path_exists(crate::bench::MANIFEST) {
        let manifest = crate::bench::MANIFEST;
        cmd!(sh, "cargo fmt --manifest-path {manifest} --check").run()?;
    }
    Ok(())
}

fn lints(sh: &Shell, _: &mut TestReport) -> Result<()> {
    Ok(cmd!(sh, "cargo clippy --workspace --all-targets -- -D warnings").run()?)
}

/// Builds what the tests start as programs. `cargo test --tests` would not build the examples, and
/// `--examples` would build them as empty test binaries.
fn programs(sh: &Shell, _: &mut TestReport) -> Result<()> {
    Ok(cmd!(sh, "cargo build --workspace --bins --examples").run()?)
}

fn tests(sh: &Shell, report: &mut TestReport) -> Result<()> {
    let (new, success) = run_tests(sh)?;
    report.add(new);
    if success {
        Ok(())
    } else {
        Err(format!("{} tests failed", report.failed).into())
    }
}

/// Runs the tests of libraries, programs and test binaries, all of them even if some fail.
pub(crate) fn run_tests(sh: &Shell) -> Result<(TestReport, bool)> {
    let cmd = cmd!(sh, "cargo test --workspace --tests --no-fail-fast");
    let finished = stream(cmd, BUILD_LIMIT)?;
    Ok((TestReport::parse(&finished.lines), finished.success))
}

fn doctests(sh: &Shell, report: &mut TestReport) -> Result<()> {
    let finished = stream(
        cmd!(sh, "cargo test --workspace --doc --no-fail-fast"),
        BUILD_LIMIT,
    )?;
    report.add(TestReport::parse(&finished.lines));
    finished.or_fail("cargo test --doc").map(drop)
}

/// Runs the tour and every standalone example; the tests have checked the output of the others.
///
/// The programs are started from where `programs` put them: `cargo run --package` would choose
/// other features of shared dependencies and build those again.
fn examples(sh: &Shell) -> Result<()> {
    let debug = workspace::target_directory(sh)?.join("debug");
    let suffix = std::env::consts::EXE_SUFFIX;
    let tour = debug.join("examples").join(format!("tour{suffix}"));
    stream(cmd!(sh, "{tour} --fast"), EXAMPLE_LIMIT)?.or_fail("tour --fast")?;
    let tree = Tree::read(&workspace::root())?;
    for name in tree.children("examples/standalone") {
        let program = debug.join(format!("{name}{suffix}"));
        let lines = stream(cmd!(sh, "{program}"), EXAMPLE_LIMIT)?.or_fail(name)?;
        if let Some(file) = tree.source(&format!("examples/standalone/{name}/expected.txt")) {
            expected::compare(&file.text, &lines).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

fn docs(sh: &Shell, _: &mut TestReport) -> Result<()> {
    let doc = cmd!(sh, "cargo doc --workspace --no-deps");
    Ok(doc.env("RUSTDOCFLAGS", "-D warnings").run()?)
}
