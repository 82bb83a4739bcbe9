//! `--plot`: the results as pictures in `docs/plots`, one for each family and one for each curve.

mod bars;
mod curves;
mod svg;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::row::{Family, Row};
use crate::runner::Summary;

/// A row and what came of its contenders.
type Measured<'a> = (&'a Row, &'a [Summary]);

/// As many sizes as make a curve.
const POINTS_OF_A_CURVE: usize = 3;

/// A picture of some rows of a family.
pub(crate) struct Plot {
    /// Without a folder.
    pub(crate) file_name: String,
    pub(crate) title: String,
    svg: String,
}

/// The pictures of a family: rows that differ in their size as curves, the others as bars.
pub(crate) fn of_family(family: &Family, results: &[Vec<Summary>]) -> Vec<Plot> {
    let rows: Vec<Measured<'_>> = family
        .rows
        .iter()
        .zip(results.iter().map(Vec::as_slice))
        .collect();
    let mut single: Vec<Measured<'_>> = Vec::new();
    let mut plots = Vec::new();
    for rows in rows.chunk_by(|(one, _), (next, _)| is_same_curve(one, next)) {
        if rows[0].0.size.is_some() && rows.len() >= POINTS_OF_A_CURVE {
            plots.push(curve(rows));
        } else {
            single.extend(rows);
        }
    }
    if !single.is_empty() {
        let bars = Plot {
            file_name: format!("{}.svg", family.title.to_lowercase().replace(' ', "_")),
            title: family.title.to_owned(),
            svg: bars::draw(family.title, &single),
        };
        plots.insert(0, bars);
    }
    plots
}

fn is_same_curve(one: &Row, next: &Row) -> bool {
    next.size.is_some() && stem(one) == stem(next)
}

/// The name without the size.
fn stem(row: &Row) -> &str {
    match row.size {
        Some(_) => row.name.rsplit_once('_').map_or("", |(stem, _)| stem),
        None => &row.name,
    }
}

fn curve(rows: &[Measured<'_>]) -> Plot {
    let stem = stem(rows[0].0);
    Plot {
        file_name: format!("{stem}.svg"),
        title: format!("{stem} by size"),
        svg: curves::draw(stem, rows),
    }
}

/// Writes the files and returns their folder.
pub(crate) fn write(plots: &[Plot]) -> io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plots");
    fs::create_dir_all(&folder)?;
    for plot in plots {
        fs::write(folder.join(&plot.file_name), &plot.svg)?;
    }
    folder.canonicalize()
}
