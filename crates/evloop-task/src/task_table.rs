//! Live tasks under stable numbers, two words each.

use std::fmt;

use slab::Slab;

use crate::id::TaskId;
use crate::task_ref::{Compact, TaskRef};

/// Tasks in one chunk: what the table grows by, so that it neither doubles nor moves.
const CHUNK: usize = 64;

/// The tasks that a scheduler has adopted, each under its key: for one that needs no lock. With a lock
/// it is a [`Registry`](crate::Registry).
///
/// # Cost
///
/// 17 bytes a task. Each call is O(1); an insertion allocates once for 64 tasks.
#[derive(Default)]
pub struct TaskTable {
    chunks: Vec<Slab<Compact>>,
    /// Chunks with room, the latest last.
    roomy: Vec<u32>,
    len: usize,
}

impl TaskTable {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            roomy: Vec::new(),
            len: 0,
        }
    }

    /// Number of tasks.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True when there is no task.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes a task in and returns its key.
    ///
    /// # Panics
    ///
    /// With more than four billion live tasks.
    pub fn insert(&mut self, task: TaskRef) -> u32 {
        let number = self.roomy.last().copied();
        let number = number.unwrap_or_else(|| self.add_chunk());
        let chunk = &mut self.chunks[number as usize];
        let place = chunk.insert(task.into());
        if chunk.len() == CHUNK {
            self.roomy.pop();
        }
        self.len += 1;
        // A chunk holds fewer than 2^32 tasks, and its number was checked.
        number * CHUNK as u32 + place as u32
    }

    #[cold]
    fn add_chunk(&mut self) -> u32 {
        let number = self.chunks.len();
        assert!(
            number < u32::MAX as usize / CHUNK,
            "a table holds at most u32::MAX tasks"
        );
        self.chunks.push(Slab::with_capacity(CHUNK));
        self.roomy.push(number as u32);
        number as u32
    }

    fn split(key: u32) -> (usize, usize) {
        (key as usize / CHUNK, key as usize % CHUNK)
    }

    fn get(&self, key: u32) -> Option<&Compact> {
        let (number, place) = Self::split(key);
        self.chunks.get(number)?.get(place)
    }

    /// Takes the task `id` out from under `key`, if it is there. It is to be dropped where its destructor
    /// may use the table.
    #[must_use]
    pub fn remove(&mut self, key: u32, id: TaskId) -> Option<TaskRef> {
        if self.get(key)?.id() != id {
            return None;
        }
        let (number, place) = Self::split(key);
        let chunk = &mut self.chunks[number];
        if chunk.len() == CHUNK {
            self.roomy.push(number as u32);
        }
        self.len -= 1;
        Some(chunk.remove(place).into())
    }

    /// A reference to the task under `key`.
    #[must_use]
    pub fn task(&self, key: u32) -> Option<TaskRef> {
        Some(self.get(key)?.clone().into())
    }

    /// Has the task under `key` polled, if there is one. Its scheduler must not use the table in this
    /// call.
    pub fn wake(&self, key: u32) {
        if let Some(task) = self.get(key) {
            task.wake();
        }
    }

    /// The tasks, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = TaskRef> {
        let tasks = self.chunks.iter().flat_map(|chunk| chunk.iter());
        tasks.map(|(_, task)| task.clone().into())
    }
}

impl fmt::Debug for TaskTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTable")
            .field("n_tasks", &self.len)
            .finish()
    }
}
