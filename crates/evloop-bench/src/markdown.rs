//! The generated part of `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::arguments::Arguments;
use crate::plots;
use crate::row::Family;
use crate::runner::{Results, Summary, digits};

const BEGIN: &str = "<!-- Begin of what `cargo xtask bench -- --write` writes. -->";
const END: &str = "<!-- End of what `cargo xtask bench -- --write` writes. -->";

/// What stands above the tables in a file that is not there yet.
const HEADING: &str = "# Benchmarks\n\nevloop beside its peers, measured in one run.\n\n";

/// Replaces what stands between the two marks, and keeps what people wrote around them.
pub(crate) fn write(
    machine: &str,
    arguments: &Arguments,
    families: &[Family],
    results: &Results,
) -> io::Result<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
    let before = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => HEADING.to_owned(),
        Err(error) => return Err(error),
    };
    let generated = report(machine, arguments, families, results);
    fs::write(&path, replace(&before, &generated))?;
    path.canonicalize()
}

fn replace(before: &str, generated: &str) -> String {
    let (above, below) = match (before.split_once(BEGIN), before.split_once(END)) {
        (Some((above, _)), Some((_, below))) => (above, below),
        _ => (before, "\n"),
    };
    format!("{above}{BEGIN}\n\n{generated}\n{END}{below}")
}

fn report(machine: &str, arguments: &Arguments, families: &[Family], results: &Results) -> String {
    let mut text = String::new();
    for line in machine.lines() {
        let _ = writeln!(text, "- {line}");
    }
    let _ = writeln!(
        text,
        "- command: `cargo xtask bench -- --reps {} --write{}`\n\n\
         Each value is a median of {} repetitions, in which all contenders of a row take turns, with \
         the minimum after the stroke and, in brackets, how many times ours (the first column) it is: \
         above 1, evloop is ahead. Below 1.5 either way is a tie on such a machine.",
        arguments.reps,
        if arguments.plot { " --plot" } else { "" },
        arguments.reps
    );
    for (family, results) in families.iter().zip(results) {
        let _ = writeln!(text, "\n### {}", family.title);
        table(&mut text, family, results);
        if arguments.plot {
            for plot in plots::of_family(family, results) {
                let _ = writeln!(text, "\n![{}](plots/{})", plot.title, plot.file_name);
            }
        }
    }
    text
}

/// Rows with the same contenders share a table.
fn table(text: &mut String, family: &Family, results: &[Vec<Summary>]) {
    let mut above: Vec<&str> = Vec::new();
    for (row, summaries) in family.rows.iter().zip(results) {
        let names: Vec<&str> = row
            .contenders
            .iter()
            .map(|contender| contender.name)
            .collect();
        if names != above {
            let _ = writeln!(text, "\n| row | unit | {} |", names.join(" | "));
            let _ = writeln!(text, "|---|---|{}", "---|".repeat(names.len()));
            above = names;
        }
        let _ = write!(text, "| `{}` | {} |", row.name, row.unit.name());
        for (index, summary) in summaries.iter().enumerate() {
            let (median, minimum) = (digits(summary.median), digits(summary.minimum));
            let _ = match index {
                0 => write!(text, " **{median}** / {minimum} |"),
                _ => write!(text, " {median} / {minimum} ({:.2}) |", summary.ratio),
            };
        }
        text.push('\n');
    }
    text.push('\n');
    // Rows with the same text differ in the number in their names.
    for rows in family.rows.chunk_by(|one, next| one.text == next.text) {
        let names: Vec<_> = rows.iter().map(|row| format!("`{}`", row.name)).collect();
        let _ = writeln!(text, "- {}: {}.", names.join(", "), rows[0].text);
    }
}
