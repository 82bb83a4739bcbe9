//! The handle of a spawned coroutine.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_task::FallibleTask;
use evloop_cancel::claim::Claim;

use crate::anchor::Anchor;
use crate::callbacks::{Callback, CallbackId, Label, write_labels};
use crate::cancel_reason::CancelReason;
use crate::conclude::report_unseen;
use crate::contained_waker::contained;
use crate::current;
use crate::error::{InvalidState, JoinError, TaskResult};
use crate::id::TaskId;
use crate::meta::Meta;
use crate::once_arc::OnceArc;
use crate::shared_cell::{SharedCell, Take};
use crate::slot::Slot;
use crate::state::End;
use crate::sync::{Mutex, lock, yield_now};

/// A spawned coroutine: asyncio's `Task`.
///
/// Awaiting it gives what the coroutine returned, or a [`JoinError`]. The scheduler owns the task:
/// dropping the handle detaches it, and it runs on. A task whose panic nobody looks at is reported
/// to the exception handler.
///
/// Its `Debug` form reads like asyncio's repr: `<Task finished name='a' result="A">`.
///
/// # Cancel safety
///
/// Dropping an await of `&mut task` loses nothing: the task goes on and can be awaited again. Dropping
/// one by value drops the handle, and detaches the task.
///
/// A cancel request to who awaits it is forwarded: the task is cancelled and waited for. If it ends
/// cancelled, the request goes on; a value that it ends with is given, and the request is spent. A task
/// that had ended before keeps its result, and the request goes on at once.
pub struct Task<T> {
    /// Points into the allocation that `raw` keeps alive.
    anchor: Anchor,
    /// `None` only inside `drop`. The lock is for `result(&self)`; awaiting takes none.
    raw: Mutex<Option<RawTask<T>>>,
    /// The result, once somebody wants to see it without taking it.
    cell: OnceArc<SharedCell<T>>,
    /// An await has taken the result.
    taken: bool,
    /// A failure that nobody sees is reported.
    is_watched: bool,
    /// Cancel requests that an await has forwarded to the task.
    claim: Claim,
}

type RawTask<T> = FallibleTask<Slot<T>, Meta>;

impl<T> Task<T> {
    pub(crate) fn new(raw: async_task::Task<Slot<T>, Meta>) -> Self {
        Self {
            anchor: Anchor::beside_handle(&raw),
            raw: Mutex::new(Some(raw.fallible())),
            cell: OnceArc::new(),
            taken: false,
            is_watched: false,
            claim: Claim::new(),
        }
    }

    /// Has a failure reported that nobody sees; before the task is queued.
    pub(crate) fn watch(&mut self) {
        self.meta().state.watch();
        self.is_watched = true;
    }

    fn meta(&self) -> &Meta {
        self.anchor.meta()
    }

    /// The task's number, unique in the process.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.meta().id
    }

    /// The task's name: the one given, or `Task-N`.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        self.meta().name()
    }

    /// Renames the task.
    pub fn set_name(&self, name: impl Into<Arc<str>>) {
        self.meta().set_name(Some(name.into()));
    }

    /// The task's own context: the very one it was told to use, or its copy from the spawn. For a
    /// value of it: `task.context().get(&VARIABLE)`.
    #[must_use]
    pub fn context(&self) -> crate::Context {
        self.meta().context().clone()
    }

    /// The source line that made the task.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.meta().spawned_at
    }

    /// True once the coroutine has ended: returned, panicked or been cancelled.
    #[must_use]
    pub fn done(&self) -> bool {
        self.meta().state.is_done()
    }

    /// True once the task has ended by cancellation.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.meta().state.end() == Some(End::Cancelled)
    }

    /// Asks the task to end, at its next suspension.
    ///
    /// The request goes to the innermost scopes that are open in the task, which may clean up or
    /// refuse: [`catch_cancel`](evloop_cancel::catch_cancel). An awaited task or promise is cancelled
    /// and waited for. With no scope open the coroutine is dropped.
    ///
    /// Returns false, and does nothing, when the task is done; its failure then counts as seen. The
    /// request never acts inside this call; a task that has not started never runs its body. Each
    /// request is counted.
    ///
    /// # Cost
    ///
    /// O(1); wakes the task if it sleeps. The first request of a task allocates.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.cancel_for(CancelReason::here(None))
    }

    /// As [`Task::cancel`], with a message that the awaiter finds in
    /// [`Cancellation::message`](crate::Cancellation::message). A later message replaces it.
    #[track_caller]
    pub fn cancel_with(&self, message: impl Into<Arc<str>>) -> bool {
        self.cancel_for(CancelReason::here(Some(message.into())))
    }

    fn cancel_for(&self, reason: CancelReason) -> bool {
        let is_granted = self.meta().cancel(reason);
        if !is_granted && self.meta().state.end() == Some(End::Failed) {
            // Whoever is told that it is too late knows of the end, as in asyncio.
            let _seen = self.result();
        }
        is_granted
    }

    /// Number of cancel requests made and not taken back.
    #[must_use]
    pub fn cancelling(&self) -> usize {
        self.meta().state.cancelling()
    }

    /// Takes one cancel request back and returns how many remain. At zero, a request that was not
    /// delivered yet is undone.
    pub fn uncancel(&self) -> usize {
        self.meta().state.uncancel()
    }

    /// Returns the result without taking it.
    ///
    /// # Errors
    ///
    /// [`InvalidState`] while the task is not done, and after an await took the result.
    pub fn result(&self) -> Result<&TaskResult<T>, InvalidState> {
        let result = self.peek()?;
        if let Err(error) = result {
            self.mark_seen(error);
        }
        Ok(result)
    }

    /// A failure that somebody has seen is not reported.
    fn mark_seen(&self, error: &JoinError) {
        error.mark_observed();
        if self.is_watched {
            self.meta().state.see();
        }
    }

    /// Returns why the task gave no value, or `None` if it gave one.
    ///
    /// # Errors
    ///
    /// [`InvalidState`], as [`Task::result`].
    pub fn exception(&self) -> Result<Option<&JoinError>, InvalidState> {
        Ok(self.result()?.as_ref().err())
    }

    /// Returns this task: asyncio's `ensure_future` of a task is the task itself.
    #[must_use]
    pub fn ensure_future(self) -> Self {
        self
    }

    /// Lets the task run on without a handle, as dropping the handle does.
    pub fn detach(self) {}

    /// The result by reference, without marking it as seen.
    pub(crate) fn peek(&self) -> Result<&TaskResult<T>, InvalidState> {
        if self.taken {
            return Err(InvalidState::TAKEN);
        }
        if let Some(result) = self.cell.get().and_then(SharedCell::result) {
            return Ok(result);
        }
        if !self.done() {
            return Err(InvalidState::PENDING);
        }
        self.fill_cell();
        self.cell
            .get()
            .and_then(SharedCell::result)
            .ok_or(InvalidState::PENDING)
    }

    /// Moves the result of a done task from async-task's slot to the cell.
    fn fill_cell(&self) {
        let mut raw = lock(&self.raw);
        while self.cell.get().and_then(SharedCell::result).is_none() {
            if let Some(result) = self.fetch_without_waiting(&mut raw) {
                self.store(result);
            }
        }
    }

    /// The result of a task that the state word calls done, without registering a waker: that would
    /// take the place of whoever awaits the task.
    fn fetch_without_waiting(&self, raw: &mut Option<RawTask<T>>) -> Option<TaskResult<T>> {
        if self.meta().state.end() == Some(End::Cancelled) {
            // It says all there is to say. The slot of a task whose step is just being dropped is
            // never filled, and the caller may be that drop.
            return Some(Err(JoinError::cancelled(self.meta().reason())));
        }
        // The state word says done a few instructions before the slot is filled. No user code runs
        // in between, so on another thread this waits for that thread to be scheduled.
        while !raw.as_ref().is_some_and(FallibleTask::is_finished) {
            yield_now();
        }
        match poll_raw(raw, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Fetched::Result(result)) => Some(result.map_err(|e| self.explained(e))),
            Poll::Ready(Fetched::InCell) | Poll::Pending => None,
        }
    }

    /// Keeps a result that is not taken yet.
    fn store(&self, result: TaskResult<T>) {
        self.cell.get_or_init(SharedCell::new).fill(result);
    }

    /// Polls for the end of the task.
    #[inline]
    fn poll_fetch(&mut self, cx: &mut Context<'_>, is_trusted: bool) -> Poll<Fetched<T>> {
        let raw = self
            .raw
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let polled = if is_trusted || evloop_combinators::is_child_waker(cx.waker()) {
            poll_raw(raw, cx)
        } else {
            // async-task aborts the process when an awaiter's waker panics: contain a foreign one.
            let waker = contained(cx.waker());
            poll_raw(raw, &mut Context::from_waker(&waker))
        };
        if let Poll::Ready(Fetched::Result(Err(error))) = polled {
            return Poll::Ready(Fetched::Result(Err(self.explained(error))));
        }
        polled
    }

    #[cold]
    fn explained(&self, mut error: JoinError) -> JoinError {
        error.explain(|| self.meta().reason());
        error
    }
}

/// Where the result of a finished task was found.
enum Fetched<T> {
    Result(TaskResult<T>),
    /// The shell brought it to the shared cell.
    InCell,
}

#[inline]
fn poll_raw<T>(raw: &mut Option<RawTask<T>>, cx: &mut Context<'_>) -> Poll<Fetched<T>> {
    let raw = raw.as_mut().expect("the raw handle is taken only by drop");
    match Pin::new(raw).poll(cx) {
        Poll::Pending => Poll::Pending,
        Poll::Ready(Some(slot)) => {
            Poll::Ready(slot.take().map_or(Fetched::InCell, Fetched::Result))
        }
        Poll::Ready(None) => Poll::Ready(Fetched::Result(Err(loop_closed()))),
    }
}

#[cold]
fn loop_closed() -> JoinError {
    JoinError::from_cancel("its event loop is closed")
}

impl<T: Send + Sync + 'static> Task<T> {
    /// Has `callback` called with the result, in a later turn of the task's loop.
    ///
    /// Never calls it inside this call, not even when the task is done. Callbacks run in the order
    /// in which they were added, before an awaiter gets the value. A callback that panics is
    /// reported to the exception handler and does not keep the others from running. Once an await
    /// has taken the result, a new callback sees `Err` with [`InvalidState`].
    ///
    /// # Cost
    ///
    /// The first one allocates the shared cell; each one its closure.
    #[track_caller]
    pub fn add_done_callback<F>(&self, callback: F) -> CallbackId
    where
        F: FnOnce(&TaskResult<T>) + Send + 'static,
    {
        let id = CallbackId::new();
        self.add_done_callback_as(id, callback);
        id
    }

    /// As [`Task::add_done_callback`], under an id that other registrations share.
    #[track_caller]
    pub fn add_done_callback_as<F>(&self, id: CallbackId, callback: F)
    where
        F: FnOnce(&TaskResult<T>) + Send + 'static,
    {
        let callback = Callback::new(id, Label::of::<F>(), Box::new(callback));
        let scheduler = self.meta().scheduler();
        if self.taken {
            SharedCell::full(Err(JoinError::invalid(InvalidState::TAKEN))).add(callback, scheduler);
            return;
        }
        if self.is_watched {
            // The callback sees it.
            self.meta().state.see();
        }
        let cell = self.cell.share_or_init(SharedCell::new);
        cell.add(callback, scheduler);
        if cell.result().is_none() && !self.meta().share(Box::new(cell.delivery(scheduler))) {
            self.deliver_late(&cell);
        }
        // Another thread may have brought the result there since `add` looked.
        cell.queue_if_done(scheduler);
    }

    /// Removes the callbacks under `id` that are not queued yet; returns how many there were.
    pub fn remove_done_callback(&self, id: CallbackId) -> usize {
        self.cell.get().map_or(0, |cell| cell.remove(id))
    }

    /// The task ended before it could learn of the cell: bring the result there.
    fn deliver_late(&self, cell: &Arc<SharedCell<T>>) {
        drop(self.meta().take_delivery());
        let mut raw = lock(&self.raw);
        while cell.result().is_none() {
            if let Some(result) = self.fetch_without_waiting(&mut raw) {
                cell.delivery(self.meta().scheduler()).complete(result);
            }
        }
    }
}

impl<T> Future for Task<T> {
    type Output = TaskResult<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TaskResult<T>> {
        let this = &mut *self;
        let look = current::look(&this.anchor, cx);
        if this.taken || look.is_self {
            return Poll::Ready(Err(this.misused()));
        }
        if look.is_busy || !this.claim.is_empty() {
            return this.poll_claiming(cx, look.is_trusted);
        }
        let polled = this.poll_unclaimed(cx, look.is_trusted);
        if polled.is_pending() {
            this.claim.note_open();
        }
        polled
    }
}

impl<T> Task<T> {
    /// Polls for the result, as an await does, but leaves cancel requests to the scope around.
    pub(crate) fn poll_without_claim(&mut self, cx: &mut Context<'_>) -> Poll<TaskResult<T>> {
        let look = current::look(&self.anchor, cx);
        if self.taken || look.is_self {
            return Poll::Ready(Err(self.misused()));
        }
        self.poll_unclaimed(cx, look.is_trusted)
    }

    #[inline]
    fn poll_unclaimed(&mut self, cx: &mut Context<'_>, is_trusted: bool) -> Poll<TaskResult<T>> {
        if self.cell.get().and_then(SharedCell::result).is_none() {
            match self.poll_fetch(cx, is_trusted) {
                Poll::Ready(Fetched::Result(result)) => {
                    self.taken = true;
                    if let Err(error) = &result {
                        self.mark_seen(error);
                    }
                    return Poll::Ready(result);
                }
                Poll::Ready(Fetched::InCell) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        self.poll_cell(cx)
    }

    /// A poll when a cancel request may be due to the awaiter: the await claims it, asks the task to
    /// end, and waits for that.
    #[cold]
    fn poll_claiming(&mut self, cx: &mut Context<'_>, is_trusted: bool) -> Poll<TaskResult<T>> {
        if self.claim.is_passing_on() {
            return Poll::Pending;
        }
        let was_held = self.claim.is_held();
        if self.done() && !was_held {
            // Too late to ask it: the awaiter ends, and the result stays with the task.
            if self.claim.refuse_due(cx) {
                return Poll::Pending;
            }
        } else if self.claim.take_due(cx) {
            let request = self.claim.request().map(CancelReason::of);
            // With a cause, so that it ends where it comes round to a task that has it: tasks that
            // await each other would forward it for ever.
            let reason = request.unwrap_or_default().with_cause();
            if !self.meta().cancel(reason) && !was_held {
                // It has just ended, on another thread: its value is no answer to the request.
                self.claim.pass_on();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let Poll::Ready(result) = self.poll_unclaimed(cx, is_trusted) else {
            self.claim.suspend(cx);
            return Poll::Pending;
        };
        if self.claim.is_held() && matches!(result, Err(JoinError::Cancelled(_))) {
            // Readable through the handle, whoever gets the request now.
            self.taken = false;
            self.store(result);
            self.claim.pass_on();
            return Poll::Pending;
        }
        self.claim.swallow();
        self.claim = Claim::new();
        Poll::Ready(result)
    }
}

impl<T> Task<T> {
    /// Takes the result out of the shared cell.
    #[cold]
    fn poll_cell(&mut self, cx: &mut Context<'_>) -> Poll<TaskResult<T>> {
        let this = self;
        match this.cell.take().map(|cell| cell.poll_take(cx)) {
            Some(Take::Got(result)) => {
                this.taken = true;
                if let Err(error) = &result {
                    this.mark_seen(error);
                }
                Poll::Ready(result)
            }
            Some(Take::Wait(cell)) => {
                this.cell = OnceArc::from(cell);
                Poll::Pending
            }
            Some(Take::Gone) | None => Poll::Ready(Err(this.misused())),
        }
    }

    #[cold]
    fn misused(&self) -> JoinError {
        let itself = !self.taken && current::is_current(&self.anchor);
        JoinError::invalid(if itself {
            InvalidState::AWAITS_ITSELF
        } else {
            InvalidState::TAKEN
        })
    }
}

impl<T> Unpin for Task<T> {}

impl<T> evloop_combinators::Completion for Task<T> {
    type Output = TaskResult<T>;

    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A task that waits for itself would wait for ever: it is given back, still pending.
        let itself = current::is_current(&self.anchor);
        if itself || self.taken || self.cell.get().and_then(SharedCell::result).is_some() {
            return Poll::Ready(());
        }
        let is_trusted = current::look(&self.anchor, cx).is_trusted;
        if let Fetched::Result(result) = std::task::ready!(self.poll_fetch(cx, is_trusted)) {
            match self.cell.get() {
                Some(cell) => cell.fill(result),
                // As `store`, but nobody else can be making the cell now.
                None => self.cell = OnceArc::from(SharedCell::full(result)),
            }
        }
        Poll::Ready(())
    }

    fn output(&self) -> Option<&TaskResult<T>> {
        self.result().ok()
    }

    fn key(&self) -> Option<u64> {
        Some(self.id().get())
    }
}

impl<T> Task<T> {
    /// Reports the failure of a watched task, if nobody has seen it.
    #[cold]
    fn drop_watched(&self) {
        if self.meta().state.detach()
            && let Ok(Err(error)) = self.peek()
        {
            report_unseen(self.meta(), error.clone());
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if self.is_watched {
            self.drop_watched();
        }
        let raw = self
            .raw
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        if let Some(raw) = raw {
            raw.detach();
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meta = self.meta();
        write!(f, "<Task {} name='{}'", meta.state_name(), meta.name())?;
        match self.peek() {
            Ok(Ok(value)) => write!(f, " result={value:?}")?,
            Ok(Err(JoinError::Cancelled(_))) | Err(_) => {}
            Ok(Err(error)) => write!(f, " exception={error:?}")?,
        }
        let labels = self.cell.get().map(SharedCell::labels).unwrap_or_default();
        write_labels(f, &labels)?;
        f.write_str(">")
    }
}
