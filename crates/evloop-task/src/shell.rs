//! The future that async-task sees: the coroutine in a shell that contains its panics, delivers
//! cancellation and reports its end.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use crate::anchor::Anchor;
use crate::current;
use crate::error::{JoinError, Panic, TaskResult, contain};
use crate::meta::Meta;
use crate::report::{ErrorContext, report};
use crate::shared_cell::Delivery;
use crate::slot::{Slot, drop_contained};
use crate::state::{Adoption, End, Finish};
use crate::task_ref::TaskRef;

pin_project! {
    /// A coroutine and the anchor of its task.
    pub(crate) struct Shell<F: Future> {
        anchor: Anchor,
        // `None` once the coroutine has ended, so that it is dropped inside the shell's own
        // protection and before its end is announced.
        #[pin]
        coroutine: Option<F>,
    }

    impl<F: Future> PinnedDrop for Shell<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.coroutine.is_some() {
                abandon(this.anchor, this.coroutine);
            }
        }
    }
}

impl<F: Future> Shell<F> {
    pub(crate) fn new(anchor: Anchor, coroutine: F) -> Self {
        Self {
            anchor,
            coroutine: Some(coroutine),
        }
    }
}

impl<F: Future> Future for Shell<F>
where
    F::Output: 'static,
{
    type Output = Slot<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let meta = this.anchor.meta();
        if meta.state.cancel_due() {
            return Poll::Ready(cancel(this.anchor, this.coroutine, cx.waker()));
        }
        let polled = current::within(this.anchor, Some(cx.waker()), || {
            let coroutine = this.coroutine.as_mut().as_pin_mut();
            let coroutine = coroutine.expect("async-task polls no future that was ready");
            contain(|| coroutine.poll(cx))
        });
        let result = match polled {
            Ok(Poll::Pending) => {
                if !meta.state.is_adopted() {
                    adopt(this.anchor, cx.waker());
                }
                return Poll::Pending;
            }
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(panicked(meta, payload)),
        };
        drop_coroutine(this.anchor, this.coroutine, Some(cx.waker()));
        Poll::Ready(end(meta, result))
    }
}

/// Announces the end of a task whose coroutine is gone.
#[inline]
fn end<T: 'static>(meta: &Meta, result: TaskResult<T>) -> Slot<T> {
    let end = match &result {
        Ok(_) => End::Finished,
        Err(JoinError::Cancelled(_)) => End::Cancelled,
        Err(_) => End::Failed,
    };
    if meta.state.is_adopted() {
        meta.scheduler.release(meta.key(), meta.id);
    }
    let finish = meta.state.finish(end);
    if finish.overruled || finish.shared {
        end_slowly(meta, result, finish)
    } else {
        Slot::full(result)
    }
}

#[cold]
fn end_slowly<T: 'static>(meta: &Meta, mut result: TaskResult<T>, finish: Finish) -> Slot<T> {
    if finish.overruled {
        let cancelled = Err(JoinError::cancelled(meta.cancel_message()));
        let value = std::mem::replace(&mut result, cancelled);
        drop_contained(value, "the output of a task");
    }
    if finish.shared {
        deliver(meta, result)
    } else {
        Slot::full(result)
    }
}

#[cold]
fn deliver<T: 'static>(meta: &Meta, result: TaskResult<T>) -> Slot<T> {
    let delivery = meta
        .take_delivery()
        .and_then(|any| any.downcast::<Delivery<T>>().ok());
    match delivery {
        Some(delivery) => {
            delivery.complete(result);
            Slot::shared()
        }
        None => Slot::full(result),
    }
}

/// Delivers a cancel request: no scope is open, so the coroutine is dropped.
#[cold]
fn cancel<F: Future>(
    anchor: &Anchor,
    coroutine: Pin<&mut Option<F>>,
    waker: &Waker,
) -> Slot<F::Output>
where
    F::Output: 'static,
{
    drop_coroutine(anchor, coroutine, Some(waker));
    let message = anchor.meta().cancel_message();
    end(anchor.meta(), Err(JoinError::cancelled(message)))
}

/// The runnable was dropped instead of run: the scheduler has ended.
#[cold]
fn abandon<F: Future>(anchor: &Anchor, coroutine: Pin<&mut Option<F>>) {
    drop_coroutine(anchor, coroutine, None);
    let meta = anchor.meta();
    if meta.state.is_adopted() {
        meta.scheduler.release(meta.key(), meta.id);
    }
    meta.say_closed();
    if meta.state.finish(End::Cancelled).shared {
        // The callbacks of a task whose loop is gone are dropped unrun.
        drop(meta.take_delivery());
    }
}

/// Drops the coroutine as a part of its task; a panic of its destructor is reported.
#[inline]
fn drop_coroutine<F: Future>(
    anchor: &Anchor,
    mut coroutine: Pin<&mut Option<F>>,
    waker: Option<&Waker>,
) {
    if !std::mem::needs_drop::<F>() {
        coroutine.set(None);
        return;
    }
    let dropped = current::within(anchor, waker, || contain(|| coroutine.set(None)));
    if let Err(payload) = dropped {
        let meta = anchor.meta();
        let what = format!("dropping the coroutine of task '{}'", meta.name());
        report(
            Some(meta.scheduler),
            &ErrorContext::from_panic(what, payload),
        );
    }
}

/// The first suspension: the registry takes the task, and a request that came meanwhile is seen.
#[cold]
fn adopt(anchor: &Anchor, waker: &Waker) {
    let meta = anchor.meta();
    let key = meta.scheduler.adopt(TaskRef::new(anchor, waker.clone()));
    meta.set_key(key);
    if meta.state.adopt() == Adoption::CancelDue {
        waker.wake_by_ref();
    }
}

#[cold]
fn panicked(meta: &Meta, payload: Box<dyn Any + Send>) -> JoinError {
    let who = format!("task '{}' spawned at {}", meta.name(), meta.spawned_at);
    JoinError::Panicked(Panic::new(payload, who, Some(meta.scheduler)))
}
