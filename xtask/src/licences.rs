//! The licence and the source of every package in the lock file, as `cargo metadata` tells them.
//!
//! A package is fine if its licence expression can be met by the list below, and if it comes from
//! crates.io or lies in this workspace.

use serde_json::Value;
use xshell::{Shell, cmd};

use crate::Result;
use crate::workspace::{list, text};

/// Permissive licences that a user of evloop can meet by keeping the notices.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Reads all packages, those of other platforms included.
pub(crate) fn check(sh: &Shell) -> Result<()> {
    let json = cmd!(sh, "cargo metadata --format-version 1 --locked").read()?;
    let metadata: Value = serde_json::from_str(&json)?;
    let packages = list(&metadata, "packages")?;
    let mut problems = 0;
    for package in packages {
        if let Some(problem) = problem(package)? {
            println!(
                "{} {}: {problem}",
                text(package, "name")?,
                text(package, "version")?
            );
            problems += 1;
        }
    }
    if problems > 0 {
        return Err(format!("{problems} packages may not be used, listed above").into());
    }
    println!(
        "licences: {} packages from crates.io or this workspace",
        packages.len()
    );
    Ok(())
}

fn problem(package: &Value) -> Result<Option<String>> {
    let source = package["source"].as_str();
    if source.is_some_and(|source| source != CRATES_IO) {
        return Ok(Some(format!("comes from `{}`", text(package, "source")?)));
    }
    Ok(match package["license"].as_str() {
        None => Some("states no licence expression".to_owned()),
        Some(licence) if is_allowed(licence) => None,
        Some(licence) => Some(format!(
            "`{licence}` is not met by the list in xtask/src/licences.rs"
        )),
    })
}

/// Whether an SPDX expression can be met; the old spelling `MIT/Apache-2.0` means OR.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    let met = either(&mut rest);
    met && rest.is_empty()
}

fn either(rest: &mut &[&str]) -> bool {
    let mut met = both(rest);
    while take(rest, "OR") {
        // The right side is read in any case, so that the rest of the expression is checked.
        met |= both(rest);
    }
    met
}

fn both(rest: &mut &[&str]) -> bool {
    let mut met = one(rest);
    while take(rest, "AND") {
        met &= one(rest);
    }
    met
}

fn one(rest: &mut &[&str]) -> bool {
    if take(rest, "(") {
        let met = either(rest);
        return take(rest, ")") && met;
    }
    let Some((name, after)) = rest.split_first() else {
        return false;
    };
    *rest = after;
    if take(rest, "WITH") {
        let Some((exception, after)) = rest.split_first() else {
            return false;
        };
        *rest = after;
        return ALLOWED.contains(&format!("{name} WITH {exception}").as_str());
    }
    ALLOWED.contains(name)
}

fn take(rest: &mut &[&str], token: &str) -> bool {
    match rest.split_first() {
        Some((first, after)) if *first == token => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
