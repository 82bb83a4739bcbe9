//! Measuring: every contender of a row in turn, again and again.

use std::thread;

use crate::row::{Contender, Effort, Family, Row};

/// What came of a contender's repetitions, per operation.
#[derive(Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) minimum: f64,
    /// Its median over that of the first contender: above 1, ours is ahead.
    pub(crate) ratio: f64,
}

/// The summaries of every row of every family, in their order.
pub(crate) type Results = Vec<Vec<Vec<Summary>>>;

pub(crate) fn measure_all(families: &[Family], reps: usize, effort: Effort) -> Results {
    families
        .iter()
        .map(|family| {
            println!("== {}", family.title);
            family
                .rows
                .iter()
                .map(|row| measure_row(row, reps, effort))
                .collect()
        })
        .collect()
}

fn measure_row(row: &Row, reps: usize, effort: Effort) -> Vec<Summary> {
    println!("{} ({}): {}", row.name, row.unit.name(), row.text);
    let mut values = vec![Vec::with_capacity(reps); row.contenders.len()];
    for rep in 0..reps {
        // Each goes first once: whoever follows a slow one may find the caches cold.
        for turn in 0..row.contenders.len() {
            let index = (rep + turn) % row.contenders.len();
            values[index].push(measure(&row.contenders[index], effort));
        }
    }
    let medians: Vec<f64> = values.iter_mut().map(|values| median(values)).collect();
    let summaries: Vec<Summary> = values
        .iter()
        .zip(&medians)
        .map(|(values, &median)| Summary {
            median,
            minimum: values[0],
            ratio: median / medians[0],
        })
        .collect();
    for (contender, summary) in row.contenders.iter().zip(&summaries) {
        println!(
            "  {:<24} median {:>10}   minimum {:>10}   {:>7.2} x ours",
            contender.name,
            digits(summary.median),
            digits(summary.minimum),
            summary.ratio,
        );
    }
    summaries
}

/// On a thread of its own, so that no thread-local state is passed on.
fn measure(contender: &Contender, effort: Effort) -> f64 {
    thread::scope(|scope| {
        let measurement = || (contender.measure)(effort).per_operation();
        let thread = thread::Builder::new().spawn_scoped(scope, measurement);
        let value = thread.expect("the system gives a thread").join();
        value.unwrap_or_else(|_| panic!("the measurement of {} panicked", contender.name))
    })
}

/// Sorts the values and returns the one in the middle.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// Three digits or more, without false precision.
pub(crate) fn digits(value: f64) -> String {
    match value {
        _ if value.abs() < 10.0 => format!("{value:.2}"),
        _ if value.abs() < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
