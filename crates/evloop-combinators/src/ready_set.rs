//! The set of children that have to be polled.
//!
//! Every combinator of this crate is a thin layer on a [`ReadySet`]: it keeps the children, the
//! set says which of them to poll. Each child gets a waker of its own, so that a wake says whose
//! it is, and a parent with a million children polls only the one that was woken.
//!
//! The order is: the children of the beginning, in the order of their indices, then those that
//! were woken or added, first woken first.

mod block;
mod inbox;
mod port;
mod slot;
mod sync;
#[cfg(all(test, not(loom)))]
mod tests;

use std::fmt;
use std::task::{Context, Poll, Waker};

pub use block::is_child_waker;

use block::{Block, Child};
pub(crate) use inbox::Parked;

use inbox::{END, Taken, is_end};
use port::Port;
use slot::{MAX_SLOTS, Popped};
pub(crate) use sync::FEW;

/// Indices of children, the ready list, and the waker of whoever polls the set.
pub(crate) struct ReadySet {
    port: Port,
    /// Further blocks of a set that grew, each as large as everything before it.
    extensions: Vec<Block>,
    /// Indices given out.
    len: u32,
    /// How many of the indices that were there before the first turn have not been polled: those
    /// from `next_unpolled` on, wrapping.
    n_unpolled: u32,
    next_unpolled: u32,
    /// Woken children taken out of the inbox, first woken first.
    batch: Batch,
    /// The child for which a turn had no visit left, or whose visit unwound. It is polled first
    /// in the next turn, so that a panic which was caught does not end in a hang.
    cut_short: Option<u32>,
}

/// What a visit to a child led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is pending.
    Pending,
    /// It is finished, and late wakes of it shall do nothing; its index is never used again.
    Finished,
    /// It is finished and left the set; its index may be given to another one.
    Left,
    /// It left before, and was not polled; it does not count.
    Vacant,
    /// It is finished, and so is the turn.
    Stop,
}

/// Why a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnEnd {
    /// Every child that was woken has been polled.
    Drained,
    /// The turn has done its share, and children are still to be polled.
    Spent,
    /// A visit said [`Step::Stop`].
    Stopped,
}

/// The work that one poll of the parent may do.
///
/// A turn with n children polls at most n + 2 of them. After a child has woken itself during
/// its own poll, which is how a future yields, it only goes on with those that were woken
/// before.
#[derive(Debug)]
pub(crate) struct Turn {
    polls_left: usize,
    /// Visits to places that nobody has; at most one to each.
    n_vacant: u32,
    has_yielded: bool,
}

/// Notes the child whose visit unwinds.
struct Unwinding<'a> {
    cut_short: &'a mut Option<u32>,
    index: u32,
}

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        *self.cut_short = Some(self.index);
    }
}

#[derive(Debug, Clone, Copy)]
struct Batch {
    first: u32,
    last: u32,
}

impl Turn {
    pub(crate) fn new(n_children: usize) -> Self {
        Self {
            polls_left: n_children.saturating_add(2),
            n_vacant: 0,
            has_yielded: false,
        }
    }
}

impl ReadySet {
    /// A set of `len` children with the indices from 0 on, none of which was polled.
    ///
    /// # Panics
    ///
    /// With more than 2³⁰ − 1 children.
    pub(crate) fn new(len: usize) -> Self {
        let len = index_of(len);
        Self {
            port: Port::new(len),
            extensions: Vec::new(),
            len,
            n_unpolled: len,
            next_unpolled: 0,
            batch: Batch::EMPTY,
            cut_short: None,
        }
    }

    /// Lets the first turn begin with another child than the first. Before the first turn only.
    pub(crate) fn start_at(&mut self, index: usize) {
        assert_eq!(
            self.n_unpolled, self.len,
            "a set is biased before it is first polled"
        );
        self.next_unpolled = if self.len == 0 {
            0
        } else {
            index_of(index) % self.len
        };
    }

    /// Has all polled in the first turn but the child with this index. Before the first turn only.
    pub(crate) fn skip_first_poll_of(&mut self, index: usize) {
        self.start_at(index);
        self.next_new();
    }

    /// Has none polled in the first turn but those that are woken or requeued. Before the first turn only.
    pub(crate) fn skip_first_polls(&mut self) {
        self.n_unpolled = 0;
    }

    /// Has the child with this index polled in the next turn, before those that were woken.
    #[cold]
    pub(crate) fn poll_first(&mut self, index: usize) {
        if self.cut_short.is_some() {
            self.requeue(index);
        } else {
            self.cut_short = Some(index_of(index));
        }
        // As long as the parent is parked, a child that wakes itself would wake it in its own poll.
        self.port.unpark();
        self.take_inbox();
    }

    /// Adds a child and returns its index, the smallest that was never used.
    pub(crate) fn insert(&mut self) -> usize {
        let index = self.len;
        assert!(
            index < MAX_SLOTS,
            "at most {MAX_SLOTS} children fit in one set"
        );
        if index >= self.capacity() {
            let len = index.max(4).min(MAX_SLOTS - index);
            self.extensions
                .push(Block::extension(self.port.block(), len, index));
        }
        let has_begun = self.n_unpolled < self.len;
        self.len += 1;
        if has_begun {
            // It queues with the others: going first, children that are added again and again
            // would keep those that were woken waiting.
            self.requeue(index as usize);
        } else {
            self.n_unpolled += 1;
        }
        index as usize
    }

    /// Has the child with this index polled: for an index whose child left and that was given
    /// to another one.
    ///
    /// Wakers of the former child may still exist; each of their wakes costs the present one a
    /// poll. If one of them is being woken on another thread just now, it is that wake which
    /// leads to the poll.
    pub(crate) fn requeue(&mut self, index: usize) {
        // Those that were woken by now come first.
        self.take_inbox();
        let index = index_of(index);
        if self.child(index).request() {
            self.append(index, index);
        }
    }

    /// Polls what has to be polled, and leaves the waker of `cx` for the next child.
    ///
    /// `visit` polls the child with this index. Ready after a [`Step::Stop`]. For sets that do
    /// not grow.
    #[inline]
    pub(crate) fn poll_children(
        &mut self,
        cx: &mut Context<'_>,
        n_children: usize,
        mut visit: impl FnMut(usize, &mut Context<'_>) -> Step,
    ) -> Poll<()> {
        let mut turn = Turn::new(n_children);
        // A loop of its own, which is worth it for children that are ready at once.
        while let Some(index) = self.next_new() {
            debug_assert!(!self.port.is_parked());
            if let Some(end) = self.visit(index, &mut turn, &mut visit) {
                return self.end_poll(end, cx);
            }
        }
        loop {
            let end = self.drain(&mut turn, &mut visit, Self::next_woken);
            if end != TurnEnd::Drained || self.park(cx.waker()) == Parked::Yes {
                return self.end_poll(end, cx);
            }
        }
    }

    #[inline]
    fn end_poll(&self, end: TurnEnd, cx: &Context<'_>) -> Poll<()> {
        match end {
            TurnEnd::Stopped => return Poll::Ready(()),
            TurnEnd::Drained => debug_assert!(self.n_unpolled == 0),
            TurnEnd::Spent => cx.waker().wake_by_ref(),
        }
        Poll::Pending
    }

    /// Polls what has to be polled.
    ///
    /// The caller then parks, wakes its own waker, or takes another turn later.
    #[inline]
    pub(crate) fn take_turn(
        &mut self,
        turn: &mut Turn,
        mut visit: impl FnMut(usize, &mut Context<'_>) -> Step,
    ) -> TurnEnd {
        // First of all: a turn that stopped has left a batch, and those that were woken since
        // are to come before whoever is added next.
        if !self.take_inbox() && self.port.is_parked() {
            if !self.has_new() && is_end(self.batch.first) {
                return TurnEnd::Drained;
            }
            // Some were added since. As long as the parent is parked, a child that wakes itself
            // would wake the parent in the middle of the parent's own poll.
            self.port.unpark();
            self.take_inbox();
        }
        self.drain(turn, &mut visit, |set| {
            if set.has_new() {
                set.next_new()
            } else {
                set.next_woken()
            }
        })
    }

    /// Has those polled whom `next` gives, and then everybody who was woken meanwhile.
    #[inline]
    fn drain(
        &mut self,
        turn: &mut Turn,
        visit: &mut impl FnMut(usize, &mut Context<'_>) -> Step,
        next: impl Fn(&mut Self) -> Option<u32>,
    ) -> TurnEnd {
        loop {
            while let Some(index) = next(self) {
                if let Some(end) = self.visit(index, turn, visit) {
                    return end;
                }
            }
            if turn.has_yielded {
                return TurnEnd::Spent;
            }
            if !self.take_inbox() {
                return TurnEnd::Drained;
            }
        }
    }

    /// Has one child polled; says so if the turn ends with it.
    #[inline]
    fn visit(
        &mut self,
        index: u32,
        turn: &mut Turn,
        visit: &mut impl FnMut(usize, &mut Context<'_>) -> Step,
    ) -> Option<TurnEnd> {
        if turn.polls_left == 0 {
            self.cut_short = Some(index);
            return Some(TurnEnd::Spent);
        }
        turn.polls_left -= 1;
        let child = child(&self.port, &self.extensions, index);
        let waker = child.lend_waker();
        let unwinding = Unwinding {
            cut_short: &mut self.cut_short,
            index,
        };
        let step = visit(index as usize, &mut Context::from_waker(&waker));
        std::mem::forget(unwinding);
        match step {
            Step::Pending => turn.has_yielded |= child.is_queued(),
            Step::Finished => child.finish(),
            Step::Left => {}
            Step::Vacant => {
                if turn.n_vacant == self.len {
                    return Some(TurnEnd::Spent);
                }
                turn.n_vacant += 1;
                turn.polls_left += 1;
            }
            Step::Stop => return Some(TurnEnd::Stopped),
        }
        None
    }

    /// Has the child with this index polled now, whether it was woken or not, and does not change
    /// when it is polled next.
    #[cold]
    pub(crate) fn visit_now(&mut self, index: usize, visit: impl FnOnce(&mut Context<'_>) -> Step) {
        // As long as the parent is parked, a child that wakes itself would wake it in its own poll.
        self.port.unpark();
        let child = self.child(index_of(index));
        let waker = child.lend_waker();
        if visit(&mut Context::from_waker(&waker)) == Step::Finished {
            child.finish();
        }
    }

    /// Leaves `waker` for the next child that is woken, unless one was woken meanwhile.
    #[inline]
    pub(crate) fn park(&mut self, waker: &Waker) -> Parked {
        debug_assert_eq!(self.n_unpolled, 0);
        debug_assert!(is_end(self.batch.first));
        self.port.park(waker)
    }

    /// Takes a waker that was left for the next child back.
    pub(crate) fn unpark(&mut self) {
        self.port.unpark();
    }

    /// The next child that is not polled because it was woken: the one whose visit was cut
    /// short, or one that was never polled.
    #[inline]
    fn next_new(&mut self) -> Option<u32> {
        if let Some(index) = self.cut_short {
            self.cut_short = None;
            return Some(index);
        }
        if self.n_unpolled == 0 {
            return None;
        }
        let index = self.next_unpolled;
        self.next_unpolled = if index + 1 == self.len { 0 } else { index + 1 };
        self.n_unpolled -= 1;
        Some(index)
    }

    /// The next child of the batch, out of the queued state.
    #[inline]
    fn next_woken(&mut self) -> Option<u32> {
        while !is_end(self.batch.first) {
            let index = self.batch.first;
            let child = child(&self.port, &self.extensions, index);
            // Read before the child may be queued again, which overwrites the link.
            self.batch.first = child.next();
            if child.begin_poll() == Popped::Woken {
                return Some(index);
            }
        }
        None
    }

    /// Whether there is somebody to poll who was not woken.
    #[inline]
    fn has_new(&self) -> bool {
        self.n_unpolled > 0 || self.cut_short.is_some()
    }

    /// Moves the woken children from the inbox to the end of the batch, first woken first.
    #[inline]
    fn take_inbox(&mut self) -> bool {
        let Some(taken) = self.port.take() else {
            return false;
        };
        if taken.len == 1 {
            // The commonest case.
            self.append(taken.top, taken.top);
        } else {
            self.append_reversed(taken);
        }
        true
    }

    fn append_reversed(&mut self, taken: Taken) {
        let mut above = END;
        let mut index = taken.top;
        for _ in 1..taken.len {
            let slot = self.child(index);
            let below = slot.next();
            slot.set_next(above);
            above = index;
            index = below;
        }
        self.child(index).set_next(above);
        self.append(index, taken.top);
    }

    /// Appends a chain of slots, of which `last` is the end whatever its link says.
    fn append(&mut self, first: u32, last: u32) {
        self.child(last).set_next(END);
        if is_end(self.batch.first) {
            self.batch.first = first;
        } else {
            self.child(self.batch.last).set_next(first);
        }
        self.batch.last = last;
    }

    #[inline]
    fn child(&self, index: u32) -> Child<'_> {
        child(&self.port, &self.extensions, index)
    }

    fn capacity(&self) -> u32 {
        self.extensions
            .last()
            .map_or(self.port.block().len(), |b| b.first_index() + b.len())
    }
}

impl Batch {
    const EMPTY: Self = Self {
        first: END,
        last: END,
    };
}

impl fmt::Debug for ReadySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadySet")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// The child with this index, in the root block or in one of those that were added.
#[inline]
fn child<'a>(port: &'a Port, extensions: &'a [Block], index: u32) -> Child<'a> {
    port.block()
        .child(index)
        .unwrap_or_else(|| child_in_extension(extensions, index))
}

#[cold]
fn child_in_extension(extensions: &[Block], index: u32) -> Child<'_> {
    let past = extensions.partition_point(|block| block.first_index() <= index);
    let block = past.checked_sub(1).map(|last| &extensions[last]);
    block
        .and_then(|block| block.child(index - block.first_index()))
        .expect("an index that was given out belongs to a block")
}

fn index_of(n: usize) -> u32 {
    match u32::try_from(n) {
        Ok(n) if n <= MAX_SLOTS => n,
        _ => panic!("{n} children do not fit in one set; at most {MAX_SLOTS} do: split them"),
    }
}
