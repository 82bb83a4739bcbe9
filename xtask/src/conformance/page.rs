//! The text of `docs/conformance.md`: the same for the same tests, whatever their order or speed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::test_report::{TestLine, TestReport};
use crate::workspace::Tree;

const SETTLED: &str = "tests/settled_by_types.txt";
const PROGRAMS: &str = "tests/programs";

/// Makes the whole page.
pub(super) fn render(report: &TestReport, tree: &Tree) -> String {
    let cases = numbered(report, "case_");
    let programs = differential(report, tree);
    let museum = numbered(report, "museum_bm");
    let settled = settled_by_types(tree);

    let mut page = String::from(
        "# Conformance\n\n\
         <!-- Written by `cargo xtask conformance` from a test run. Do not edit. -->\n\n\
         What asyncio does, and the tests that show evloop doing it. The numbers are those of the\n\
         project's list of asyncio's behaviours; a case may have a test for each flavour of loop.\n\n",
    );
    let proved: BTreeSet<u32> = cases.keys().map(|(number, _)| *number).collect();
    let bugs: BTreeSet<u32> = museum.keys().map(|(number, _)| *number).collect();
    let _ = writeln!(
        page,
        "- cases shown by tests: {}\n- cases settled by types: {}\n- programs compared with \
         CPython: {}\n- known bugs of others, kept away: {}\n",
        proved.len(),
        settled.len(),
        programs.len(),
        bugs.len(),
    );

    page.push_str("## Cases\n\n| case | behaviour | test | result |\n|---:|---|---|---|\n");
    for ((number, name), found) in &cases {
        let behaviour = sentence(name, "case_");
        let test = test_link(tree, name);
        let _ = writeln!(
            page,
            "| {number} | {behaviour} | {test} | {} |",
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
        "\n## Programs compared with CPython\n\n| program | trace of | test | result |\n|---|---|---|---|\n",
    );
    for (name, (recorded, found)) in &programs {
        let (test, result) = match found {
            Some(found) => (test_link(tree, &format!("diff_{name}")), found.result()),
            None => ("none".to_owned(), "not compared".to_owned()),
        };
        let _ = writeln!(page, "| `{name}` | {recorded} | {test} | {result} |");
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
fn numbered(report: &TestReport, prefix: &str) -> BTreeMap<(u32, String), Found> {
    let mut found: BTreeMap<_, Found> = BTreeMap::new();
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
fn differential(report: &TestReport, tree: &Tree) -> BTreeMap<String, (String, Option<Found>)> {
    let mut programs: BTreeMap<String, (String, Option<Found>)> = BTreeMap::new();
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
    let declares = |keyword: &str| format!("{keyword} {name}");
    let (function, module) = (declares("fn"), declares("mod"));
    let file = tree.rust().find(|source| {
        [&function, &module].iter().any(|declaration| {
            source
                .code
                .match_indices(declaration.as_str())
                .any(|(at, text)| {
                    let next = source.code[at + text.len()..].chars().next();
                    next.is_some_and(|next| matches!(next, '(' | '<' | ' ' | '{'))
                })
        })
    });
    match file {
        Some(source) => format!("[`{name}`](../{})", source.path),
        None => format!("`{name}`"),
    }
}

/// A bar would end the cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests;
