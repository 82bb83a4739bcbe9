//! `cargo xtask bench`: the measurements beside peers, in a package with a lock of its own.
//!
//! It lies outside the workspace, so that no peer is ever built by `cargo test`.

use std::ffi::OsString;

use xshell::{Shell, cmd};

use crate::Result;

/// The manifest of the benchmarks, from the root.
pub(crate) const MANIFEST: &str = "crates/evloop-bench/Cargo.toml";

/// Builds and runs the benchmarks in release mode; every argument is theirs, such as `--write`
/// and `--plot`.
pub(crate) fn run(sh: &Shell, args: &mut lexopt::Parser) -> Result<()> {
    let args: Vec<OsString> = args.raw_args()?.collect();
    if !sh.path_exists(MANIFEST) {
        return Err(format!("there is no `{MANIFEST}` in this checkout").into());
    }
    Ok(cmd!(
        sh,
        "cargo run --release --manifest-path {MANIFEST} -- {args...}"
    )
    .run()?)
}
