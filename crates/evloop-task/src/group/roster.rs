//! What a group, its handles and its children share.
//!
//! One word holds the phase and the number of children, so that they change together: a child that
//! is admitted is counted before the group looks whether it may end, and a group that has ended
//! admits nobody.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use evloop_cancel::claim::Claim;
use evloop_cancel::{CancelScope, Cause, Request, ScopeHandle};
use slab::Slab;

use crate::group::error::{ChildFailure, GroupClosed};
use crate::group::member::Member;
use crate::runnable::Runnable;
use crate::scheduler::Scheduler;
use crate::sync::{AtomicU32, Mutex, Ordering, lock};
use crate::task_ref::TaskRef;

/// It was entered.
const ENTERED: u32 = 1;
/// Something failed, or it was asked to end: children do not start any more.
const ABORTING: u32 = 1 << 1;
/// It has ended.
const OVER: u32 = 1 << 2;
const CHILD: u32 = 1 << 3;

pub(crate) struct Roster {
    word: AtomicU32,
    /// Ends the body.
    stop: ScopeHandle,
    limit: usize,
    state: Mutex<State>,
}

struct State {
    /// The target of `stop`, until the group is entered.
    scope: Option<CancelScope>,
    /// Children that have been suspended.
    suspended: Slab<TaskRef>,
    /// First steps of children above the limit.
    waiting: VecDeque<Runnable>,
    n_running: usize,
    errors: Vec<ChildFailure>,
    body_error: Option<ChildFailure>,
    waker: Option<Waker>,
    /// Of the requests by which it is aborted: a child that the body awaits is asked once.
    cause: Option<Cause>,
}

impl State {
    fn cause(&mut self) -> Cause {
        *self.cause.get_or_insert_with(Cause::unique)
    }
}

impl Roster {
    pub(super) fn new(scope: CancelScope, limit: usize) -> Arc<Self> {
        Arc::new(Self {
            word: AtomicU32::new(0),
            stop: scope.handle(),
            limit,
            state: Mutex::new(State {
                scope: Some(scope),
                suspended: Slab::new(),
                waiting: VecDeque::new(),
                n_running: 0,
                errors: Vec::new(),
                body_error: None,
                waker: None,
                cause: None,
            }),
        })
    }

    /// Enters the group; `None` if that was done before.
    pub(super) fn enter(&self) -> Option<CancelScope> {
        let scope = lock(&self.state).scope.take();
        self.word.fetch_or(ENTERED, Ordering::AcqRel);
        scope
    }

    /// Counts a child that is about to be made.
    #[inline]
    pub(super) fn admit(self: &Arc<Self>) -> Result<Member, GroupClosed> {
        let word = self.word.fetch_add(CHILD, Ordering::AcqRel);
        let is_open = word & (ENTERED | ABORTING | OVER) == ENTERED;
        if is_open {
            return Ok(Member::new(Arc::clone(self)));
        }
        self.child_ended(false);
        Err(if word & OVER != 0 {
            GroupClosed::FINISHED
        } else if word & ABORTING != 0 {
            GroupClosed::SHUTTING_DOWN
        } else {
            GroupClosed::NOT_ENTERED
        })
    }

    /// Queues the first step of a child, or keeps it until its turn; runs it at once on an `eager`
    /// scheduler.
    #[inline]
    pub(super) fn start(&self, step: Runnable, eager: Option<&'static dyn Scheduler>) {
        let step = if self.limit == usize::MAX {
            Some(step)
        } else {
            self.in_turn(step)
        };
        match (step, eager) {
            (Some(step), None) => step.schedule(),
            (Some(step), Some(scheduler)) => scheduler.start_eagerly(step),
            (None, _) => {}
        }
    }

    /// The step, if a child may run now.
    fn in_turn(&self, step: Runnable) -> Option<Runnable> {
        let mut state = lock(&self.state);
        // An aborted group lets them all go: they end unpolled.
        if state.n_running < self.limit || self.is_aborting() {
            state.n_running += 1;
            Some(step)
        } else {
            state.waiting.push_back(step);
            None
        }
    }

    #[inline]
    pub(super) fn is_aborting(&self) -> bool {
        self.word.load(Ordering::Acquire) & ABORTING != 0
    }

    pub(super) fn n_children(&self) -> usize {
        (self.word.load(Ordering::Relaxed) / CHILD) as usize
    }

    /// Enters a child that was suspended in the list; asks it to end if that is due already.
    pub(super) fn suspended(&self, task: TaskRef) -> Option<usize> {
        let mut state = lock(&self.state);
        // Looked at under the lock: `abort` sets it before it takes the list.
        if !self.is_aborting() {
            return Some(state.suspended.insert(task));
        }
        let cause = state.cause();
        drop(state);
        task.cancel_because(cause);
        None
    }

    /// Takes a child off the list.
    pub(super) fn forget(&self, key: usize) {
        let task = lock(&self.state).suspended.try_remove(key);
        drop(task);
    }

    /// Records that a child has failed, and ends the others.
    pub(super) fn fail(&self, failure: ChildFailure) {
        let mut state = lock(&self.state);
        // Looked at under the lock: `Leave` sets it before it takes them.
        if self.word.load(Ordering::Acquire) & OVER == 0 {
            state.errors.push(failure);
        }
        drop(state);
        self.abort();
    }

    pub(super) fn fail_body(&self, failure: ChildFailure) {
        lock(&self.state).body_error = Some(failure);
    }

    /// Asks the body and all children to end; once.
    pub(super) fn abort(&self) {
        let before = self.word.fetch_or(ABORTING, Ordering::AcqRel);
        if before & (ABORTING | OVER) != 0 {
            return;
        }
        let (suspended, waiting, cause) = {
            let mut state = lock(&self.state);
            let suspended: Vec<TaskRef> = state.suspended.drain().collect();
            let waiting = std::mem::take(&mut state.waiting);
            state.n_running += waiting.len();
            (suspended, waiting, state.cause())
        };
        for task in suspended {
            task.cancel_because(cause);
        }
        waiting.into_iter().for_each(Runnable::schedule);
        self.stop.request(Request::new().cause(Some(cause)));
    }

    /// A child has ended, or was not made; `in_turn` says that it counted against the limit.
    #[inline]
    pub(super) fn child_ended(&self, in_turn: bool) {
        if in_turn && self.limit != usize::MAX {
            self.next_in_turn();
        }
        let before = self.word.fetch_sub(CHILD, Ordering::AcqRel);
        if before / CHILD == 1 {
            let waker = lock(&self.state).waker.take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    fn next_in_turn(&self) {
        let next = {
            let mut state = lock(&self.state);
            state.n_running -= 1;
            let next = state.waiting.pop_front();
            state.n_running += usize::from(next.is_some());
            next
        };
        if let Some(step) = next {
            step.schedule();
        }
    }

    /// Waits until no child is left, and ends the group. Requests that come meanwhile abort it, and are
    /// held in the claim that is returned.
    pub(super) async fn wait_for_children(&self) -> Claim {
        let mut claim = Claim::new();
        poll_fn(|cx| {
            if claim.take_due(cx) {
                self.abort();
            }
            if self.try_end() || self.wait(cx) {
                return Poll::Ready(());
            }
            claim.suspend(cx);
            Poll::Pending
        })
        .await;
        claim
    }

    /// Ends the group if no child is left.
    pub(super) fn try_end(&self) -> bool {
        let end = |word: u32| (word / CHILD == 0).then_some(word | OVER);
        self.word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, end)
            .is_ok()
    }

    /// Leaves the waker for the last child; true if that has ended meanwhile.
    pub(super) fn wait(&self, cx: &Context<'_>) -> bool {
        let waker = cx.waker().clone();
        let old = lock(&self.state).waker.replace(waker);
        drop(old);
        self.try_end()
    }

    pub(super) fn take_errors(&self) -> Vec<ChildFailure> {
        let mut state = lock(&self.state);
        let mut errors = std::mem::take(&mut state.errors);
        errors.extend(state.body_error.take());
        errors
    }
}

/// The group's end, however it comes: what is left is cancelled, and nobody is admitted any more.
pub(super) struct Leave(pub(super) Arc<Roster>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.abort();
        self.0.word.fetch_or(OVER, Ordering::AcqRel);
        let waker = lock(&self.0.state).waker.take();
        drop(waker);
        // There is nobody to give them to: panics among them are reported.
        drop(self.0.take_errors());
    }
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word.load(Ordering::Relaxed);
        let phase = match word {
            _ if word & OVER != 0 => "finished",
            _ if word & ABORTING != 0 => "shutting down",
            _ if word & ENTERED != 0 => "entered",
            _ => "not entered",
        };
        let n_errors = {
            let state = lock(&self.state);
            state.errors.len() + usize::from(state.body_error.is_some())
        };
        write!(
            f,
            "<TaskGroup {phase} tasks={} errors={n_errors}>",
            word / CHILD
        )
    }
}
