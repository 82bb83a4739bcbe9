//! The modules with unsafe code are exactly those that `docs/unsafe.md` lists, each with its
//! invariant and the tests that stress it; a crate without such a module forbids unsafe code.

use super::Problem;
use crate::workspace::{SourceFile, Tree};

const PAGE: &str = "docs/unsafe.md";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let Some(page) = tree.source(PAGE) else {
        return vec![Problem::at(PAGE, 0, "is missing")];
    };
    let rows = rows(&page.text);
    let mut problems = Vec::new();
    let users: Vec<&SourceFile> = tree.rust().filter(|source| opts_in(source)).collect();
    for source in &users {
        if !rows.iter().any(|row| row.module == source.path) {
            let message = format!("has unsafe code: add it to the table of {PAGE}");
            problems.push(Problem::at(&source.path, 0, message));
        }
    }
    for row in &rows {
        if !users.iter().any(|source| source.path == row.module) {
            let message = format!("`{}` has no unsafe code: remove the row", row.module);
            problems.push(Problem::at(PAGE, row.line, message));
        }
        if !row.is_complete {
            let message = format!(
                "`{}` needs its invariant and the tests that stress it",
                row.module
            );
            problems.push(Problem::at(PAGE, row.line, message));
        }
    }
    problems.extend(crates_that_should_forbid(tree, &users));
    problems
}

/// The modules of the table: what memcheck, the sanitizers and miri are pointed at.
pub(crate) fn listed_modules(tree: &Tree) -> Vec<String> {
    let page = tree.source(PAGE).map_or("", |page| &page.text);
    rows(page)
        .into_iter()
        .map(|row| row.module.to_owned())
        .collect()
}

struct Row<'a> {
    line: usize,
    module: &'a str,
    is_complete: bool,
}

/// Lines such as ``| `crates/x/src/y.rs` | invariant | tests |``.
fn rows(page: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for (index, line) in page.lines().enumerate() {
        let Some(line) = line.trim().strip_prefix('|') else {
            continue;
        };
        let mut cells = line.trim_end_matches('|').split('|').map(str::trim);
        let module = cells.next().unwrap_or("").trim_matches('`');
        if module.ends_with(".rs") {
            let is_complete = cells.filter(|cell| !cell.is_empty()).count() >= 2;
            rows.push(Row {
                line: index + 1,
                module,
                is_complete,
            });
        }
    }
    rows
}

/// Whether the file says `expect(unsafe_code…)` or `allow(unsafe_code…)`.
fn opts_in(source: &SourceFile) -> bool {
    let dense: String = source.code.split_whitespace().collect();
    !source.path.starts_with("crates/evloop-bench/")
        && ["expect(unsafe_code", "allow(unsafe_code"]
            .iter()
            .any(|words| dense.contains(words))
}

fn crates_that_should_forbid(tree: &Tree, users: &[&SourceFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in tree
        .children("crates")
        .filter(|name| *name != "evloop-bench")
    {
        let src = format!("crates/{name}/src/");
        let lib = format!("{src}lib.rs");
        let Some(source) = tree.source(&lib) else {
            continue;
        };
        let dense: String = source.code.split_whitespace().collect();
        let has_unsafe = users.iter().any(|user| user.path.starts_with(&src));
        if !has_unsafe && !dense.contains("#![forbid(unsafe_code)]") {
            let message = "no module here has unsafe code: say `#![forbid(unsafe_code)]`";
            problems.push(Problem::at(&lib, 0, message));
        }
    }
    problems
}
