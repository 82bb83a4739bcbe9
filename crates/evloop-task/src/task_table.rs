//! Live tasks under stable numbers, two words each.

use std::fmt;

use slab::Slab;

use crate::id::TaskId;
use crate::task_ref::{Compact, TaskRef};

/// The tasks that a scheduler has adopted, each under its key: for one that needs no lock. With a lock
/// it is a [`Registry`](crate::Registry).
///
/// # Cost
///
/// 16 bytes a task, and as much room again after it has grown. Each call is O(1), amortized.
#[derive(Default)]
pub struct TaskTable(Slab<Compact>);

impl TaskTable {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self(Slab::new())
    }

    /// Number of tasks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is no task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a task in and returns its key.
    ///
    /// # Panics
    ///
    /// With more than four billion live tasks.
    #[inline]
    pub fn insert(&mut self, task: TaskRef) -> u32 {
        let key = self.0.insert(task.into());
        u32::try_from(key).expect("a table holds at most u32::MAX tasks")
    }

    /// Takes the task `id` out from under `key`, if it is there. It is to be dropped where its destructor
    /// may use the table.
    #[inline]
    #[must_use]
    pub fn remove(&mut self, key: u32, id: TaskId) -> Option<TaskRef> {
        let is_it = self.0.get(key as usize).is_some_and(|task| task.id() == id);
        if !is_it {
            return None;
        }
        Some(self.0.remove(key as usize).into())
    }

    /// A reference to the task under `key`.
    #[must_use]
    pub fn task(&self, key: u32) -> Option<TaskRef> {
        Some(self.0.get(key as usize)?.clone().into())
    }

    /// Has the task under `key` polled, if there is one. Its scheduler must not use the table in this
    /// call.
    #[inline]
    pub fn wake(&self, key: u32) {
        if let Some(task) = self.0.get(key as usize) {
            task.wake();
        }
    }

    /// The tasks, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = TaskRef> {
        self.0.iter().map(|(_, task)| task.clone().into())
    }
}

impl fmt::Debug for TaskTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTable")
            .field("n_tasks", &self.len())
            .finish()
    }
}
