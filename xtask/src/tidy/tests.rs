//! The tree is tidy, and each check finds what it is there for.

use xshell::Shell;

use super::sizes::Exception;
use super::{Problem, changelog, docs, links, names, problems, sizes, unsafe_list, words};
use crate::workspace::{Package, Tree, root};

#[test]
fn the_tree_is_tidy() {
    let sh = Shell::new().expect("the test has a current directory");
    sh.change_dir(root());

    let problems = problems(&sh).expect("the tree can be read");

    let list: String = problems
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect();
    assert!(
        problems.is_empty(),
        "run `cargo xtask tidy` after mending:\n{list}"
    );
}

fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn a_long_file_and_a_long_function_are_found_unless_the_ratchet_knows_them() {
    let long_function = format!("//! A.\nfn long() {{\n{}}}\n", "    a();\n".repeat(69));
    let tree = Tree::of(&[("a.rs", &long_function), ("b.rs", &"\n".repeat(601))]);
    let exceptions = [
        Exception {
            place: "a.rs::long",
            lines: 71,
        },
        Exception {
            place: "b.rs",
            lines: 601,
        },
    ];

    let found = shown(&sizes::check(&tree, &[]));

    assert_eq!(
        found,
        [
            "a.rs:2: `long` has 71 lines, at most 70",
            "b.rs: 601 lines, at most 600: split the file by idea"
        ]
    );
    assert_eq!(sizes::check(&tree, &exceptions), []);
}

#[test]
fn the_changelog_needs_an_unreleased_section() {
    let with = |text| changelog::check(&Tree::of(&[("CHANGELOG.md", text)]));

    assert_eq!(with("# Changes\n\n## [Unreleased]\n"), []);
    assert_eq!(with("# Changes\n\n## Unreleased\n"), []);
    assert_eq!(with("# Changes\n\n## 0.1.0\n").len(), 1);
    assert_eq!(changelog::check(&Tree::default()).len(), 1);
}

#[test]
fn leftovers_are_found_in_code_and_comments_but_not_within_words() {
    let words_found = |text: &str| words::check(&Tree::of(&[("src/a.rs", text)]), "/nowhere").len();

    assert_eq!(words_found(concat!("f() { todo", "!() }")), 1);
    assert_eq!(words_found(concat!("// FIX", "ME: later\n// XX", "X")), 2);
    assert_eq!(words_found(concat!("#[", "ignore = \"slow\"]")), 1);
    assert_eq!(words_found(concat!("my_dbg", "!(x)")), 0);
}

#[test]
fn only_examples_and_benchmarks_may_sleep() {
    let sleep = concat!("std::thread::", "sleep(d);");
    let prose = concat!("//! Like `std::thread::", "sleep`, but asynchronous.");
    let tree = Tree::of(&[
        ("crates/evloop-bench/src/main.rs", sleep),
        ("crates/evloop-time/src/lib.rs", prose),
        ("crates/evloop-time/tests/it/main.rs", sleep),
        ("examples/examples/a.rs", sleep),
    ]);

    let found = words::check(&tree, "/nowhere");

    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .to_string()
            .starts_with("crates/evloop-time/tests/it/main.rs:1: a real sleep")
    );
}

#[test]
fn only_the_system_clock_reads_the_time() {
    let read = "fn f() { Instant::now(); }";
    let tree = Tree::of(&[
        ("crates/evloop-time/src/clock/system.rs", read),
        ("crates/evloop-bench/src/main.rs", read),
        ("crates/evloop-x/src/a.rs", "//! Not `Instant::now`."),
        ("crates/evloop-x/src/b.rs", read),
        ("crates/evloop-x/src/b/tests.rs", read),
        ("crates/evloop-x/tests/it/main.rs", read),
    ]);

    let found = words::check(&tree, "/nowhere");

    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .to_string()
            .starts_with("crates/evloop-x/src/b.rs:1: reads the time")
    );
}

#[test]
fn a_file_or_crate_is_named_after_its_idea() {
    let tree = Tree::of(&[
        ("crates/evloop-core/Cargo.toml", ""),
        ("crates/evloop-x/src/utils.rs", ""),
        ("crates/evloop-x/src/misc/a.rs", ""),
        ("crates/evloop-x/src/score.rs", ""),
    ]);

    let found = shown(&names::check(&tree));

    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("crates/evloop-core: "), "{found:?}");
}

#[test]
fn a_path_of_one_machine_is_found_and_a_relative_one_is_not() {
    let paths_found =
        |text: &str| words::check(&Tree::of(&[("a.md", text)]), "/build/evloop").len();

    assert_eq!(
        paths_found(concat!("see /ho", "me/me/x and `/wo", "rk/x`")),
        2
    );
    assert_eq!(paths_found("run /build/evloop/target/x"), 1);
    assert_eq!(
        paths_found("a/home/b https://x.org/home/y ./work/z {x}/root/ /homes/"),
        0
    );
}

#[test]
fn every_source_file_begins_with_its_docs() {
    let tree = Tree::of(&[
        ("README.md", "evloop-x hello"),
        ("crates/evloop-x/src/a.rs", "use std::fmt;\n"),
        ("crates/evloop-x/tests/it/main.rs", "use std::fmt;\n"),
        ("examples/examples/hello.rs", "//! Says hello.\n"),
    ]);

    let found = shown(&docs::check(&tree, &[]));

    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("crates/evloop-x/src/a.rs:1: the first line is `//!`"));
}

#[test]
fn every_crate_says_what_it_does_not_do() {
    let package = |folder: &str| Package {
        folder: folder.to_owned(),
        ..Package::default()
    };
    let tree = Tree::of(&[
        ("README.md", ""),
        (
            "crates/a/src/lib.rs",
            "//! A.\n//!\n//! # What this crate does not do\n",
        ),
        ("crates/b/src/lib.rs", "//! B does not do much.\n"),
        ("xtask/src/lib.rs", "//! C.\n"),
    ]);

    let packages = [package("crates/a"), package("crates/b"), package("xtask")];
    let found = shown(&docs::check(&tree, &packages));

    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("crates/b/src/lib.rs: add the section"));
}

#[test]
fn the_readme_mentions_every_crate_and_example() {
    let tree = Tree::of(&[
        ("README.md", "`evloop-task`, examples hello and wheel_only"),
        ("crates/evloop/Cargo.toml", ""),
        ("crates/evloop-task/Cargo.toml", ""),
        ("examples/examples/hello.rs", "//! H."),
        ("examples/examples/bye.rs", "//! B."),
        ("examples/standalone/wheel_only/Cargo.toml", ""),
    ]);

    let found = shown(&docs::check(&tree, &[]));

    assert_eq!(
        found,
        [
            "README.md: mention `evloop`, or delete it",
            "README.md: mention `bye`, or delete it"
        ]
    );
}

#[test]
fn links_lead_to_files_and_headings() {
    let page = "# Top\n## The loop's turn: `run_once`\n[a](../README.md) [b](#the-loops-turn-run_once)\n\
                [c](adr) [d](https://x.org/y) [`e`](gone.md) [f](../README.md#gone)\n\
                `[g](gone.md)`\n```\n[h](gone.md)\n```\n[i](../../out.md)\n";
    let tree = Tree::of(&[
        ("README.md", "# Hello"),
        ("docs/page.md", page),
        ("docs/adr/0001.md", ""),
    ]);

    let found = shown(&links::check(&tree));

    assert_eq!(
        found,
        [
            "docs/page.md:4: the link `gone.md` leads to no file",
            "docs/page.md:4: the link `../README.md#gone` leads to no heading",
            "docs/page.md:9: the link `../../out.md` leads to no file",
        ]
    );
}

const UNSAFE_MODULE: &str = "//! U.\n#![expect(\n    unsafe_code, reason = \"r\")]\n";

#[test]
fn a_module_with_unsafe_code_is_listed_with_invariant_and_tests() {
    let page = "| module | invariant | tests |\n|---|---|---|\n\
                | `crates/a/src/listed.rs` | one owner | loom |\n\
                | `crates/a/src/bare.rs` | | miri |\n\
                | `crates/a/src/gone.rs` | one owner | miri |\n";
    let tree = Tree::of(&[
        ("docs/unsafe.md", page),
        ("crates/a/src/lib.rs", "//! A."),
        ("crates/a/src/listed.rs", UNSAFE_MODULE),
        ("crates/a/src/bare.rs", UNSAFE_MODULE),
        ("crates/a/src/new.rs", UNSAFE_MODULE),
    ]);

    let found = shown(&unsafe_list::check(&tree));

    assert_eq!(
        found,
        [
            "crates/a/src/new.rs: has unsafe code: add it to the table of docs/unsafe.md",
            "docs/unsafe.md:4: `crates/a/src/bare.rs` needs its invariant and the tests that stress it",
            "docs/unsafe.md:5: `crates/a/src/gone.rs` has no unsafe code: remove the row",
        ]
    );
    assert_eq!(unsafe_list::listed_modules(&tree).len(), 3);
}

#[test]
fn a_crate_without_unsafe_code_forbids_it() {
    let tree = Tree::of(&[
        ("docs/unsafe.md", ""),
        ("crates/a/src/lib.rs", "//! A.\n#![forbid(unsafe_code)]\n"),
        (
            "crates/b/src/lib.rs",
            "//! B, not #![forbid(unsafe_code)].\n",
        ),
    ]);

    let found = shown(&unsafe_list::check(&tree));

    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("crates/b/src/lib.rs: no module here"));
}
