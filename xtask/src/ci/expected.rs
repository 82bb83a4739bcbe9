//! The expected output of an example, where `…` stands for any text, such as a measured time.

/// Compares line by line.
///
/// # Errors
/// The first line that differs, with both texts.
pub(super) fn compare(expected: &str, actual: &[String]) -> Result<(), String> {
    let mut lines = expected.lines();
    for (index, actual) in actual.iter().enumerate() {
        let number = index + 1;
        match lines.next() {
            Some(pattern) if matches(pattern, actual) => {}
            Some(pattern) => {
                return Err(format!("line {number} is `{actual}`, expected `{pattern}`"));
            }
            None => return Err(format!("line {number} is `{actual}`, expected the end")),
        }
    }
    lines.next().map_or(Ok(()), |missing| {
        Err(format!("the line `{missing}` is missing"))
    })
}

fn matches(pattern: &str, line: &str) -> bool {
    let Some((first, mut pattern)) = pattern.split_once('…') else {
        return pattern == line;
    };
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    while let Some((piece, more)) = pattern.split_once('…') {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
        pattern = more;
    }
    rest.ends_with(pattern)
}

#[cfg(test)]
mod tests;
