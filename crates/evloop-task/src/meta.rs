//! What every task carries beside its coroutine, in the same allocation.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

use evloop_cancel::Request;
use evloop_cancel::host::Kept;

use crate::cancel_reason::CancelReason;
use crate::context::Context;
use crate::id::TaskId;
use crate::scheduler::Scheduler;
use crate::scheduler_word::SchedulerWord;
use crate::state::{End, StateWord};
use crate::sync::{AtomicPtr, AtomicU32, Mutex, OnceBox, Ordering, lock};
use crate::task_ref::TaskRef;

/// The metadata of a task: 48 bytes.
#[derive(Debug)]
pub(crate) struct Meta {
    /// Where the task runs. Never changes.
    scheduler: SchedulerWord,
    pub(crate) id: TaskId,
    /// The source line that spawned the task.
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) state: StateWord,
    /// Registry key; meaningful only once the state word says adopted.
    key: AtomicU32,
    /// For the scheduler while it holds the task's runnable: see [`Runnable`](crate::Runnable).
    pub(crate) link: AtomicPtr<()>,
    /// Name, message, callbacks, context: made only for a task that has any of them.
    extra: OnceBox<Extra>,
}

/// The parts that few tasks have. What a cancelled one needs is small: a program may cancel a
/// million at once.
#[derive(Default)]
pub(crate) struct Extra {
    /// The last cancel request.
    request: Mutex<CancelReason>,
    /// What the last step has left for the next one.
    kept: Mutex<Kept>,
    rare: OnceBox<Rare>,
}

#[derive(Default)]
struct Rare {
    name: Mutex<Option<Arc<str>>>,
    /// A `Delivery<T>`, from the first done callback to the end of the task.
    delivery: Mutex<Option<Box<dyn Any + Send>>>,
    /// The task's own context, from the spawn if there was something to inherit.
    context: OnceBox<Context>,
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extra").finish_non_exhaustive()
    }
}

impl Meta {
    pub(crate) fn new(
        scheduler: &'static dyn Scheduler,
        spawned_at: &'static Location<'static>,
        name: Option<Arc<str>>,
    ) -> Self {
        let meta = Self {
            scheduler: SchedulerWord::of(scheduler),
            id: TaskId::next(),
            spawned_at,
            state: StateWord::default(),
            key: AtomicU32::new(0),
            link: AtomicPtr::new(ptr::null_mut()),
            extra: OnceBox::new(),
        };
        if name.is_some() {
            meta.set_name(name);
        }
        meta
    }

    /// Where the task runs.
    #[inline]
    pub(crate) fn scheduler(&self) -> &'static dyn Scheduler {
        self.scheduler.get()
    }

    fn extra(&self) -> &Extra {
        self.extra.get_or_init(Box::default)
    }

    fn rare(&self) -> &Rare {
        self.extra().rare.get_or_init(Box::default)
    }

    fn peek_rare(&self) -> Option<&Rare> {
        self.extra.get()?.rare.get()
    }

    pub(crate) fn set_name(&self, name: Option<Arc<str>>) {
        *lock(&self.rare().name) = name;
    }

    /// The name given, or `Task-N` with the task's id.
    pub(crate) fn name(&self) -> Arc<str> {
        let given = self.peek_rare().and_then(|rare| lock(&rare.name).clone());
        given.unwrap_or_else(|| format!("Task-{}", self.id).into())
    }

    /// The context that the task has from its beginning.
    pub(crate) fn set_context(&self, context: Context) {
        self.rare().context.get_or_init(|| Box::new(context));
    }

    /// The task's own context, made if need be.
    pub(crate) fn context(&self) -> &Context {
        self.rare().context.get_or_init(Box::default)
    }

    /// The task's own context, unless it is still to be made and therefore empty.
    pub(crate) fn peek_context(&self) -> Option<&Context> {
        self.peek_rare()?.context.get()
    }

    /// The registry key. The store is ordered by the state word's `adopt`.
    pub(crate) fn key(&self) -> u32 {
        self.key.load(Ordering::Relaxed)
    }

    pub(crate) fn set_key(&self, key: u32) {
        self.key.store(key, Ordering::Relaxed);
    }

    /// Takes the task, which has been adopted, out of the registry.
    #[inline(never)]
    pub(crate) fn release(&self) {
        self.scheduler().release(self.key(), self.id);
    }

    /// Records a cancel request and sees to it that it is delivered.
    pub(crate) fn cancel(&self, reason: CancelReason) -> bool {
        if self.state.is_done() {
            if self.state.is_watched() {
                // As in asyncio, whoever cancels it has seen how it ended.
                self.state.see();
            }
            return false;
        }
        {
            let mut last = lock(&self.extra().request);
            if reason.is_same_as(&last) {
                return true;
            }
            *last = reason;
        }
        match self.state.request_cancel() {
            crate::state::Request::TooLate => return false,
            crate::state::Request::Seen => {}
            crate::state::Request::Poke => self.scheduler().poke(self.key()),
        }
        true
    }

    /// The reason of an end that nobody asked for.
    pub(crate) fn say_closed(&self) {
        let mut request = lock(&self.extra().request);
        let closed = || "its event loop is closed".into();
        request.message.get_or_insert_with(closed);
    }

    /// Why the task was last asked to end.
    pub(crate) fn reason(&self) -> CancelReason {
        self.extra
            .get()
            .map(|extra| lock(&extra.request).clone())
            .unwrap_or_default()
    }

    /// The request that is to be delivered, for whoever catches it. `task` takes it back.
    pub(crate) fn request(&self, task: TaskRef) -> Request {
        let reason = self.reason();
        Request::new()
            .message(reason.message)
            .origin(reason.origin)
            .cause(reason.cause)
            .counted(Arc::new(move || task.uncancel()))
    }

    /// Keeps what a step has left for the next one.
    #[cold]
    pub(crate) fn keep(&self, kept: Kept) {
        let is_something = kept.is_something();
        if is_something || self.extra.get().is_some() {
            let old = std::mem::replace(&mut *lock(&self.extra().kept), kept);
            drop(old);
        }
        self.state.set_kept(is_something);
    }

    /// What the last step has left.
    pub(crate) fn take_kept(&self) -> Kept {
        self.extra
            .get()
            .map(|extra| std::mem::take(&mut *lock(&extra.kept)))
            .unwrap_or_default()
    }

    /// Leaves the place where the result has to go. False when the task is done already.
    pub(crate) fn share(&self, delivery: Box<dyn Any + Send>) -> bool {
        let old = lock(&self.rare().delivery).replace(delivery);
        drop(old);
        self.state.share()
    }

    pub(crate) fn take_delivery(&self) -> Option<Box<dyn Any + Send>> {
        self.peek_rare()
            .and_then(|rare| lock(&rare.delivery).take())
    }

    /// The state in asyncio's words.
    pub(crate) fn state_name(&self) -> &'static str {
        match self.state.end() {
            None if self.state.cancelling() > 0 => "cancelling",
            None => "pending",
            Some(End::Cancelled) => "cancelled",
            Some(End::Finished | End::Failed) => "finished",
        }
    }
}
