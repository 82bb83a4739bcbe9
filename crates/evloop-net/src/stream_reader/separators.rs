//! Where the first of some separators ends.

use std::{io::BufRead as _, ops::Range};

/// Separators that are looked for at once, and how far they were looked for.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    separators: &'a [&'a [u8]],
    shortest: usize,
    longest: usize,
    /// No separator begins before this offset.
    from: usize,
}

impl<'a> Search<'a> {
    /// `None` if there is no separator, or an empty one, which would be found everywhere.
    pub(crate) fn new(separators: &'a [&'a [u8]]) -> Option<Self> {
        let lengths = || separators.iter().map(|separator| separator.len());
        Some(Self {
            separators,
            shortest: lengths().min().filter(|&shortest| shortest > 0)?,
            longest: lengths().max()?,
            from: 0,
        })
    }

    /// No separator begins before this offset in what was given to [`find`](Self::find).
    pub(crate) fn searched(&self) -> usize {
        self.from
    }

    /// The separator in `bytes` that ends first. What was searched before is not searched again, so
    /// `bytes` may only grow at its end from one call to the next.
    pub(crate) fn find(&mut self, bytes: &[u8]) -> Option<Range<usize>> {
        if bytes.len() - self.from < self.shortest {
            return None;
        }
        let mut first: Option<Range<usize>> = None;
        for separator in self.separators {
            // One that ends later is of no interest.
            let within = first.as_ref().map_or(bytes.len(), |first| first.end);
            if let Some(start) = find_one(&bytes[..within], self.from, separator) {
                let end = start + separator.len();
                if first.as_ref().is_none_or(|first| end < first.end) {
                    first = Some(start..end);
                }
            }
        }
        if first.is_none() {
            self.from = self
                .from
                .max((bytes.len() + 1).saturating_sub(self.longest));
        }
        first
    }
}

/// Where `separator` begins for the first time, at `from` or later.
fn find_one(bytes: &[u8], mut from: usize, separator: &[u8]) -> Option<usize> {
    let (&head, tail) = separator.split_first()?;
    loop {
        from += offset_of(head, bytes.get(from..)?)?;
        if bytes[from + 1..].starts_with(tail) {
            return Some(from);
        }
        from += 1;
    }
}

/// The first `byte`, found by the standard library's search, which looks at many at once.
fn offset_of(byte: u8, bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let skipped = rest
        .skip_until(byte)
        .expect("a slice in memory can be read");
    let is_found = skipped > 0 && bytes[skipped - 1] == byte;
    is_found.then(|| skipped - 1)
}

#[cfg(test)]
mod tests;
