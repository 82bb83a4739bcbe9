//! A group whose children are futures and no tasks, and may therefore borrow.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use evloop_cancel::claim::Claim;
use evloop_cancel::{CancelScope, Cancelled, ScopeHandle, Stopped, hold_cancel};
use evloop_combinators::{WaitSet, Waitable};
use slab::Slab;

use crate::error::{JoinError, Panic, contain};
use crate::group::error::{ChildFailure, GroupClosed, GroupError};
use crate::group::member::{Contained, HearsPanic, Payload};
use crate::group::{BodyEnd, report_failures, run_body};
use crate::outcome::{ChildOutput, Given};
use crate::scheduler::turning_scheduler;
use crate::sync::{Mutex, lock};

/// A group whose children may borrow what is declared before it.
///
/// As a [`TaskGroup`](crate::TaskGroup) in all that it promises: the first failure cancels the others
/// and the body, all end before it does, and the failures come out as one [`GroupError`]. But its
/// children are plain futures, polled in the task of whoever awaits the group: concurrently, not in
/// parallel, and not `'static`. They leave their results in what they borrow.
///
/// ```
/// use evloop_task::FutureGroup;
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// async fn program() {
///     let words = ["a", "bb", "ccc"];
///     let mut lengths = [0; 3];
///     FutureGroup::scope(async |group| {
///         for (word, length) in words.iter().zip(&mut lengths) {
///             group.add(async { *length = word.len() }).expect("it is open");
///         }
///     })
///     .await
///     .expect("nobody fails");
///     assert_eq!(lengths, [1, 2, 3]);
/// }
/// # let mut cx = Context::from_waker(Waker::noop());
/// # let mut program = pin!(program());
/// # assert!((0..10).any(|_| program.as_mut().poll(&mut cx).is_ready()));
/// ```
///
/// # Cost
///
/// Two allocations for each child; a poll of the group polls the children that were woken, and the body.
pub struct FutureGroup<'env> {
    shared: Arc<Shared<'env>>,
}

type Child<'env> = Pin<Box<dyn Future<Output = ()> + Send + 'env>>;

struct Shared<'env> {
    stop: ScopeHandle,
    state: Mutex<State<'env>>,
}

struct State<'env> {
    phase: Phase,
    body_is_over: bool,
    /// Children that were added since the group was polled.
    new: Vec<Child<'env>>,
    /// Ends the children that have not ended.
    stops: Slab<ScopeHandle>,
    errors: Vec<ChildFailure>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Aborting,
    Over,
}

impl<'env> FutureGroup<'env> {
    /// Runs `body` with a handle of a new group, then waits for all children.
    ///
    /// # Errors
    ///
    /// [`GroupError`] with every failure, of children in the order in which they failed, and of the
    /// body last; or one without failures, when [`cancel`](Self::cancel) has ended the body. A panic of a
    /// child is a failure, also one of its destructor; of children that are dropped with the group, it is
    /// reported.
    ///
    /// # Panics
    ///
    /// When the body or its destructor does, after all children have ended.
    ///
    /// # Cancel safety
    ///
    /// As [`TaskGroup::run`](crate::TaskGroup::run); dropping the future drops the children.
    pub async fn scope<B, F>(body: B) -> Result<<F::Output as Given>::Value, GroupError>
    where
        B: FnOnce(Self) -> F,
        F: Future<Output: ChildOutput>,
    {
        let scope = CancelScope::new();
        let shared = Arc::new(Shared {
            stop: scope.handle(),
            state: Mutex::new(State {
                phase: Phase::Open,
                body_is_over: false,
                new: Vec::new(),
                stops: Slab::new(),
                errors: Vec::new(),
                waker: None,
            }),
        });
        let leave = Leave(Arc::clone(&shared));
        let body = run_body(scope, body(Self { shared }));
        let (ended, token, mut claim) = run_both(&leave.0, body).await;
        let (value, body_error) = match ended {
            BodyEnd::Value(value) => (Some(value), None),
            BodyEnd::Failed(failure) => (None, Some(failure)),
            BodyEnd::Panicked(payload) => {
                report_failures(std::mem::take(&mut lock(&leave.0.state).errors));
                resume_unwind(payload)
            }
            BodyEnd::Stopped => (None, None),
        };
        let mut errors = std::mem::take(&mut lock(&leave.0.state).errors);
        errors.extend(body_error);
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

    /// Adds a child, which is polled from the next poll of the group on.
    ///
    /// # Errors
    ///
    /// [`GroupClosed`] when the group is being aborted, or has ended; the future is dropped then.
    pub fn add<F>(&self, future: F) -> Result<(), GroupClosed>
    where
        F: Future<Output: ChildOutput> + Send + 'env,
        F::Output: Send,
    {
        let scope = CancelScope::new();
        let stop = scope.handle();
        let waker = {
            let mut state = lock(&self.shared.state);
            match state.phase {
                Phase::Open => {}
                Phase::Aborting => return Err(GroupClosed::SHUTTING_DOWN),
                Phase::Over => return Err(GroupClosed::FINISHED),
            }
            let shared = &self.shared;
            let listed = Listed {
                shared: Arc::clone(shared),
                key: state.stops.insert(stop),
            };
            let future = Contained::new(future, Arc::clone(shared));
            state.new.push(Box::pin(child(listed, scope, future)));
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Ends the group early, without an error: cancels the children and the body.
    pub fn cancel(&self) {
        self.shared.abort();
    }

    /// Number of children that have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.shared.state).stops.len()
    }

    /// True when no child is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Runs one child, and tells the group of its failure, if it has one.
async fn child<'env, F>(
    listed: Listed<'env>,
    scope: CancelScope,
    future: Contained<F, Arc<Shared<'env>>>,
) where
    F: Future<Output: ChildOutput>,
{
    let shared = Arc::clone(&listed.shared);
    // Dropped at the end: a panic of its destructor is told after its own failure.
    let mut run = pin!(scope.run(future));
    let ended = run.as_mut().await;
    // Out of the list first: a child that fails does not cancel itself.
    drop(listed);
    match ended {
        Ok(Ok(output)) => match contain(|| output.into_value().map(drop)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => shared.fail(JoinError::Failed(error)),
            Err(payload) => shared.hear(payload),
        },
        Ok(Err(payload)) => shared.hear(payload),
        Err(Stopped) => {}
    }
}

impl HearsPanic for Arc<Shared<'_>> {
    /// It is that child's failure; reported, if the group ends before it gives its failures.
    fn hear(&self, payload: Payload) {
        let who = "a child of a future group".to_owned();
        let panic = Panic::new(payload, who, turning_scheduler());
        self.fail(JoinError::Panicked(panic));
    }
}

/// A child's place in the list of those that can be ended.
struct Listed<'env> {
    shared: Arc<Shared<'env>>,
    key: usize,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        let stop = lock(&self.shared.state).stops.try_remove(self.key);
        drop(stop);
    }
}

/// Runs the body, and the children until the body and all of them have ended.
async fn run_both<V>(
    shared: &Shared<'_>,
    body: impl Future<Output = (BodyEnd<V>, Option<Cancelled>)>,
) -> (BodyEnd<V>, Option<Cancelled>, Claim) {
    let mut body = pin!(body);
    let mut ended = None;
    let mut claim = Claim::new();
    // Requests from outside do not reach the children by themselves: the group asks them to end.
    let mut children = pin!(hold_cancel(shared.run_children()));
    poll_fn(|cx| {
        if ended.is_none() {
            if let Poll::Ready(end) = body.as_mut().poll(cx) {
                if !matches!(end, (BodyEnd::Value(_), None)) {
                    shared.abort();
                }
                ended = Some(end);
                lock(&shared.state).body_is_over = true;
            }
        } else if claim.take_due(cx) {
            shared.abort();
        }
        let polled = children.as_mut().poll(cx);
        if polled.is_pending() && ended.is_some() {
            claim.suspend(cx);
        }
        polled
    })
    .await;
    let (end, token) = ended.expect("the children end after the body");
    (end, token, claim)
}

impl<'env> Shared<'env> {
    /// Records that a child has failed, and ends the others.
    fn fail(&self, error: JoinError) {
        lock(&self.state)
            .errors
            .push(ChildFailure::of_future(error));
        self.abort();
    }

    /// Asks the body and all children to end; once.
    fn abort(&self) {
        let stops: Vec<ScopeHandle> = {
            let mut state = lock(&self.state);
            if state.phase != Phase::Open {
                return;
            }
            state.phase = Phase::Aborting;
            state.stops.iter().map(|(_, stop)| stop.clone()).collect()
        };
        for stop in stops {
            stop.cancel();
        }
        self.stop.cancel();
    }

    async fn run_children(&self) {
        let mut set = WaitSet::<Waitable<Child<'env>>>::new();
        poll_fn(|cx| {
            loop {
                set.extend(self.take_new(cx).into_iter().map(Waitable::new));
                match pin!(set.next()).poll(cx) {
                    Poll::Ready(Some(_ended)) => {}
                    Poll::Ready(None) if self.try_end() => return Poll::Ready(()),
                    Poll::Ready(None) if self.has_new() => {}
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }

    fn has_new(&self) -> bool {
        !lock(&self.state).new.is_empty()
    }

    /// Takes the new children, and leaves the waker for the next one.
    fn take_new(&self, cx: &Context<'_>) -> Vec<Child<'env>> {
        let waker = cx.waker().clone();
        let mut state = lock(&self.state);
        let old = state.waker.replace(waker);
        let new = std::mem::take(&mut state.new);
        drop(state);
        drop(old);
        new
    }

    /// Ends the group if the body and all children have ended.
    fn try_end(&self) -> bool {
        let mut state = lock(&self.state);
        let is_over = state.body_is_over && state.new.is_empty();
        if is_over {
            state.phase = Phase::Over;
        }
        is_over
    }
}

/// The group's end, however it comes: nobody is added any more.
struct Leave<'env>(Arc<Shared<'env>>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let left = {
            let mut state = lock(&self.0.state);
            state.phase = Phase::Over;
            (std::mem::take(&mut state.new), state.waker.take())
        };
        drop(left);
        // Of children that were dropped with the group: panics among them are reported.
        drop(std::mem::take(&mut lock(&self.0.state).errors));
    }
}

impl Clone for FutureGroup<'_> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl fmt::Debug for FutureGroup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.shared.state);
        let phase = match state.phase {
            Phase::Open => "entered",
            Phase::Aborting => "shutting down",
            Phase::Over => "finished",
        };
        write!(
            f,
            "<FutureGroup {phase} futures={} errors={}>",
            state.stops.len(),
            state.errors.len()
        )
    }
}
