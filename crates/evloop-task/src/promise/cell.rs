//! What the handles of one promise share: the result, and who waits for it in which order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use super::waiters::{Entry, Key, Waiters};
use crate::callbacks::{Callback, CallbackId, Label};
use crate::error::{InvalidState, JoinError, TaskResult};
use crate::flat_drop::drop_flat;
use crate::report::{ErrorContext, report, report_panic};
use crate::scheduler::Scheduler;
use crate::scheduler_word::SchedulerWord;
use crate::slot::drop_contained;
use crate::sync::{Mutex, OnceLock, lock};

pub(super) struct PromiseCell<T> {
    result: OnceLock<TaskResult<T>>,
    waiting: Mutex<Waiters<T>>,
    /// The loop it was made for, which runs its callbacks.
    place: Option<Place>,
    /// Somebody has read, awaited or cancelled it: a stored error is not lost.
    observed: AtomicBool,
}

/// A callback that waits for the result.
pub(super) struct Queued<T> {
    id: CallbackId,
    label: Label,
    /// Queues it on its scheduler; taken by that, or by drop.
    queue: Option<Queue<T>>,
    /// Drops `queue` without recursion: it may own the next promise of a chain.
    discard: fn(Queue<T>),
}

type Queue<T> = Box<dyn FnOnce(Arc<PromiseCell<T>>) + Send>;

/// A scheduler, and which of its uses is meant.
#[derive(Clone, Copy)]
pub(super) struct Place {
    scheduler: SchedulerWord,
    epoch: u64,
}

impl Place {
    pub(super) fn new(scheduler: &'static dyn Scheduler) -> Self {
        Self::in_use(scheduler, scheduler.epoch())
    }

    pub(super) fn in_use(scheduler: &'static dyn Scheduler, epoch: u64) -> Self {
        Self {
            scheduler: SchedulerWord::of(scheduler),
            epoch,
        }
    }

    /// The scheduler, unless its loop is closed and another one uses it now.
    fn open(self) -> Option<&'static dyn Scheduler> {
        let scheduler = self.scheduler.get();
        (scheduler.epoch() == self.epoch).then_some(scheduler)
    }
}

impl<T> PromiseCell<T> {
    pub(super) fn new(place: Option<Place>) -> Self {
        Self {
            result: OnceLock::new(),
            waiting: Mutex::new(Waiters::new()),
            place,
            observed: AtomicBool::new(false),
        }
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.place
    }

    pub(super) fn result(&self) -> Option<&TaskResult<T>> {
        self.result.get()
    }

    pub(super) fn mark_observed(&self) {
        self.observed.store(true, Ordering::Relaxed);
    }

    pub(super) fn observe(&self, result: &TaskResult<T>) {
        if let Err(error) = result {
            self.mark_observed();
            error.mark_observed();
        }
    }

    /// Stores the result, then wakes awaiters and queues callbacks in their order.
    pub(super) fn set(this: &Arc<Self>, result: TaskResult<T>) -> Result<(), InvalidState> {
        let stored = {
            let mut waiting = lock(&this.waiting);
            let stored = this.result.set(result);
            stored.map(|()| waiting.take_all())
        };
        // A refused result is dropped here, outside of the lock: it may use the promise.
        let entries = stored.map_err(|_| InvalidState::ALREADY_DONE)?;
        for entry in entries {
            match entry {
                Entry::Waker(waker) => {
                    let reporter = this.place.and_then(Place::open);
                    report_panic(reporter, "waking an awaiter", || waker.wake());
                }
                Entry::Callback(queued) => queued.queue(this),
            }
        }
        Ok(())
    }

    /// Registers the waker under `waiter`, or says that the result is there.
    pub(super) fn poll_ready(&self, waiter: &mut Option<Key>, cx: &mut Context<'_>) -> Poll<()> {
        if self.result.get().is_some() || self.is_registered(*waiter, cx.waker()) {
            // The result is looked at last: it may have come while the registration was checked.
            return if self.result.get().is_some() {
                Poll::Ready(())
            } else {
                Poll::Pending
            };
        }
        // Cloned before the lock and dropped after it: a waker is foreign code.
        let waker = cx.waker().clone();
        let old = {
            let mut waiting = lock(&self.waiting);
            // Looked at again under the lock: a setter takes it between its store and its wakes.
            if self.result.get().is_some() {
                return Poll::Ready(());
            }
            let entry = Entry::Waker(waker);
            match waiter.and_then(|key| waiting.get_mut(key)) {
                Some(place) => Some(std::mem::replace(place, entry)),
                None => {
                    *waiter = Some(waiting.push(entry));
                    None
                }
            }
        };
        drop(old);
        Poll::Pending
    }

    fn is_registered(&self, waiter: Option<Key>, waker: &Waker) -> bool {
        let Some(key) = waiter else { return false };
        let waiting = lock(&self.waiting);
        matches!(waiting.get(key), Some(Entry::Waker(own)) if own.will_wake(waker))
    }

    pub(super) fn forget_waiter(&self, key: Key) {
        let entry = lock(&self.waiting).remove(key);
        let reporter = self.place.and_then(Place::open);
        report_panic(reporter, "dropping an awaiter's waker", || drop(entry));
    }

    /// Removes the callbacks under `id` that are not queued yet; returns how many there were.
    pub(super) fn remove_callbacks(&self, id: CallbackId) -> usize {
        let removed: Vec<Entry<T>> = {
            let mut waiting = lock(&self.waiting);
            let keys: Vec<Key> = waiting
                .iter()
                .filter(|(_, entry)| matches!(entry, Entry::Callback(own) if own.id == id))
                .map(|(key, _)| key)
                .collect();
            keys.into_iter()
                .filter_map(|key| waiting.remove(key))
                .collect()
        };
        // The closures are dropped here, outside the lock.
        removed.len()
    }

    pub(super) fn labels(&self) -> Vec<Label> {
        let label = |entry: &Entry<T>| match entry {
            Entry::Callback(queued) => Some(queued.label),
            Entry::Waker(_) => None,
        };
        let waiting = lock(&self.waiting);
        waiting
            .iter()
            .filter_map(|(_, entry)| label(entry))
            .collect()
    }
}

impl<T: Send + Sync + 'static> PromiseCell<T> {
    /// Queues `callback` on `place` once the result is there, which may be now.
    pub(super) fn add_callback(this: &Arc<Self>, callback: Callback<T>, place: Place) {
        let scheduler = place.scheduler.get();
        let queued = Queued {
            id: callback.id,
            label: callback.label,
            queue: Some(Box::new(move |cell: Arc<Self>| {
                let call = move || {
                    if let Some(result) = cell.result.get() {
                        cell.observe(result);
                        callback.call(result, scheduler);
                    }
                };
                scheduler.call_soon_in(place.epoch, Box::new(call));
            })),
            discard: |queue| drop_flat(queue),
        };
        let late = {
            let mut waiting = lock(&this.waiting);
            if this.result.get().is_some() {
                Some(queued)
            } else {
                waiting.push(Entry::Callback(Box::new(queued)));
                None
            }
        };
        if let Some(queued) = late {
            queued.queue(this);
        }
    }
}

impl<T> Queued<T> {
    fn queue(mut self, cell: &Arc<PromiseCell<T>>) {
        if let Some(queue) = self.queue.take() {
            queue(Arc::clone(cell));
        }
    }
}

impl<T> Drop for Queued<T> {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            (self.discard)(queue);
        }
    }
}

impl<T> Drop for PromiseCell<T> {
    fn drop(&mut self) {
        let Some(result) = self.result.take() else {
            return;
        };
        if let Err(error @ JoinError::Failed(_)) = &result
            && !*self.observed.get_mut()
        {
            let context = ErrorContext::new("the exception of a promise was never retrieved");
            let reporter = self.place.and_then(Place::open);
            report(reporter, &context.with_exception(error.clone()));
        }
        drop_contained(result, "the result of a promise");
    }
}
