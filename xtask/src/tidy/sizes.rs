//! Files of at most 600 lines, functions of at most 70.

use super::Problem;
use crate::source::functions;
use crate::workspace::Tree;

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 70;

/// A known offender: its limit may only go down.
#[derive(Debug)]
pub(super) struct Exception {
    /// `path` for a file, `path::function` for a function.
    pub(super) place: &'static str,
    pub(super) lines: usize,
}

/// Empty, and best left so.
pub(super) const RATCHET: &[Exception] = &[];

pub(super) fn check(tree: &Tree, ratchet: &[Exception]) -> Vec<Problem> {
    let limit = |place: &str, otherwise: usize| {
        let exception = ratchet.iter().find(|exception| exception.place == place);
        exception.map_or(otherwise, |exception| exception.lines)
    };
    let mut problems = Vec::new();
    for source in tree.rust() {
        let lines = source.text.lines().count();
        let most = limit(&source.path, FILE_LINES);
        if lines > most {
            let message = format!("{lines} lines, at most {most}: split the file by idea");
            problems.push(Problem::at(&source.path, 0, message));
        }
        for function in functions(&source.code) {
            let place = format!("{}::{}", source.path, function.name);
            let most = limit(&place, FUNCTION_LINES);
            if function.lines > most {
                let message = format!(
                    "`{}` has {} lines, at most {most}",
                    function.name, function.lines
                );
                problems.push(Problem::at(&source.path, function.line, message));
            }
        }
    }
    problems
}
