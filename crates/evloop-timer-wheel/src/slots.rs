//! The geometry of the wheel: which slot a deadline belongs to, and which slots are occupied.

use alloc::boxed::Box;

use crate::entries::NIL;

/// Each level tells apart this many bits of a deadline.
const BITS_PER_LEVEL: u32 = 6;
const SLOTS_PER_LEVEL: usize = 1 << BITS_PER_LEVEL;
/// Enough levels for all 64 bits; the last one uses the four that remain.
const N_LEVELS: usize = u64::BITS.div_ceil(BITS_PER_LEVEL) as usize;

const _: () = assert!(
    SLOTS_PER_LEVEL == u64::BITS as usize,
    "one bitmap word per level"
);
const _: () = assert!(N_LEVELS <= u16::BITS as usize, "one bit per level");

/// Where a deadline belongs at a given time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    pub(crate) level: u32,
    slot: u32,
}

impl Position {
    /// The level of the highest bit in which the deadline differs from now.
    ///
    /// All higher digits are then equal, and the digit of this level is greater than now's (or
    /// equal, on level 0, for a deadline that is now).
    pub(crate) const fn of(deadline: u64, now: u64) -> Self {
        let differing = (deadline ^ now) | (SLOTS_PER_LEVEL as u64 - 1);
        let level = differing.ilog2() / BITS_PER_LEVEL;
        let digit = deadline >> (level * BITS_PER_LEVEL);
        Self {
            level,
            slot: (digit & (SLOTS_PER_LEVEL as u64 - 1)) as u32,
        }
    }

    /// The first tick of this slot: now's digits above, the slot's digit, zeros below.
    pub(crate) const fn start(self, now: u64) -> u64 {
        let shift = self.level * BITS_PER_LEVEL;
        let above = match u64::MAX.checked_shl(shift + BITS_PER_LEVEL) {
            Some(mask) => now & mask,
            None => 0,
        };
        above | ((self.slot as u64) << shift)
    }
}

/// One list of timers in order of insertion.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) head: u32,
    pub(crate) tail: u32,
    /// No timer here is due before this tick. Exact until the earliest timer is taken out early.
    pub(crate) earliest: u64,
}

impl Slot {
    pub(crate) const EMPTY: Self = Self {
        head: NIL,
        tail: NIL,
        earliest: u64::MAX,
    };
}

#[derive(Clone)]
pub(crate) struct Slots {
    slots: Box<[[Slot; SLOTS_PER_LEVEL]; N_LEVELS]>,
    /// Bit `s` of word `l` is set while slot `s` of level `l` has timers.
    occupied: [u64; N_LEVELS],
    /// Bit `l` is set while level `l` has timers.
    occupied_levels: u16,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            slots: Box::new([[Slot::EMPTY; SLOTS_PER_LEVEL]; N_LEVELS]),
            occupied: [0; N_LEVELS],
            occupied_levels: 0,
        }
    }

    /// The earliest occupied slot.
    ///
    /// Whatever is on a level shares now's digits above it, and exceeds now's digit on it. So the
    /// lowest occupied level is the earliest, and on a level the lowest slot is.
    pub(crate) fn first(&self) -> Option<Position> {
        if self.occupied_levels == 0 {
            return None;
        }
        let level = self.occupied_levels.trailing_zeros();
        let slot = self.occupied[level as usize].trailing_zeros();
        Some(Position { level, slot })
    }

    pub(crate) fn get(&self, position: Position) -> &Slot {
        &self.slots[position.level as usize][position.slot as usize]
    }

    pub(crate) fn get_mut(&mut self, position: Position) -> &mut Slot {
        &mut self.slots[position.level as usize][position.slot as usize]
    }

    pub(crate) fn mark_occupied(&mut self, position: Position) {
        self.occupied[position.level as usize] |= 1 << position.slot;
        self.occupied_levels |= 1 << position.level;
    }

    /// Empties the slot and returns what it was.
    pub(crate) fn take(&mut self, position: Position) -> Slot {
        let word = &mut self.occupied[position.level as usize];
        *word &= !(1 << position.slot);
        if *word == 0 {
            self.occupied_levels &= !(1 << position.level);
        }
        core::mem::replace(self.get_mut(position), Slot::EMPTY)
    }

    /// Every occupied position.
    #[cfg(test)]
    pub(crate) fn occupied(&self) -> impl Iterator<Item = Position> {
        (0..N_LEVELS as u32)
            .flat_map(|level| (0..SLOTS_PER_LEVEL as u32).map(move |slot| Position { level, slot }))
            .filter(|position| self.occupied[position.level as usize] >> position.slot & 1 == 1)
    }

    /// Whether the bit of each level says what the level's word says.
    #[cfg(test)]
    pub(crate) fn levels_agree(&self) -> bool {
        (0..N_LEVELS)
            .all(|level| (self.occupied[level] != 0) == (self.occupied_levels >> level & 1 == 1))
    }
}
