//! A meeting point for a number of tasks.
//!
//! One list has all who have arrived and do not go on yet, in their order. When there are as many as it
//! takes, the first of them are released together: they are detached, with their indices, and *drain*
//! one by one as they go on. Meanwhile those who arrive stay in the list, for the next round, which is
//! filled when the last one has gone.

mod wait;

use std::fmt;

use crate::sync::{Mutex, constructor, lock};
use crate::wait_list::WaitList;
use crate::wakers::Wakers;

pub use wait::BarrierWait;

/// A meeting point for a number of tasks: asyncio's `Barrier`.
///
/// Each waits until all have arrived; then they go on together, and it can be used again. Who arrives
/// while those of the round before have not all gone on waits for the next round, and does not count
/// before that.
///
/// # Examples
///
/// ```
/// use evloop_sync::Barrier;
/// use futures_lite::future::{block_on, zip};
///
/// let barrier = Barrier::new(2);
/// let (a, b) = block_on(zip(barrier.wait(), barrier.wait()));
/// assert_eq!((a, b), (Ok(0), Ok(1)));
/// ```
///
/// # Cost
///
/// Arriving and going on takes O(1) and a short lock of a std mutex. The last to arrive wakes the
/// others, in O(n).
#[doc(alias = "asyncio.Barrier")]
pub struct Barrier {
    n_parties: usize,
    round: Mutex<Round>,
}

struct Round {
    state: State,
    /// Counts the releases whose members were told that it is broken.
    n_broken: u64,
    list: WaitList<Waiter>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Filling,
    /// So many were released, and have not gone on yet.
    Draining(usize),
    Broken,
}

enum Waiter {
    Queued(std::task::Waker),
    /// Goes on with this index, unless the release was broken since: then `n_broken` is another.
    Released {
        index: usize,
        n_broken: u64,
    },
    /// Goes on with an error.
    Broken,
}

impl Barrier {
    constructor! {
        /// Makes one for this number of tasks; also in a `static`.
        ///
        /// ```
        /// use evloop_sync::Barrier;
        ///
        /// static READY: Barrier = Barrier::new(3);
        /// assert_eq!(READY.parties(), 3);
        /// ```
        ///
        /// # Panics
        ///
        /// When the number is 0: nobody could arrive last.
        #[must_use]
        pub fn new(n_parties: usize) -> Self {
            assert!(n_parties > 0, "a barrier takes one party or more");
            Self {
                n_parties,
                round: Mutex::new(Round { state: State::Filling, n_broken: 0, list: WaitList::new() }),
            }
        }
    }

    /// Waits until all have arrived, and gives the place in which this one came: from 0 to `parties -
    /// 1`, each once a round.
    ///
    /// ```
    /// use evloop_sync::Barrier;
    /// use futures_lite::future::block_on;
    ///
    /// let barrier = Barrier::new(1);
    /// assert_eq!(block_on(barrier.wait()), Ok(0));
    /// assert_eq!(block_on(barrier.wait()), Ok(0));
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, the arrival is withdrawn: it takes one more. Dropped when all have
    /// arrived, it has gone on. One that is leaked then keeps the next round from being filled.
    ///
    /// # Errors
    ///
    /// [`BrokenBarrier`], when it was [reset](Barrier::reset) or [aborted](Barrier::abort) before this
    /// one went on, or is broken.
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait::new(self)
    }

    /// Makes it as new: those who wait, or were released and have not gone on, get an error.
    ///
    /// Those who arrived for the next round, while others had not gone on, wait on. A broken one can be
    /// used again.
    ///
    /// ```
    /// use evloop_sync::{Barrier, BrokenBarrier};
    /// use futures_lite::future::{block_on, poll_once};
    ///
    /// let barrier = Barrier::new(2);
    /// let mut waits = barrier.wait();
    /// assert!(block_on(poll_once(&mut waits)).is_none());
    /// barrier.reset();
    /// assert!(block_on(waits).is_err());
    /// assert!(!barrier.broken());
    /// ```
    pub fn reset(&self) {
        let mut wakers = Wakers::new();
        {
            let mut round = lock(&self.round);
            match round.state {
                State::Filling => round.break_all(&mut wakers),
                State::Draining(_) => round.n_broken += 1,
                State::Broken => {}
            }
            round.fill(self.n_parties, &mut wakers);
        }
        wakers.wake();
    }

    /// Breaks it: all who wait, and all who come before it is [reset](Barrier::reset), get an error.
    ///
    /// ```
    /// use evloop_sync::Barrier;
    /// use futures_lite::future::block_on;
    ///
    /// let barrier = Barrier::new(2);
    /// barrier.abort();
    /// assert!(barrier.broken());
    /// assert!(block_on(barrier.wait()).is_err());
    /// ```
    pub fn abort(&self) {
        let mut wakers = Wakers::new();
        {
            let mut round = lock(&self.round);
            round.state = State::Broken;
            round.n_broken += 1;
            round.break_all(&mut wakers);
        }
        wakers.wake();
    }

    /// How many it takes.
    ///
    /// ```
    /// # use evloop_sync::Barrier;
    /// assert_eq!(Barrier::new(3).parties(), 3);
    /// ```
    #[must_use]
    pub fn parties(&self) -> usize {
        self.n_parties
    }

    /// How many have arrived; 0 while those of the round before go on.
    ///
    /// ```
    /// # use evloop_sync::Barrier;
    /// assert_eq!(Barrier::new(3).n_waiting(), 0);
    /// ```
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        let round = lock(&self.round);
        match round.state {
            State::Filling => round.list.n_queued(),
            State::Draining(_) | State::Broken => 0,
        }
    }

    /// True if it was aborted, and not reset since.
    ///
    /// ```
    /// # use evloop_sync::Barrier;
    /// assert!(!Barrier::new(3).broken());
    /// ```
    #[doc(alias = "is_broken")]
    #[must_use]
    pub fn broken(&self) -> bool {
        lock(&self.round).state == State::Broken
    }
}

impl Round {
    /// Begins to fill it, with those who have arrived, and releases them if they are enough.
    fn fill(&mut self, n_parties: usize, wakers: &mut Wakers) {
        self.state = State::Filling;
        if self.list.n_queued() >= n_parties {
            self.release(n_parties, wakers);
        }
    }

    /// Releases the first `n_waiters`.
    fn release(&mut self, n_waiters: usize, wakers: &mut Wakers) {
        self.state = State::Draining(n_waiters);
        let n_broken = self.n_broken;
        for index in 0..n_waiters {
            self.answer(Waiter::Released { index, n_broken }, wakers);
        }
    }

    /// Tells all who queue that it is broken.
    fn break_all(&mut self, wakers: &mut Wakers) {
        while self.answer(Waiter::Broken, wakers) {}
    }

    /// Answers the first of the queue; false if there is none.
    fn answer(&mut self, answer: Waiter, wakers: &mut Wakers) -> bool {
        let Some(waiter) = self.list.detach_front() else {
            return false;
        };
        if let Waiter::Queued(waker) = std::mem::replace(waiter, answer) {
            wakers.push(waker);
        }
        true
    }

    /// One of those who were released goes on; the last one begins the next round.
    fn go_on(&mut self, n_parties: usize, wakers: &mut Wakers) {
        if let State::Draining(n_left) = self.state {
            match n_left {
                1 => self.fill(n_parties, wakers),
                _ => self.state = State::Draining(n_left - 1),
            }
        }
    }
}

/// As asyncio's `repr`: `<Barrier [filling, waiters:1/3]>`.
impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, n_waiting) = {
            let round = lock(&self.round);
            (round.state, round.list.n_queued())
        };
        match state {
            State::Broken => write!(f, "<Barrier [broken]>"),
            State::Draining(_) => write!(f, "<Barrier [draining, waiters:0/{}]>", self.n_parties),
            State::Filling => write!(
                f,
                "<Barrier [filling, waiters:{n_waiting}/{}]>",
                self.n_parties
            ),
        }
    }
}

/// A barrier was reset or aborted while somebody waited, or is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenBarrier(());

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to meet at the barrier: it was reset or aborted")
    }
}

impl std::error::Error for BrokenBarrier {}
