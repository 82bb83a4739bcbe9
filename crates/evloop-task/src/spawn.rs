//! Making tasks.

#![expect(unsafe_code, reason = "local futures are Send by contract only")]

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::anchor::Anchor;
use crate::conclude::{Conclude, Plain, Watched};
use crate::context::{Context, inherited};
use crate::eager::EagerStart;
use crate::home_bound::HomeBound;
use crate::meta::Meta;
use crate::outcome::{ChildOutput, Given};
use crate::runnable::Runnable;
use crate::scheduler::Scheduler;
use crate::shell::Shell;
use crate::task::Task;
use crate::usage;

/// Options of a new task.
///
/// ```
/// # fn with(scheduler: &'static dyn evloop_task::Scheduler) {
/// let task = evloop_task::Builder::new().name("fetch").spawn(scheduler, async { 7 });
/// assert_eq!(&*task.name(), "fetch");
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    name: Option<Arc<str>>,
    context: Option<Context>,
    eager_start: EagerStart,
}

impl Builder {
    /// A task without a name of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task. Without a name it is called `Task-N`.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Runs the task in exactly this context, no copy of it: it sees what others change there, and
    /// they see what it sets. Without this a task has a copy of the context that is current at the
    /// spawn.
    ///
    /// ```
    /// # fn with(scheduler: &'static dyn evloop_task::Scheduler) {
    /// use evloop_task::{Builder, Context};
    ///
    /// let context = Context::new();
    /// let task = Builder::new().context(context.clone()).spawn(scheduler, async {});
    /// assert!(task.context().is_same(&context));
    /// # }
    /// ```
    #[must_use]
    pub fn context(mut self, context: Context) -> Self {
        self.context = Some(context);
        self
    }

    /// Runs the first step inside the spawn, instead of queueing it, when the task is spawned from
    /// within its own loop, by a task or callback that this loop runs. Anywhere else the spawn is an
    /// ordinary one. Without this the scheduler decides: [`Scheduler::eager_tasks`].
    ///
    /// A coroutine that ends without suspending has never been in the queue, and its task is done
    /// when the spawn returns. During the step the new task is the current one; a panic ends only
    /// it. One that suspends goes on like any other.
    ///
    /// The order changes: the step runs before what was ready earlier, and before the spawner knows
    /// the task. Each eager spawn inside an eager step takes a part of the stack, so the depth of
    /// such a chain is for the caller to bound.
    #[must_use]
    pub fn eager_start(mut self, eager: bool) -> Self {
        self.eager_start = EagerStart::from(eager);
        self
    }

    /// How the task is to start; for executors that queue the first step themselves.
    #[must_use]
    pub fn starts_eagerly_on(&self, scheduler: &'static dyn Scheduler) -> bool {
        self.eager_start.is_wanted_on(scheduler)
    }

    /// As [`Builder::starts_eagerly_on`], without the question where nobody starts eagerly.
    #[inline]
    pub(crate) fn wants_eager_start(&self, scheduler: &'static dyn Scheduler) -> bool {
        self.is_special() && self.starts_eagerly_on(scheduler)
    }

    /// Spawns a coroutine on `scheduler`; its first step is queued like a callback, unless it is
    /// wanted at once ([`Builder::eager_start`]).
    ///
    /// Dropping the handle detaches the task: it runs on, kept alive by its scheduler.
    ///
    /// # Cost
    ///
    /// One allocation, for the coroutine, its state and its result together.
    #[track_caller]
    pub fn spawn<F>(self, scheduler: &'static dyn Scheduler, coroutine: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if self.is_special() {
            return self.spawn_specially(scheduler, coroutine);
        }
        let meta = Meta::new(scheduler, Location::caller(), self.name);
        let (step, task) = make(meta, Plain, coroutine);
        step.schedule();
        task
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn spawn_specially<F>(self, scheduler: &'static dyn Scheduler, coroutine: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let eager = self.starts_eagerly_on(scheduler);
        let (step, task) = self.prepare_specially(scheduler, Plain, coroutine);
        if eager {
            scheduler.start_eagerly(step);
        } else {
            step.schedule();
        }
        task
    }

    /// As [`Builder::spawn`], for a coroutine that returns `()` or a `Result`: its error becomes the
    /// task's own, [`JoinError::Failed`](crate::JoinError::Failed), and is reported to the exception
    /// handler if nobody ever sees it.
    #[track_caller]
    pub fn try_spawn<F>(
        self,
        scheduler: &'static dyn Scheduler,
        coroutine: F,
    ) -> Task<<F::Output as Given>::Value>
    where
        F: Future<Output: ChildOutput> + Send + 'static,
        <F::Output as Given>::Value: Send + 'static,
    {
        let eager = self.wants_eager_start(scheduler);
        let (step, mut task) = self.prepare_as(scheduler, Watched::default(), coroutine);
        task.watch();
        if eager {
            scheduler.start_eagerly(step);
        } else {
            step.schedule();
        }
        task
    }

    /// As [`Builder::spawn`], but leaves it to the caller to queue the first step, or to run it where
    /// [`Builder::starts_eagerly_on`] says so.
    #[track_caller]
    pub fn prepare<F>(
        self,
        scheduler: &'static dyn Scheduler,
        coroutine: F,
    ) -> (Runnable, Task<F::Output>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.prepare_as(scheduler, Plain, coroutine)
    }

    /// As [`Builder::prepare`], with what is made of the end of the coroutine.
    #[track_caller]
    pub(crate) fn prepare_as<F, C>(
        self,
        scheduler: &'static dyn Scheduler,
        conclude: C,
        coroutine: F,
    ) -> (Runnable, Task<C::Value>)
    where
        F: Future + Send + 'static,
        C: Conclude<F::Output> + Send + 'static,
        C::Value: Send + 'static,
    {
        if self.is_special() {
            return self.prepare_specially(scheduler, conclude, coroutine);
        }
        let meta = Meta::new(scheduler, Location::caller(), self.name);
        make(meta, conclude, coroutine)
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn prepare_specially<F, C>(
        self,
        scheduler: &'static dyn Scheduler,
        conclude: C,
        coroutine: F,
    ) -> (Runnable, Task<C::Value>)
    where
        F: Future + Send + 'static,
        C: Conclude<F::Output> + Send + 'static,
        C::Value: Send + 'static,
    {
        let meta = self.special_meta(scheduler, Location::caller());
        make(meta, conclude, coroutine)
    }

    /// True when more than a name has to be seen to. The ordinary spawn is kept apart: looking for a
    /// context, or for the way to start, in its midst makes it 30 to 70 instructions longer.
    #[inline]
    fn is_special(&self) -> bool {
        usage::any() || self.context.is_some() || self.eager_start == EagerStart::Always
    }

    /// The metadata of a task with the context it was told to use, or a copy of the current one.
    fn special_meta(
        self,
        scheduler: &'static dyn Scheduler,
        spawned_at: &'static Location<'static>,
    ) -> Meta {
        let meta = Meta::new(scheduler, spawned_at, self.name);
        if let Some(context) = self.context.or_else(inherited) {
            meta.set_context(context);
        }
        meta
    }

    /// Spawns a coroutine that is not `Send`, from the thread that runs `scheduler`.
    ///
    /// The scheduler must run it on this thread; elsewhere its poll panics (which ends the task)
    /// and its drop leaks it. Wakers of the task may go anywhere.
    ///
    /// # Cost
    ///
    /// Two allocations, since a coroutine that must be leaked on a foreign thread has to outlive its
    /// task; and a comparison of thread numbers for each step.
    #[track_caller]
    pub fn spawn_local<F>(self, scheduler: &'static dyn Scheduler, coroutine: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let eager = self.wants_eager_start(scheduler);
        let (step, task) = self.prepare_local_as(scheduler, Plain, coroutine);
        if eager {
            scheduler.start_eagerly(step);
        } else {
            step.schedule();
        }
        task
    }

    /// As [`Builder::spawn_local`], with what is made of the end of the coroutine; leaves it to the
    /// caller to queue the first step.
    #[track_caller]
    pub(crate) fn prepare_local_as<F, C>(
        self,
        scheduler: &'static dyn Scheduler,
        conclude: C,
        coroutine: F,
    ) -> (Runnable, Task<C::Value>)
    where
        F: Future + 'static,
        C: Conclude<F::Output> + Send + 'static,
        C::Value: 'static,
    {
        let meta = if self.is_special() {
            self.special_meta(scheduler, Location::caller())
        } else {
            Meta::new(scheduler, Location::caller(), self.name)
        };
        let coroutine = HomeBound::new(coroutine);
        let builder = async_task::Builder::new().metadata(meta);
        // SAFETY: `spawn_unchecked` asks for four things. The future and the schedule function are
        // `'static`. The schedule function is `Send + Sync`. The future is accessed and dropped on
        // its home thread only: `HomeBound` sees to it; what concludes it is `Send`. The output is
        // not `Send`: it is made on the home thread and leaves the slot through the handle, which
        // is then not `Send` either, or through the run of the step that made it.
        let (runnable, task) = unsafe {
            builder.spawn_unchecked(
                |meta| Shell::new(anchor_in_task(meta), conclude, coroutine),
                schedule,
            )
        };
        (Runnable::new(runnable), Task::new(task))
    }
}

/// Makes a task whose coroutine is `Send`.
#[inline(always)]
fn make<F, C>(meta: Meta, conclude: C, coroutine: F) -> (Runnable, Task<C::Value>)
where
    F: Future + Send + 'static,
    C: Conclude<F::Output> + Send + 'static,
    C::Value: Send + 'static,
{
    let (runnable, task) = async_task::Builder::new().metadata(meta).spawn(
        |meta| Shell::new(anchor_in_task(meta), conclude, coroutine),
        schedule,
    );
    (Runnable::new(runnable), Task::new(task))
}

/// The anchor that goes into the future beside `meta`.
fn anchor_in_task(meta: &Meta) -> Anchor {
    // SAFETY: (1) async-task calls this with the metadata in its final place; (2) the anchor is
    // stored in the future of the same allocation.
    unsafe { Anchor::new(meta) }
}

/// What async-task calls when a task has to be run. A function without captures, so that
/// async-task takes no reference around the call; the scheduler is copied out of the metadata
/// first, because once it is queued the task may be freed by another thread.
#[inline]
fn schedule(runnable: async_task::Runnable<Meta>) {
    let scheduler = runnable.metadata().scheduler();
    scheduler.schedule(Runnable::new(runnable));
}
