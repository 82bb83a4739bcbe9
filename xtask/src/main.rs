//! The project's own commands: `cargo xtask <command>`.
//!
//! This file is the table of commands; each lives in a file of its name. They run the same on
//! every machine, print each program they start, and say what they skip and why.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks through its standard output"
)]

mod bench;
mod ci;
mod conformance;
mod features;
mod licences;
mod process;
mod source;
mod test_report;
mod tidy;
mod verify;
mod workspace;

use std::error::Error;
use std::process::ExitCode;

use xshell::Shell;

/// What a command gives back: an error is printed and makes the exit code 1.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Command {
    name: &'static str,
    flags: &'static str,
    about: &'static str,
    run: fn(&Shell, &mut lexopt::Parser) -> Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        flags: "[--fast | --only STEP]",
        about: "the one gate: format, lints, tidy, tests, doctests, examples, features, docs, licences",
        run: ci::run,
    },
    Command {
        name: "tidy",
        flags: "",
        about: "the rules no compiler knows: layers, sizes, docs, the list of unsafe modules, words",
        run: tidy::run,
    },
    Command {
        name: "verify",
        flags: "[--deep] [--repeat N] [--write] [STEP...]",
        about: "slow checks: loom, sanitizers, memcheck, instruction counts, miri, one CPU, flakes, orders of steps",
        run: verify::run,
    },
    Command {
        name: "bench",
        flags: "[ARGS...]",
        about: "runs crates/evloop-bench in release mode, beside its peers",
        run: bench::run,
    },
    Command {
        name: "conformance",
        flags: "[--check | --record]",
        about: "writes docs/conformance.md from a test run; --record asks CPython for new traces",
        run: conformance::run,
    },
];

fn main() -> ExitCode {
    let mut args = lexopt::Parser::from_env();
    match dispatch(&mut args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &mut lexopt::Parser) -> Result<()> {
    let Some(lexopt::Arg::Value(name)) = args.next()? else {
        println!("Usage: cargo xtask <command>\n");
        for command in COMMANDS {
            println!(
                "  {} {}\n      {}",
                command.name, command.flags, command.about
            );
        }
        return Ok(());
    };
    let command = COMMANDS
        .iter()
        .find(|command| name == command.name)
        .ok_or_else(|| format!("no command {name:?}; `cargo xtask` lists them"))?;
    let sh = Shell::new()?;
    sh.change_dir(workspace::root());
    (command.run)(&sh, args)
}
