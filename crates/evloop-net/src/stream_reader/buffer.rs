//! Bytes that have arrived and that nobody has taken.

use std::mem;

/// How much is read at once to begin with, and how far beyond the limit.
pub(crate) const CHUNK: usize = 4096;

/// A stretch of bytes in a block that is kept between fills.
///
/// ```text
/// | taken | held | room |
///         start  end    block.len()
/// ```
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// All of it is initialized, so that a reader can be lent the room. Empty until the first fill.
    block: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub(crate) fn held(&self) -> &[u8] {
        &self.block[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Room for at least one byte, behind what is held.
    ///
    /// The block grows to twice what is held, and beyond `most` only when that much is held: memory
    /// follows what has arrived and never what was announced.
    pub(crate) fn room(&mut self, most: usize) -> &mut [u8] {
        if self.end == self.block.len() {
            self.make_room(most);
        }
        &mut self.block[self.end..]
    }

    #[cold]
    fn make_room(&mut self, most: usize) {
        let held = self.len();
        let doubled = held.saturating_mul(2).max(CHUNK);
        // Beyond `most` a whole chunk more each time would copy what is held again and again.
        let wanted = if held < most {
            doubled.min(most)
        } else {
            doubled
        };
        self.block.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, held);
        if self.block.len() < wanted {
            self.block.resize(wanted, 0);
        }
    }

    /// So many bytes of the room are held now.
    pub(crate) fn filled(&mut self, count: usize) {
        assert!(
            count <= self.block.len() - self.end,
            "a reader claims to have read more than there is room for"
        );
        self.end += count;
    }

    /// Lets go of the first bytes, and of a block that is larger than `most` once it is empty.
    pub(crate) fn skip(&mut self, count: usize, most: usize) {
        debug_assert!(count <= self.len());
        self.start += count;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.block.len() > most {
                self.block = Vec::new();
            }
        }
    }

    /// Takes the first bytes, without a copy if they are all there is of a block too large to keep.
    pub(crate) fn take(&mut self, count: usize, most: usize) -> Vec<u8> {
        if count == self.len() && self.start == 0 && self.block.len() > most {
            let mut taken = mem::take(self).block;
            taken.truncate(count);
            return taken;
        }
        let taken = self.held()[..count].to_vec();
        self.skip(count, most);
        taken
    }
}

#[cfg(test)]
mod tests;
