//! What Python's references to a task can do and a handle cannot, and how tasks and groups end.

use std::fmt::Display;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use evloop::{GroupError, Promise, Task, TaskResult};

use crate::program::{End, Raised, settled};
use crate::watching::Watched;

/// What a task ends with, to be had once more when an await has taken it out of the handle.
pub(crate) fn kept<T>(task: &Task<End<T>>) -> Promise<End<T>>
where
    T: Clone + Send + Sync + 'static,
{
    let end = Promise::new();
    let keeper = end.clone();
    task.add_done_callback(move |result| {
        keeper.set(result.clone()).expect("a task ends once");
    });
    end
}

/// How some tasks stand that somebody else awaits.
pub(crate) fn outcomes<T: Display>(tasks: &[Watched<T>]) -> String {
    let outcomes: Vec<String> = tasks.iter().map(Watched::to_string).collect();
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
