//! Panics: of destructors, of clean-up, of code in a scope, of wakers.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use evloop_cancel::{CancelScope, Cancelled, catch_cancel, host, on_cancel, timeout_scope};
use futures_util::FutureExt;
use futures_util::future::join;

use crate::gather::Gather;
use crate::support::{End, Gate, Log, Task, yield_once};

/// Pending, and panics when it is dropped.
struct Bomb;

impl Future for Bomb {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "the destructor panics");
    }
}

/// Nothing on this thread believes that something is being polled.
fn assert_no_frame() {
    assert!(host::here(|here| here.is_none()));
}

#[test]
fn a_destructor_that_panics_when_the_scope_fires() {
    let mut task = Task::new(async {
        let fires = AssertUnwindSafe(catch_cancel(Bomb)).catch_unwind().await;
        assert!(fires.is_err());
        yield_once().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled), "the request goes on");
    assert_no_frame();
}

#[test]
fn a_destructor_that_panics_in_a_target() {
    let gate = Gate::default();
    let mut task = Task::new(async {
        let limited = timeout_scope(gate.pass(), Bomb);
        let expires = AssertUnwindSafe(limited).catch_unwind().await;
        assert!(expires.is_err());
        yield_once().await;
        7
    });
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(7)));
    assert_no_frame();
}

#[test]
fn a_destructor_that_panics_in_a_cancel_scope_before_it_runs() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    handle.cancel();
    let mut task = Task::new(scope.run(Bomb));
    assert!(catch_unwind(AssertUnwindSafe(|| task.run().is_some())).is_err());
    assert_no_frame();
    assert!(!handle.cancel());
}

#[test]
fn clean_up_that_panics_leaves_the_siblings_theirs() {
    let (gate, log) = (Gate::default(), Log::default());
    let panics = on_cancel(pending::<()>(), || async {
        yield_once().await;
        panic!("clean-up")
    });
    let panics = async { AssertUnwindSafe(panics).catch_unwind().await.is_err() };
    let sibling = on_cancel(pending::<()>(), || async {
        gate.pass().await;
        log.say("the sibling is clean");
    });
    let mut task = Task::new(join(panics, sibling));
    assert!(task.run().is_none());
    task.cancel();
    assert!(task.run().is_none());
    gate.open();
    assert!(matches!(task.run(), Some(End::Cancelled)));
    drop(task);
    assert_eq!(log.take(), ["the sibling is clean"]);
}

#[test]
fn clean_up_that_panics_ends_the_task() {
    let mut task = Task::new(on_cancel(pending::<()>(), || async { panic!("clean-up") }));
    assert_eq!(task.run(), None);
    task.cancel();
    assert!(catch_unwind(AssertUnwindSafe(|| task.run())).is_err());
    drop(task);
    assert_no_frame();
}

#[test]
fn a_panic_in_a_scope_that_is_caught_leaves_later_requests_alone() {
    let mut task = Task::new(async {
        let body = async {
            yield_once().await;
            panic!("in the scope")
        };
        let body = async { catch_cancel(body).await.map_err(Cancelled::swallow) };
        let caught: Result<Result<(), ()>, _> = AssertUnwindSafe(body).catch_unwind().await;
        assert!(caught.is_err());
        catch_cancel(pending::<()>())
            .await
            .map_err(Cancelled::swallow)
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(()))));
}

/// The scope is in the middle of a delivery when its part panics, and is kept, unpolled, by code
/// that goes on: it holds nothing back.
#[test]
fn a_panic_in_the_middle_of_a_delivery_holds_nothing_back() {
    let log = Log::default();
    let panics = Cell::new(false);
    let gate = Gate::default();
    let mut scope = Box::pin(catch_cancel(async {
        let inner = Box::pin(catch_cancel(pending::<()>()));
        let panics = poll_fn(|_| {
            assert!(!panics.get(), "on purpose");
            Poll::<()>::Pending
        });
        futures_util::future::select(panics, inner).await;
    }));
    let refuses = async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
        log.say("refused");
        gate.pass().await;
    };
    let poisoned = poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| scope.as_mut().poll(cx).is_pending()));
        match polled {
            Ok(_) => Poll::Pending,
            Err(_) => Poll::Ready(()),
        }
    });
    let mut task = Task::new(async {
        join(poisoned, refuses).await;
        catch_cancel(yield_once()).await.is_ok()
    });
    assert_eq!(task.run(), None);
    panics.set(true);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(log.take(), ["refused"]);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(true)));
    drop(task);
    drop(scope);
    assert_no_frame();
}

/// Panics when it is woken, once it is armed.
#[derive(Default)]
struct Trap(AtomicBool);

impl Wake for Trap {
    fn wake(self: Arc<Self>) {
        assert!(!self.0.swap(false, Ordering::SeqCst), "the waker panics");
    }
}

#[test]
fn a_waker_that_panics_in_a_cancel() {
    let trap = Arc::new(Trap::default());
    let waker = Waker::from(Arc::clone(&trap));
    let mut cx = Context::from_waker(&waker);
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut run = Box::pin(scope.run(pending::<()>()));
    assert!(run.as_mut().poll(&mut cx).is_pending());
    trap.0.store(true, Ordering::SeqCst);
    assert!(catch_unwind(AssertUnwindSafe(|| handle.cancel())).is_err());
    assert!(handle.is_cancelled());
    assert!(
        run.as_mut().poll(&mut cx).is_ready(),
        "the request was made"
    );
}

/// The waker of a remote scope panics when it gets mail: the request is made again, and gets through.
#[test]
fn a_waker_that_panics_in_a_delivery() {
    let trap = Arc::new(Trap::default());
    let waker = Waker::from(Arc::clone(&trap));
    let mut inner = Box::pin(catch_cancel(pending::<()>()));
    let mut task = Task::new(async {
        let remote = poll_fn(|_| {
            let polled = inner.as_mut().poll(&mut Context::from_waker(&waker));
            polled.map_err(Cancelled::swallow)
        });
        catch_cancel(remote).await.map_err(Cancelled::swallow)
    });
    assert_eq!(task.run(), None);
    trap.0.store(true, Ordering::SeqCst);
    task.cancel();
    assert!(catch_unwind(AssertUnwindSafe(|| task.run().is_some())).is_err());
    assert_no_frame();
    task.cancel();
    assert!(task.run().is_some());
}

/// The visits of the branches are cut short: what is held open for them is let go.
#[test]
fn a_branch_that_panics_while_a_request_is_delivered_does_not_hold_it() {
    let mut task = Task::new(async {
        let keeps: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async {
            let _token = catch_cancel(pending::<()>()).await;
            pending().await
        });
        let panics: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async {
            drop(catch_cancel(pending::<()>()).await);
            panic!("scripted");
        });
        let gathered = AssertUnwindSafe(Gather::new(vec![keeps, panics])).catch_unwind();
        assert!(gathered.await.is_err());
        pending::<()>().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
}
