//! `CancelScope` and its handle.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use evloop_cancel::{CancelScope, Cancelled, Stopped, catch_cancel, hold_cancel, on_cancel};
use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::support::{End, Gate, Log, Task, yield_once};

/// A thread that sleeps until it is woken.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    rings: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().expect("unpoisoned") = true;
        self.rings.notify_one();
    }
}

#[test]
fn from_another_thread_while_it_sleeps() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut cx = Context::from_waker(&waker);
    let mut run = pin!(scope.run(pending::<()>()));
    assert!(run.as_mut().poll(&mut cx).is_pending());
    let other = std::thread::Builder::new().name("other".into());
    let other = other.spawn(move || handle.cancel()).unwrap();
    let mut rung = bell.rung.lock().unwrap();
    while !*rung {
        rung = bell.rings.wait(rung).unwrap();
    }
    drop(rung);
    assert_eq!(run.poll(&mut cx), Poll::Ready(Err(Stopped)));
    assert!(other.join().unwrap());
}

#[test]
fn before_it_runs_after_the_end_and_dropped() {
    let scope = CancelScope::new();
    let (before, clone) = (scope.handle(), scope.handle().clone());
    assert!(!before.is_cancelled());
    assert!(before.cancel());
    assert!(clone.is_cancelled());
    assert!(clone.cancel(), "asked again is no end");
    let polled = Cell::new(false);
    let mut task = Task::new(scope.run(async { polled.set(true) }));
    assert_eq!(task.run(), Some(End::Value(Err(Stopped))));
    assert!(!polled.get());
    assert!(!before.cancel());

    let scope = CancelScope::new();
    let after = scope.handle();
    let mut task = Task::new(scope.run(async { 7 }));
    assert_eq!(task.run(), Some(End::Value(Ok(7))));
    assert!(!after.cancel());
    assert!(!after.is_cancelled());

    let scope = CancelScope::new();
    let never_run = scope.handle();
    drop(scope.run(pending::<()>()));
    assert!(!never_run.cancel());
}

#[test]
fn nested_scopes_are_asked_one_by_one() {
    let (outer, inner) = (CancelScope::new(), CancelScope::new());
    let (outer_handle, inner_handle) = (outer.handle(), inner.handle());
    let mut task = Task::new(outer.run(async {
        let ended = inner.run(pending::<()>()).await;
        yield_once().await;
        (ended, pending::<()>().await)
    }));
    assert!(task.run().is_none());
    inner_handle.cancel();
    assert!(task.run().is_none());
    assert!(!inner_handle.cancel());
    outer_handle.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(Stopped))));
}

#[test]
fn both_asked_in_one_turn_the_outer_one_reports() {
    let (outer, inner) = (CancelScope::new(), CancelScope::new());
    let (outer_handle, inner_handle) = (outer.handle(), inner.handle());
    let log = Log::default();
    let mut task = Task::new(outer.run(async {
        let ended = inner.run(on_cancel(pending::<()>(), || async { log.say("clean") }));
        let _ended = ended.await;
        log.say("never");
    }));
    assert!(task.run().is_none());
    inner_handle.cancel();
    outer_handle.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(Stopped))));
    drop(task);
    assert_eq!(log.take(), ["clean"]);
}

#[test]
fn a_remote_scope_is_asked_by_its_own_handle() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        set.push(scope.run(on_cancel(pending::<()>(), || async { yield_once().await })));
        set.next().await.unwrap()
    });
    assert_eq!(task.run(), None);
    handle.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(Stopped))));
}

#[test]
fn sticky_asks_again_with_the_same_words() {
    let scope = CancelScope::new().sticky();
    let handle = scope.handle();
    let said = Log::default();
    let mut task = Task::new(scope.run(async {
        for _ in 0..3 {
            let token = catch_cancel(pending::<()>()).await.unwrap_err();
            said.say(token.message().unwrap());
            assert!(token.origin().is_some());
            token.swallow();
        }
    }));
    assert!(task.run().is_none());
    handle.cancel_with("leave");
    assert_eq!(task.run(), Some(End::Value(Ok(()))));
    drop(task);
    assert_eq!(said.take(), ["leave", "leave", "leave"]);
}

/// One delivery a poll, however fast the body refuses.
#[test]
fn sticky_does_not_spin_inside_one_poll() {
    let scope = CancelScope::new().sticky();
    let handle = scope.handle();
    let n_refused = Cell::new(0);
    let mut task = Task::new(scope.run(async {
        loop {
            catch_cancel(pending::<()>()).await.unwrap_err().swallow();
            n_refused.set(n_refused.get() + 1);
        }
    }));
    let _: Option<End<Result<(), _>>> = task.run();
    handle.cancel();
    for n in 1..100 {
        assert!(task.step().is_none());
        assert_eq!(n_refused.get(), n);
    }
}

#[test]
fn sticky_does_not_interrupt_clean_up_or_a_hold() {
    let scope = CancelScope::new().sticky();
    let handle = scope.handle();
    let (gate, log) = (Gate::default(), Log::default());
    let mut task = Task::new(scope.run(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        gate.pass().await;
        log.say("clean");
        token.swallow();
        hold_cancel(async {
            yield_once().await;
            log.say("held");
        })
        .await;
        yield_once().await;
        log.say("never");
    }));
    assert!(task.run().is_none());
    handle.cancel();
    assert!(
        task.run().is_none(),
        "and it does not wake itself meanwhile"
    );
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Err(Stopped))));
    drop(task);
    assert_eq!(log.take(), ["clean", "held"]);
}

#[test]
fn sticky_after_a_forgotten_token_asks_no_more() {
    let scope = CancelScope::new().sticky();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        std::mem::forget(catch_cancel(pending::<()>()).await);
        let again = catch_cancel(pending::<()>()).await;
        again.map_err(Cancelled::swallow)
    }));
    assert!(task.run().is_none());
    handle.cancel();
    assert!(task.run().is_none());
    handle.cancel();
    assert_eq!(
        task.run(),
        Some(End::Value(Err(Stopped))),
        "the forgotten one is undecided"
    );
}

/// The request of the scope and the task's in one turn: both tokens are in one.
#[test]
fn asked_with_its_task_in_one_turn() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        token.swallow();
        yield_once().await;
        7
    }));
    assert!(task.run().is_none());
    handle.cancel();
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(Ok(7))));
}

#[test]
fn works_on_any_executor() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let log = Log::default();
    let cleans = || on_cancel(pending::<()>(), || async { log.say("clean") });
    let mut run = pin!(scope.run(join(cleans(), cleans())));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(run.as_mut().poll(&mut cx).is_pending());
    handle.cancel();
    assert_eq!(run.as_mut().poll(&mut cx), Poll::Ready(Err(Stopped)));
    assert_eq!(log.take(), ["clean", "clean"]);
}

/// A self-cancel in the poll in which a request from outside has been relayed.
#[test]
fn asked_while_it_relays() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let gate = Gate::default();
    let refuses = async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
        handle.cancel();
        gate.pass().await;
    };
    let mut task = Task::new(join(refuses, scope.run(pending::<()>())));
    assert!(task.run().is_none());
    task.cancel();
    assert!(task.run().is_none());
    gate.open();
    assert_eq!(task.run(), Some(End::Value(((), Err(Stopped)))));
}

#[test]
fn transparent_outside_of_any_target() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut n_polls = 0;
    let counts = poll_fn(|_| {
        n_polls += 1;
        if n_polls == 2 {
            Poll::Ready(7)
        } else {
            Poll::Pending
        }
    });
    let mut caught = pin!(catch_cancel(hold_cancel(counts)));
    assert!(caught.as_mut().poll(&mut cx).is_pending());
    assert!(matches!(caught.poll(&mut cx), Poll::Ready(Ok(7))));
}
