//! `cargo xtask tidy`: the rules of this project that neither compiler nor clippy knows.
//!
//! Every check takes the tree as data and gives a list of problems, so that its tests need no
//! files. The whole is also a test: a tree that is not tidy fails `cargo test`.

mod changelog;
mod docs;
mod layers;
mod links;
mod names;
mod sizes;
mod surface;
mod table;
mod unsafe_list;
mod words;

pub(crate) use unsafe_list::listed_modules;

use std::fmt;

use xshell::Shell;

use crate::Result;
use crate::workspace::{self, Package, Tree};

/// A broken rule, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    file: String,
    /// Counted from 1; 0 means the file as a whole.
    line: usize,
    message: String,
}

impl Problem {
    fn at(file: &str, line: usize, message: impl Into<String>) -> Problem {
        Problem {
            file: file.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem {
            file,
            line,
            message,
        } = self;
        if *line == 0 {
            write!(f, "{file}: {message}")
        } else {
            write!(f, "{file}:{line}: {message}")
        }
    }
}

/// Runs every check and prints what it finds.
pub(crate) fn run(sh: &Shell, args: &mut lexopt::Parser) -> Result<()> {
    if let Some(arg) = args.next()? {
        return Err(arg.unexpected().into());
    }
    check(sh)
}

/// The same without arguments, as a step of `ci`.
pub(crate) fn check(sh: &Shell) -> Result<()> {
    let problems = problems(sh)?;
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => {
            println!(
                "tidy: layers, surface, sizes, docs, links, names, unsafe list, words, changelog"
            );
            Ok(())
        }
        count => Err(format!("tidy found {count} broken rules, listed above").into()),
    }
}

fn problems(sh: &Shell) -> Result<Vec<Problem>> {
    let root = workspace::root();
    let tree = Tree::read(&root)?;
    let packages = workspace::packages(sh)?;
    Ok(all_checks(&tree, &packages, &root.display().to_string()))
}

fn all_checks(tree: &Tree, packages: &[Package], root: &str) -> Vec<Problem> {
    let mut problems: Vec<Problem> = [
        layers::check(packages),
        layers::check_leaves(tree),
        surface::check(tree),
        sizes::check(tree, sizes::RATCHET),
        docs::check(tree, packages),
        links::check(tree),
        names::check(tree),
        unsafe_list::check(tree),
        words::check(tree, root),
        changelog::check(tree),
    ]
    .into_iter()
    .flatten()
    .collect();
    problems.sort();
    problems
}

#[cfg(test)]
mod tests;
