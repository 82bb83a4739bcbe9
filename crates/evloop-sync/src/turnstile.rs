//! Permits, and a fair queue for those who want some: what locks and semaphores are made of.
//!
//! # The word
//!
//! One atomic word holds the number of free permits and the bit `CROWDED`. While the bit is clear nobody
//! waits, and permits are taken and given back by one compare-and-exchange each. While it is set, whoever
//! holds the mutex of the list is the only one to change the word, so everybody else goes there.
//!
//! The bit is set while there is an entry in the list: somebody who queues, or somebody who was given
//! permits and has not come for them yet. So a newcomer finds the bit, and never overtakes: not even in the
//! order in which both go on, as in asyncio.
//!
//! # Who is given what
//!
//! Whoever gives permits back, or leaves the queue, hands out what is free from the front of the queue,
//! until the first does not fit: it deducts the permits and detaches the entry. An entry that is dropped
//! when it has been given permits returns them in the same way, so nothing is lost on a waiter that is
//! gone.
//!
//! # Ordering
//!
//! What was done while permits were held is visible to whoever gets them next: giving back is a
//! `Release`, taking an `Acquire`. Setting the bit is an `Acquire`, too: permits that were given back
//! before, without the mutex, are passed on from then on by whoever has the mutex, which orders all of
//! them; and clearing it is a `Release`, to whoever takes them without the mutex.

use std::task::{Context, Poll, Waker};

use crate::sync::{AtomicU64, Mutex, Ordering, constructor, lock};
use crate::wait_list::{Key, WaitList};
use crate::wakers::Wakers;

/// There are entries in the list.
const CROWDED: u64 = 1;

/// One permit; lower bits are flags.
const PERMIT: u64 = 2;

/// See the module's docs.
///
/// The permits that are free and those that are held add up to at most `u32::MAX`: the owner sees to it.
#[derive(Debug)]
pub(crate) struct Turnstile {
    word: AtomicU64,
    list: Mutex<WaitList<Waiter>>,
}

#[derive(Debug)]
enum Waiter {
    Queued { waker: Waker, n_permits: u32 },
    Granted,
}

/// What came of joining the queue.
enum Joined {
    /// Permits are taken at once; nobody was there.
    Passed,
    /// There is an entry, which waits.
    Queues(Key),
    /// There is an entry, which was given its permits at once; but others go first.
    GoesNext(Key),
}

impl Turnstile {
    constructor! {
        pub(crate) fn new(n_permits: u32) -> Self {
            Self {
                word: AtomicU64::new(n_permits as u64 * PERMIT),
                list: Mutex::new(WaitList::new()),
            }
        }
    }

    /// Permits that are free; somebody may have a right to them.
    pub(crate) fn n_free(&self) -> u32 {
        n_free(self.word.load(Ordering::Relaxed))
    }

    /// True if one permit cannot be had at once.
    pub(crate) fn is_closed(&self) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        word & CROWDED != 0 || word < PERMIT
    }

    /// How many queue.
    pub(crate) fn n_waiting(&self) -> usize {
        lock(&self.list).n_queued()
    }

    /// Takes permits, if they are free and nobody is before us.
    pub(crate) fn try_take(&self, n_permits: u32) -> bool {
        let cost = cost(n_permits);
        if cost == 0 {
            // None are taken from nobody.
            return true;
        }
        let mut word = self.word.load(Ordering::Relaxed);
        while word & CROWDED == 0 && word >= cost {
            // Acquire: pairs with the Release of whoever gave the permits back.
            match self.word.compare_exchange_weak(
                word,
                word - cost,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(current) => word = current,
            }
        }
        false
    }

    /// Adds permits, or gives some back, and wakes those to whom they go.
    pub(crate) fn give(&self, n_permits: u32) {
        if !self.give_at_once(n_permits) {
            self.give_to_the_first(n_permits);
        }
    }

    /// Gives permits back if nobody is there.
    fn give_at_once(&self, n_permits: u32) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & CROWDED == 0 {
            // Release: pairs with the Acquire of whoever takes the permits.
            match self.word.compare_exchange_weak(
                word,
                word + cost(n_permits),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(current) => word = current,
            }
        }
        false
    }

    #[cold]
    fn give_to_the_first(&self, n_permits: u32) {
        let mut wakers = Wakers::new();
        {
            let mut list = lock(&self.list);
            // All may have left meanwhile.
            if !self.give_at_once(n_permits) {
                self.hand_out(&mut list, n_permits, &mut wakers);
            }
        }
        wakers.wake();
    }

    /// Hands out what is free, and `n_more` permits, from the front. The bit is set, and the list locked.
    fn hand_out(&self, list: &mut WaitList<Waiter>, n_more: u32, wakers: &mut Wakers) {
        // Relaxed: nobody else changes the word while the bit is set and we have the lock.
        let word = self.word.load(Ordering::Relaxed);
        let mut n_free = n_free(word) + n_more;
        while let Some(first) = list.front_mut() {
            match first {
                Waiter::Queued { n_permits, .. } if *n_permits <= n_free => n_free -= *n_permits,
                _ => break,
            }
            if let Waiter::Queued { waker, .. } = std::mem::replace(first, Waiter::Granted) {
                wakers.push(waker);
            }
            list.detach_front();
        }
        let crowded = if list.is_unused() { 0 } else { CROWDED };
        // Release: pairs with the Acquire of whoever takes the permits when the bit is clear.
        self.word.store(cost(n_free) | crowded, Ordering::Release);
    }

    /// Asks for permits, and queues for them at the first call, which sets `place`.
    ///
    /// When it is ready, `place` is empty again and the permits are the caller's.
    pub(crate) fn poll_take(
        &self,
        n_permits: u32,
        place: &mut Option<Key>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        match *place {
            None if self.try_take(n_permits) => Poll::Ready(()),
            None => self.join(n_permits, place, cx),
            Some(key) => self.look_again(key, place, cx),
        }
    }

    #[cold]
    fn join(&self, n_permits: u32, place: &mut Option<Key>, cx: &mut Context<'_>) -> Poll<()> {
        match self.enqueue(n_permits, cx.waker().clone()) {
            Joined::Passed => return Poll::Ready(()),
            Joined::Queues(key) => *place = Some(key),
            Joined::GoesNext(key) => {
                *place = Some(key);
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }

    fn enqueue(&self, n_permits: u32, waker: Waker) -> Joined {
        // Declared behind the waker: a waker that is not kept is dropped when the lock is free again.
        let mut list = lock(&self.list);
        if self.enter(n_permits) {
            return Joined::Passed;
        }
        // Relaxed, and so the store: the bit is set, so the mutex orders them.
        let word = self.word.load(Ordering::Relaxed);
        if list.n_queued() == 0 && word >= cost(n_permits) {
            // Permits are free, but those who have been given theirs go first.
            self.word.store(word - cost(n_permits), Ordering::Relaxed);
            return Joined::GoesNext(list.push_detached(Waiter::Granted));
        }
        Joined::Queues(list.push(Waiter::Queued { waker, n_permits }))
    }

    /// Queues for somebody else. Gives the waker back if the permits could be given to it at once.
    pub(crate) fn queue_up(&self, n_permits: u32, waker: Waker) -> (Key, Option<Waker>) {
        let mut list = lock(&self.list);
        if self.enter(n_permits) {
            // Acquire: as in `enter`.
            self.word.fetch_or(CROWDED, Ordering::Acquire);
            return (list.push_detached(Waiter::Granted), Some(waker));
        }
        // Those who have been given something and have not come for it yet do not change the order: here
        // nobody's turn comes before it is woken.
        let key = list.push(Waiter::Queued { waker, n_permits });
        let mut wakers = Wakers::new();
        self.hand_out(&mut list, 0, &mut wakers);
        (key, wakers.into_first())
    }

    /// Takes permits, or sets the bit. The list is locked.
    fn enter(&self, n_permits: u32) -> bool {
        loop {
            if self.try_take(n_permits) {
                return true;
            }
            let word = self.word.load(Ordering::Relaxed);
            if word & CROWDED != 0 {
                return false;
            }
            // Permits that are given back in between make the exchange fail, and are taken then.
            // Acquire: pairs with the Release of whoever gave back what is free now, and is passed on
            // under the mutex.
            let crowded = word | CROWDED;
            if word < cost(n_permits)
                && self
                    .word
                    .compare_exchange(word, crowded, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                return false;
            }
        }
    }

    fn look_again(&self, key: Key, place: &mut Option<Key>, cx: &mut Context<'_>) -> Poll<()> {
        // Cloned and dropped while the list is not locked: a waker is foreign code.
        let mut fresh: Option<Waker> = None;
        loop {
            {
                let mut list = lock(&self.list);
                let kept = match list.get_mut(key) {
                    Waiter::Queued { waker, .. } => waker,
                    Waiter::Granted => {
                        *place = None;
                        self.retire(&mut list, key);
                        return Poll::Ready(());
                    }
                };
                if kept.will_wake(cx.waker()) {
                    return Poll::Pending;
                }
                if let Some(fresh) = &mut fresh {
                    std::mem::swap(kept, fresh);
                    return Poll::Pending;
                }
            }
            fresh = Some(cx.waker().clone());
        }
    }

    /// Removes the entry of somebody who takes what was granted. The list is locked.
    fn retire(&self, list: &mut WaitList<Waiter>, key: Key) {
        list.remove(key);
        if list.is_unused() {
            // Release: as in `hand_out`.
            self.word.fetch_and(!CROWDED, Ordering::Release);
        }
    }

    /// Takes back the request for permits that has this place; those it was given go to the next.
    pub(crate) fn leave(&self, key: Key, n_permits: u32) {
        let mut wakers = Wakers::new();
        let left;
        {
            let mut list = lock(&self.list);
            left = list.remove(key);
            let n_granted = match left {
                Waiter::Queued { .. } => 0,
                Waiter::Granted => n_permits,
            };
            // Also if it had nothing: it may have been the first, and those behind it want less.
            self.hand_out(&mut list, n_granted, &mut wakers);
        }
        wakers.wake();
        drop(left);
    }
}

fn cost(n_permits: u32) -> u64 {
    u64::from(n_permits) * PERMIT
}

fn n_free(word: u64) -> u32 {
    u32::try_from(word / PERMIT).expect("the owner has no more permits than that")
}
