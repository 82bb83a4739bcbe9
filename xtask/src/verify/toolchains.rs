//! The oldest compiler we promise, and other systems; only what the contributor has installed.

use xshell::cmd;

use super::{Outcome, Setup};
use crate::Result;
use crate::process::probe;
use crate::workspace::target_dir;

/// The libraries build with the `rust-version` of the root manifest.
pub(super) fn oldest(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    let manifest = setup
        .tree
        .source("Cargo.toml")
        .map_or("", |source| &source.text);
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .ok_or("the root manifest states no rust-version")?
        .trim_matches('"');
    let installed = ["", ".0"].iter().find_map(|patch| {
        let toolchain = format!("+{version}{patch}");
        probe(cmd!(sh, "rustc {toolchain} --version")).map(|_| toolchain)
    });
    let Some(toolchain) = installed else {
        return Ok(Outcome::Skipped(format!("there is no toolchain {version}")));
    };
    let packages: Vec<_> = setup
        .crates()
        .into_iter()
        .flat_map(|name| ["--package", name])
        .collect();
    let target = target_dir("msrv");
    cmd!(
        sh,
        "cargo {toolchain} check {packages...} --lib --target-dir {target}"
    )
    .run()?;
    Ok(Outcome::Passed(format!(
        "the libraries build with {version}"
    )))
}

/// One per way to wait for readiness.
const TARGETS: &[&str] = &[
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
    "x86_64-unknown-freebsd",
];

/// The libraries build for systems with other readiness calls.
pub(super) fn targets(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    let installed = probe(cmd!(sh, "rustup target list --installed")).unwrap_or_default();
    let mut built = Vec::new();
    let packages: Vec<_> = setup
        .crates()
        .into_iter()
        .flat_map(|name| ["--package", name])
        .collect();
    for target in TARGETS
        .iter()
        .filter(|target| installed.lines().any(|line| line == **target))
    {
        let packages = &packages;
        cmd!(sh, "cargo check {packages...} --lib --target {target}").run()?;
        built.push(*target);
    }
    if built.is_empty() {
        return Ok(Outcome::Skipped(format!(
            "none of {} is installed",
            TARGETS.join(", ")
        )));
    }
    Ok(Outcome::Passed(format!(
        "the libraries build for {}",
        built.join(", ")
    )))
}
