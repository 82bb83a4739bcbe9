//! A target without a timer: a piece of code that can be asked to end.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use sync_wrapper::SyncWrapper;

use crate::catch::Part;
use crate::delivery::Mark;
use crate::node::Node;
use crate::request::Request;
use crate::scope::{self, Fired, Outcome, Role};
use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// A piece of code that can be asked to end from anywhere, without ending its task.
///
/// [`run`](Self::run) runs the code; a [`ScopeHandle`] asks it to end. The request goes to the
/// innermost scopes inside first, which may clean up or refuse. Works on any executor.
///
/// # Examples
///
/// ```
/// use evloop_cancel::{CancelScope, Stopped};
/// # use std::{future::{Future, pending}, pin::pin, task::{Context, Poll, Waker}};
///
/// let scope = CancelScope::new();
/// let handle = scope.handle();
/// let mut main = pin!(scope.run(pending::<()>()));
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(main.as_mut().poll(&mut cx).is_pending());
/// assert!(handle.cancel());
/// assert_eq!(main.as_mut().poll(&mut cx), Poll::Ready(Err(Stopped)));
/// assert!(!handle.cancel(), "it has ended");
/// ```
#[derive(Debug, Default)]
#[must_use = "a scope does nothing until something is run in it"]
pub struct CancelScope {
    shared: Arc<Shared>,
    sticky: bool,
}

/// Asks a [`CancelScope`] to end; from any thread, as often as you like.
#[derive(Clone)]
pub struct ScopeHandle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// A request waits for the next poll.
    due: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    request: Option<Request>,
    /// Asked at least once.
    cancelled: bool,
    over: bool,
    waker: Option<Waker>,
}

impl CancelScope {
    /// A scope that nobody has asked to end.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes requests last: one that is swallowed is delivered again at the next suspension, until
    /// the code ends. What is awaited between catching and deciding is not interrupted.
    pub fn sticky(mut self) -> Self {
        self.sticky = true;
        self
    }

    /// A handle that asks the scope to end, also before it runs.
    #[must_use]
    pub fn handle(&self) -> ScopeHandle {
        ScopeHandle(Arc::clone(&self.shared))
    }

    /// Runs `future` in the scope. Asked to end before the first poll, it is dropped unpolled.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when the request ended it; code inside that refuses gives its value.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`; requests to its handle then come too late. A request from outside
    /// passes through to what is inside.
    pub fn run<F: IntoFuture>(self, future: F) -> RunScope<F::IntoFuture> {
        RunScope {
            over: Over(self.shared),
            sticky: self.sticky,
            asked: None,
            passed: None,
            node: SyncWrapper::new(Node::new()),
            future: Some(future.into_future()),
        }
    }
}

impl ScopeHandle {
    /// Asks the scope to end. False when it has ended already.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.request(Request::new())
    }

    /// As [`ScopeHandle::cancel`], with a message for who catches it.
    #[track_caller]
    pub fn cancel_with(&self, message: impl Into<Arc<str>>) -> bool {
        self.request(Request::new().message(Some(message.into())))
    }

    /// As [`ScopeHandle::cancel`], with a request that says more.
    #[track_caller]
    pub fn request(&self, request: Request) -> bool {
        let request = request.origin(Some(Location::caller()));
        let (old, waker) = {
            let mut state = lock(&self.0.state);
            if state.over {
                return false;
            }
            state.cancelled = true;
            let old = state.request.replace(request);
            // Release: the poll that sees it sees the request.
            self.0.due.store(true, Ordering::Release);
            (old, state.waker.take())
        };
        drop(old);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// True once it was asked to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        lock(&self.0.state).cancelled
    }
}

/// The scope was asked to end, and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped: the cancel scope was asked to end")
    }
}

impl Error for Stopped {}

/// Marks the scope as over when it is dropped.
struct Over(Arc<Shared>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.end();
    }
}

pin_project! {
    /// The future of [`CancelScope::run`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct RunScope<F> {
        over: Over,
        sticky: bool,
        // What is asked again and again.
        asked: Option<Request>,
        // A request from outside that this has passed on.
        passed: Option<Mark>,
        node: SyncWrapper<Node>,
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Future for RunScope<F> {
    type Output = Result<F::Output, Stopped>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.future.is_none() {
            // A request from outside has dropped it, and ends whatever awaits this. If its target has
            // ended, and this is polled nevertheless, it was moved elsewhere, and is over.
            return if this.passed.as_ref().is_some_and(scope::is_underway) {
                Poll::Pending
            } else {
                Poll::Ready(Err(Stopped))
            };
        }
        let node = &*this.node.get_mut();
        let mut own = this.over.0.take_request();
        if *this.sticky && own.is_some() {
            this.asked.clone_from(&own);
        }
        if own.is_some() && !node.is_started() {
            this.over.0.end();
            this.future.set(None);
            return Poll::Ready(Err(Stopped));
        }
        let mut part = Part {
            future: this.future,
            output: None,
        };
        let outcome = scope::poll_slow(node, Role::Target, &mut own, cx, &mut part);
        if let Some(request) = own {
            this.over.0.put_back(request);
        }
        let output = part.output;
        let end = match outcome {
            Outcome::Pending => {
                if let Some(request) = this.asked
                    && !node.has_own()
                {
                    this.over.0.put_back(request.clone());
                }
                this.over.0.wait(cx.waker());
                return Poll::Pending;
            }
            Outcome::Ready(answer) if answer.undecided => Err(Stopped),
            Outcome::Ready(_) => Ok(output.expect("it has just returned")),
            Outcome::Fired(Fired { foreign }) => {
                this.over.0.end();
                *this.passed = scope::pass_all_on_marked(foreign);
                if this.passed.is_some() {
                    return Poll::Pending;
                }
                // Its own, or of a target that is not around here, as after a move.
                Err(Stopped)
            }
        };
        this.over.0.end();
        Poll::Ready(end)
    }
}

impl Shared {
    /// From now on requests come too late.
    fn end(&self) {
        let (request, waker) = {
            let mut state = lock(&self.state);
            state.over = true;
            (state.request.take(), state.waker.take())
        };
        drop((request, waker));
    }

    fn take_request(&self) -> Option<Request> {
        // Acquire pairs with the Release in `request`.
        if !self.due.load(Ordering::Acquire) {
            return None;
        }
        let mut state = lock(&self.state);
        self.due.store(false, Ordering::Relaxed);
        state.request.take()
    }

    /// The request could not be delivered in this poll.
    fn put_back(&self, request: Request) {
        let mut state = lock(&self.state);
        state.request.get_or_insert(request);
        self.due.store(true, Ordering::Relaxed);
    }

    /// Wakes `waker` at the next request; at once if one came meanwhile.
    fn wait(&self, waker: &Waker) {
        let waker = waker.clone();
        let mut state = lock(&self.state);
        if state.request.is_some() {
            drop(state);
            waker.wake();
            return;
        }
        let old = state.waker.replace(waker);
        drop(state);
        drop(old);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        f.debug_struct("Shared")
            .field("cancelled", &state.cancelled)
            .field("over", &state.over)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ScopeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.0.state);
        f.debug_struct("ScopeHandle")
            .field("cancelled", &state.cancelled)
            .field("over", &state.over)
            .finish()
    }
}

impl<F> fmt::Debug for RunScope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunScope")
            .field("scope", &self.over.0)
            .finish_non_exhaustive()
    }
}
