//! The runner's output, as it is and as it could be.

use super::TestReport;

fn parse(text: &str) -> TestReport {
    TestReport::parse(&text.lines().map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn counts_are_added_over_all_binaries() {
    let report = parse(
        "running 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\n\
         test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n\
         test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n",
    );

    assert_eq!(report.to_string(), "41 passed, 1 failed");
    let shown: Vec<_> = report
        .tests
        .iter()
        .map(|test| (test.name.as_str(), test.passed))
        .collect();
    assert_eq!(shown, [("a::b", true), ("a::c", false)]);
}

#[test]
fn remarks_and_ignored_tests_are_left_out() {
    let report = parse(
        "test a - should panic ... ok\ntest b ... ignored, slow\n\
         test src/lib.rs - wait (line 3) - compile fail ... ok\ntest c has been running for over 60 seconds\n",
    );

    let names: Vec<_> = report.tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["a", "src/lib.rs - wait (line 3) - compile fail"]);
}

#[test]
fn no_output_is_no_test() {
    assert_eq!(
        parse("error: could not compile").to_string(),
        "0 passed, 0 failed"
    );
}
