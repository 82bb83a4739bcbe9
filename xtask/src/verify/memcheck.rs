//! valgrind's memcheck on the test binaries of the crates with unsafe code.

use std::time::Duration;

use serde_json::Value;
use xshell::{Cmd, cmd};

use super::{Outcome, Setup};
use crate::Result;
use crate::process::{has_tool, stream};
use crate::test_report::TestReport;

const LIMIT: Duration = Duration::from_secs(20 * 60);

pub(super) fn run(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    if !has_tool(sh, "valgrind") {
        return Ok(Outcome::Skipped("there is no valgrind".to_owned()));
    }
    let names = setup.unsafe_crates();
    if names.is_empty() {
        return Ok(Outcome::Skipped("docs/unsafe.md lists no crate".to_owned()));
    }
    let mut total = TestReport::default();
    for name in &names {
        let build = cmd!(
            sh,
            "cargo test --package {name} --tests --no-run --message-format json"
        );
        for binary in executables(build)? {
            // Not for leaks: the tests with hostile wakers and payloads leak them on purpose, and
            // what must not leak is counted by the tests themselves.
            let check = cmd!(
                sh,
                "valgrind --quiet --error-exitcode=9 --leak-check=no {binary} --test-threads=1"
            )
            .env("EVLOOP_TEST_PATIENCE", "600")
            // Twenty times slower than natively, so fewer random cases.
            .env("PROPTEST_CASES", "8");
            let lines = stream(check, LIMIT)?.or_fail(&format!("memcheck of {binary}"))?;
            total.add(TestReport::parse(&lines));
        }
    }
    if total.passed == 0 {
        return Err("no test ran".into());
    }
    Ok(Outcome::Passed(format!(
        "{} tests of {}",
        total.passed,
        names.join(", ")
    )))
}

/// The programs that a cargo command with `--message-format json` has built.
pub(super) fn executables(build: Cmd<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for line in build.read()?.lines() {
        let message: Value = serde_json::from_str(line)?;
        if let Some(executable) = message["executable"].as_str() {
            found.push(executable.to_owned());
        }
    }
    Ok(found)
}
