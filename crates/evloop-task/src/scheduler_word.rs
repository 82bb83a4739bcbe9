//! A scheduler in one word, for the metadata of tasks: 120 bytes is what some allocators give fastest.
//!
//! A reference to a `dyn Scheduler` is two words. Each scheduler that makes tasks gets an entry, for ever,
//! as schedulers live; the latest of each thread is found by a comparison.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::scheduler::Scheduler;

/// One word for one scheduler.
#[derive(Clone, Copy)]
pub(crate) struct SchedulerWord(&'static &'static dyn Scheduler);

thread_local! {
    /// What was asked for last.
    static LATEST: Cell<Option<SchedulerWord>> = const { Cell::new(None) };
}

/// By address. Two of one address are a scheduler and its first field, or one with two vtables.
///
/// A lock of std's also under loom: nothing else happens under it.
static ENTRIES: Mutex<Option<HashMap<usize, Vec<SchedulerWord>>>> = Mutex::new(None);

impl SchedulerWord {
    #[inline]
    pub(crate) fn of(scheduler: &'static dyn Scheduler) -> Self {
        match LATEST.try_with(Cell::get) {
            Ok(Some(latest)) if latest.is(scheduler) => latest,
            _ => Self::find(scheduler),
        }
    }

    #[inline]
    pub(crate) fn get(self) -> &'static dyn Scheduler {
        *self.0
    }

    #[inline]
    fn is(self, scheduler: &'static dyn Scheduler) -> bool {
        // The vtables are compared as well. One scheduler may have two, and then two entries.
        std::ptr::eq(self.get(), scheduler)
    }

    #[cold]
    fn find(scheduler: &'static dyn Scheduler) -> Self {
        let address = std::ptr::from_ref(scheduler).addr();
        let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
        let same_address = entries.get_or_insert_default().entry(address).or_default();
        let found = same_address.iter().find(|word| word.is(scheduler)).copied();
        let word = found.unwrap_or_else(|| {
            let word = Self(Box::leak(Box::new(scheduler)));
            same_address.push(word);
            word
        });
        drop(entries);
        // A thread that ends does without.
        let _kept = LATEST.try_with(|latest| latest.set(Some(word)));
        word
    }
}

impl fmt::Debug for SchedulerWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
