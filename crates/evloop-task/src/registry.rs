//! A registry of live tasks, for schedulers without special needs.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::id::TaskId;
use crate::task_ref::TaskRef;
use crate::task_table::TaskTable;

/// The tasks a [`Scheduler`](crate::Scheduler) has adopted, behind a lock.
///
/// Its methods are what the trait's `adopt`, `release` and `poke` ask for. New tasks that have not
/// suspended yet are not in it: they are in the scheduler's queue.
#[derive(Default)]
pub struct Registry(Mutex<TaskTable>);

impl Registry {
    /// An empty registry.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(TaskTable::new()))
    }

    fn lock(&self) -> MutexGuard<'_, TaskTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a task in and returns its key.
    ///
    /// # Panics
    ///
    /// With more than four billion live tasks.
    pub fn adopt(&self, task: TaskRef) -> u32 {
        self.lock().insert(task)
    }

    /// Drops the task `id` under `key`.
    pub fn release(&self, key: u32, id: TaskId) {
        // In two statements: it is dropped outside of the lock.
        let task = self.lock().remove(key, id);
        drop(task);
    }

    /// Wakes the task under `key`, if there is one.
    pub fn poke(&self, key: u32) {
        let task = self.lock().task(key);
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Lets go of all tasks: those that would not end are no longer kept alive.
    pub fn clear(&self) {
        let tasks = std::mem::take(&mut *self.lock());
        drop(tasks);
    }

    /// True when it holds no task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The tasks that are suspended or running after a suspension, in no particular order.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskRef> {
        self.lock().iter().collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("n_tasks", &self.lock().len())
            .finish()
    }
}
