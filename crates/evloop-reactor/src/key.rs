//! The number under which the system knows a registration: where it is, and which one it is.

/// Half of the key is the place in the registry and half a generation: 32 bits each where pointers
/// have 64. It is never a pointer, so a stale one can at worst name nothing.
const INDEX_BITS: u32 = usize::BITS / 2;

/// The largest index is never given out: the keys built with it mean "somebody notified", and
/// `polling` keeps the largest key for itself.
const NOTIFIED_INDEX: usize = (1 << INDEX_BITS) - 1;

/// A place in the registry together with the generation of its present owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(usize);

impl Key {
    /// How many registrations can exist at once.
    pub(crate) const CAPACITY: usize = NOTIFIED_INDEX;

    /// The key of the reactor's own descriptor for notifications.
    pub(crate) const NOTIFIED: Self = Self(usize::MAX);

    /// The low half of `generation` counts.
    pub(crate) fn new(index: usize, generation: usize) -> Self {
        debug_assert!(index < Self::CAPACITY);
        Self(generation << INDEX_BITS | index)
    }

    pub(crate) fn from_raw(raw: usize) -> Self {
        Self(raw)
    }

    pub(crate) fn raw(self) -> usize {
        self.0
    }

    pub(crate) fn index(self) -> usize {
        self.0 & NOTIFIED_INDEX
    }

    pub(crate) fn is_notification(self) -> bool {
        self.index() == NOTIFIED_INDEX
    }
}
