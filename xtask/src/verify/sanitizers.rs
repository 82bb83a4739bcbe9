//! What finds undefined behaviour in unsafe code; all of it needs a nightly toolchain.

use std::time::Duration;

use xshell::{Cmd, cmd};

use super::{Outcome, Setup};
use crate::Result;
use crate::process::{probe, stream};
use crate::test_report::TestReport;
use crate::workspace::target_dir;

const LIMIT: Duration = Duration::from_secs(40 * 60);

/// Under miri the kernel's readiness calls and signals do not exist, so these crates cannot run there.
const NEED_A_KERNEL: &[&str] = &["evloop-reactor", "evloop-net", "evloop-signal", "evloop"];

/// miri runs the crates with unsafe code and checks every access.
pub(super) fn miri(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    if probe(cmd!(sh, "cargo +nightly miri --version")).is_none() {
        return skipped("the nightly toolchain has no component `miri`");
    }
    let mut names = setup.unsafe_crates();
    names.retain(|name| !NEED_A_KERNEL.contains(name));
    let packages = package_flags(&names);
    // Isolation would refuse the clock that test watchdogs read.
    let flags = if setup.deep {
        "-Zmiri-disable-isolation -Zmiri-many-seeds=0..16"
    } else {
        "-Zmiri-disable-isolation"
    };
    let target = target_dir("miri");
    let test = cmd!(
        sh,
        "cargo +nightly miri test {packages...} --lib --tests --target-dir {target}"
    )
    .env("MIRIFLAGS", flags)
    // Interpreted, a case takes a thousand times as long.
    .env("PROPTEST_CASES", "4");
    finish(test, "miri", &names)
}

/// The address sanitizer finds use after free and leaks; the prebuilt standard library will do.
pub(super) fn address(setup: &Setup<'_>) -> Result<Outcome> {
    let Some(host) = nightly_host(setup) else {
        return skipped("there is no nightly toolchain");
    };
    if host != "x86_64-unknown-linux-gnu" {
        return skipped(&format!("only tried on x86_64 Linux, and this is {host}"));
    }
    let sh = setup.sh;
    let names = setup.crates();
    let packages = package_flags(&names);
    let target = target_dir("asan");
    // --target: keeps the flag away from build scripts and procedural macros.
    let test = cmd!(
        sh,
        "cargo +nightly test {packages...} --tests --target {host} --target-dir {target}"
    )
    .env("RUSTFLAGS", "-Zsanitizer=address")
    // Not for leaks: the tests with hostile wakers and payloads leak them on purpose, and what must
    // not leak is counted by the tests themselves.
    .env("ASAN_OPTIONS", "detect_leaks=0")
    .env("EVLOOP_TEST_PATIENCE", "100");
    finish(test, "asan", &names)
}

/// The thread sanitizer finds data races. It needs the standard library's source, since the
/// prebuilt one reports races that are none. It knows no fences: code with them is left to loom.
pub(super) fn thread(setup: &Setup<'_>) -> Result<Outcome> {
    let Some(host) = nightly_host(setup) else {
        return skipped("there is no nightly toolchain");
    };
    if host != "x86_64-unknown-linux-gnu" {
        return skipped(&format!("only tried on x86_64 Linux, and this is {host}"));
    }
    let sh = setup.sh;
    let sysroot = probe(cmd!(sh, "rustc +nightly --print sysroot")).unwrap_or_default();
    if !sh.path_exists(format!(
        "{sysroot}/lib/rustlib/src/rust/library/std/Cargo.toml"
    )) {
        return skipped("the nightly toolchain has no component `rust-src`");
    }
    let names = setup.crates();
    let packages = package_flags(&names);
    let target = target_dir("tsan");
    let test = cmd!(
        sh,
        "cargo +nightly test -Zbuild-std {packages...} --tests --target {host} --target-dir {target}"
    )
    .env("RUSTFLAGS", "-Zsanitizer=thread");
    finish(test, "tsan", &names)
}

fn nightly_host(setup: &Setup<'_>) -> Option<String> {
    let sh = setup.sh;
    let version = probe(cmd!(sh, "rustc +nightly --version --verbose"))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))?;
    Some(host.to_owned())
}

fn package_flags<'a>(names: &[&'a str]) -> Vec<&'a str> {
    names.iter().flat_map(|name| ["--package", name]).collect()
}

fn finish(test: Cmd<'_>, tool: &str, names: &[&str]) -> Result<Outcome> {
    if names.is_empty() {
        return skipped("docs/unsafe.md lists no crate for it");
    }
    let report = TestReport::parse(&stream(test, LIMIT)?.or_fail(tool)?);
    if report.passed == 0 {
        return Err("no test ran".into());
    }
    Ok(Outcome::Passed(format!(
        "{} tests of {}",
        report.passed,
        names.join(", ")
    )))
}

fn skipped(why: &str) -> Result<Outcome> {
    Ok(Outcome::Skipped(why.to_owned()))
}
