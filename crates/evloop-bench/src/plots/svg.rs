//! As much of SVG as the plots need.

use std::fmt::Write as _;

/// For light and dark pages: the background is the page's.
const STYLE: &str = "text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold}\
.ours{fill:#d9480f}.peer{fill:#7c95b0}.floor{fill:#a8a8a8}\
.line{fill:none;stroke-width:1.5}.grid{stroke:#8886;stroke-width:.5}.mark{stroke:#d9480f;stroke-dasharray:2 3}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}}";

/// Where a text ends up beside its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture in the making.
#[derive(Default)]
pub(super) struct Picture(String);

impl Picture {
    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.element(&format!(
            "<text x=\"{x:.0}\" y=\"{y:.0}\"{anchor}{}>{text}</text>",
            class_attribute(class)
        ));
    }

    pub(super) fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        self.element(&format!(
            "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.1}\" height=\"{height:.0}\"{}/>",
            class_attribute(class)
        ));
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.element(&format!(
            "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\"{}/>",
            class_attribute(class)
        ));
    }

    pub(super) fn curve(&mut self, points: &[(f64, f64)], color: &str) {
        let mut path = String::new();
        for (n, (x, y)) in points.iter().enumerate() {
            let letter = if n == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{x:.1} {y:.1}");
        }
        self.element(&format!(
            "<path d=\"{path}\" class=\"line\" stroke=\"{color}\"/>"
        ));
    }

    fn element(&mut self, element: &str) {
        self.0.push_str(element);
        self.0.push('\n');
    }

    pub(super) fn finish(self, width: f64, height: f64) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\">\n<style>{STYLE}</style>\n{}</svg>\n",
            self.0
        )
    }
}

fn class_attribute(class: &str) -> String {
    match class {
        "" => String::new(),
        _ => format!(" class=\"{class}\""),
    }
}
