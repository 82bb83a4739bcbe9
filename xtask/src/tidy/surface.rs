//! Types of the substrate stay out of public signatures, so that we can replace it.
//!
//! A heuristic over text, with these limits: it looks at `pub` items, `pub` fields and `impl …
//! for` lines; it knows a foreign type by its path or by a `use` of it in the same file; it cannot
//! see through a type alias, a `use` in another file or a macro. What is `pub(crate)` does not
//! count, nor does a trait implementation for a type that the same file declares without `pub`.

use super::Problem;
use crate::source::{body_start, is_word, line_of, matching_brace, words};
use crate::workspace::{SourceFile, Tree};

/// Crates whose types must not show.
const HIDDEN: &[&str] = &["async_task", "polling", "concurrent_queue", "parking"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let in_src = |source: &&SourceFile| {
        let path = &source.path;
        path.starts_with("crates/")
            && path.contains("/src/")
            && !path.starts_with("crates/evloop-bench/")
            && !path.ends_with("/tests.rs")
    };
    tree.rust().filter(in_src).flat_map(check_file).collect()
}

fn check_file(source: &SourceFile) -> Vec<Problem> {
    let code = &source.code;
    let imported = imported_names(code);
    let mut problems = Vec::new();
    for (at, signature) in public_texts(code).into_iter().chain(trait_impls(code)) {
        let path = HIDDEN.iter().find(|name| mentions_path(signature, name));
        let name = imported
            .iter()
            .find(|name| words(signature, name).next().is_some());
        let Some(shown) = path.copied().or(name.map(String::as_str)) else {
            continue;
        };
        let item = signature
            .split_whitespace()
            .take(4)
            .collect::<Vec<_>>()
            .join(" ");
        let message = format!("`{shown}` shows in the public signature `{item} …`: wrap the type");
        problems.push(Problem::at(&source.path, line_of(code, at), message));
    }
    problems
}

/// `polling::Event`, but not `crate::polling::Event` and not `polling_mode`.
fn mentions_path(text: &str, name: &str) -> bool {
    words(text, name).any(|at| {
        text[at + name.len()..].starts_with("::")
            && (!text[..at].ends_with("::")
                || !text[..at - 2].ends_with(|c: char| c.is_alphanumeric()))
    })
}

/// The names that `use` lines bring in from the hidden crates, by their local spelling.
fn imported_names(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for at in words(code, "use") {
        let Some(end) = code[at..].find(';') else {
            continue;
        };
        let path = code[at + 3..at + end].trim().trim_start_matches("::");
        let Some((root, rest)) = path.split_once("::") else {
            continue;
        };
        if !HIDDEN.contains(&root.trim()) {
            continue;
        }
        for part in rest.split([',', '{', '}']) {
            let local = part.rsplit(" as ").next().unwrap_or(part);
            let name = local.rsplit("::").next().unwrap_or(local).trim();
            if name.bytes().all(is_word) && !matches!(name, "" | "_" | "self") {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// The texts that follow `pub`, each cut to what a user sees.
fn public_texts(code: &str) -> Vec<(usize, &str)> {
    let mut texts = Vec::new();
    for at in words(code, "pub") {
        let rest = code[at + 3..].trim_start();
        if rest.starts_with('(') {
            continue; // `pub(crate)` and its like.
        }
        let keyword = rest.split_whitespace().next().unwrap_or("");
        let end = match keyword {
            // Variants and items of a trait are public like their owner.
            "enum" | "trait" => body_start(code, at).and_then(|open| matching_brace(code, open)),
            // Fields have a `pub` of their own if they are public.
            "struct" => code[at..].find(['(', '{', ';']).map(|length| at + length),
            "use" | "type" => code[at..].find(';').map(|length| at + length),
            "fn" | "async" | "unsafe" | "const" | "static" | "extern" => item_end(code, at),
            "mod" => continue,
            _ => field_end(code, at),
        };
        texts.push((at, &code[at..end.unwrap_or(code.len())]));
    }
    texts
}

/// The end of a function's signature or of a constant's type.
fn item_end(code: &str, at: usize) -> Option<usize> {
    let semicolon = code[at..].find(';').map(|length| at + length);
    body_start(code, at).or(semicolon)
}

/// The end of a field: a comma or closing bracket that none of its own brackets contains.
fn field_end(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b'>' if code.as_bytes()[offset - 1] == b'-' => {} // The arrow of a function type.
            b')' | b']' | b'}' | b'>' if depth > 0 => depth -= 1,
            b')' | b']' | b'}' | b',' if depth == 0 => return Some(offset),
            _ => {}
        }
    }
    None
}

/// The heads of `impl Trait for Type`, for types that are not private to the file.
fn trait_impls(code: &str) -> Vec<(usize, &str)> {
    let mut heads = Vec::new();
    for at in words(code, "impl") {
        let starts_a_line = code[..at]
            .rsplit('\n')
            .next()
            .is_some_and(|line| matches!(line.trim(), "" | "unsafe"));
        let Some(open) = body_start(code, at).filter(|_| starts_a_line) else {
            continue;
        };
        let head = &code[at..open];
        let Some((_, target)) = head.split_once(" for ") else {
            continue;
        };
        let name = target
            .trim_start()
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next();
        if !name.is_some_and(|name| is_private(code, name)) {
            heads.push((at, head));
        }
    }
    heads
}

/// Whether the file declares the type without `pub`, or with a restricted one.
fn is_private(code: &str, name: &str) -> bool {
    ["struct", "enum"].iter().any(|keyword| {
        words(code, keyword).any(|at| {
            let declared = code[at + keyword.len()..].trim_start();
            let same = declared
                .strip_prefix(name)
                .is_some_and(|rest| !rest.bytes().next().is_some_and(is_word));
            let before = code[..at]
                .rsplit(['\n', ';', '}'])
                .next()
                .unwrap_or("")
                .trim_end();
            same && !before.ends_with("pub")
        })
    })
}

#[cfg(test)]
mod tests;
