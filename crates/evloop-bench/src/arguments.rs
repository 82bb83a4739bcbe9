//! The command line.

use std::error::Error;

use lexopt::prelude::{Long, ValueExt as _};

use crate::row::Effort;

pub(crate) const HELP: &str = "\
Measures evloop beside its peers, interleaved. Stop everything else before.

  --rows NAME   only the row NAME, or if there is none, rows whose name contains it; may be
                given more than once
  --only NAME   only contenders with exactly this name, for profilers; may be given more than once
  --reps K      repetitions of each measurement (default 7)
  --quick       a tenth of the work in each: to see that it runs
  --list        prints the rows, what each does and who takes part
  --syscalls    counts the system calls of a message with strace, instead: echo_1 and echo_64
  --write       puts the results into docs/benchmarks.md (all rows, not quick)
  --plot        draws the results into docs/plots, and with --write has the page show them";

/// How often every contender of a row takes its turn.
const DEFAULT_REPS: usize = 7;

pub(crate) enum Wish {
    Help,
    Run(Arguments),
}

pub(crate) struct Arguments {
    rows: Vec<String>,
    contenders: Vec<String>,
    pub(crate) reps: usize,
    pub(crate) effort: Effort,
    pub(crate) list: bool,
    pub(crate) syscalls: bool,
    pub(crate) write: bool,
    pub(crate) plot: bool,
}

impl Arguments {
    pub(crate) fn parse() -> Result<Wish, Box<dyn Error>> {
        let mut arguments = Self {
            rows: Vec::new(),
            contenders: Vec::new(),
            reps: DEFAULT_REPS,
            effort: Effort::Full,
            list: false,
            syscalls: false,
            write: false,
            plot: false,
        };
        // `cargo xtask bench -- --quick` hands the dashes on.
        let given = std::env::args_os()
            .skip(1)
            .skip_while(|argument| argument == "--");
        let mut parser = lexopt::Parser::from_args(given);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("rows") => arguments.rows.push(parser.value()?.string()?),
                Long("only") => arguments.contenders.push(parser.value()?.string()?),
                Long("reps") => arguments.reps = parser.value()?.parse()?,
                Long("quick") => arguments.effort = Effort::Quick,
                Long("list") => arguments.list = true,
                Long("syscalls") => arguments.syscalls = true,
                Long("write") => arguments.write = true,
                Long("plot") => arguments.plot = true,
                Long("help") => return Ok(Wish::Help),
                other => return Err(other.unexpected().into()),
            }
        }
        if arguments.reps == 0 {
            return Err("--reps wants at least 1".into());
        }
        let is_part = !arguments.rows.is_empty() || !arguments.contenders.is_empty();
        if arguments.write && (is_part || arguments.effort == Effort::Quick) {
            return Err("--write is for whole runs: leave --rows, --only and --quick out".into());
        }
        Ok(Wish::Run(arguments))
    }

    /// Whether a row is asked for: by its whole name, or by a part of it that is no row's name.
    pub(crate) fn wants_row(&self, row: &str, all_rows: &[String]) -> bool {
        let means = |wanted: &String| match all_rows.contains(wanted) {
            true => row == wanted,
            false => row.contains(wanted.as_str()),
        };
        self.rows.is_empty() || self.rows.iter().any(means)
    }

    pub(crate) fn wants_contender(&self, name: &str) -> bool {
        self.contenders.is_empty() || self.contenders.iter().any(|wanted| wanted == name)
    }
}
