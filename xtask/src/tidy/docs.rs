//! Documentation that must exist: the first line of every file, the limits of every crate, and a
//! mention of every crate and example in the README.

use super::Problem;
use crate::source::words;
use crate::workspace::{Package, Tree};

const README: &str = "README.md";

pub(super) fn check(tree: &Tree, packages: &[Package]) -> Vec<Problem> {
    let mut problems = first_lines(tree);
    problems.extend(limits(tree, packages));
    problems.extend(mentions(tree));
    problems
}

/// A reader of a file learns from its first line what the one idea in it is.
fn first_lines(tree: &Tree) -> Vec<Problem> {
    let documented = |path: &str| path.contains("/src/") || path.starts_with("examples/");
    let bare = |text: &str| !text.starts_with("//!");
    tree.rust()
        .filter(|source| documented(&source.path) && bare(&source.text))
        .map(|source| {
            Problem::at(
                &source.path,
                1,
                "the first line is `//!` and says what this is",
            )
        })
        .collect()
}

/// Every crate says what it does not do, so that nobody waits for it.
fn limits(tree: &Tree, packages: &[Package]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in packages
        .iter()
        .filter(|package| package.folder.starts_with("crates/"))
    {
        let path = format!("{}/src/lib.rs", package.folder);
        let Some(lib) = tree.source(&path) else {
            continue;
        };
        let has_section = lib
            .text
            .lines()
            .any(|line| line.starts_with("//! #") && line.to_lowercase().contains("does not do"));
        if !has_section {
            let message = "add the section `//! # What this crate does not do`";
            problems.push(Problem::at(&path, 0, message));
        }
    }
    problems
}

/// Every crate and every example is one click away from the front page.
fn mentions(tree: &Tree) -> Vec<Problem> {
    let Some(readme) = tree.source(README) else {
        return vec![Problem::at(README, 0, "is missing")];
    };
    let crates = tree
        .children("crates")
        .filter(|name| tree.paths.contains(&format!("crates/{name}/Cargo.toml")));
    let programs = ["examples/examples", "examples/src/bin"]
        .into_iter()
        .flat_map(|folder| tree.children(folder))
        .map(|name| name.trim_end_matches(".rs"));
    let standalone = tree.children("examples/standalone").filter(|name| {
        tree.paths
            .contains(&format!("examples/standalone/{name}/Cargo.toml"))
    });
    let is_mentioned = |name: &str| {
        // `evloop` must not count as mentioned where only `evloop-task` is.
        words(&readme.text, name).any(|at| {
            let before = readme.text[..at].chars().next_back();
            let after = readme.text[at + name.len()..].chars().next();
            before != Some('-') && after != Some('-')
        })
    };
    crates
        .chain(programs)
        .chain(standalone)
        .filter(|name| !is_mentioned(name))
        .map(|name| Problem::at(README, 0, format!("mention `{name}`, or delete it")))
        .collect()
}
