//! Where a task's result lies when more than its awaiter wants to see it.
//!
//! A result normally goes from async-task's slot straight to the awaiter. Once a done callback is
//! registered, or the result is read by reference, it lives in a [`SharedCell`] instead: the
//! handle and each queued run of callbacks hold the cell, and the awaiter takes the value out when
//! it is the only one left.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::callbacks::{Callback, CallbackId, Label};
use crate::error::TaskResult;
use crate::scheduler::Scheduler;
use crate::slot::drop_contained;
use crate::sync::{Mutex, OnceLock, lock};

/// A result, the callbacks that wait for it, and how many queued runs still read it.
///
/// It lies in an `Arc`: one allocation, and one more with the first callback.
pub(crate) struct SharedCell<T> {
    result: OnceLock<TaskResult<T>>,
    callbacks: Mutex<Vec<Callback<T>>>,
    /// Made with the first stay in it, by a method of the handle: the awaiter, who has the handle for
    /// itself, sees it. Shared, as who leaves it gives up its share of the value before.
    gate: OnceLock<Arc<Gate>>,
}

/// Counts who is about to read or store the result, and wakes the awaiter behind the last one.
#[derive(Default)]
struct Gate(Mutex<GateState>);

#[derive(Default)]
struct GateState {
    n_runs: usize,
    waker: Option<Waker>,
}

/// What the shell calls with the result of a task whose callbacks want it.
pub(crate) struct Delivery<T>(Box<dyn FnOnce(TaskResult<T>) + Send>);

impl<T> Delivery<T> {
    pub(crate) fn complete(self, result: TaskResult<T>) {
        (self.0)(result);
    }
}

impl<T> SharedCell<T> {
    pub(crate) fn new() -> Arc<Self> {
        Self::with(OnceLock::new())
    }

    /// A cell that has its result already.
    pub(crate) fn full(result: TaskResult<T>) -> Arc<Self> {
        Self::with(OnceLock::from(result))
    }

    fn with(result: OnceLock<TaskResult<T>>) -> Arc<Self> {
        Arc::new(Self {
            result,
            callbacks: Mutex::new(Vec::new()),
            gate: OnceLock::new(),
        })
    }

    /// Stores the result without queueing callbacks. A second result is dropped.
    pub(crate) fn fill(&self, result: TaskResult<T>) {
        // A cancellation may be stored by who reads it first and by the shell; both say the same.
        if let Err(second) = self.result.set(result) {
            drop_contained(second, "the result of a task");
        }
    }

    pub(crate) fn result(&self) -> Option<&TaskResult<T>> {
        self.result.get()
    }

    pub(crate) fn labels(&self) -> Vec<Label> {
        lock(&self.callbacks)
            .iter()
            .map(|callback| callback.label)
            .collect()
    }

    /// Removes the callbacks under `id` that are not queued yet; returns how many there were.
    pub(crate) fn remove(&self, id: CallbackId) -> usize {
        let removed: Vec<_> = {
            let mut callbacks = lock(&self.callbacks);
            callbacks
                .extract_if(.., |callback| callback.id == id)
                .collect()
        };
        // The closures are dropped here, outside the lock.
        removed.len()
    }

    /// Takes the result out once no queued run of callbacks reads it.
    pub(crate) fn poll_take(self: Arc<Self>, cx: &mut Context<'_>) -> Take<T> {
        if self.gate.get().is_some_and(|gate| gate.is_busy_for(cx)) {
            return Take::Wait(self);
        }
        // A run gives up its share of the cell before it leaves the gate: this is the only one.
        match Arc::try_unwrap(self).map(|mut cell| cell.result.take()) {
            Ok(Some(result)) => Take::Got(result),
            Ok(None) | Err(_) => Take::Gone,
        }
    }

    fn gate(&self) -> &Arc<Gate> {
        self.gate.get_or_init(Arc::default)
    }
}

impl Gate {
    /// Whether somebody is inside; if so, the waker of `cx` is woken by the last one that leaves.
    fn is_busy_for(&self, cx: &Context<'_>) -> bool {
        if lock(&self.0).n_runs == 0 {
            return false;
        }
        // Cloned before the lock and dropped after it: a waker is foreign code.
        let waker = cx.waker().clone();
        let mut state = lock(&self.0);
        if state.n_runs == 0 {
            return false;
        }
        let old = state.waker.replace(waker);
        drop(state);
        drop(old);
        true
    }
}

/// What [`SharedCell::poll_take`] finds.
pub(crate) enum Take<T> {
    Got(TaskResult<T>),
    /// Callbacks are queued that want to see the result first; the waker is kept.
    Wait(Arc<SharedCell<T>>),
    /// There is no result to take: the task's scheduler ended before the task.
    Gone,
}

impl<T: Send + Sync + 'static> SharedCell<T> {
    /// Adds a callback; queues it at once if the result is there.
    pub(crate) fn add(self: &Arc<Self>, callback: Callback<T>, scheduler: &'static dyn Scheduler) {
        lock(&self.callbacks).push(callback);
        self.queue_if_done(scheduler);
    }

    /// Queues what is registered, if the result is there.
    pub(crate) fn queue_if_done(self: &Arc<Self>, scheduler: &'static dyn Scheduler) {
        if self.result().is_some() {
            let inside = Run::enter(self);
            self.queue_callbacks(&inside, scheduler);
        }
    }

    /// The delivery for the shell.
    ///
    /// It stays inside the gate until it has stored the result, queued the callbacks and given up
    /// its share, so an awaiter that sees the result waits for all of that.
    pub(crate) fn delivery(self: &Arc<Self>, scheduler: &'static dyn Scheduler) -> Delivery<T> {
        let run = Run::enter(self);
        Delivery(Box::new(move |result| {
            run.cell().fill(result);
            run.cell().queue_callbacks(&run, scheduler);
        }))
    }

    /// Queues what is registered now, as one callback of the scheduler. `inside` is the caller's
    /// stay in the gate.
    fn queue_callbacks(&self, inside: &Run<T>, scheduler: &'static dyn Scheduler) {
        // Both `add` and the delivery may come here at once: each callback goes to one of them.
        let callbacks = std::mem::take(&mut *lock(&self.callbacks));
        if callbacks.is_empty() {
            return;
        }
        let run = inside.again();
        scheduler.call_soon(Box::new(move || {
            if let Some(result) = run.cell().result.get() {
                for callback in callbacks {
                    callback.call(result, scheduler);
                }
            }
        }));
    }
}

impl<T> Drop for SharedCell<T> {
    fn drop(&mut self) {
        if let Some(result) = self.result.take() {
            drop_contained(result, "the result of a task");
        }
    }
}

/// A stay in the gate: a queued run of callbacks, or a delivery. Dropping it leaves the gate.
struct Run<T> {
    cell: Option<Arc<SharedCell<T>>>,
    gate: Arc<Gate>,
}

impl<T> Run<T> {
    fn enter(cell: &Arc<SharedCell<T>>) -> Self {
        let gate = Arc::clone(cell.gate());
        lock(&gate.0).n_runs += 1;
        Self {
            cell: Some(Arc::clone(cell)),
            gate,
        }
    }

    /// Another stay in the gate.
    fn again(&self) -> Self {
        Self::enter(self.cell.as_ref().expect("it is taken only by drop"))
    }

    fn cell(&self) -> &SharedCell<T> {
        self.cell.as_deref().expect("it is taken only by drop")
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        // First the share, then the gate: who finds the gate empty is the only holder.
        drop(self.cell.take());
        let waker = {
            let mut gate = lock(&self.gate.0);
            gate.n_runs -= 1;
            if gate.n_runs == 0 {
                gate.waker.take()
            } else {
                None
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> fmt::Debug for SharedCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCell")
            .field("full", &self.result().is_some())
            .finish_non_exhaustive()
    }
}
