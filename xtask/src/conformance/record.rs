//! `cargo xtask conformance --record`: CPython's traces of the programs in `tests/programs`.

use std::fs;

use xshell::{Shell, cmd};

use crate::Result;
use crate::process::probe;
use crate::workspace;

const PROGRAMS: &str = "tests/programs";
/// Tells who is speaking, so that a trace names its oracle.
const WHO: &str =
    "import platform; print(platform.python_implementation(), platform.python_version())";

/// Runs each program and writes what it prints to `<name>.trace`, below a line with the version.
///
/// Files that begin with `_` are modules that the programs import.
pub(super) fn run(sh: &Shell) -> Result<()> {
    let Some(version) = probe(cmd!(sh, "python3 -c {WHO}")) else {
        println!("SKIPPED conformance --record: there is no python3 here");
        return Ok(());
    };
    if !version.starts_with("CPython ") {
        return Err(format!("the oracle is CPython, and python3 is {version}").into());
    }

    let mut programs = sh.read_dir(workspace::root().join(PROGRAMS))?;
    programs.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    programs.retain(|path| {
        path.file_name()
            .is_some_and(|name| name.as_encoded_bytes()[0] != b'_')
    });
    for program in &programs {
        // -B: leave no byte code behind. -X utf8: the same text on every machine.
        let output = cmd!(sh, "python3 -B -X utf8 {program}")
            .env("PYTHONHASHSEED", "0")
            .read()?;
        fs::write(
            program.with_extension("trace"),
            format!("# {version}\n{output}\n"),
        )?;
    }
    println!("recorded {} traces of {version}", programs.len());
    Ok(())
}
