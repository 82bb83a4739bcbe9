//! For crates that make tasks: the outermost scope.
//!
//! A task runs each of its steps in [`step`], which makes it the host of what is polled inside.
//! While nothing is delivered that is a stack frame and no more. A cancel request, and every step
//! while one is undecided, goes through [`step_slowly`], with what the task has [`Kept`] in between.

use std::any::Any;
use std::fmt;
use std::task::{Context, Poll, Waker};

use crate::frame::{self, Frame};
use crate::node::{Node, Slow};
use crate::request::Request;
use crate::scope::{self, Inner, Outcome};

/// What a task keeps between its steps: deliveries that are not decided, and remote scopes.
#[derive(Default)]
pub struct Kept(Option<Box<Slow>>);

impl Kept {
    /// Nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(None)
    }

    /// True when the next step has to be one of [`step_slowly`].
    #[must_use]
    pub fn is_something(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&self.is_something()).finish()
    }
}

impl Drop for Kept {
    /// The task is over: its requests are settled.
    fn drop(&mut self) {
        if self.0.is_some() {
            let node = Node::new();
            node.put_slow(self.0.take());
            node.close();
        }
    }
}

/// What a step leaves behind.
#[derive(Debug)]
pub struct Marks {
    /// Scopes are open inside: a request goes to them first.
    pub is_open: bool,
    /// For the next step.
    pub kept: Kept,
}

/// The body of a task, for [`step_slowly`].
pub trait Body {
    /// Polls it; keeps the output, or the panic.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops it, unfinished.
    fn clear(&mut self);
}

struct Part<'a>(&'a mut dyn Body);

impl Inner for Part<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// How a slow step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// The body is pending.
    Pending,
    /// The body has returned, and its output stands.
    Ready,
    /// The body has returned with a request undecided or passed on: the task is cancelled.
    Overruled,
    /// The body was dropped: the task is cancelled.
    Cancelled,
}

/// Runs `f` as a step of the task `host`, or as the end of one if there is no waker. Returns whether
/// scopes are open inside; `keep` gets what the task has to keep for its next step, if there is
/// anything.
#[inline]
pub fn step<R>(
    host: &dyn Any,
    waker: Option<&Waker>,
    f: impl FnOnce() -> R,
    keep: impl FnOnce(Kept),
) -> (R, bool) {
    let node = Node::new();
    let result = frame::push(Frame::host(host, waker, &node), f);
    if node.has_slow() {
        keep_slow(&node, keep);
    }
    (result, node.is_open())
}

#[cold]
fn keep_slow(node: &Node, keep: impl FnOnce(Kept)) {
    keep(Kept(node.take_slow()));
}

/// Runs a step that delivers `request`, or that follows one which is undecided.
///
/// `before` is what the last step left; a body that was not polled yet is for the caller to drop.
#[cold]
pub fn step_slowly(
    host: &dyn Any,
    mut before: Marks,
    request: Option<Request>,
    cx: &mut Context<'_>,
    body: &mut dyn Body,
) -> (StepEnd, Marks) {
    let node = Node::new();
    node.set_started(true);
    node.set_open(before.is_open);
    node.put_slow(before.kept.0.take());
    let outcome = scope::poll_host(&node, host, &mut { request }, cx, &mut Part(body));
    let end = match outcome {
        Outcome::Pending => StepEnd::Pending,
        Outcome::Ready(answer) if answer.undecided || answer.passed || answer.untaken => {
            StepEnd::Overruled
        }
        Outcome::Ready(_) => StepEnd::Ready,
        Outcome::Fired(_) => StepEnd::Cancelled,
    };
    let marks = Marks {
        is_open: node.is_open(),
        kept: Kept(node.take_slow()),
    };
    (end, marks)
}

/// Runs `f` as if no task and no scope were being polled: for callbacks and nested executors.
#[inline]
pub fn outside<R>(f: impl FnOnce() -> R) -> R {
    frame::outside(f)
}

/// What is being polled on this thread. It does not leave the call that gives it:
///
/// ```compile_fail
/// let escaped = evloop_cancel::host::here(|here| here);
/// ```
#[derive(Clone, Copy)]
pub struct Here<'a>(&'a Frame<'a>);

impl<'a> Here<'a> {
    /// The task.
    #[inline]
    #[must_use]
    pub fn host(self) -> Option<&'a dyn Any> {
        self.0.host
    }

    /// The waker of the task, with which its own part is polled; none while it is dropped.
    #[must_use]
    pub fn host_waker(self) -> Option<&'a Waker> {
        let mut frame = self.0;
        while !frame.is_host() {
            frame = frame.around()?;
        }
        frame.waker
    }

    /// True when `waker` is the one of this poll.
    #[inline]
    #[must_use]
    pub fn is_local(self, waker: &Waker) -> bool {
        self.0.is_local(waker)
    }

    /// True when waking the waker of this poll runs no foreign code.
    #[inline]
    #[must_use]
    pub fn is_trusted(self) -> bool {
        self.0.is_trusted
    }

    /// True when something is being delivered.
    #[inline]
    #[must_use]
    pub fn is_passing(self) -> bool {
        self.0.node.is_passing()
    }

    /// Says that a scope, or a leaf with a claim, is open here.
    #[inline]
    pub fn note_open(self) {
        self.0.node.set_open(true);
    }
}

impl fmt::Debug for Here<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Here")
            .field("passing", &self.is_passing())
            .finish_non_exhaustive()
    }
}

/// Gives what is being polled on this thread to `f`.
#[inline]
pub fn here<R>(f: impl FnOnce(Option<Here<'_>>) -> R) -> R {
    frame::with(|frame| f(frame.map(Here)))
}
