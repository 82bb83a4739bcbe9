//! Words that mean unfinished work, real sleeps, real time, or the machine it was written on.
//!
//! The words below are put together from parts, so that this file does not find itself.

use super::Problem;
use crate::source::{is_word, line_of, words};
use crate::workspace::{SourceFile, Tree};

/// Leftovers, wherever they stand in a Rust file: in code, comments or examples in docs.
const LEFTOVERS: &[(&str, &str)] = &[
    (concat!("todo", "!("), "finish it"),
    (concat!("unimplemented", "!("), "finish it"),
    (concat!("dbg", "!("), "remove it"),
    (concat!("#[", "ignore"), "run the test or delete it"),
    (concat!("FIX", "ME"), "fix it or file an issue"),
    (concat!("XX", "X"), "fix it or file an issue"),
];

/// A call or an import; prose may name the function.
const SLEEPS: &[&str] = &[concat!("thread::", "sleep("), concat!("thread::", "sleep;")];

/// Reading the time, which only the system clock may do, so that tests can set it.
const CLOCKS: &[&str] = &["Instant::now", "SystemTime::now"];
const SYSTEM_CLOCK: &str = "crates/evloop-time/src/clock";

/// Top folders of absolute paths that exist on one machine only.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "Users", "work"];

pub(super) fn check(tree: &Tree, root: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in &tree.sources {
        problems.extend(machine_paths(source, root));
        if source.path.ends_with(".rs") {
            problems.extend(leftovers(source));
            problems.extend(sleeps(source));
            problems.extend(clocks(source));
        }
    }
    problems
}

fn leftovers(source: &SourceFile) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (word, advice) in LEFTOVERS {
        for (at, _) in source.text.match_indices(word) {
            let starts_alone = at == 0 || !is_word(source.text.as_bytes()[at - 1]);
            if starts_alone {
                let message = format!("`{word}`: {advice}");
                problems.push(Problem::at(
                    &source.path,
                    line_of(&source.text, at),
                    message,
                ));
            }
        }
    }
    problems
}

/// Examples show real time passing and benchmarks measure it; nothing else sleeps.
fn sleeps(source: &SourceFile) -> Vec<Problem> {
    let path = &source.path;
    if path.starts_with("examples/")
        || path.contains("/examples/")
        || path.starts_with("crates/evloop-bench/")
    {
        return Vec::new();
    }
    let found = SLEEPS
        .iter()
        .flat_map(|word| source.text.match_indices(word));
    found
        .map(|(at, _)| {
            let message = "a real sleep: use the manual clock, a channel or a barrier";
            Problem::at(path, line_of(&source.text, at), message)
        })
        .collect()
}

/// Whether the file is code of a crate that users run, and not its tests.
fn ships(path: &str) -> bool {
    path.starts_with("crates/")
        && path.contains("/src/")
        && !path.ends_with("/tests.rs")
        && !path.contains("/tests/")
        && !path.starts_with("crates/evloop-bench/")
}

fn clocks(source: &SourceFile) -> Vec<Problem> {
    let (path, code) = (&source.path, &source.code);
    if !ships(path) || path.starts_with(SYSTEM_CLOCK) {
        return Vec::new();
    }
    let found = CLOCKS.iter().flat_map(|word| words(code, word));
    found
        .map(|at| {
            let message = "reads the time: take a `Clock`, or the instant as an argument";
            Problem::at(path, line_of(code, at), message)
        })
        .collect()
}

fn machine_paths(source: &SourceFile, root: &str) -> Vec<Problem> {
    let text = &source.text;
    let of_a_machine = MACHINE_FOLDERS.iter().flat_map(|folder| {
        words(text, folder).filter_map(|at| {
            let after = text[at + folder.len()..].starts_with('/');
            let slash = at
                .checked_sub(1)
                .filter(|slash| text.as_bytes()[*slash] == b'/')?;
            (after && starts_a_path(text, slash)).then_some(slash)
        })
    });
    let of_this_checkout = text
        .match_indices(root)
        .map(|(at, _)| at)
        .filter(|_| root.len() > 4);
    of_a_machine
        .chain(of_this_checkout)
        .map(|at| {
            let message = "an absolute path of one machine: make it relative";
            Problem::at(&source.path, line_of(text, at), message)
        })
        .collect()
}

/// Whether the slash begins an absolute path, and is not within a relative one or an address.
fn starts_a_path(text: &str, slash: usize) -> bool {
    let before = text[..slash].chars().next_back();
    !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '}' | '*'))
}
