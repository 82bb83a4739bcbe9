//! What comes to workers from other threads: a stack without a lock, of which all is taken at once.
//!
//! A job is linked by a word in its own memory, so a push allocates nothing. Whoever takes turns the
//! chain round, and has the jobs in the order in which they came. As nothing is ever taken from the
//! middle, a word that was taken and pushed again meanwhile (the ABA problem) does no harm.
//!
//! Only the push that finds it empty has to see to it that somebody looks: "not empty" implies that
//! the one who found it so has notified since, or is about to. A push and the notification after it
//! are told apart from a worker's fall asleep by fences; see [`pool`](super::pool).
//!
//! # Invariants
//!
//! 1. The head is null, the mark of a closed injector, or a word of a [`RawJob`] that the injector
//!    owns; and so is each link of a job that it owns, with null for the oldest one's.

#![expect(unsafe_code, reason = "a chain of words that stand for jobs")]

use std::fmt;
use std::ptr::{self, NonNull};

use crossbeam_utils::CachePadded;

use super::raw_job::RawJob;
use crate::sync::{AtomicPtr, Ordering};

/// See the module's docs.
pub(crate) struct Injector {
    head: CachePadded<AtomicPtr<()>>,
}

/// The mark of a closed injector: no job has this address.
const CLOSED: usize = 2;

fn is_closed(head: *mut ()) -> bool {
    head.addr() == CLOSED
}

impl Injector {
    /// An injector that is closed.
    pub(crate) fn closed() -> Self {
        let head = AtomicPtr::new(ptr::without_provenance_mut(CLOSED));
        Self {
            head: CachePadded::new(head),
        }
    }

    /// Opens a closed injector.
    pub(crate) fn open(&self) {
        self.head.store(ptr::null_mut(), Ordering::Release);
    }

    /// Adds a job, or gives it back when the injector is closed. Says whether it was empty.
    #[inline]
    pub(crate) fn push(&self, job: RawJob) -> Result<bool, RawJob> {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if is_closed(head) {
                return Err(job);
            }
            // Ordered by the exchange: nobody follows the link before.
            job.with_link(|link| link.store(head, Ordering::Relaxed));
            // Release: whoever takes it sees the job as it is here.
            let pushed = self.head.compare_exchange_weak(
                head,
                job.word().as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            );
            match pushed {
                Ok(_) => {
                    // The injector owns it now; it may be taken, run and freed already.
                    std::mem::forget(job);
                    return Ok(head.is_null());
                }
                Err(now) => head = now,
            }
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        head.is_null() || is_closed(head)
    }

    /// Takes all there is.
    #[inline]
    pub(crate) fn take(&self) -> Arrivals {
        if self.is_empty() {
            return Arrivals { next: None };
        }
        // Acquire pairs with the Release of the pushes, all of which this reads from or continues.
        let head = self.head.swap(ptr::null_mut(), Ordering::Acquire);
        debug_assert!(!is_closed(head), "it is closed when nobody takes any more");
        Arrivals::in_order(head)
    }

    /// Refuses what comes from now on; returns what was left. Nobody may take at the same time.
    pub(crate) fn close(&self) -> Arrivals {
        let closed = ptr::without_provenance_mut(CLOSED);
        let head = self.head.swap(closed, Ordering::AcqRel);
        if is_closed(head) {
            return Arrivals { next: None };
        }
        Arrivals::in_order(head)
    }
}

impl fmt::Debug for Injector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injector")
            .field("empty", &self.is_empty())
            .finish()
    }
}

/// What was taken, in the order in which it came. Dropping it discards the rest.
pub(crate) struct Arrivals {
    next: Option<NonNull<()>>,
}

impl Arrivals {
    /// Turns a chain round that begins with the latest.
    fn in_order(latest: *mut ()) -> Self {
        let mut chain = NonNull::new(latest);
        let mut turned: Option<NonNull<()>> = None;
        while let Some(word) = chain {
            // SAFETY: the injector's (1), which has handed the chain over.
            let job = unsafe { RawJob::from_word(word) };
            let before = turned.map_or(ptr::null_mut(), NonNull::as_ptr);
            let older = job.with_link(|link| {
                let older = link.load(Ordering::Relaxed);
                link.store(before, Ordering::Relaxed);
                older
            });
            turned = Some(job.into_word());
            chain = NonNull::new(older);
        }
        Self { next: turned }
    }
}

impl Iterator for Arrivals {
    type Item = RawJob;

    #[inline]
    fn next(&mut self) -> Option<RawJob> {
        let word = self.next?;
        // SAFETY: the injector's (1); each word is handed out once.
        let job = unsafe { RawJob::from_word(word) };
        self.next = NonNull::new(job.with_link(|link| link.load(Ordering::Relaxed)));
        Some(job)
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}
