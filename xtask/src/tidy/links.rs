//! Links between our own pages lead somewhere, and so do their anchors.

use super::Problem;
use crate::workspace::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in tree
        .sources
        .iter()
        .filter(|source| source.path.ends_with(".md"))
    {
        for (line, target) in links(&page.text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() {
                Some(page.path.clone())
            } else {
                resolve(&page.path, path)
            };
            let message = match path.filter(|path| path.is_empty() || tree.paths.contains(path)) {
                None => "leads to no file",
                Some(path) if !anchor.is_empty() && !has_anchor(tree, &path, anchor) => {
                    "leads to no heading"
                }
                Some(_) => continue,
            };
            problems.push(Problem::at(
                &page.path,
                line,
                format!("the link `{target}` {message}"),
            ));
        }
    }
    problems
}

/// Link targets with their lines, outside code.
fn links(markdown: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (line, text) in prose_lines(markdown) {
        for (at, _) in text.match_indices("](") {
            // Within a code span, the backticks before it are odd in number.
            if text[..at].matches('`').count() % 2 == 0 {
                let rest = &text[at + 2..];
                let end = rest.find([')', ' ']).unwrap_or(rest.len());
                found.push((line, &rest[..end]));
            }
        }
        let definition = text
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "));
        if let Some((_, target)) = definition {
            found.push((line, target.trim()));
        }
    }
    found
}

/// Lines outside fenced code, counted from 1.
fn prose_lines(markdown: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    markdown
        .lines()
        .enumerate()
        .filter_map(move |(index, line)| {
            let is_fence = line.trim_start().starts_with("```");
            in_code ^= is_fence;
            (!in_code && !is_fence).then_some((index + 1, line))
        })
}

/// The path from the root that a relative link on a page means; `None` if it leaves the tree.
fn resolve(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn has_anchor(tree: &Tree, path: &str, anchor: &str) -> bool {
    let Some(page) = tree
        .source(path)
        .filter(|source| source.path.ends_with(".md"))
    else {
        return true; // Anchors into code, such as line numbers, are not ours to judge.
    };
    let mut seen = Vec::new();
    for (_, line) in prose_lines(&page.text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let slug = slug(title);
        let repeats = seen.iter().filter(|earlier| **earlier == slug).count();
        let full = if repeats == 0 {
            slug.clone()
        } else {
            format!("{slug}-{repeats}")
        };
        if full == anchor {
            return true;
        }
        seen.push(slug);
    }
    page.text.contains(&format!("<a id=\"{anchor}\""))
}

/// A heading as code hosts spell it in an anchor.
fn slug(title: &str) -> String {
    let keep = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    title
        .trim()
        .to_lowercase()
        .chars()
        .filter(keep)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
