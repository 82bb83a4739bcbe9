//! What a group fails with.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::error::JoinError;
use crate::meta::Meta;

/// Everything that failed in a group: asyncio's `ExceptionGroup`.
///
/// Children come in the order in which they failed, the body last. Cancelled children have not
/// failed. [`source`](Error::source) leads to the first failure, and from there to its cause.
pub struct GroupError {
    failures: Vec<ChildFailure>,
}

/// One failure in a group: who, and why.
#[derive(Clone)]
pub struct ChildFailure {
    /// `None` for the body, and for a child that is no task.
    name: Option<Arc<str>>,
    is_body: bool,
    error: JoinError,
}

impl GroupError {
    pub(super) fn new(failures: Vec<ChildFailure>) -> Self {
        // Not before: a group that is dropped gives none, and its children's panics are reported.
        for failure in &failures {
            failure.error.mark_observed();
        }
        Self { failures }
    }

    /// The failures.
    #[must_use]
    pub fn failures(&self) -> &[ChildFailure] {
        &self.failures
    }

    /// Takes the failures out.
    #[must_use]
    pub fn into_failures(self) -> Vec<ChildFailure> {
        self.failures
    }

    /// True when nothing failed: [`TaskGroup::cancel`](crate::TaskGroup::cancel) ended the body, so
    /// there is no value.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.failures.is_empty()
    }
}

impl ChildFailure {
    pub(super) fn of_child(meta: &Meta, error: JoinError) -> Self {
        Self {
            name: Some(meta.name()),
            is_body: false,
            error,
        }
    }

    pub(super) fn of_body(error: Arc<dyn Error + Send + Sync>) -> Self {
        Self {
            name: None,
            is_body: true,
            error: JoinError::Failed(error),
        }
    }

    pub(super) fn of_future(error: JoinError) -> Self {
        Self {
            name: None,
            is_body: false,
            error,
        }
    }

    /// True for the failure of the group's body.
    #[must_use]
    pub fn is_body(&self) -> bool {
        self.is_body
    }

    /// The name of the child's task; `None` for the body, and in a group of futures.
    #[must_use]
    pub fn task_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Why it failed: its own error, or its panic.
    #[must_use]
    pub fn error(&self) -> &JoinError {
        &self.error
    }

    /// The error it returned, if it is one of this type.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        match &self.error {
            JoinError::Failed(error) => error.downcast_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.failures.len();
        match self.failures.as_slice() {
            [] => f.write_str("the task group was cancelled before its body gave a value"),
            [first, ..] => {
                let s = if n == 1 { "" } else { "s" };
                write!(f, "{n} failure{s} in a task group: {first}")?;
                if n > 1 {
                    write!(f, ", and {} more", n - 1)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupError").field(&self.failures).finish()
    }
}

/// So that `?` takes it where I/O is done.
impl From<GroupError> for io::Error {
    fn from(error: GroupError) -> Self {
        Self::other(error)
    }
}

impl Error for GroupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let first = self.failures.first()?;
        Some(first)
    }
}

impl fmt::Display for ChildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "task '{name}': {}", self.error),
            None if self.is_body => write!(f, "the body: {}", self.error),
            None => write!(f, "a child: {}", self.error),
        }
    }
}

impl fmt::Debug for ChildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}: {:?}", self.error),
            None if self.is_body => write!(f, "body: {:?}", self.error),
            None => write!(f, "child: {:?}", self.error),
        }
    }
}

impl Error for ChildFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.error {
            JoinError::Failed(error) => Some(&**error),
            other => Some(other),
        }
    }
}

/// The group takes no children: it has not been entered, is being aborted, or has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GroupClosed(&'static str);

impl GroupClosed {
    pub(super) const NOT_ENTERED: Self = Self("it has not been entered");
    pub(super) const SHUTTING_DOWN: Self = Self("it is shutting down");
    pub(super) const FINISHED: Self = Self("it is finished");
}

impl fmt::Display for GroupClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to create a task in a task group: {}", self.0)
    }
}

impl fmt::Debug for GroupClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupClosed({})", self.0)
    }
}

impl Error for GroupClosed {}

/// So that `?` takes it where I/O is done.
impl From<GroupClosed> for io::Error {
    fn from(closed: GroupClosed) -> Self {
        Self::other(closed)
    }
}
