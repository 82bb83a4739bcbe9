//! The changelog has a place for what is not released yet.

use super::Problem;
use crate::workspace::Tree;

const FILE: &str = "CHANGELOG.md";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let is_heading = |line: &str| {
        line.strip_prefix("## ")
            .is_some_and(|title| title.trim_matches(['[', ']', ' ']) == "Unreleased")
    };
    match tree.source(FILE) {
        Some(changelog) if changelog.text.lines().any(is_heading) => Vec::new(),
        Some(_) => vec![Problem::at(FILE, 0, "add a section `## Unreleased`")],
        None => vec![Problem::at(FILE, 0, "is missing")],
    }
}
