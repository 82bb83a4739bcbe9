//! The text of `docs/conformance.md`: the same for the same tests, whatever their order or speed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::test_report::{TestLine, TestReport};
use crate::workspace::{SourceFile, Tree};

const SETTLED: &str = "tests/settled_by_types.txt";
const PROGRAMS: &str = "tests/programs";

/// By number and name.
type Tests = BTreeMap<(u32, String), Found>;
/// By name, with who recorded the trace.
type Programs = BTreeMap<String, (String, Option<Found>)>;

/// Makes the whole page.
pub(super) fn render(report: &TestReport, tree: &Tree) -> String {
    let cases = numbered(report, "case_");
    let programs = differential(report, tree);
    let museum = numbered(report, "museum_bm");
    let settled = settled_by_types(tree);

    let mut page = counts(&cases, &programs, settled.len(), &museum, tree);
    page.push_str(
        "## Cases\n\n| case | behaviour | test | loops | result |\n|---:|---|---|---|---|\n",
    );
    for ((number, name), found) in &cases {
        let behaviour = sentence(name, "case_");
        let test = test_link(tree, name);
        let _ = writeln!(
            page,
            "| {number} | {behaviour} | {test} | {} | {} |",
            loops(tree, name),
            found.result()
        );
    }
    if !settled.is_empty() {
        page.push_str(
            "\n## Settled by types\n\n| case | why no program can break it |\n|---:|---|\n",
        );
        for (number, reason) in &settled {
            let _ = writeln!(page, "| {number} | {} |", escaped(reason));
        }
    }
    page.push_str(
        "\n## Programs compared with CPython\n\n| program | trace of | test | loops | result |\n|---|---|---|---|---|\n",
    );
    for (name, (recorded, found)) in &programs {
        let name_of_test = format!("diff_{name}");
        let (test, result) = match found {
            Some(found) => (test_link(tree, &name_of_test), found.result()),
            None => ("none".to_owned(), "not compared".to_owned()),
        };
        let loops = loops(tree, &name_of_test);
        let _ = writeln!(
            page,
            "| `{name}` | {recorded} | {test} | {loops} | {result} |"
        );
    }
    page.push_str(
        "\n## Museum of bugs\n\n| bug | what happened | test | result |\n|---|---|---|---|\n",
    );
    for ((number, name), found) in &museum {
        let what = sentence(name, "museum_bm");
        let test = test_link(tree, name);
        let _ = writeln!(
            page,
            "| BM{number:02} | {what} | {test} | {} |",
            found.result()
        );
    }
    page
}

/// What the page begins with.
fn counts(
    cases: &Tests,
    programs: &Programs,
    n_settled: usize,
    museum: &Tests,
    tree: &Tree,
) -> String {
    let mut page = String::from(
        "# Conformance\n\n\
         <!-- Written by `cargo xtask conformance` from a test run. Do not edit. -->\n\n\
         What asyncio does, and the tests that show evloop doing it. The numbers are those of the\n\
         project's list of asyncio's behaviours. Tests marked \"all\" run on an event loop and on\n\
         runtimes with 1, 2 and 8 workers, whose order of steps is left to chance by many seeds; the\n\
         others on an event loop, or without any.\n\n",
    );
    let of_cases = cases.keys().map(|(_, name)| name.clone());
    let tests = of_cases.chain(programs.keys().map(|name| format!("diff_{name}")));
    let n_on_all = tests.filter(|name| loops(tree, name) == "all").count();
    let proved: BTreeSet<u32> = cases.keys().map(|(number, _)| *number).collect();
    let bugs: BTreeSet<u32> = museum.keys().map(|(number, _)| *number).collect();
    let _ = writeln!(
        page,
        "- cases shown by tests: {}\n- cases settled by types: {}\n- programs compared with \
         CPython: {}\n- tests of both on all kinds of loops: {}\n- known bugs of others, kept away: {}\n",
        proved.len(),
        n_settled,
        programs.len(),
        n_on_all,
        bugs.len(),
    );
    page
}

/// The runs of one test function, one for each flavour.
#[derive(Debug, Default)]
struct Found {
    passed: usize,
    failed: usize,
}

impl Found {
    fn add(&mut self, test: &TestLine) {
        if test.passed {
            self.passed += 1
        } else {
            self.failed += 1
        }
    }

    fn result(&self) -> String {
        match (self.passed, self.failed) {
            (1, 0) => "ok".to_owned(),
            (passed, 0) => format!("ok, {passed} runs"),
            (passed, failed) => format!("FAILED {failed} of {}", passed + failed),
        }
    }
}

/// Tests by number and name, where the name is the part of the path that has the prefix.
fn numbered(report: &TestReport, prefix: &str) -> Tests {
    let mut found = Tests::new();
    for test in &report.tests {
        for part in test.name.split("::") {
            let digits = part
                .strip_prefix(prefix)
                .and_then(|rest| rest.split('_').next());
            if let Some(Ok(number)) = digits.map(str::parse::<u32>) {
                found
                    .entry((number, part.to_owned()))
                    .or_default()
                    .add(test);
            }
        }
    }
    found
}

/// Programs by name: those in the folder, and those that a test claims to compare.
fn differential(report: &TestReport, tree: &Tree) -> Programs {
    let mut programs = Programs::new();
    for file in tree.children(PROGRAMS) {
        if let Some(name) = file
            .strip_suffix(".py")
            .filter(|name| !name.starts_with('_'))
        {
            programs.insert(name.to_owned(), (recorded_by(tree, name), None));
        }
    }
    for test in &report.tests {
        for name in test
            .name
            .split("::")
            .filter_map(|part| part.strip_prefix("diff_"))
        {
            let (_, found) = programs
                .entry(name.to_owned())
                .or_insert_with(|| (recorded_by(tree, name), None));
            found.get_or_insert_default().add(test);
        }
    }
    programs
}

/// The first line of a trace names the interpreter that wrote it.
fn recorded_by(tree: &Tree, name: &str) -> String {
    let trace = tree.source(&format!("{PROGRAMS}/{name}.trace"));
    let first = trace.and_then(|trace| trace.text.lines().next());
    first.map_or_else(
        || "no trace".to_owned(),
        |line| line.trim_start_matches(['#', ' ']).to_owned(),
    )
}

/// Lines `NNN reason`; empty lines and lines that begin with `#` do not count.
fn settled_by_types(tree: &Tree) -> BTreeMap<u32, String> {
    let text = tree.source(SETTLED).map_or("", |source| &source.text);
    let line = |line: &str| {
        let (number, reason) = line.trim().split_once(' ')?;
        Some((number.parse().ok()?, reason.trim().to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// `case_011_gather_keeps_order` reads "gather keeps order".
fn sentence(name: &str, prefix: &str) -> String {
    let rest = name.strip_prefix(prefix).unwrap_or(name);
    rest.split_once('_')
        .map_or(rest, |(_, words)| words)
        .replace('_', " ")
}

/// The name, linked to the file that has the function or module.
fn test_link(tree: &Tree, name: &str) -> String {
    match declaration(tree, name) {
        Some((source, _)) => format!("[`{name}`](../{})", source.path),
        None => format!("`{name}`"),
    }
}

/// Whether the function runs its test on every kind of loop.
fn loops(tree: &Tree, name: &str) -> &'static str {
    let body =
        declaration(tree, name).and_then(|(source, at)| source.code[at..].split("\n}").next());
    match body {
        Some(body) if body.contains("_every_loop(") => "all",
        _ => "",
    }
}

/// The file that has the function or module of that name, and where.
fn declaration<'a>(tree: &'a Tree, name: &str) -> Option<(&'a SourceFile, usize)> {
    let declares = |keyword: &str| format!("{keyword} {name}");
    let (function, module) = (declares("fn"), declares("mod"));
    tree.rust().find_map(|source| {
        let found = [&function, &module].into_iter().find_map(|declaration| {
            let mut places = source.code.match_indices(declaration.as_str());
            places.find(|(at, text)| {
                let next = source.code[at + text.len()..].chars().next();
                next.is_some_and(|next| matches!(next, '(' | '<' | ' ' | '{'))
            })
        });
        found.map(|(at, _)| (source, at))
    })
}

/// A bar would end the cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests;
