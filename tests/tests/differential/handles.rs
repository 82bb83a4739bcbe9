//! What Python's references to a task can do and a handle cannot, and how tasks and groups end.

use std::fmt::Display;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use evloop::{Cancelled, GroupError, Promise, Task, TaskRef, TaskResult, wait};

use crate::program::{End, Raised, flat, outcome, reference, settled};

/// How a task ends that somebody else awaits, and that takes its result.
pub(crate) struct Known<T> {
    task: TaskRef,
    end: Promise<End<T>>,
}

impl<T: Clone + Display + Send + Sync + 'static> Known<T> {
    pub(crate) fn of(task: &Task<End<T>>) -> Self {
        let end = Promise::new();
        let recorder = end.clone();
        task.add_done_callback(move |result| {
            recorder.set(result.clone()).expect("a task ends once");
        });
        Self {
            task: reference(task),
            end,
        }
    }

    /// Python's `task.cancel()`.
    pub(crate) fn cancel(&self) -> bool {
        self.task.cancel()
    }

    /// Python's `outcome(task)`.
    pub(crate) fn outcome(&self) -> String {
        self.end
            .result()
            .map_or_else(|_| "pending".to_owned(), |result| settled(&flat(result)))
    }

    /// To have the result once more.
    pub(crate) fn end(&self) -> Promise<End<T>> {
        self.end.clone()
    }
}

/// How some tasks stand.
pub(crate) fn outcomes<T: Clone + Display + Send + Sync + 'static>(tasks: &[Known<T>]) -> String {
    let outcomes: Vec<String> = tasks.iter().map(Known::outcome).collect();
    outcomes.join(", ")
}

/// The only handle of a task, for those who hold it one after the other.
pub(crate) struct Lending<T>(Arc<Mutex<Option<Task<T>>>>);

/// A handle that goes back where it comes from, also when its holder is cancelled.
pub(crate) struct Lent<T> {
    task: Option<Task<T>>,
    owner: Lending<T>,
}

impl<T> Lending<T> {
    pub(crate) fn new(task: Task<T>) -> Self {
        Self(Arc::new(Mutex::new(Some(task))))
    }

    fn place(&self) -> impl DerefMut<Target = Option<Task<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    pub(crate) fn lend(&self) -> Lent<T> {
        Lent {
            task: Some(self.place().take().expect("nobody holds it")),
            owner: Self(Arc::clone(&self.0)),
        }
    }
}

impl<T> Deref for Lent<T> {
    type Target = Task<T>;

    fn deref(&self) -> &Task<T> {
        self.task.as_ref().expect("only its drop gives it back")
    }
}

impl<T> DerefMut for Lent<T> {
    fn deref_mut(&mut self) -> &mut Task<T> {
        self.task.as_mut().expect("only its drop gives it back")
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        *self.owner.place() = self.task.take();
    }
}

/// Waits for a task, without passing a cancel on to it, and says how it ended.
pub(crate) async fn end_of<T: Clone + Display>(task: &mut Task<End<T>>) -> String {
    let waited = wait([&mut *task]).await;
    assert!(waited.is_ok(), "it waits for one");
    outcome(task)
}

/// Says how a child of a group stands, which gives its value or why there is none.
pub(crate) fn member<T: Clone + Display>(task: &Task<T>) -> String {
    let end = |result: &TaskResult<T>| settled(&result.clone().map_err(Raised::from));
    task.result().map_or_else(|_| "pending".to_owned(), end)
}

/// Lists the errors of a group in their order; a group among them has brackets of its own.
pub(crate) fn errors(group: &GroupError) -> String {
    let texts = group.failures().iter().map(|failure| {
        let inner = failure.downcast_ref::<GroupError>();
        inner.map_or_else(|| failure.error().to_string(), errors)
    });
    format!("[{}]", texts.collect::<Vec<_>>().join(", "))
}

/// Python's `str(cancelled)`.
pub(crate) fn message(cancelled: &Cancelled) -> String {
    cancelled.message().unwrap_or_default().to_owned()
}
