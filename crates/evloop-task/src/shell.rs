//! The future that async-task sees: the coroutine in a shell that contains its panics, delivers
//! cancellation and reports its end.
//!
//! A step without events polls the coroutine in a frame, and that is all. A cancel request that
//! finds no scope open drops the coroutine; one that does, and every step while something of it is
//! undecided, goes through evloop-cancel.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use evloop_cancel::host::{self, Body, Marks, StepEnd};
use pin_project_lite::pin_project;

use crate::anchor::Anchor;
use crate::conclude::Conclude;
use crate::current;
use crate::error::{JoinError, Panic, TaskResult, contain};
use crate::meta::Meta;
use crate::report::{ErrorContext, report};
use crate::shared_cell::Delivery;
use crate::slot::{Slot, drop_contained};
use crate::state::{Adoption, End, Finish, Glance};
use crate::task_ref::TaskRef;

pin_project! {
    /// A coroutine, the anchor of its task, and what is made of its end.
    pub(crate) struct Shell<F, C>
    where
        F: Future,
        C: Conclude<F::Output>,
    {
        anchor: Anchor,
        conclude: C,
        output: PhantomData<fn() -> C::Value>,
        // `None` once the coroutine has ended, so that it is dropped inside the shell's own
        // protection and before its end is announced.
        #[pin]
        coroutine: Option<F>,
    }

    impl<F: Future, C: Conclude<F::Output>> PinnedDrop for Shell<F, C> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.coroutine.is_some() {
                abandon(this.anchor, this.conclude, this.coroutine);
            }
        }
    }
}

impl<F: Future, C: Conclude<F::Output>> Shell<F, C> {
    pub(crate) fn new(anchor: Anchor, conclude: C, coroutine: F) -> Self {
        Self {
            anchor,
            conclude,
            output: PhantomData,
            coroutine: Some(coroutine),
        }
    }
}

impl<F, C> Future for Shell<F, C>
where
    F: Future,
    C: Conclude<F::Output>,
    C::Value: 'static,
{
    type Output = Slot<C::Value>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let glance = self.anchor.meta().state.glance();
        if glance.is_eventful() || (!glance.is_adopted() && !self.conclude.may_start()) {
            return self.poll_eventful(cx, glance);
        }
        let mut this = self.project();
        let meta = this.anchor.meta();
        let (polled, is_open) = current::step(
            this.anchor,
            cx.waker(),
            || {
                let coroutine = this.coroutine.as_mut().as_pin_mut();
                let coroutine = coroutine.expect("async-task polls no future that was ready");
                contain(|| coroutine.poll(cx))
            },
            |kept| meta.keep(kept),
        );
        let result = match polled {
            Ok(Poll::Pending) => {
                if is_open || glance.is_open() {
                    note_open(meta, glance, is_open);
                }
                if !glance.is_adopted() {
                    adopt(this.anchor, this.conclude, cx.waker());
                }
                return Poll::Pending;
            }
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(panicked(meta, payload)),
        };
        drop_coroutine(this.anchor, this.coroutine, Some(cx.waker()));
        Poll::Ready(end(meta, this.conclude, result))
    }
}

impl<F, C> Shell<F, C>
where
    F: Future,
    C: Conclude<F::Output>,
    C::Value: 'static,
{
    /// A step with a request to deliver, or after one that is undecided.
    #[cold]
    fn poll_eventful(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        glance: Glance,
    ) -> Poll<Slot<C::Value>> {
        let this = self.project();
        let meta = this.anchor.meta();
        let is_new = !glance.is_adopted();
        let finds_scopes = glance.is_open() || glance.is_kept();
        let cancels = (glance.is_cancel_due() && !finds_scopes) || is_new;
        let request = if cancels {
            None
        } else if glance.is_cancel_due() && meta.state.take_cancel() {
            Some(meta.request(TaskRef::new(this.anchor, cx.waker().clone())))
        } else {
            None
        };
        let mut body = Coroutine {
            anchor: this.anchor,
            coroutine: this.coroutine,
            result: None,
        };
        if cancels {
            return Poll::Ready(cancel(body, this.conclude, cx.waker()));
        }
        let before = Marks {
            is_open: glance.is_open(),
            kept: meta.take_kept(),
        };
        let (step_end, left) = host::step_slowly(meta, before, request, cx, &mut body);
        let is_pending = step_end == StepEnd::Pending;
        if is_pending {
            meta.state.set_open(left.is_open);
            meta.keep(left.kept);
            return Poll::Pending;
        }
        // Settled before the coroutine goes: a token in it has nobody to ask again.
        drop(left);
        let result = body.result.take();
        drop_coroutine(this.anchor, body.coroutine, Some(cx.waker()));
        let result = match (step_end, result) {
            // A panic outranks everything.
            (_, Some(Err(panic))) => Err(panic),
            (StepEnd::Ready, Some(Ok(output))) => Ok(output),
            (_, late) => {
                drop_contained(late, "the output of a task");
                Err(JoinError::CANCELLED)
            }
        };
        Poll::Ready(end(meta, this.conclude, result))
    }
}

/// A coroutine in a step that has events.
struct Coroutine<'a, F: Future> {
    anchor: &'a Anchor,
    coroutine: Pin<&'a mut Option<F>>,
    result: Option<TaskResult<F::Output>>,
}

impl<F: Future> Body for Coroutine<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let coroutine = self.coroutine.as_mut().as_pin_mut();
        let coroutine = coroutine.expect("async-task polls no future that was ready");
        let result = match contain(|| coroutine.poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(panicked(self.anchor.meta(), payload)),
        };
        self.result = Some(result);
        Poll::Ready(())
    }

    fn clear(&mut self) {
        drop_here(self.anchor, self.coroutine.as_mut());
    }
}

/// Tells the state word of scopes that the step has left open, if that is news.
#[cold]
fn note_open(meta: &Meta, glance: Glance, is_open: bool) {
    if is_open != glance.is_open() {
        meta.state.set_open(is_open);
    }
}

/// Announces the end of a task whose coroutine is gone.
#[inline]
fn end<T, C>(meta: &Meta, conclude: &mut C, result: TaskResult<T>) -> Slot<C::Value>
where
    C: Conclude<T>,
    C::Value: 'static,
{
    let result = conclude.conclude(meta, result);
    let end = match &result {
        Ok(_) => End::Finished,
        Err(JoinError::Cancelled(_)) => End::Cancelled,
        Err(_) => End::Failed,
    };
    if meta.state.is_adopted() {
        meta.release();
    }
    let finish = meta.state.finish(end);
    let slot = if finish.overruled || finish.shared {
        end_slowly(meta, result, finish)
    } else {
        Slot::full(result)
    };
    conclude.ended(meta, finish.detached);
    slot
}

#[cold]
fn end_slowly<T: 'static>(meta: &Meta, mut result: TaskResult<T>, finish: Finish) -> Slot<T> {
    if finish.overruled {
        let value = mem::replace(&mut result, Err(JoinError::CANCELLED));
        drop_contained(value, "the output of a task");
    }
    if finish.shared {
        deliver(meta, result)
    } else {
        Slot::full(result)
    }
}

#[cold]
fn deliver<T: 'static>(meta: &Meta, mut result: TaskResult<T>) -> Slot<T> {
    let delivery = meta
        .take_delivery()
        .and_then(|any| any.downcast::<Delivery<T>>().ok());
    match delivery {
        Some(delivery) => {
            if let Err(error) = &mut result {
                error.explain(|| meta.reason());
            }
            delivery.complete(result);
            Slot::shared()
        }
        None => Slot::full(result),
    }
}

/// Delivers a cancel request to a task without scopes: its coroutine is dropped.
fn cancel<F, C>(body: Coroutine<'_, F>, conclude: &mut C, waker: &Waker) -> Slot<C::Value>
where
    F: Future,
    C: Conclude<F::Output>,
    C::Value: 'static,
{
    drop_coroutine(body.anchor, body.coroutine, Some(waker));
    end(body.anchor.meta(), conclude, Err(JoinError::CANCELLED))
}

/// The runnable was dropped instead of run: the scheduler has ended.
#[cold]
fn abandon<F, C>(anchor: &Anchor, conclude: &mut C, coroutine: Pin<&mut Option<F>>)
where
    F: Future,
    C: Conclude<F::Output>,
{
    let meta = anchor.meta();
    drop(meta.take_kept());
    drop_coroutine(anchor, coroutine, None);
    if meta.state.is_adopted() {
        meta.release();
    }
    meta.say_closed();
    drop(conclude.conclude(meta, Err(JoinError::CANCELLED)));
    let finish = meta.state.finish(End::Cancelled);
    if finish.shared {
        // The callbacks of a task whose loop is gone are dropped unrun.
        drop(meta.take_delivery());
    }
    conclude.ended(meta, finish.detached);
}

/// Drops the coroutine as a part of its task; a panic of its destructor is reported.
#[inline]
fn drop_coroutine<F: Future>(
    anchor: &Anchor,
    mut coroutine: Pin<&mut Option<F>>,
    waker: Option<&Waker>,
) {
    if !mem::needs_drop::<F>() {
        coroutine.set(None);
        return;
    }
    current::within(anchor, waker, || drop_here(anchor, coroutine));
}

/// As [`drop_coroutine`], in the frame that is there.
#[inline]
fn drop_here<F: Future>(anchor: &Anchor, mut coroutine: Pin<&mut Option<F>>) {
    if let Err(payload) = contain(|| coroutine.set(None)) {
        let meta = anchor.meta();
        let what = format!("dropping the coroutine of task '{}'", meta.name());
        report(
            Some(meta.scheduler()),
            &ErrorContext::from_panic(what, payload),
        );
    }
}

/// The first suspension: the registry takes the task, and a request that came meanwhile is seen.
#[cold]
fn adopt<T, C: Conclude<T>>(anchor: &Anchor, conclude: &mut C, waker: &Waker) {
    let meta = anchor.meta();
    let key = meta.scheduler().adopt(TaskRef::new(anchor, waker.clone()));
    meta.set_key(key);
    conclude.adopted(|| TaskRef::new(anchor, waker.clone()));
    if meta.state.adopt() == Adoption::CancelDue {
        waker.wake_by_ref();
    }
}

#[cold]
fn panicked(meta: &Meta, payload: Box<dyn Any + Send>) -> JoinError {
    let who = format!("task '{}' spawned at {}", meta.name(), meta.spawned_at);
    JoinError::Panicked(Panic::new(payload, who, Some(meta.scheduler())))
}
