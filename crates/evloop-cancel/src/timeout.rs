//! A target with a timer.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use sync_wrapper::SyncWrapper;

use crate::catch::Part;
use crate::delivery::Mark;
use crate::node::Node;
use crate::request::Request;
use crate::scope::{self, Fired, Outcome, Role};

/// Runs `future` until `timer` ends, then asks it to end: asyncio's `async with timeout(..)`.
///
/// The timer is any future, so this needs no clock. It is polled for the first time after `future`
/// was pending: one that is ready at once costs no timer, and succeeds whatever the limit. When the
/// timer ends, the innermost scopes inside are asked to end, and may clean up; code that refuses
/// gives its value. Of nested ones the outermost that is due reports.
///
/// # Errors
///
/// [`Expired`] when the limit ended it.
///
/// # Examples
///
/// ```
/// use evloop_cancel::{Expired, timeout_scope};
/// # use std::{future::{Future, pending, ready}, pin::pin, task::{Context, Poll, Waker}};
///
/// # let mut cx = Context::from_waker(Waker::noop());
/// let in_time = pin!(timeout_scope(pending::<()>(), ready(7)));
/// assert_eq!(in_time.poll(&mut cx), Poll::Ready(Ok(7)));
///
/// let mut late = pin!(timeout_scope(ready(()), pending::<()>()));
/// assert_eq!(late.as_mut().poll(&mut cx), Poll::Pending);
/// assert_eq!(late.poll(&mut cx), Poll::Ready(Err(Expired)));
/// ```
///
/// # Cancel safety
///
/// Dropping it drops `future` and the timer. A request from outside passes through to what is inside,
/// and wins over the limit.
///
/// # Cost
///
/// Around a future that is ready at once: a stack frame.
pub fn timeout_scope<T, F>(timer: T, future: F) -> TimeoutScope<T, F::IntoFuture>
where
    T: Future,
    F: IntoFuture,
{
    TimeoutScope {
        state: TimeoutState::Unentered,
        due: false,
        passed: None,
        node: SyncWrapper::new(Node::new()),
        timer,
        future: Some(future.into_future()),
    }
}

/// How a [`TimeoutScope`] stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutState {
    /// It was not polled yet.
    Unentered,
    /// It waits for its future and its timer.
    Active,
    /// The timer has ended, and the future is being asked to.
    Expiring,
    /// It ended because of its timer.
    Expired,
    /// It ended otherwise.
    Finished,
}

impl fmt::Display for TimeoutState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unentered => "not entered",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Finished => "finished",
        })
    }
}

/// The time limit has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired;

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time limit has passed")
    }
}

impl Error for Expired {}

pin_project! {
    /// The future of [`timeout_scope`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct TimeoutScope<T, F> {
        state: TimeoutState,
        // The timer has ended, and that is to be delivered.
        due: bool,
        // A request from outside that this has passed on.
        passed: Option<Mark>,
        node: SyncWrapper<Node>,
        #[pin]
        timer: T,
        #[pin]
        future: Option<F>,
    }
}

impl<T, F> TimeoutScope<T, F> {
    /// How it stands.
    #[must_use]
    pub fn state(&self) -> TimeoutState {
        self.state
    }

    /// The timer.
    pub fn timer(&self) -> &T {
        &self.timer
    }
}

impl<T: Future, F: Future> Future for TimeoutScope<T, F> {
    type Output = Result<F::Output, Expired>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.state == TimeoutState::Active {
            self.as_mut().poll_timer(cx);
        }
        if self.due || self.passed.is_some() {
            return self.poll_slowly(cx, None);
        }
        let mut this = self.as_mut().project();
        let node = &*this.node.get_mut();
        let quick = scope::poll_quick(node, Role::Target, cx, |cx| {
            let future = this.future.as_mut().as_pin_mut();
            future.expect("polled after it was ready").poll(cx)
        });
        match quick {
            Some(Poll::Ready(output)) if !node.has_slow() => {
                *this.state = TimeoutState::Finished;
                Poll::Ready(Ok(output))
            }
            Some(Poll::Pending) if !node.has_slow() => {
                if node.is_open() {
                    scope::note_open();
                }
                self.enter(cx);
                Poll::Pending
            }
            quick => self.poll_slowly(cx, quick),
        }
    }
}

impl<T: Future, F: Future> TimeoutScope<T, F> {
    /// Looks at the timer.
    #[inline]
    fn poll_timer(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let this = self.project();
        if this.timer.poll(cx).is_ready() {
            *this.state = TimeoutState::Expiring;
            *this.due = true;
        }
    }

    /// After the first poll: starts the timer. If it has ended by now, that is for the next poll.
    #[inline]
    fn enter(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if self.state != TimeoutState::Unentered {
            return;
        }
        *self.as_mut().project().state = TimeoutState::Active;
        self.as_mut().poll_timer(cx);
        if self.due {
            cx.waker().wake_by_ref();
        }
    }

    #[cold]
    fn poll_slowly(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        quick: Option<Poll<F::Output>>,
    ) -> Poll<Result<F::Output, Expired>> {
        let this = self.as_mut().project();
        if this.future.is_none() {
            return gone(this.state, this.passed.as_ref());
        }
        let mut part = Part {
            future: this.future,
            output: None,
        };
        let node = &*this.node.get_mut();
        let outcome = match quick {
            None => {
                let mut own = this.due.then(Request::new);
                let outcome = scope::poll_slow(node, Role::Target, &mut own, cx, &mut part);
                *this.due = own.is_some();
                outcome
            }
            Some(polled) => {
                let is_ready = polled.is_ready();
                if let Poll::Ready(output) = polled {
                    part.output = Some(output);
                }
                scope::finish_slow(node, Role::Target, is_ready, cx, &mut part)
            }
        };
        let output = part.output;
        match outcome {
            Outcome::Pending => {
                self.enter(cx);
                Poll::Pending
            }
            Outcome::Ready(answer) if answer.undecided => {
                *this.state = TimeoutState::Expired;
                Poll::Ready(Err(Expired))
            }
            Outcome::Ready(_) => {
                *this.state = TimeoutState::Finished;
                Poll::Ready(Ok(output.expect("it has just returned")))
            }
            Outcome::Fired(Fired { foreign }) => {
                *this.passed = scope::pass_all_on_marked(foreign);
                if this.passed.is_some() {
                    *this.state = TimeoutState::Expiring;
                    return Poll::Pending;
                }
                // Its own, or of a target that is not around here, as after a move.
                *this.state = TimeoutState::Expired;
                Poll::Ready(Err(Expired))
            }
        }
    }
}

/// The inner future is gone: a request from outside has dropped it, and ends whatever awaits this. If
/// its target has ended, and this is polled nevertheless, it was moved elsewhere, and is over.
#[cold]
fn gone<T>(state: &mut TimeoutState, passed: Option<&Mark>) -> Poll<Result<T, Expired>> {
    assert!(
        *state == TimeoutState::Expiring,
        "polled after it was ready"
    );
    if passed.is_some_and(scope::is_underway) {
        return Poll::Pending;
    }
    *state = TimeoutState::Expired;
    Poll::Ready(Err(Expired))
}

impl<T, F> fmt::Debug for TimeoutScope<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutScope")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
