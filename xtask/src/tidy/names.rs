//! A file or crate is named after its idea: a name that fits everything says nothing.

use std::path::Path;

use super::Problem;
use crate::workspace::Tree;

const VAGUE: &[&str] = &[
    "core", "common", "util", "utils", "misc", "helper", "helpers", "manager",
];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let is_vague = |path: &str| {
        let stem = Path::new(path)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or("");
        let name = stem.rsplit("evloop-").next().unwrap_or(stem);
        VAGUE.contains(&name) && (path.contains("/src/") || path.starts_with("crates/"))
    };
    let message = "name it after the one idea it holds, or move its parts to where they belong";
    let found = tree.paths.iter().filter(|path| is_vague(path));
    found.map(|path| Problem::at(path, 0, message)).collect()
}
