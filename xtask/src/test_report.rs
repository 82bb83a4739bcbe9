//! What a run of `cargo test` reported, read from its standard output.

use std::fmt;

/// The tests of a run, over all its binaries.
#[derive(Debug, Default)]
pub(crate) struct TestReport {
    /// How many passed, as the runners counted.
    pub(crate) passed: u64,
    /// How many failed, as the runners counted.
    pub(crate) failed: u64,
    /// Each test that was named, in the order of the output.
    pub(crate) tests: Vec<TestLine>,
}

/// A line such as `test gather::keeps_order ... ok`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestLine {
    /// The path of the function within its binary.
    pub(crate) name: String,
    /// Whether it passed.
    pub(crate) passed: bool,
}

impl TestReport {
    /// Reads the output of any number of test binaries.
    pub(crate) fn parse(lines: &[String]) -> TestReport {
        let mut report = TestReport::default();
        for line in lines {
            if let Some(counts) = line.strip_prefix("test result: ") {
                report.passed += count_before(counts, " passed");
                report.failed += count_before(counts, " failed");
            } else if let Some(test) = parse_test(line) {
                report.tests.push(test);
            }
        }
        report
    }

    /// Adds the tests of another run.
    pub(crate) fn add(&mut self, other: TestReport) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.tests.extend(other.tests);
    }
}

impl fmt::Display for TestReport {
    /// The plain closing line: `12 passed, 0 failed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn parse_test(line: &str) -> Option<TestLine> {
    let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    // `name - should panic` and `name - compile fail` carry a remark.
    let name = name
        .split(" - should panic")
        .next()
        .unwrap_or(name)
        .to_owned();
    match outcome.split([' ', ',']).next() {
        Some("ok") => Some(TestLine { name, passed: true }),
        Some("FAILED") => Some(TestLine {
            name,
            passed: false,
        }),
        _ => None, // Ignored tests show nothing.
    }
}

fn count_before(text: &str, word: &str) -> u64 {
    let number = text.split(word).next().unwrap_or("").rsplit(' ').next();
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
