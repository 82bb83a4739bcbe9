//! Running one future to its end as a task, without asking that it be `Send` or `'static`.
//!
//! The future stays in the frame of [`LocalExecutor::run_root`]; the task has a [`Link`] to it, which
//! the frame cuts before it goes away. So nothing that outlives the frame (a waker, a step that
//! somebody kept) can reach the future, and leaving never waits for anybody.
//!
//! # Invariants
//!
//! 1. A link that is not cut points to a [`Place`] that is pinned in a frame of `run_root` that has
//!    not returned; the frame's guard cuts it first, also on unwinding.
//! 2. The pointer is taken out of the link while it is used, so there is one reference at a time. All
//!    of this happens on one thread: the link is not `Send`.

#![expect(
    unsafe_code,
    reason = "the root task refers to a future on the caller's stack"
)]

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::ptr::NonNull;
use std::rc::Rc;
use std::task::{Context, Poll};

use evloop_task::{Builder, Cancellation, JoinError, Panic, Task, current_scheduler, report_panic};
use pin_project_lite::pin_project;

use crate::local_executor::LocalExecutor;

/// How a root future ended.
#[derive(Debug)]
pub enum RootEnd<T> {
    /// It returned.
    Finished(T),
    /// It panicked.
    Panicked(Panic),
    /// Its task was cancelled.
    Cancelled(Cancellation),
    /// The loop ended first; the future has been dropped.
    Unfinished,
}

impl LocalExecutor {
    /// Runs `future` as a task while `drive` turns the loop.
    ///
    /// `drive` is given a question, "has it ended?", to ask between turns. When it returns, the
    /// future has ended or is dropped: it may borrow from the caller.
    #[track_caller]
    pub fn run_root<F: Future>(
        &self,
        future: F,
        drive: impl FnOnce(&dyn Fn() -> bool),
    ) -> RootEnd<F::Output> {
        if self.is_closed() {
            return RootEnd::Unfinished;
        }
        let mut place = pin!(Place {
            future: Some(future),
            output: None
        });
        let link = Rc::new(Link::to(place.as_mut()));
        let task = Builder::new().spawn_local(self.scheduler(), Coroutine(Rc::clone(&link)));
        let root = Root { task, link };
        drive(&|| root.task.done());
        let end = match root.task.result() {
            Ok(Err(JoinError::Panicked(panic))) => RootEnd::Panicked(panic.clone()),
            Ok(Err(JoinError::Cancelled(_))) if self.is_closed() => RootEnd::Unfinished,
            Ok(Err(JoinError::Cancelled(cancellation))) => RootEnd::Cancelled(cancellation.clone()),
            Ok(Ok(()) | Err(JoinError::Failed(_))) | Err(_) => RootEnd::Unfinished,
        };
        drop(root);
        let output = place.project().output.take();
        match end {
            RootEnd::Unfinished => output.map_or(RootEnd::Unfinished, RootEnd::Finished),
            // It returned with a request undecided: the output is lost.
            RootEnd::Cancelled(_) | RootEnd::Panicked(_) | RootEnd::Finished(_) => end,
        }
    }
}

pin_project! {
    /// Where the future is, and where its output comes.
    struct Place<F: Future> {
        #[pin]
        future: Option<F>,
        output: Option<F::Output>,
    }
}

impl<F: Future> Place<F> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        future.poll(cx).map(|output| {
            *this.output = Some(output);
            this.future.set(None);
        })
    }

    fn drop_future(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }
}

/// A way to a [`Place`] of any type, until it is cut.
struct Link {
    place: Cell<Option<NonNull<()>>>,
    poll: unsafe fn(NonNull<()>, &mut Context<'_>) -> Poll<()>,
    drop_future: unsafe fn(NonNull<()>),
}

impl Link {
    /// The caller's frame keeps the link's promise: see [`Root`].
    fn to<F: Future>(place: Pin<&mut Place<F>>) -> Self {
        /// # Safety
        ///
        /// - (1), (2) `place` is what a link to a `Place<F>` holds, taken out of it.
        unsafe fn poll<F: Future>(place: NonNull<()>, cx: &mut Context<'_>) -> Poll<()> {
            // SAFETY: (1) it is alive, (2) and this is the only reference.
            let place = unsafe { place.cast::<Place<F>>().as_mut() };
            // SAFETY: (1) it is pinned in its frame.
            unsafe { Pin::new_unchecked(place) }.poll(cx)
        }
        /// # Safety
        ///
        /// - (1), (2) as for `poll`.
        unsafe fn drop_future<F: Future>(place: NonNull<()>) {
            // SAFETY: (1) it is alive, (2) and this is the only reference.
            let place = unsafe { place.cast::<Place<F>>().as_mut() };
            // SAFETY: (1) it is pinned in its frame.
            unsafe { Pin::new_unchecked(place) }.drop_future();
        }
        // SAFETY: nothing is moved out of the place through the pointer.
        let place = NonNull::from(unsafe { place.get_unchecked_mut() });
        Self {
            place: Cell::new(Some(place.cast())),
            poll: poll::<F>,
            drop_future: drop_future::<F>,
        }
    }

    /// Drops the future, if the link is not cut.
    fn drop_future(&self) {
        if let Some(place) = self.place.take() {
            // SAFETY: (1), (2) it was in the link, and is taken out for good.
            unsafe { (self.drop_future)(place) };
        }
    }
}

/// What the task runs.
struct Coroutine(Rc<Link>);

impl Future for Coroutine {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(place) = self.0.place.take() else {
            return Poll::Ready(());
        };
        // Back into the link when the poll is over, also by a panic.
        let _back = Back(&self.0, place);
        // SAFETY: (1), (2) it was in the link, and comes back after this.
        unsafe { (self.0.poll)(place, cx) }
    }
}

impl Drop for Coroutine {
    /// The task was cancelled, or its end drops it: the future goes with it.
    fn drop(&mut self) {
        self.0.drop_future();
    }
}

struct Back<'a>(&'a Link, NonNull<()>);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        self.0.place.set(Some(self.1));
    }
}

/// The frame's guard: cuts the link before the place goes away.
struct Root {
    task: Task<()>,
    link: Rc<Link>,
}

impl Drop for Root {
    fn drop(&mut self) {
        let what = "dropping the main future";
        report_panic(current_scheduler(), what, || self.link.drop_future());
        // The task, if it has not ended, has nothing left to do and ends at its next step.
        self.task.cancel();
    }
}
