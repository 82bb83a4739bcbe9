//! Rust source text without its comments and literals, and the functions found in it.
//!
//! A scanner, not a parser: it knows strings, characters, lifetimes, nested comments and braces,
//! which is enough to count lines and to look for words in code.

#[cfg(test)]
mod tests;

/// The text with every comment and every string or character literal blanked by spaces.
///
/// Length and line breaks stay, so a position in the result is a position in the source.
pub(crate) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match literal_end(bytes, at) {
            Some(end) => end.min(bytes.len()),
            None => {
                at += 1;
                continue;
            }
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(code).expect("only whole literals and comments were blanked, with ASCII")
}

/// Where the comment or literal that starts at `at` ends; `None` if none starts there.
fn literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    match rest[0] {
        b'/' if rest.starts_with(b"//") => Some(at + position(rest, b'\n').unwrap_or(rest.len())),
        b'/' if rest.starts_with(b"/*") => Some(at + block_comment_length(rest)),
        b'"' => Some(at + string_length(rest)),
        b'\'' => char_length(rest).map(|length| at + length),
        b'r' | b'b' | b'c' if at == 0 || !is_word(bytes[at - 1]) => {
            prefixed_string_length(rest).map(|length| at + length)
        }
        _ => None,
    }
}

fn block_comment_length(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `'x'` and `'\n'` are literals; `'a` in `&'a str` and `'outer:` are not.
fn char_length(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        // The escaped character itself may be a quote, so the search starts behind it.
        return Some(3 + position(rest.get(3..)?, b'\'')? + 1);
    }
    let width = match rest.get(1)? {
        0x00..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `b'…'`, `c"…"` and their like.
fn prefixed_string_length(rest: &[u8]) -> Option<usize> {
    let letters = rest
        .iter()
        .take_while(|byte| matches!(byte, b'r' | b'b' | b'c'))
        .count();
    if letters > 2 {
        return None;
    }
    let raw = rest[..letters].contains(&b'r');
    let hashes = rest[letters..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    let quote = letters + hashes;
    match rest.get(quote)? {
        b'"' if raw => {
            let closing = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
            let body = &rest[quote + 1..];
            let length = body
                .windows(closing.len())
                .position(|window| window == closing);
            Some(length.map_or(rest.len(), |length| quote + 1 + length + closing.len()))
        }
        b'"' if hashes == 0 => Some(quote + string_length(&rest[quote..])),
        b'\'' if hashes == 0 && !raw => char_length(&rest[quote..]).map(|length| quote + length),
        _ => None,
    }
}

/// A function found in a source text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of the word `fn`, counted from 1.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace, both included.
    pub(crate) lines: usize,
}

/// Every function with a body in a text that [`code_only`] has blanked, outer before inner.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for at in words(code, "fn") {
        let rest = code[at + 2..].trim_start();
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if name.is_empty() {
            continue; // A function pointer type, `fn(u8)`.
        }
        let Some(open) = body_start(code, at) else {
            continue;
        };
        let close = matching_brace(code, open).unwrap_or(code.len());
        let line = line_of(code, at);
        found.push(Function {
            name,
            line,
            lines: line_of(code, close) - line + 1,
        });
    }
    found
}

/// The opening brace of the item whose signature starts at `at`; `None` if a `;` ends it first.
pub(crate) fn body_start(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 => return Some(offset),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The brace that closes the one at `open`.
pub(crate) fn matching_brace(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(offset);
                }
            }
            _ => {}
        }
    }
    None
}

/// Every place where `word` stands alone, that is, not within a longer identifier.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = text.as_bytes();
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let after = at + word.len();
            (at == 0 || !is_word(bytes[at - 1])) && (after == bytes.len() || !is_word(bytes[after]))
        })
}

/// The line of a position, counted from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    bytes.iter().position(|byte| *byte == wanted)
}
