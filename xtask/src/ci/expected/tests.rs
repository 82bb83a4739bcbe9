//! Equal lines, measured parts, and each way to differ.

use super::compare;

#[track_caller]
fn check(expected: &str, actual: &[&str], outcome: Result<(), &str>) {
    let actual: Vec<String> = actual.iter().map(|line| (*line).to_owned()).collect();

    assert_eq!(compare(expected, &actual), outcome.map_err(str::to_owned));
}

#[test]
fn equal_output_passes_and_an_ellipsis_stands_for_any_text() {
    check("a\nb\n", &["a", "b"], Ok(()));
    check("took 3.0… s, … left\n", &["took 3.02 s, none left"], Ok(()));
    check("", &[], Ok(()));
}

#[test]
fn a_difference_names_the_line() {
    check("a\nb\n", &["a", "c"], Err("line 2 is `c`, expected `b`"));
    check("a\nb\n", &["a"], Err("the line `b` is missing"));
    check("a\n", &["a", "b"], Err("line 2 is `b`, expected the end"));
    check("x…y", &["x z"], Err("line 1 is `x z`, expected `x…y`"));
}
