//! The page from made-up runs.

use super::render;
use crate::test_report::TestReport;
use crate::workspace::Tree;

fn page(output: &str, files: &[(&str, &str)]) -> String {
    let lines: Vec<String> = output.lines().map(str::to_owned).collect();
    render(&TestReport::parse(&lines), &Tree::of(files))
}

#[test]
fn a_case_shows_its_behaviour_its_test_and_its_result() {
    let page = page(
        "test gather::case_011_gather_keeps_order::on_runtime ... ok\n\
         test gather::case_011_gather_keeps_order::on_event_loop ... ok\n\
         test case_002_runs_once ... FAILED\n\
         test case_x ... ok\n",
        &[("tests/src/gather.rs", "mod case_011_gather_keeps_order {}")],
    );

    let linked = "[`case_011_gather_keeps_order`](../tests/src/gather.rs)";
    assert!(
        page.contains("- cases shown by tests: 2\n- cases settled by types: 0\n"),
        "{page}"
    );
    assert!(
        page.contains("| 2 | runs once | `case_002_runs_once` |  | FAILED 1 of 1 |\n"),
        "{page}"
    );
    assert!(
        page.contains(&format!(
            "| 11 | gather keeps order | {linked} |  | ok, 2 runs |\n"
        )),
        "{page}"
    );
}

#[test]
fn a_program_shows_who_recorded_its_trace_and_whether_a_test_compares_it() {
    let page = page(
        "test diff::diff_sleep_order ... ok\n",
        &[
            ("tests/programs/sleep_order.py", ""),
            ("tests/programs/sleep_order.trace", "# CPython 3.14.0\na\n"),
            ("tests/programs/forgotten.py", ""),
            ("tests/programs/_trace.py", ""),
        ],
    );

    assert!(
        page.contains("- programs compared with CPython: 2\n"),
        "{page}"
    );
    assert!(
        page.contains("| `sleep_order` | CPython 3.14.0 | `diff_sleep_order` |  | ok |\n"),
        "{page}"
    );
    assert!(
        page.contains("| `forgotten` | no trace | none |  | not compared |\n"),
        "{page}"
    );
}

#[test]
fn what_runs_on_all_kinds_of_loops_says_so() {
    let code = "fn case_001_a() {\n    on_every_loop(|any_loop| any_loop.close());\n}\n\
                fn case_002_b() {\n}\nfn case_003_c() {\n    Program::on_every_loop(|_| ());\n}\n";
    let page = page(
        "test case_001_a ... ok\ntest case_002_b ... ok\ntest case_003_c ... ok\n",
        &[("tests/tests/all.rs", code)],
    );

    let row =
        |test: &str, loops: &str| format!("[`{test}`](../tests/tests/all.rs) | {loops} | ok |");
    assert!(page.contains(&row("case_001_a", "all")), "{page}");
    assert!(page.contains(&row("case_002_b", "")), "{page}");
    assert!(page.contains(&row("case_003_c", "all")), "{page}");
    assert!(page.contains("on all kinds of loops: 2\n"), "{page}");
}

#[test]
fn museum_tests_and_cases_settled_by_types_are_listed_by_number() {
    let page = page(
        "test museum::museum_bm101_b ... ok\ntest museum_bm07_lost_wake_up ... ok\n",
        &[(
            "tests/settled_by_types.txt",
            "# number and reason\n\n12 a pipe | cannot be written\n",
        )],
    );

    let early = page.find("| BM07 | lost wake up | `museum_bm07_lost_wake_up` | ok |\n");
    let late = page.find("| BM101 | b | `museum_bm101_b` | ok |\n");
    assert!(early.is_some() && early < late, "{page}");
    assert!(
        page.contains("| 12 | a pipe \\| cannot be written |\n"),
        "{page}"
    );
}

#[test]
fn the_page_does_not_depend_on_the_order_of_the_run() {
    let forward = page("test case_001_a ... ok\ntest case_002_b ... ok\n", &[]);
    let backward = page("test case_002_b ... ok\ntest case_001_a ... ok\n", &[]);

    assert_eq!(forward, backward);
}
