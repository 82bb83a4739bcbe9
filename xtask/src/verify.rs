//! `cargo xtask verify`: the slow checks, for which a contributor may need more tools.
//!
//! A check whose tool is absent prints SKIPPED and why; it never passes silently. All checks run
//! even if one fails, and a table at the end says what came of each.

mod endurance;
mod instructions;
mod loom;
mod memcheck;
mod neighbours;
mod runs;
mod sanitizers;
mod toolchains;

use lexopt::ValueExt as _;
use xshell::Shell;

use crate::Result;
use crate::process::now;
use crate::workspace::{self, Package, Tree};

/// What every check gets.
struct Setup<'a> {
    sh: &'a Shell,
    /// Look further, for hours if need be.
    deep: bool,
    /// How often the check for flakes runs every test.
    repeat: u32,
    /// Record new instruction counts instead of comparing.
    write: bool,
    /// How many connections come and go in the check for endurance.
    churns: u64,
    tree: Tree,
    packages: Vec<Package>,
}

impl Setup<'_> {
    /// The crates, without examples, tests and tools.
    fn crates(&self) -> Vec<&str> {
        let is_crate = |package: &&Package| package.folder.starts_with("crates/");
        self.packages
            .iter()
            .filter(is_crate)
            .map(|package| package.name.as_str())
            .collect()
    }

    /// The crates that `docs/unsafe.md` lists: what memory checkers are for.
    fn unsafe_crates(&self) -> Vec<&str> {
        let modules = crate::tidy::listed_modules(&self.tree);
        let mut names = self.crates();
        names.retain(|name| {
            modules
                .iter()
                .any(|module| module.starts_with(&format!("crates/{name}/")))
        });
        names
    }
}

/// How a check ended, if it did not fail.
enum Outcome {
    /// With what was looked at.
    Passed(String),
    /// With what is missing.
    Skipped(String),
}

struct Check {
    name: &'static str,
    run: fn(&Setup<'_>) -> Result<Outcome>,
}

const CHECKS: &[Check] = &[
    Check {
        name: "loom",
        run: loom::run,
    },
    Check {
        name: "miri",
        run: sanitizers::miri,
    },
    Check {
        name: "asan",
        run: sanitizers::address,
    },
    Check {
        name: "tsan",
        run: sanitizers::thread,
    },
    Check {
        name: "memcheck",
        run: memcheck::run,
    },
    Check {
        name: "instructions",
        run: instructions::run,
    },
    Check {
        name: "neighbours",
        run: neighbours::run,
    },
    Check {
        name: "endurance",
        run: endurance::run,
    },
    Check {
        name: "one-cpu",
        run: runs::one_cpu,
    },
    Check {
        name: "flakes",
        run: runs::flakes,
    },
    Check {
        name: "orders",
        run: runs::orders,
    },
    Check {
        name: "panic-abort",
        run: runs::panic_abort,
    },
    Check {
        name: "msrv",
        run: toolchains::oldest,
    },
    Check {
        name: "targets",
        run: toolchains::targets,
    },
];

/// Runs the named checks, or all.
pub(crate) fn run(sh: &Shell, args: &mut lexopt::Parser) -> Result<()> {
    let mut names: Vec<String> = Vec::new();
    let tree = Tree::read(&workspace::root())?;
    let packages = workspace::packages(sh)?;
    let mut setup = Setup {
        sh,
        deep: false,
        repeat: 10,
        write: false,
        churns: 1_000_000,
        tree,
        packages,
    };
    while let Some(arg) = args.next()? {
        match arg {
            // loom with three preemptions instead of two; miri and `orders` with more seeds.
            lexopt::Arg::Long("deep") => setup.deep = true,
            // How often `flakes` runs every test.
            lexopt::Arg::Long("repeat") => setup.repeat = args.value()?.parse()?,
            // How many connections come and go in `endurance`.
            lexopt::Arg::Long("churns") => setup.churns = args.value()?.parse()?,
            // `instructions` records instead of comparing.
            lexopt::Arg::Long("write") => setup.write = true,
            lexopt::Arg::Value(name) => names.push(name.string()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    if let Some(unknown) = names
        .iter()
        .find(|name| !CHECKS.iter().any(|check| check.name == **name))
    {
        let known: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        return Err(format!("no check `{unknown}`; there are {}", known.join(", ")).into());
    }

    let mut table = Vec::new();
    let mut failed = 0;
    let wanted = |check: &&Check| names.is_empty() || names.iter().any(|name| name == check.name);
    for check in CHECKS.iter().filter(wanted) {
        println!("\n=== {}", check.name);
        let started = now();
        let line = match (check.run)(&setup) {
            Ok(Outcome::Passed(what)) => format!("passed  {}: {what}", check.name),
            Ok(Outcome::Skipped(why)) => format!("SKIPPED {}: {why}", check.name),
            Err(error) => {
                failed += 1;
                format!("FAILED  {}: {error}", check.name)
            }
        };
        println!("{line}");
        table.push(format!("{:7.1} s  {line}", started.elapsed().as_secs_f64()));
    }
    println!("\n{}", table.join("\n"));
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} checks failed").into())
    }
}
