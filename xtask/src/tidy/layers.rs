//! The layers of the workspace: every manifest equals its row in the table, and no arrow of the
//! table points the wrong way.
//!
//! Dependencies for tests are free, except that no crate below the facade may use it even there.
//! Dependencies under `cfg(loom)` exist only while loom explores a model and do not count.

use std::collections::BTreeSet;

use super::Problem;
use super::table::{CRATES, Layer, Row};
use crate::source::{line_of, words};
use crate::workspace::{Dependency, Package, Tree};

const TABLE: &str = "xtask/src/tidy/table.rs";
const FACADE: &str = "evloop";

/// Runs scenarios in a loop of its own, without the facade.
const HARNESS: &str = "evloop-test";
/// A standalone example may turn it for the crate that it is about.
const REACTOR: &str = "evloop-reactor";

/// A standalone example may run on it, and reads and writes by its traits.
const FOREIGN_EXECUTOR: &str = "futures-lite";
const STANDALONE: &str = "examples/standalone/";

/// The manifests against the table, the arrows, and the standalone examples.
pub(super) fn check(packages: &[Package]) -> Vec<Problem> {
    check_against(packages, CRATES)
}

fn check_against(packages: &[Package], table: &[Row]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in packages {
        if package.folder.starts_with(STANDALONE) {
            problems.extend(check_standalone(package, table));
        } else if let Some(row) = table.iter().find(|row| row.name == package.name) {
            problems.extend(check_row(package, row));
            problems.extend(check_arrows(package, row, table));
        } else if package.folder.starts_with("crates/") {
            let message = format!(
                "add a row for `{}`: its layer and its dependencies",
                package.name
            );
            problems.push(Problem::at(TABLE, 0, message));
        }
    }
    for row in table {
        if !packages.iter().any(|package| package.name == row.name) {
            let message = format!("remove the row of `{}`: there is no such crate", row.name);
            problems.push(Problem::at(TABLE, 0, message));
        }
    }
    problems
}

/// What a user of the package gets: neither for tests nor for loom.
fn shipped(package: &Package) -> BTreeSet<&str> {
    let counts = |dependency: &&Dependency| !dependency.dev && !dependency.loom;
    package
        .dependencies
        .iter()
        .filter(counts)
        .map(|dependency| dependency.name.as_str())
        .collect()
}

fn is_ours(name: &str) -> bool {
    name == FACADE || name.starts_with("evloop-")
}

fn check_row(package: &Package, row: &Row) -> Vec<Problem> {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let actual = shipped(package);
    let listed: BTreeSet<&str> = row
        .ours
        .iter()
        .copied()
        .chain(row.foreign.iter().map(|(name, _)| *name))
        .collect();
    let mut problems = Vec::new();
    for name in actual.difference(&listed) {
        let message = format!(
            "`{name}` is not in the list of `{}`: remove it here, or add it to {TABLE} with the \
             reason it is worth its price",
            row.name
        );
        problems.push(Problem::at(&manifest, 0, message));
    }
    for name in listed.difference(&actual) {
        let message = format!(
            "`{}` no longer depends on `{name}`: remove it from the row",
            row.name
        );
        problems.push(Problem::at(TABLE, 0, message));
    }
    for (name, _) in row
        .foreign
        .iter()
        .filter(|(_, reason)| reason.trim().is_empty())
    {
        problems.push(Problem::at(
            TABLE,
            0,
            format!("say why `{}` needs `{name}`", row.name),
        ));
    }
    problems
}

fn check_arrows(package: &Package, row: &Row, table: &[Row]) -> Vec<Problem> {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let actual = shipped(package);
    let mut problems = Vec::new();
    let mut forbid = |message: String| problems.push(Problem::at(&manifest, 0, message));
    for name in actual.iter().copied().filter(|name| is_ours(name)) {
        if row.layer == Layer::Tool {
            forbid(format!(
                "xtask depends on no crate it checks, but on `{name}`"
            ));
            continue;
        }
        let Some(below) = table.iter().find(|row| row.name == name) else {
            continue;
        };
        if below.layer > row.layer {
            forbid(format!(
                "the arrow to `{name}` points up, from {:?} to {:?}",
                row.layer, below.layer
            ));
        }
        let peers = below.layer == row.layer;
        if peers && row.layer == Layer::Machine {
            forbid(format!(
                "machines never import one another: remove `{name}`, let the facade join"
            ));
        }
        if peers && row.layer == Layer::Leaf && name != "evloop-cancel" {
            forbid(format!(
                "a leaf may import no other leaf but evloop-cancel: remove `{name}`"
            ));
        }
    }
    let drives = ["evloop-reactor", "evloop-time"]
        .iter()
        .any(|name| actual.contains(name));
    let joins = row.layer == Layer::Facade || row.name == HARNESS;
    if drives && actual.contains("evloop-executor") && !joins {
        forbid(
            "only the facade and the test harness may see the executor together with a driver"
                .to_owned(),
        );
    }
    let uses_facade = package
        .dependencies
        .iter()
        .any(|dependency| dependency.name == FACADE);
    if uses_facade && row.layer < Layer::Facade {
        forbid("only examples and tests may depend on the facade, not even for tests".to_owned());
    }
    problems
}

/// A standalone example proves what one crate is worth alone: that crate, the reactor if it is built on it, for
/// the example to turn, and an executor that is none of ours.
fn check_standalone(package: &Package, table: &[Row]) -> Option<Problem> {
    let actual: Vec<&str> = shipped(package).into_iter().collect();
    let mut alone = actual.clone();
    alone.retain(|name| *name != FOREIGN_EXECUTOR);
    if alone.len() > 1 {
        let is_built_on_reactor =
            |row: &Row| alone.contains(&row.name) && row.ours.contains(&REACTOR);
        let is_turned = table.iter().any(is_built_on_reactor);
        alone.retain(|name| !is_turned || *name != REACTOR);
    }
    match alone[..] {
        [name] if is_ours(name) && name != FACADE => None,
        _ => Some(Problem::at(
            &format!("{}/Cargo.toml", package.folder),
            0,
            format!("a standalone example depends on exactly one crate of ours, not on {actual:?}"),
        )),
    }
}

/// What a leaf may not touch; `std::thread::panicking` only asks and starts nothing.
const NOT_IN_LEAVES: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "std::thread",
    "thread::spawn",
    "std::net",
    "std::fs",
];

/// Leaves have no clock, no thread and no descriptor, outside their tests.
pub(super) fn check_leaves(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for row in CRATES.iter().filter(|row| row.layer == Layer::Leaf) {
        let src = format!("crates/{}/src/", row.name);
        for source in tree.rust().filter(|source| source.path.starts_with(&src)) {
            if source.path.ends_with("/tests.rs") || source.path.contains("/tests/") {
                continue;
            }
            for word in NOT_IN_LEAVES {
                for at in words(&source.code, word) {
                    if source.code[at..].starts_with("std::thread::panicking") {
                        continue;
                    }
                    let message = format!("`{word}` in a leaf: take it as an argument instead");
                    problems.push(Problem::at(
                        &source.path,
                        line_of(&source.code, at),
                        message,
                    ));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests;
