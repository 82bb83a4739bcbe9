//! Curves: what an operation costs as something grows, both in powers of ten.

use super::Measured;
use super::svg::{Anchor, Picture};
use crate::row::short;
use crate::runner::digits;

/// In pixels: the field of the curves, and what is around it.
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 30.0;
const RIGHT: f64 = 190.0;
const BELOW: f64 = 30.0;
/// Between names at the ends of curves.
const LINE: f64 = 13.0;

/// Ours first, as the contenders.
const COLORS: [&str; 7] = [
    "#d9480f", "#1c7ed6", "#2f9e44", "#9c36b5", "#e8a400", "#0c8599", "#868e96",
];

/// A contender's values by size.
struct Curve<'a> {
    name: &'a str,
    color: &'static str,
    points: Vec<(f64, f64)>,
}

pub(super) fn draw(title: &str, rows: &[Measured<'_>]) -> String {
    let curves = curves_of(rows);
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let (low, high) = powers_of_ten(points().map(|point| point.1));
    let (from, to) = powers_of_ten(points().map(|point| point.0));
    let x_of = |size: f64| LEFT + WIDTH * (size.log10() - from) / (to - from);
    let y_of = |value: f64| TOP + HEIGHT * (high - value.log10()) / (high - low);

    let mut picture = Picture::default();
    let heading = format!("{title}: median ns of one, by size");
    picture.text((0.0, 15.0), Anchor::Start, "title", &heading);
    for power in from as i32..=to as i32 {
        let (size, x) = (10_usize.pow(power.unsigned_abs()), x_of(10_f64.powi(power)));
        picture.line((x, TOP), (x, TOP + HEIGHT), "grid");
        picture.text((x, TOP + HEIGHT + 16.0), Anchor::Middle, "", &short(size));
    }
    for power in low as i32..=high as i32 {
        for factor in [1.0, 2.0, 5.0] {
            let value = factor * 10_f64.powi(power);
            let y = y_of(value);
            if y >= TOP - 0.5 {
                picture.line((LEFT, y), (LEFT + WIDTH, y), "grid");
                picture.text((LEFT - 6.0, y + 4.0), Anchor::End, "", &label(value));
            }
        }
    }
    // Ours last, above the others.
    for curve in curves.iter().rev() {
        let points: Vec<_> = curve
            .points
            .iter()
            .map(|&(x, y)| (x_of(x), y_of(y)))
            .collect();
        picture.curve(&points, curve.color);
    }
    name_ends(&mut picture, &curves, x_of, y_of);
    picture.finish(LEFT + WIDTH + RIGHT, TOP + HEIGHT + BELOW)
}

/// Without rows of size zero, which has no logarithm.
fn curves_of<'a>(rows: &[Measured<'a>]) -> Vec<Curve<'a>> {
    let mut curves: Vec<Curve<'a>> = Vec::new();
    for (row, summaries) in rows {
        let Some(size) = row.size.filter(|size| *size > 0) else {
            continue;
        };
        for (contender, summary) in row.contenders.iter().zip(*summaries) {
            let (point, n_curves) = ((size as f64, summary.median), curves.len());
            match curves.iter_mut().find(|curve| curve.name == contender.name) {
                Some(curve) => curve.points.push(point),
                None => curves.push(Curve {
                    name: contender.name,
                    color: COLORS[n_curves % COLORS.len()],
                    points: vec![point],
                }),
            }
        }
    }
    curves
}

/// Those below and above all values.
fn powers_of_ten(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let logarithms = values.map(f64::log10);
    logarithms.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value.floor()), high.max(value.ceil()))
    })
}

fn label(value: f64) -> String {
    if value < 10.0 {
        return value.to_string();
    }
    digits(value.round()).trim_end_matches(".0").to_owned()
}

/// Writes each name where its curve ends, or below the one above it.
fn name_ends(
    picture: &mut Picture,
    curves: &[Curve<'_>],
    x_of: impl Fn(f64) -> f64,
    y_of: impl Fn(f64) -> f64,
) {
    let mut ends: Vec<_> = curves
        .iter()
        .map(|curve| {
            let &(size, value) = curve.points.last().expect("a curve has points");
            (y_of(value), x_of(size), curve.name, curve.color, value)
        })
        .collect();
    ends.sort_by(|one, next| one.0.total_cmp(&next.0));
    let mut above = f64::NEG_INFINITY;
    for (y, x, name, color, value) in ends {
        let at = y.max(above + LINE);
        above = at;
        let beside = LEFT + WIDTH + 14.0;
        picture.curve(&[(x, y), (beside - 4.0, at)], color);
        let text = format!("{name} {}", digits(value));
        picture.text((beside, at + 4.0), Anchor::Start, "", &text);
    }
}
