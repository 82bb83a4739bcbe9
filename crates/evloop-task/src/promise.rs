//! A result that is set once from outside: asyncio's `Future`.

mod cell;
mod waiters;

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use evloop_cancel::claim::Claim;

use crate::callbacks::{Callback, CallbackId, Label, write_labels};
use crate::cancel_reason::CancelReason;
use crate::current;
use crate::error::{InvalidState, JoinError, NoRunningLoop, TaskResult};
use crate::promise::cell::{Place, PromiseCell};
use crate::promise::waiters::Key;
use crate::scheduler::{Scheduler, current_scheduler};

/// A result that is set once, from anywhere, and awaited by any number of tasks.
///
/// asyncio calls it `Future`; in Rust that name is the trait's. Clones mean the same promise.
/// Awaiting a clone (or `&promise`) gives the value to each awaiter, so `T: Clone`;
/// [`Promise::wait`] gives a reference instead. Setting it wakes the awaiters and queues the
/// callbacks in the order in which both were registered, and runs none of them.
///
/// Its `Debug` form reads like asyncio's repr: `<Promise pending cb=[callback at src/main.rs:12]>`.
///
/// ```
/// use evloop_task::Promise;
///
/// let promise = Promise::new();
/// assert_eq!(format!("{promise:?}"), "<Promise pending>");
/// assert!(promise.result().is_err(), "it is too early to read it");
///
/// promise.set_result(111).unwrap();
/// assert!(promise.set_result(112).is_err(), "it is set once");
/// assert_eq!(promise.result().unwrap().as_ref().ok(), Some(&111));
/// assert_eq!(format!("{promise:?}"), "<Promise finished result=111>");
/// ```
///
/// # Cancel safety
///
/// Dropping an await removes its registration and loses nothing. A cancel request to a task that
/// awaits a promise cancels the promise, as in asyncio; [`shield`](crate::shield) keeps it. One that was
/// done before keeps its result; the awaiter ends all the same.
pub struct Promise<T> {
    cell: Arc<PromiseCell<T>>,
    /// This handle's registration, if it is being awaited.
    waiter: Option<Key>,
    /// Cancel requests that an await has forwarded to the promise.
    claim: Claim,
}

impl<T> Promise<T> {
    /// A pending promise. Its callbacks run on the loop that is current where they are added.
    #[must_use]
    pub fn new() -> Self {
        Self::with_place(current_scheduler().map(Place::new))
    }

    /// A pending promise whose callbacks run on `scheduler`.
    #[must_use]
    pub fn new_in(scheduler: &'static dyn Scheduler) -> Self {
        Self::with_place(Some(Place::new(scheduler)))
    }

    /// As [`Promise::new_in`], for one use of a scheduler that is used again:
    /// [`Scheduler::epoch`]. When that has ended, callbacks are dropped.
    #[must_use]
    pub fn new_in_use(scheduler: &'static dyn Scheduler, epoch: u64) -> Self {
        Self::with_place(Some(Place::in_use(scheduler, epoch)))
    }

    fn with_place(place: Option<Place>) -> Self {
        Self {
            cell: Arc::new(PromiseCell::new(place)),
            waiter: None,
            claim: Claim::new(),
        }
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// [`InvalidState`] when it has a value, an error or a cancellation already; `value` is dropped.
    pub fn set_result(&self, value: T) -> Result<(), InvalidState> {
        self.set(Ok(value))
    }

    /// Sets an error. If nobody ever looks at it, it is reported to the exception handler when the
    /// last clone is dropped.
    ///
    /// # Errors
    ///
    /// [`InvalidState`], as [`Promise::set_result`].
    pub fn set_exception<E>(&self, error: E) -> Result<(), InvalidState>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.set(Err(JoinError::Failed(Arc::from(error.into()))))
    }

    /// Sets a whole result, for example the one of a task.
    ///
    /// # Errors
    ///
    /// [`InvalidState`], as [`Promise::set_result`].
    pub fn set(&self, result: TaskResult<T>) -> Result<(), InvalidState> {
        PromiseCell::set(&self.cell, result)
    }

    /// Cancels it, at once. Returns false when it is done already; a stored error then counts as
    /// seen.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.cell.mark_observed();
        self.set(Err(JoinError::cancelled(CancelReason::here(None))))
            .is_ok()
    }

    /// As [`Promise::cancel`], with a message for the awaiters.
    #[track_caller]
    pub fn cancel_with(&self, message: impl Into<Arc<str>>) -> bool {
        self.cell.mark_observed();
        self.set(Err(JoinError::cancelled(CancelReason::here(Some(
            message.into(),
        )))))
        .is_ok()
    }

    /// True once it has a value, an error or a cancellation.
    #[must_use]
    pub fn done(&self) -> bool {
        self.cell.result().is_some()
    }

    /// True once it is cancelled.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        matches!(self.cell.result(), Some(Err(JoinError::Cancelled(_))))
    }

    /// Returns the result; as often as you like.
    ///
    /// # Errors
    ///
    /// [`InvalidState`] while it is pending.
    pub fn result(&self) -> Result<&TaskResult<T>, InvalidState> {
        let result = self.cell.result().ok_or(InvalidState::PENDING)?;
        self.cell.observe(result);
        Ok(result)
    }

    /// Returns its error, or `None` if it has a value.
    ///
    /// # Errors
    ///
    /// [`InvalidState`] while it is pending.
    pub fn exception(&self) -> Result<Option<&JoinError>, InvalidState> {
        Ok(self.result()?.as_ref().err())
    }

    /// Awaits the result by reference: for values that are not `Clone`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing. A cancel request cancels the promise, as in any await of it.
    pub fn wait(&self) -> Wait<'_, T> {
        Wait {
            promise: self,
            waiter: self.clone(),
        }
    }

    /// Removes the callbacks under `id` that are not queued yet; returns how many there were.
    pub fn remove_done_callback(&self, id: CallbackId) -> usize {
        self.cell.remove_callbacks(id)
    }

    /// Returns this promise: asyncio's `ensure_future` of a future is the future itself.
    #[must_use]
    pub fn ensure_future(self) -> Self {
        self
    }

    /// True when both handles mean the same promise.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }

    /// The result, without marking it as seen.
    pub(crate) fn peek(&self) -> Option<&TaskResult<T>> {
        self.cell.result()
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.cell.poll_ready(&mut self.waiter, cx)
    }

    /// As [`Promise::poll_ready`], for an await: a cancel request to the awaiter goes to the promise.
    #[inline]
    fn poll_await(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if current::is_busy(cx) || !self.claim.is_empty() {
            return self.poll_claiming(cx);
        }
        let polled = self.poll_ready(cx);
        if polled.is_pending() {
            self.claim.note_open();
        }
        polled
    }

    /// Polls for the result, as an await does, but leaves cancel requests to the scope around.
    pub(crate) fn poll_without_claim(&mut self, cx: &mut Context<'_>) -> Poll<TaskResult<T>>
    where
        T: Clone,
    {
        self.poll_ready(cx).map(|()| {
            self.result()
                .cloned()
                .unwrap_or_else(|e| Err(JoinError::invalid(e)))
        })
    }

    #[cold]
    fn poll_claiming(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.claim.is_passing_on() {
            return Poll::Pending;
        }
        if self.claim.is_held() {
            // An earlier poll has cancelled it.
            self.claim.take_due(cx);
            self.claim.pass_on();
            return Poll::Pending;
        }
        if self.done() {
            // Too late to cancel it: the awaiter ends, and the result stays with the promise.
            if self.claim.refuse_due(cx) {
                return Poll::Pending;
            }
        } else if self.claim.take_due(cx) {
            let request = self.claim.request();
            let reason = request.map(CancelReason::of).unwrap_or_default();
            if self.set(Err(JoinError::cancelled(reason))).is_ok() {
                self.claim.suspend(cx);
            } else {
                // Another thread has just set it, which is no answer to the request.
                self.claim.pass_on();
            }
            // The awaiter learns of it as of any end: behind the callbacks, which are queued now.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = self.poll_ready(cx);
        if polled.is_pending() {
            self.claim.suspend(cx);
        } else {
            self.claim.swallow();
            self.claim = Claim::new();
        }
        polled
    }
}

impl<T: Send + Sync + 'static> Promise<T> {
    /// Has `callback` called with the result, in a later turn of the promise's loop.
    ///
    /// Never calls it inside this call, not even when the promise is done. Callbacks run in the
    /// order in which they were added. One that panics is reported to the exception handler and
    /// does not keep the others from running.
    ///
    /// # Panics
    ///
    /// When the promise was made outside of a loop and no loop runs on this thread either: nobody
    /// would call it.
    #[track_caller]
    pub fn add_done_callback<F>(&self, callback: F) -> CallbackId
    where
        F: FnOnce(&TaskResult<T>) + Send + 'static,
    {
        let id = CallbackId::new();
        self.add_done_callback_as(id, callback);
        id
    }

    /// As [`Promise::add_done_callback`], under an id that other registrations share.
    ///
    /// # Panics
    ///
    /// As [`Promise::add_done_callback`].
    #[track_caller]
    pub fn add_done_callback_as<F>(&self, id: CallbackId, callback: F)
    where
        F: FnOnce(&TaskResult<T>) + Send + 'static,
    {
        let place = match self.cell.place() {
            Some(place) => place,
            None => match current_scheduler() {
                Some(scheduler) => Place::new(scheduler),
                None => panic!("a done callback needs a loop to run on: {NoRunningLoop}"),
            },
        };
        let callback = Callback::new(id, Label::of::<F>(), Box::new(callback));
        PromiseCell::add_callback(&self.cell, callback, place);
    }
}

impl<T> Default for Promise<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Promise<T> {
    /// Another handle of the same promise, with no registration of its own yet.
    fn clone(&self) -> Self {
        Self {
            cell: Arc::clone(&self.cell),
            waiter: None,
            claim: Claim::new(),
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter {
            self.cell.forget_waiter(waiter);
        }
    }
}

impl<T: Clone> Future for Promise<T> {
    type Output = TaskResult<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TaskResult<T>> {
        std::task::ready!(self.poll_await(cx));
        self.poll_without_claim(cx)
    }
}

impl<T: Clone> IntoFuture for &Promise<T> {
    type Output = TaskResult<T>;
    type IntoFuture = Promise<T>;

    fn into_future(self) -> Promise<T> {
        self.clone()
    }
}

/// Awaits a promise by reference: see [`Promise::wait`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Wait<'a, T> {
    promise: &'a Promise<T>,
    /// The handle that carries the registration.
    waiter: Promise<T>,
}

impl<'a, T> Future for Wait<'a, T> {
    type Output = &'a TaskResult<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let promise = self.promise;
        self.waiter
            .poll_await(cx)
            .map(|()| promise.result().expect("poll_ready says it is done"))
    }
}

impl<T> evloop_combinators::Completion for Promise<T> {
    type Output = TaskResult<T>;

    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_ready(cx)
    }

    fn output(&self) -> Option<&TaskResult<T>> {
        self.result().ok()
    }

    fn key(&self) -> Option<u64> {
        // No other promise has this address as long as this handle is there.
        Some(Arc::as_ptr(&self.cell).addr() as u64)
    }
}

impl<T: fmt::Debug> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cell.result() {
            None => f.write_str("<Promise pending")?,
            Some(Ok(value)) => write!(f, "<Promise finished result={value:?}")?,
            Some(Err(JoinError::Cancelled(_))) => f.write_str("<Promise cancelled")?,
            Some(Err(error)) => write!(f, "<Promise finished exception={error:?}")?,
        }
        let labels = self.cell.labels();
        write_labels(f, &labels)?;
        f.write_str(">")
    }
}

impl<T> fmt::Debug for Wait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("done", &self.promise.done())
            .finish()
    }
}
