//! Bars: how many times ours each contender of a row is.

use super::Measured;
use super::svg::{Anchor, Picture};
use crate::runner::digits;

/// Bars end here, in multiples of ours.
const MOST: f64 = 4.0;

/// In pixels.
const NAMES: f64 = 190.0;
const TIMES_ONE: f64 = 100.0;
const VALUES: f64 = 130.0;
const LINE: f64 = 15.0;
const BAR: f64 = 10.0;

pub(super) fn draw(title: &str, rows: &[Measured<'_>]) -> String {
    let mut picture = Picture::default();
    let heading = format!("{title}: medians, bars in multiples of evloop's");
    picture.text((0.0, LINE), Anchor::Start, "title", &heading);
    let mut y = 2.0 * LINE;
    for (row, summaries) in rows {
        y += LINE;
        let heading = format!("{} ({})", row.name, row.unit.name());
        picture.text((0.0, y), Anchor::Start, "", &heading);
        let first = y;
        for (index, (contender, summary)) in row.contenders.iter().zip(*summaries).enumerate() {
            y += LINE;
            picture.text((NAMES - 8.0, y), Anchor::End, "", contender.name);
            let class = match index {
                0 => "ours",
                _ if contender.name.starts_with("floor") => "floor",
                _ => "peer",
            };
            let length = summary.ratio.min(MOST) * TIMES_ONE;
            picture.bar((NAMES, y - BAR), (length, BAR), class);
            let is_cut = if summary.ratio > MOST { "» " } else { "" };
            let value = format!("{is_cut}{} ({:.2})", digits(summary.median), summary.ratio);
            picture.text((NAMES + length + 6.0, y), Anchor::Start, "", &value);
        }
        let one = NAMES + TIMES_ONE;
        picture.line((one, first + 3.0), (one, y + 2.0), "mark");
        y += LINE / 2.0;
    }
    picture.finish(NAMES + MOST * TIMES_ONE + VALUES, y + LINE)
}
