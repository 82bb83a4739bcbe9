//! Where a task's result lies when more than its awaiter wants to see it.
//!
//! A result normally goes from async-task's slot straight to the awaiter. Once a done callback is
//! registered, or the result is read by reference, it lives in a [`SharedCell`] instead: the
//! handle and each queued run of callbacks hold the cell, and the awaiter takes the value out when
//! it is the only one left.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Waker};

use crate::callbacks::{Callback, CallbackId, Label};
use crate::error::TaskResult;
use crate::meta::lock;
use crate::scheduler::Scheduler;

/// A result, the callbacks that wait for it, and how many queued runs still read it.
pub(crate) struct SharedCell<T> {
    value: Arc<Value<T>>,
    gate: Arc<Gate>,
}

impl<T> Clone for SharedCell<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            gate: Arc::clone(&self.gate),
        }
    }
}

struct Value<T> {
    result: OnceLock<TaskResult<T>>,
    callbacks: Mutex<Vec<Callback<T>>>,
}

/// Counts the runs of callbacks that are queued, and wakes the awaiter behind the last one.
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
    pub(crate) fn new() -> Self {
        let value = Value {
            result: OnceLock::new(),
            callbacks: Mutex::new(Vec::new()),
        };
        Self {
            value: Arc::new(value),
            gate: Arc::default(),
        }
    }

    /// A new cell for a place that is one word.
    pub(crate) fn boxed() -> Box<Self> {
        Box::new(Self::new())
    }

    /// A cell that has its result already.
    pub(crate) fn full(result: TaskResult<T>) -> Self {
        let cell = Self::new();
        cell.fill(result);
        cell
    }

    /// Stores the result without queueing callbacks. A second result is dropped.
    pub(crate) fn fill(&self, result: TaskResult<T>) {
        let stored = self.value.result.set(result);
        debug_assert!(stored.is_ok(), "a task ends once");
    }

    pub(crate) fn result(&self) -> Option<&TaskResult<T>> {
        self.value.result.get()
    }

    pub(crate) fn labels(&self) -> Vec<Label> {
        lock(&self.value.callbacks)
            .iter()
            .map(|callback| callback.label)
            .collect()
    }

    /// Removes the callbacks under `id` that are not queued yet; returns how many there were.
    pub(crate) fn remove(&self, id: CallbackId) -> usize {
        let removed: Vec<_> = {
            let mut callbacks = lock(&self.value.callbacks);
            callbacks
                .extract_if(.., |callback| callback.id == id)
                .collect()
        };
        // The closures are dropped here, outside the lock.
        removed.len()
    }

    /// Takes the result out once no queued run of callbacks reads it.
    pub(crate) fn poll_take(self, cx: &mut Context<'_>) -> Take<T> {
        {
            let mut gate = lock(&self.gate.0);
            if gate.n_runs > 0 {
                let old = gate.waker.replace(cx.waker().clone());
                drop(gate);
                drop(old);
                return Take::Wait(self);
            }
        }
        // A run gives up its share of the value before it leaves the gate: this is the only one.
        match Arc::try_unwrap(self.value).map(|value| value.result.into_inner()) {
            Ok(Some(result)) => Take::Got(result),
            Ok(None) | Err(_) => Take::Gone,
        }
    }
}

/// What [`SharedCell::poll_take`] finds.
pub(crate) enum Take<T> {
    Got(TaskResult<T>),
    /// Callbacks are queued that want to see the result first; the waker is kept.
    Wait(SharedCell<T>),
    /// There is no result to take: the task's scheduler ended before the task.
    Gone,
}

impl<T: Send + Sync + 'static> SharedCell<T> {
    /// Adds a callback; queues it at once if the result is there.
    pub(crate) fn add(&self, callback: Callback<T>, scheduler: &'static dyn Scheduler) {
        lock(&self.value.callbacks).push(callback);
        if self.result().is_some() {
            self.queue_callbacks(scheduler);
        }
    }

    /// The delivery for the shell.
    pub(crate) fn delivery(&self, scheduler: &'static dyn Scheduler) -> Delivery<T> {
        let cell = self.clone();
        Delivery(Box::new(move |result| {
            cell.fill(result);
            cell.queue_callbacks(scheduler);
        }))
    }

    /// Queues what is registered now, as one callback of the scheduler.
    fn queue_callbacks(&self, scheduler: &'static dyn Scheduler) {
        // Both `add` and the delivery may come here at once: each callback goes to one of them.
        let callbacks = std::mem::take(&mut *lock(&self.value.callbacks));
        if callbacks.is_empty() {
            return;
        }
        let run = Run::enter(&self.value, &self.gate);
        scheduler.call_soon(Box::new(move || {
            if let Some(result) = run.value().result.get() {
                for callback in callbacks {
                    callback.call(result, scheduler);
                }
            }
        }));
    }
}

/// A queued run of callbacks. Dropping it, run or not, leaves the gate.
struct Run<T> {
    value: Option<Arc<Value<T>>>,
    gate: Arc<Gate>,
}

impl<T> Run<T> {
    fn enter(value: &Arc<Value<T>>, gate: &Arc<Gate>) -> Self {
        lock(&gate.0).n_runs += 1;
        Self {
            value: Some(Arc::clone(value)),
            gate: Arc::clone(gate),
        }
    }

    fn value(&self) -> &Value<T> {
        self.value.as_deref().expect("it is taken only by drop")
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        // First the share, then the gate: who finds the gate empty is the only holder.
        drop(self.value.take());
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
