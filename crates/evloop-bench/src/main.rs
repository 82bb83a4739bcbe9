//! evloop measured beside its peers: `cargo xtask bench`, or `cargo run --release` in this folder.
//!
//! A *row* is one workload, described in a sentence; its *contenders* are the runtimes that run
//! it, ours first. All contenders of a row take turns, so that whatever else the machine does hits
//! them alike. `--help` lists the flags.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks through its standard output"
)]

mod arguments;
mod bell;
mod countdown;
mod counting_allocator;
mod gates;
mod machine;
mod markdown;
mod plots;
mod row;
mod rows;
mod runner;
mod runtimes;
mod send;
mod stopwatch;
mod syscalls;
mod yielding;

use std::error::Error;
use std::process::ExitCode;

use crate::arguments::{Arguments, Wish};

#[global_allocator]
static ALLOCATOR: counting_allocator::CountingAllocator = counting_allocator::CountingAllocator;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evloop-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments = match Arguments::parse()? {
        Wish::Help => {
            println!("{}", arguments::HELP);
            return Ok(());
        }
        Wish::Run(arguments) => arguments,
    };
    let mut families = rows::all();
    let names: Vec<_> = families
        .iter()
        .flat_map(|family| &family.rows)
        .map(|row| row.name.clone())
        .collect();
    for family in &mut families {
        for row in &mut family.rows {
            row.contenders
                .retain(|contender| arguments.wants_contender(contender.name));
        }
        family
            .rows
            .retain(|row| arguments.wants_row(&row.name, &names) && !row.contenders.is_empty());
    }
    families.retain(|family| !family.rows.is_empty());
    if families.is_empty() {
        return Err("nothing has such a name; --list shows all".into());
    }
    if arguments.list {
        for row in families.iter().flat_map(|family| &family.rows) {
            let names: Vec<_> = row
                .contenders
                .iter()
                .map(|contender| contender.name)
                .collect();
            println!("{}: {}\n    {}", row.name, row.text, names.join(", "));
        }
        return Ok(());
    }

    if arguments.syscalls {
        return syscalls::print(&families);
    }

    let machine = machine::describe();
    println!("{machine}\n");
    let results = runner::measure_all(&families, arguments.reps, arguments.effort);
    if arguments.plot {
        let families = families.iter().zip(&results);
        let plots: Vec<_> = families
            .flat_map(|(family, results)| plots::of_family(family, results))
            .collect();
        println!("wrote {}", plots::write(&plots)?.display());
    }
    if arguments.write {
        let path = markdown::write(&machine, &arguments, &families, &results)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}
