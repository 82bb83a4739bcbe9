//! The wheel itself: lists of timers in slots, cascading as time moves.

use core::fmt;

use crate::entries::{Entries, Entry, NIL};
use crate::expired::{Expired, ExpiredTimer};
use crate::key::TimerKey;
use crate::overdue::Overdue;
use crate::slots::{Position, Slots};

#[cfg(test)]
mod tests;

/// A hierarchical timer wheel over all 64 bits of time.
///
/// A deadline is read as eleven digits of six bits. A timer sits on the level of the highest digit
/// in which its deadline differs from now, in the slot of that digit:
///
/// ```text
///  level 0   [ ][ ][7][ ] .. 64 slots of 1 tick       the next 64 ticks, one slot each
///  level 1   [ ][ ][ ][3] .. 64 slots of 64 ticks
///  level 2   [ ][1][ ][ ] .. 64 slots of 4,096 ticks
///   ...
///  level 10  [ ][ ][ ][1] .. 16 slots of 2^60 ticks
/// ```
///
/// When time reaches a slot above level 0, the timers in it move to lower levels (they
/// *cascade*), at most ten times in the life of a timer; a timer that is alone in its slot goes
/// straight to level 0.
///
/// # Why equal deadlines keep their order
///
/// The slot of a timer is a function of its deadline and of now, and nothing else: time never moves
/// across the start of an occupied slot without emptying it. So timers with equal deadlines are in
/// the same list at every moment. A new one goes to the end of it. A cascade moves a list in its
/// order, and moves it to levels that are empty (the slot is the earliest, and lower levels are
/// earlier than any slot), so it cannot end up behind a timer that was inserted later.
///
/// # Deadlines that have passed
///
/// A timer that is given a deadline before [`now`](Self::now) is *overdue*: it is due at the next
/// [`advance`](Self::advance), whatever tick that is given. It keeps its deadline, and the order is
/// the same as ever: by deadline, so before everything that is not overdue, and for equal deadlines
/// by insertion. Overdue timers are kept beside the slots, in an ordered map. None moves from the
/// slots to the map: time waits for a timer to be taken out before it passes the deadline.
///
/// # Cost
///
/// 40 bytes a timer for a value of 16 bytes with a spare bit pattern, such as a
/// `core::task::Waker`, and about 11 KiB for the slots.
///
/// # Sources
///
/// G. Varghese and A. Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 7. Choosing
/// the level by the highest differing bit removes the special case of an overflow list.
#[derive(Clone)]
pub struct TimerWheel<T> {
    /// Never goes back. So a timer with an earlier deadline is in `overdue`, and was since that
    /// deadline was given; any other sits in the slot where `Position::of` puts it for this tick.
    now: u64,
    entries: Entries<T>,
    slots: Slots,
    overdue: Overdue,
}

impl<T> TimerWheel<T> {
    /// Creates an empty wheel whose time is `now`.
    #[must_use]
    pub fn new(now: u64) -> Self {
        Self {
            now,
            entries: Entries::new(),
            slots: Slots::new(),
            overdue: Overdue::new(),
        }
    }

    /// Creates an empty wheel whose time is `now`, with room for `capacity` timers.
    #[must_use]
    pub fn with_capacity(now: u64, capacity: usize) -> Self {
        let mut wheel = Self::new(now);
        wheel.reserve(capacity);
        wheel
    }

    /// Stores `value` until `deadline`.
    ///
    /// The deadline may have [passed](Self#deadlines-that-have-passed).
    ///
    /// # Panics
    ///
    /// When the wheel holds 4,294,967,295 timers.
    ///
    /// # Cost
    ///
    /// O(1), and allocates only when there are more timers than ever before. For a deadline that
    /// has passed: O(log n) for the n that have, and may allocate.
    #[inline]
    pub fn insert(&mut self, deadline: u64, value: T) -> TimerKey {
        let key = self.entries.insert(deadline, value);
        self.attach(key.index, deadline);
        key
    }

    /// Takes a timer out before its time and returns its value.
    ///
    /// `None` when the timer has expired or was cancelled.
    ///
    /// # Cost
    ///
    /// O(1): it is unlinked at once, and nothing of it stays behind. O(log n) if it is one of n
    /// that are overdue.
    #[inline]
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let index = self.entries.find(key)?;
        self.detach(index);
        Some(self.entries.remove(index).2)
    }

    /// Moves a timer to another deadline, earlier or later, and says whether it was there.
    ///
    /// The key stays valid. Among equal deadlines the timer counts as inserted now. The deadline may
    /// have [passed](Self#deadlines-that-have-passed).
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_timer_wheel::TimerWheel;
    ///
    /// let mut wheel = TimerWheel::new(0);
    /// let timer = wheel.insert(10, ());
    ///
    /// assert!(wheel.reset(timer, 99));
    /// assert_eq!(wheel.deadline(timer), Some(99));
    ///
    /// assert_eq!(wheel.advance(99).count(), 1);
    /// assert!(!wheel.reset(timer, 200)); // It has expired: there is nothing to move.
    /// ```
    ///
    /// # Cost
    ///
    /// O(1), no allocation. From or to a deadline that has passed: O(log n) for the n that have,
    /// and may allocate.
    #[inline]
    pub fn reset(&mut self, key: TimerKey, deadline: u64) -> bool {
        let Some(index) = self.entries.find(key) else {
            return false;
        };
        self.detach(index);
        self.entries.at_mut(index).deadline = deadline;
        self.attach(index, deadline);
        true
    }

    /// Advances time to `now` as the returned iterator is driven, taking out what is due.
    ///
    /// A timer whose deadline is `now` is due. A `now` before the wheel's own is read as the
    /// wheel's own: time never goes back, not even for timers that are overdue. A timer that is
    /// inserted between two calls is seen by the second, so a timer that is inserted again whenever
    /// it expires, without delay, expires once per call.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_timer_wheel::TimerWheel;
    ///
    /// let mut wheel = TimerWheel::new(1_000);
    /// wheel.insert(u64::MAX, "the end");
    /// wheel.insert(7, "late already");
    /// wheel.insert(5, "later still");
    ///
    /// let expired: Vec<_> = wheel.advance(1_000).map(|timer| (timer.deadline, timer.value)).collect();
    /// assert_eq!(expired, [(5, "later still"), (7, "late already")]);
    /// assert_eq!(wheel.now(), 1_000);
    /// assert_eq!(wheel.advance(u64::MAX).count(), 1);
    /// ```
    ///
    /// # Cost
    ///
    /// O(1) for each timer taken out, amortized: a timer moves down at most ten times. O(log n) for
    /// each of n that are overdue. O(1) when nothing is due, however far the jump. No allocation.
    pub fn advance(&mut self, now: u64) -> Expired<'_, T> {
        let until = now.max(self.now);
        Expired { wheel: self, until }
    }

    /// A tick no later than the earliest deadline; `None` when the wheel is empty.
    ///
    /// It is that deadline exactly, unless a timer that was the earliest of its slot was cancelled
    /// or reset. Then it may be earlier, by less than the width of the slot. Advancing to it takes
    /// out nothing, but sorts the slot into finer ones, so waiting for one answer after another
    /// always ends.
    ///
    /// While timers are overdue it is the earliest deadline of these, exactly, and so before
    /// [`now`](Self::now): there is nothing to wait for.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_timer_wheel::TimerWheel;
    ///
    /// let mut wheel = TimerWheel::new(100);
    /// wheel.insert(130, ());
    /// wheel.insert(90, ());
    ///
    /// assert_eq!(wheel.next_deadline(), Some(90));
    /// assert_eq!(wheel.advance(90).count(), 1); // Reads as an advance to 100.
    /// assert_eq!(wheel.next_deadline(), Some(130));
    /// ```
    ///
    /// # Cost
    ///
    /// O(1). O(log n) while n timers are overdue.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        if let Some(deadline) = self.overdue.first_deadline() {
            return Some(deadline);
        }
        let first = self.slots.first()?;
        Some(match first.level {
            0 => first.start(self.now),
            _ => self.slots.get(first).earliest,
        })
    }

    /// The value of a timer.
    #[must_use]
    pub fn get(&self, key: TimerKey) -> Option<&T> {
        self.entries.get(key)
    }

    /// The value of a timer, to be changed in place.
    #[must_use]
    pub fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        self.entries.get_mut(key)
    }

    /// The tick at which a timer is due, as it was given.
    #[must_use]
    pub fn deadline(&self, key: TimerKey) -> Option<u64> {
        self.entries
            .find(key)
            .map(|index| self.entries.at(index).deadline)
    }

    /// Whether the timer is waiting in this wheel.
    #[must_use]
    pub fn contains(&self, key: TimerKey) -> bool {
        self.entries.find(key).is_some()
    }

    /// The tick up to which everything has been taken out, but for what was inserted since.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// The number of timers.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no timer.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of timers the wheel can hold without allocating, if none is overdue.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// Makes room for `additional` more timers.
    pub fn reserve(&mut self, additional: usize) {
        self.entries.reserve(additional);
    }

    /// Gives back memory that no timer needs, as far as timers that stay where they are allow.
    ///
    /// # Cost
    ///
    /// O(capacity).
    pub fn shrink_to_fit(&mut self) {
        self.entries.shrink_to_fit();
        self.overdue.shrink_to_fit();
    }

    /// Every timer as key, deadline and value, **in no particular order**.
    ///
    /// # Cost
    ///
    /// O(capacity) for the whole walk.
    pub fn iter(&self) -> impl Iterator<Item = (TimerKey, u64, &T)> {
        self.entries.iter()
    }

    /// Takes out the earliest timer if it is due at `until`, or moves time there.
    pub(crate) fn pop_due(&mut self, until: u64) -> Option<ExpiredTimer<T>> {
        // Whatever is overdue is earlier than any slot, and than `until`.
        if !self.overdue.is_empty() {
            return self.pop_overdue();
        }
        while let Some(first) = self.slots.first() {
            let start = first.start(self.now);
            if start > until {
                break;
            }
            if first.level > 0 {
                self.cascade(first, until);
                continue;
            }
            self.now = start;
            let index = self.slots.get(first).head;
            self.unlink(index);
            return Some(self.expire(index));
        }
        // No occupied slot starts at or before `until`, so every timer stays where it is.
        self.now = until;
        None
    }

    /// Makes a detached entry an expired timer.
    #[inline]
    fn expire(&mut self, index: u32) -> ExpiredTimer<T> {
        let (key, deadline, value) = self.entries.remove(index);
        ExpiredTimer {
            key,
            deadline,
            value,
        }
    }

    /// Moves time into a slot, as far as is sure to pass no timer, and its timers further down.
    fn cascade(&mut self, position: Position, until: u64) {
        let slot = self.slots.take(position);
        // A slot's bound lies in the slot, and so does this: each timer lands on a lower level.
        self.now = slot.earliest.min(until);
        let mut index = slot.head;
        while index != NIL {
            let &Entry { deadline, next, .. } = self.entries.at(index);
            self.link(index, deadline);
            index = next;
        }
    }

    /// Puts an entry where its deadline belongs.
    #[inline]
    fn attach(&mut self, index: u32, deadline: u64) {
        if deadline < self.now {
            self.attach_overdue(index, deadline);
        } else {
            self.link(index, deadline);
        }
    }

    /// Takes an entry from wherever it is.
    #[inline]
    fn detach(&mut self, index: u32) {
        if self.entries.at(index).deadline < self.now {
            self.detach_overdue(index);
        } else {
            self.unlink(index);
        }
    }

    #[cold]
    fn pop_overdue(&mut self) -> Option<ExpiredTimer<T>> {
        let index = self.overdue.pop_first()?;
        Some(self.expire(index))
    }

    #[cold]
    fn attach_overdue(&mut self, index: u32, deadline: u64) {
        let sequence = self.overdue.insert(deadline, index);
        self.entries.at_mut(index).set_sequence(sequence);
    }

    #[cold]
    fn detach_overdue(&mut self, index: u32) {
        let entry = self.entries.at(index);
        self.overdue.remove(entry.deadline, entry.sequence());
    }

    /// Appends an entry to the list of its slot.
    #[inline]
    fn link(&mut self, index: u32, deadline: u64) {
        let position = Position::of(deadline, self.now);
        let slot = self.slots.get_mut(position);
        let previous = slot.tail;
        slot.tail = index;
        slot.earliest = slot.earliest.min(deadline);
        if previous == NIL {
            slot.head = index;
            self.slots.mark_occupied(position);
        } else {
            self.entries.at_mut(previous).next = index;
        }
        let entry = self.entries.at_mut(index);
        entry.previous = previous;
        entry.next = NIL;
    }

    /// Takes an entry out of the list of its slot.
    #[inline]
    fn unlink(&mut self, index: u32) {
        let entry = self.entries.at(index);
        let (previous, next) = (entry.previous, entry.next);
        let position = Position::of(entry.deadline, self.now);
        if previous == NIL && next == NIL {
            self.slots.take(position);
            return;
        }
        let slot = self.slots.get_mut(position);
        if previous == NIL {
            slot.head = next;
        } else {
            self.entries.at_mut(previous).next = next;
        }
        if next == NIL {
            slot.tail = previous;
        } else {
            self.entries.at_mut(next).previous = previous;
        }
        if slot.head == slot.tail {
            // The one that is left is in the cache now; it tells the bound exactly.
            slot.earliest = self.entries.at(slot.head).deadline;
        }
    }
}

impl<T> Default for TimerWheel<T> {
    /// An empty wheel at tick zero.
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T> fmt::Debug for TimerWheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            now,
            entries,
            slots: _,
            overdue: _,
        } = self;
        f.debug_struct("TimerWheel")
            .field("now", now)
            .field("len", &entries.len())
            .field("next_deadline", &self.next_deadline())
            .finish()
    }
}
