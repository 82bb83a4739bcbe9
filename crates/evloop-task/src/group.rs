//! Structured concurrency: a scope that owns tasks.

mod borrowing;
mod error;
#[cfg(loom)]
pub(crate) mod loom_models;
mod member;
mod roster;

use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;

use evloop_cancel::{CancelScope, Cancelled, Stopped, catch_late};

use crate::create::{running, running_here};
use crate::group::member::{Contained, HearsPanic, Payload};
use crate::group::roster::{Leave, Roster};
use crate::outcome::{ChildOutput, Given};
use crate::report::ErrorContext;
use crate::scheduler::turning_scheduler;
use crate::spawn::Builder;
use crate::sync::{Mutex, lock};
use crate::task::Task;

pub use borrowing::FutureGroup;
pub use error::{ChildFailure, GroupClosed, GroupError};

/// A scope that owns tasks: all of them end before it does. asyncio's `TaskGroup`.
///
/// The first failure, of a child or of the body, cancels the other children and the body, innermost
/// scopes first; all are waited for, and the failures come out as one [`GroupError`]. A request to
/// the task around it cancels the children, waits for them, and goes on. So no child outlives its
/// group, whatever happens.
///
/// Children return `()` or a `Result`; what they return is in their [`Task`], and an error also in
/// the group's. The group is a handle: clones mean the same group, and children may use one to
/// spawn siblings.
///
/// ```no_run
/// # use std::convert::Infallible;
/// use evloop_task::TaskGroup;
///
/// # async fn program() {
/// let sum = TaskGroup::scope(async |group| {
///     let one = group.create_task(async { Ok::<_, Infallible>(1) }).expect("it is open");
///     let two = group.create_task(async { Ok::<_, Infallible>(2) }).expect("it is open");
///     Ok::<_, evloop_task::JoinError>(one.await? + two.await?)
/// })
/// .await
/// .expect("nobody failed");
/// assert_eq!(sum, 3);
/// # }
/// ```
///
/// # Cost
///
/// A group is two allocations; a child costs what a task does, and a few atomic operations; one that
/// suspends is also entered in a list behind a lock, so that it can be cancelled.
#[derive(Clone)]
pub struct TaskGroup {
    roster: Arc<Roster>,
}

impl TaskGroup {
    /// A group that is entered by [`run`](Self::run).
    #[must_use]
    pub fn new() -> Self {
        Self {
            roster: Roster::new(CancelScope::new(), usize::MAX),
        }
    }

    /// A group of which at most `limit` children run at a time; further ones wait for their turn, in
    /// the order in which they were made. A limit of zero counts as one.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self {
            roster: Roster::new(CancelScope::new(), limit.max(1)),
        }
    }

    /// Runs `body` with a new group: see [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// When the body does.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn scope<B, F>(body: B) -> Result<<F::Output as Given>::Value, GroupError>
    where
        B: FnOnce(Self) -> F,
        F: Future<Output: ChildOutput>,
    {
        Self::new().run(body).await
    }

    /// Enters the group: runs `body` with a handle of it, then waits for all children.
    ///
    /// # Errors
    ///
    /// [`GroupError`] with every failure, of children in the order in which they failed, and of the
    /// body last; or one without failures, when [`cancel`](Self::cancel) has ended the body.
    ///
    /// # Panics
    ///
    /// When the body or its destructor does, after all children have ended; and when the group was entered
    /// before.
    ///
    /// # Cancel safety
    ///
    /// A cancel request ends the body, then cancels and awaits the children, and goes on. If children
    /// fail meanwhile, their errors are returned, and the next await is cancelled. Dropping the future
    /// cannot wait: it cancels the children, which then end by themselves.
    pub async fn run<B, F>(self, body: B) -> Result<<F::Output as Given>::Value, GroupError>
    where
        B: FnOnce(Self) -> F,
        F: Future<Output: ChildOutput>,
    {
        let scope = self.roster.enter();
        let scope = scope.expect("failed to enter a task group: it was entered before");
        let leave = Leave(Arc::clone(&self.roster));
        let (ended, token) = run_body(scope, body(self)).await;
        let (value, panic) = match ended {
            BodyEnd::Value(value) => (Some(value), None),
            BodyEnd::Failed(failure) => {
                leave.0.abort();
                leave.0.fail_body(failure);
                (None, None)
            }
            BodyEnd::Panicked(payload) => {
                leave.0.abort();
                (None, Some(payload))
            }
            BodyEnd::Stopped => (None, None),
        };
        if token.is_some() {
            leave.0.abort();
        }
        let mut claim = leave.0.wait_for_children().await;
        if let Some(payload) = panic {
            report_failures(leave.0.take_errors());
            resume_unwind(payload);
        }
        let errors = leave.0.take_errors();
        if !errors.is_empty() {
            // The errors win; a request that came as well is made again, for the next await.
            claim.ask_again();
            if let Some(token) = token {
                token.ask_again();
            }
            return Err(GroupError::new(errors));
        }
        if token.is_some() || claim.is_held() {
            claim.pass_on();
            drop(token);
            std::future::pending::<()>().await;
        }
        value.ok_or_else(|| GroupError::new(Vec::new()))
    }

    /// Starts a child.
    ///
    /// # Errors
    ///
    /// [`GroupClosed`] when the group has not been entered, is being aborted, or has ended. The
    /// coroutine is dropped then.
    ///
    /// # Panics
    ///
    /// When no loop runs on this thread.
    #[track_caller]
    #[doc(alias = "spawn")]
    pub fn create_task<F>(&self, coroutine: F) -> Result<Child<F>, GroupClosed>
    where
        F: Future<Output: ChildOutput> + Send + 'static,
        <F::Output as Given>::Value: Send + 'static,
    {
        self.create_task_with(Builder::new(), coroutine)
    }

    /// As [`create_task`](Self::create_task), with options: a name, for example.
    ///
    /// # Errors
    ///
    /// As [`create_task`](Self::create_task).
    ///
    /// # Panics
    ///
    /// When no loop runs on this thread.
    #[track_caller]
    pub fn create_task_with<F>(
        &self,
        options: Builder,
        coroutine: F,
    ) -> Result<Child<F>, GroupClosed>
    where
        F: Future<Output: ChildOutput> + Send + 'static,
        <F::Output as Given>::Value: Send + 'static,
    {
        let member = self.roster.admit()?;
        let scheduler = running();
        let eager = options.wants_eager_start(scheduler);
        let (step, task) = options.prepare_as(scheduler, member, coroutine);
        self.roster.start(step, eager.then_some(scheduler));
        Ok(task)
    }

    /// As [`create_task`](Self::create_task), for a coroutine that is not `Send`.
    ///
    /// # Errors
    ///
    /// As [`create_task`](Self::create_task).
    ///
    /// # Panics
    ///
    /// When no loop runs on this thread.
    #[track_caller]
    #[doc(alias = "spawn_local")]
    pub fn create_task_local<F>(&self, coroutine: F) -> Result<Child<F>, GroupClosed>
    where
        F: Future<Output: ChildOutput> + 'static,
        <F::Output as Given>::Value: 'static,
    {
        let member = self.roster.admit()?;
        let scheduler = running_here();
        let options = Builder::new();
        let eager = options.wants_eager_start(scheduler);
        let (step, task) = options.prepare_local_as(scheduler, member, coroutine);
        self.roster.start(step, eager.then_some(scheduler));
        Ok(task)
    }

    /// Ends the group early, without an error: cancels the children and the body. A body that is ended
    /// by that gives a [`GroupError`] that [`is_stopped`](GroupError::is_stopped).
    ///
    /// May be called by the body, by a child, before the group is entered (it then ends as soon as it
    /// is), again, and after its end, when it does nothing.
    pub fn cancel(&self) {
        self.roster.abort();
    }

    /// Number of children that have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.roster.n_children()
    }

    /// True when no child is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What [`TaskGroup::create_task`] gives: the task of a coroutine, whose own error is the task's.
pub type Child<F> = Task<<<F as Future>::Output as Given>::Value>;

/// Reports the failures of children whose group's body has panicked: nobody else will see them.
fn report_failures(failures: Vec<ChildFailure>) {
    for failure in failures {
        let message = format!("in a task group whose body panicked, {failure}");
        let context = ErrorContext::new(message).with_exception(failure.error().clone());
        context.report_to(turning_scheduler());
    }
}

/// How the body of a group ended.
enum BodyEnd<V> {
    Value(V),
    Failed(ChildFailure),
    Panicked(Payload),
    /// By a request: the group's own, or one from outside.
    Stopped,
}

/// Runs the body; returns how it ended, and a request from outside that came meanwhile.
async fn run_body<F>(
    scope: CancelScope,
    body: F,
) -> (BodyEnd<<F::Output as Given>::Value>, Option<Cancelled>)
where
    F: Future<Output: ChildOutput>,
{
    let late = LatePanic::default();
    let body = Contained::new(body, &late);
    let (ended, token) = catch_late(scope.run(body)).await;
    let ended = match ended {
        Some(Ok(Ok(output))) => match output.into_value() {
            Ok(value) => BodyEnd::Value(value),
            Err(error) => BodyEnd::Failed(ChildFailure::of_body(error)),
        },
        Some(Ok(Err(payload))) => BodyEnd::Panicked(payload),
        Some(Err(Stopped)) | None => BodyEnd::Stopped,
    };
    // A failure of its own is what the group gives; the panic is reported beside it.
    let ended = match ended {
        BodyEnd::Value(_) | BodyEnd::Stopped => late.take().map_or(ended, BodyEnd::Panicked),
        BodyEnd::Failed(_) | BodyEnd::Panicked(_) => ended,
    };
    (ended, token)
}

/// A panic of the body's destructor; reported, unless somebody takes it.
#[derive(Default)]
struct LatePanic(Mutex<Option<Payload>>);

impl HearsPanic for &LatePanic {
    fn hear(&self, payload: Payload) {
        *lock(&self.0) = Some(payload);
    }
}

impl LatePanic {
    fn take(&self) -> Option<Payload> {
        lock(&self.0).take()
    }
}

impl Drop for LatePanic {
    fn drop(&mut self) {
        if let Some(payload) = self.take() {
            let context = ErrorContext::from_panic("dropping the body of a task group", payload);
            context.report_to(turning_scheduler());
        }
    }
}

impl Default for TaskGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TaskGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.roster, f)
    }
}
