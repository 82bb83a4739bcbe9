//! Scopes that change places: other tasks, other threads, sets, `Shared`.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use evloop_cancel::{CancelScope, Cancelled, catch_cancel, on_cancel};
use futures_util::FutureExt;
use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::support::{End, Gate, Log, Task, yield_once};

type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
type Set<'a, T> = FuturesUnordered<Local<'a, T>>;

/// A place that tests put things into and take them from, while a task polls what is there.
struct Place<T>(RefCell<Option<T>>);

impl<T> Place<T> {
    fn with(thing: T) -> Self {
        Self(RefCell::new(Some(thing)))
    }

    fn empty() -> Self {
        Self(RefCell::new(None))
    }

    fn take(&self) -> T {
        self.0.borrow_mut().take().expect("it is there")
    }

    fn put(&self, thing: T) {
        assert!(self.0.borrow_mut().replace(thing).is_none());
    }

    /// Polls what is there; pending while there is nothing.
    async fn run<O>(&self, mut poll: impl FnMut(&mut T, &mut Context<'_>) -> Poll<O>) -> O {
        poll_fn(|cx| match &mut *self.0.borrow_mut() {
            Some(thing) => poll(thing, cx),
            None => Poll::Pending,
        })
        .await
    }
}

fn poll_local<T>(future: &mut Local<'_, T>, cx: &mut Context<'_>) -> Poll<T> {
    future.as_mut().poll(cx)
}

fn poll_set<T>(set: &mut Set<'_, T>, cx: &mut Context<'_>) -> Poll<T> {
    set.poll_next_unpin(cx).map(|item| item.expect("not empty"))
}

fn caught() -> Local<'static, Result<(), ()>> {
    Box::pin(async {
        catch_cancel(pending::<()>())
            .await
            .map_err(Cancelled::swallow)
    })
}

#[test]
fn a_local_scope_moved_to_another_task_belongs_there() {
    let (here, there) = (Place::with(caught()), Place::empty());
    let mut first = Task::new(here.run(poll_local));
    let mut second = Task::new(there.run(poll_local));
    assert!(first.run().is_none());
    assert!(second.run().is_none());

    there.put(here.take());
    second.wake();
    assert!(second.run().is_none());
    first.cancel();
    assert_eq!(first.run(), Some(End::Cancelled), "nothing is left in it");
    assert!(second.run().is_none(), "not its request");
    second.cancel();
    assert_eq!(second.run(), Some(End::Value(Err(()))));
}

#[test]
fn a_set_moved_to_another_task_belongs_there() {
    let (here, there) = (Place::with(Set::new()), Place::empty());
    here.0.borrow_mut().as_mut().unwrap().push(caught());
    let mut first = Task::new(here.run(poll_set));
    let mut second = Task::new(there.run(poll_set));
    assert!(first.run().is_none());
    assert!(second.run().is_none());

    there.put(here.take());
    second.wake();
    assert!(second.run().is_none());
    first.cancel();
    assert_eq!(first.run(), Some(End::Cancelled));
    assert!(second.run().is_none(), "not its request");
    second.cancel();
    assert_eq!(second.run(), Some(End::Value(Err(()))));
}

/// The mail lies unread in the set when its member goes to another task, to be polled with that
/// task's own waker: it is no request to that one.
#[test]
fn unread_mail_does_not_move_with_a_scope() {
    let here = Place::with(Set::new());
    here.0.borrow_mut().as_mut().unwrap().push(caught());
    let there = Place::<Local<'_, _>>::empty();
    let stops = Gate::default();
    let mut first = Task::new(async {
        let stop = stops.pass();
        futures_util::future::select(Box::pin(stop), Box::pin(here.run(poll_set))).await;
        pending::<()>().await;
    });
    let mut second = Task::new(there.run(poll_local));
    assert!(first.run().is_none());
    assert!(second.run().is_none());
    // From now on the set is kept, and not polled.
    stops.open();
    first.cancel();
    assert!(first.step().is_none());
    let set = here.take();
    there.put(set.into_iter().next().unwrap());
    second.wake();
    assert!(second.run().is_none(), "not its request");
    assert_eq!(first.run(), Some(End::Cancelled));
    second.cancel();
    assert_eq!(second.run(), Some(End::Value(Err(()))));
}

/// Mail and the pass reach the same scope: one delivery all the same.
#[test]
fn moved_out_of_a_set_in_the_very_pass_it_is_asked_once() {
    let log = Log::default();
    let mut scope: Option<Local<'_, ()>> = Some(Box::pin(on_cancel(
        on_cancel(pending::<()>(), || async { log.say("inner") }),
        || async {
            log.say("outer begins");
            yield_once().await;
            log.say("outer ends");
        },
    )));
    let mut set = Set::new();
    set.push(scope.take().unwrap());
    let mut n_polls = 0;
    let mut task = Task::new(poll_fn(|cx| {
        n_polls += 1;
        if n_polls == 2 {
            scope = std::mem::take(&mut set).into_iter().next();
        }
        match &mut scope {
            Some(scope) => scope.as_mut().poll(cx),
            None => set.poll_next_unpin(cx).map(|_| ()),
        }
    }));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["inner", "outer begins", "outer ends"]);
}

/// The same, and the request is taken back once.
#[test]
fn a_token_of_mail_and_pass_uncancels_once() {
    let mut scope: Option<Local<'_, usize>> = None;
    let mut set = Set::new();
    set.push(Box::pin(async {
        catch_cancel(pending::<()>()).await.unwrap_err().uncancel()
    }));
    let mut n_polls = 0;
    let mut task = Task::new(poll_fn(|cx| {
        n_polls += 1;
        if n_polls == 2 {
            scope = std::mem::take(&mut set).into_iter().next();
        }
        match &mut scope {
            Some(scope) => scope.as_mut().poll(cx),
            None => set.poll_next_unpin(cx).map(|item| item.unwrap()),
        }
    }));
    assert_eq!(task.run(), None);
    task.cancel();
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(1)));
}

/// A combinator that polls its child twice in one poll: one delivery.
#[test]
fn polled_twice_in_a_pass_a_scope_is_asked_once() {
    let (log, gate) = (Log::default(), Gate::default());
    let mut inner = Box::pin(on_cancel(pending::<()>(), || async {
        log.say("begins");
        gate.pass().await;
        log.say("ends");
    }));
    let outer = on_cancel(
        poll_fn(|cx| {
            let _first = inner.as_mut().poll(cx);
            inner.as_mut().poll(cx)
        }),
        || async { log.say("outer") },
    );
    let mut task = Task::new(poll_fn({
        let mut outer = Box::pin(outer);
        move |cx| {
            let first = outer.as_mut().poll(cx);
            if first.is_ready() {
                return first;
            }
            outer.as_mut().poll(cx)
        }
    }));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["begins", "ends", "outer"]);
}

#[test]
fn shared_between_tasks_it_belongs_to_whoever_polled_last() {
    let log = Log::default();
    let shared = on_cancel(pending::<()>(), || async { log.say("clean") });
    let shared = Box::pin(shared).shared();
    let mut first = Task::new(shared.clone());
    let mut second = Task::new(shared.clone());
    assert!(first.run().is_none());
    assert!(second.run().is_none());
    first.cancel();
    assert_eq!(first.run(), Some(End::Cancelled), "it is not asked");
    assert!(log.take().is_empty());
    second.cancel();
    assert_eq!(second.run(), Some(End::Cancelled));
}

/// Shared by two branches of one task: polled once, asked once.
#[test]
fn shared_inside_a_task_is_asked_once() {
    let log = Log::default();
    let shared = on_cancel(pending::<()>(), || async {
        yield_once().await;
        log.say("clean");
    });
    let shared = Box::pin(shared).shared();
    let mut task = Task::new(join(shared.clone(), shared));
    assert!(task.run().is_none());
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["clean"]);
}

/// Polled by another thread, outside of any task: transparent there, and the old owner gets its
/// mail back.
#[test]
fn polled_on_another_thread_it_gives_its_mail_back() {
    let mut scope = Box::pin(catch_cancel(pending::<()>()));
    let mut set = FuturesUnordered::new();
    let mut task = Task::new(async {
        set.push(&mut scope);
        assert!(futures_util::poll!(set.next()).is_pending());
        yield_once().await;
        let scope = std::mem::take(&mut set).into_iter().next().unwrap();
        std::thread::scope(|threads| {
            let other = std::thread::Builder::new().name("other".into());
            let other = other.spawn_scoped(threads, move || {
                let mut cx = Context::from_waker(Waker::noop());
                assert!(scope.as_mut().poll(&mut cx).is_pending());
            });
            other.unwrap().join().unwrap();
        });
        yield_once().await;
        unreachable!("the request is back");
    });
    assert_eq!(task.step(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
}

/// Polled outside of any task, then part of one on another thread.
#[test]
fn a_scope_may_go_on_on_another_thread() {
    let mut scope = Box::pin(catch_cancel(pending::<()>()));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(scope.as_mut().poll(&mut cx).is_pending());
    std::thread::scope(|threads| {
        let other = std::thread::Builder::new().name("other".into());
        let other = other.spawn_scoped(threads, move || {
            let mut task = Task::new(async { scope.await.map_err(Cancelled::swallow) });
            assert!(task.run().is_none());
            task.cancel();
            assert_eq!(task.run(), Some(End::Value(Err(()))));
        });
        other.unwrap().join().unwrap();
    });
}

/// Forgotten with its mail: the owner takes that back.
#[test]
fn a_forgotten_scope_does_not_hold_the_request() {
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        set.push(catch_cancel(pending::<()>()));
        assert!(futures_util::poll!(set.next()).is_pending());
        std::mem::forget(set);
        pending::<()>().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
}

/// The scope around a set that is not polled returns in the pass: the unread mail goes on at once.
#[test]
fn a_scope_that_returns_leaves_no_unread_mail() {
    let (gate, log) = (Gate::default(), Log::default());
    let kept = RefCell::new(FuturesUnordered::new());
    let mut task = Task::new(async {
        let inner = catch_cancel(async {
            let mut set = FuturesUnordered::new();
            set.push(catch_cancel(pending::<()>()));
            assert!(futures_util::poll!(set.next()).is_pending());
            *kept.borrow_mut() = set;
            gate.pass().await;
        })
        .await;
        log.say(format!("caught: {}", inner.is_err()));
        pending::<()>().await;
    });
    assert_eq!(task.run(), None);
    gate.open();
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["caught: false"]);
}

/// The same for a target: nobody holds a token, so its value stands.
#[test]
fn a_target_that_returns_leaves_no_unread_mail() {
    let gate = Gate::default();
    let kept = RefCell::new(FuturesUnordered::new());
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        let mut set = FuturesUnordered::new();
        set.push(catch_cancel(pending::<()>()));
        assert!(futures_util::poll!(set.next()).is_pending());
        *kept.borrow_mut() = set;
        gate.pass().await;
        7
    }));
    assert_eq!(task.run(), None);
    gate.open();
    handle.cancel();
    assert_eq!(task.run(), Some(End::Value(Ok(7))));
}

/// It ends for one request while the mail of another one lies unread: its token is of both.
#[test]
fn a_scope_that_fires_answers_for_its_unread_mail() {
    let gate = Gate::default();
    let mut task = Task::new(async {
        let caught = catch_cancel(async {
            let token = catch_cancel(pending::<()>()).await.unwrap_err();
            let mut set = FuturesUnordered::new();
            set.push(catch_cancel(pending::<()>()));
            assert!(futures_util::poll!(set.next()).is_pending());
            std::mem::forget(set);
            gate.pass().await;
            drop(token);
            pending::<()>().await;
        });
        caught.await.unwrap_err().swallow();
        yield_once().await;
        7
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    gate.open();
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(7)));
}

/// A sub-executor that is driven by hand inside a task: what is in it is remote.
#[test]
fn a_nested_poll_with_a_waker_of_its_own_does_not_hang() {
    let mut task = Task::new(async {
        let mut inner = Box::pin(catch_cancel(pending::<()>()));
        poll_fn(|_| {
            let mut cx = Context::from_waker(Waker::noop());
            inner
                .as_mut()
                .poll(&mut cx)
                .map(|end| end.map_err(Cancelled::swallow))
        })
        .await
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(()))));
}
