//! Tokens in odd places: sent away, forgotten, kept for ever, dropped while unwinding.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use evloop_cancel::{CancelScope, Cancelled, catch_cancel, hold_cancel, on_cancel, timeout_scope};
use futures_util::FutureExt;
use futures_util::future::join;

use crate::support::{End, Gate, Log, Task, yield_once};

type Shelf<T> = RefCell<Option<T>>;

/// A task that puts its token on the shelf, waits for a second request, and refuses that.
async fn gives_away(shelf: &Shelf<Cancelled>) {
    let token = catch_cancel(pending::<()>()).await.expect_err("asked");
    *shelf.borrow_mut() = Some(token);
    catch_cancel(pending::<()>())
        .await
        .expect_err("asked")
        .swallow();
}

#[test]
fn swallowed_in_another_task() {
    let shelf = Shelf::default();
    let mut first = Task::new(gives_away(&shelf));
    assert_eq!(first.run(), None);
    first.cancel();
    assert_eq!(first.run(), None);
    let token = shelf.borrow_mut().take().unwrap();
    let mut second = Task::new(async { token.swallow() });
    assert_eq!(second.run(), Some(End::Value(())));
    assert_eq!(first.run(), None, "nothing is asked");
    first.cancel();
    assert_eq!(first.run(), Some(End::Value(())));
}

#[test]
fn resumed_in_another_task_it_panics_and_the_target_is_asked_again() {
    let shelf = Shelf::default();
    let mut first = Task::new(gives_away(&shelf));
    assert_eq!(first.run(), None);
    first.cancel();
    assert_eq!(first.run(), None);
    let token = shelf.borrow_mut().take().unwrap();
    let mut second = Task::new(async { AssertUnwindSafe(token.resume()).catch_unwind().await });
    assert!(matches!(second.run(), Some(End::Value(Err(_)))));
    assert_eq!(first.run(), Some(End::Value(())));
}

#[test]
fn resumed_after_the_end_of_its_target_it_panics() {
    let shelf = Shelf::default();
    let mut first = Task::new(gives_away(&shelf));
    assert_eq!(first.run(), None);
    first.cancel();
    assert_eq!(first.run(), None);
    first.cancel();
    assert_eq!(
        first.run(),
        Some(End::Cancelled),
        "the other one is undecided"
    );
    drop(first);
    let token = shelf.borrow_mut().take().unwrap();
    assert_eq!(token.message(), Some("by the test"));
    let mut second = Task::new(async { AssertUnwindSafe(token.resume()).catch_unwind().await });
    assert!(matches!(second.run(), Some(End::Value(Err(_)))));
}

#[test]
fn resumed_outside_of_any_task_it_panics() {
    let shelf = Shelf::default();
    let mut first = Task::new(gives_away(&shelf));
    assert_eq!(first.run(), None);
    first.cancel();
    assert_eq!(first.run(), None);
    let token = shelf.borrow_mut().take().unwrap();
    let resumed = catch_unwind(AssertUnwindSafe(|| {
        let mut resume = pin!(token.resume());
        resume
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    }));
    assert!(resumed.is_err());
    assert_eq!(first.run(), Some(End::Value(())));
}

#[test]
fn a_resume_that_is_dropped_unpolled_passes_on() {
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        drop(token.resume());
        yield_once().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
}

#[test]
fn a_forgotten_token_loses_its_delivery_only() {
    let mut task = Task::new(async {
        std::mem::forget(catch_cancel(pending::<()>()).await);
        let second = catch_cancel(pending::<()>()).await.unwrap_err();
        assert_eq!(second.message(), Some("again"));
        drop(second);
        yield_once().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    task.requests.cancel("again");
    assert_eq!(task.run(), Some(End::Cancelled));
}

#[test]
fn dropped_while_unwinding_it_does_no_harm() {
    let mut task = Task::new(async {
        let body = async {
            let _token = catch_cancel(pending::<()>()).await.unwrap_err();
            panic!("on purpose");
        };
        let caught: Result<(), _> = AssertUnwindSafe(body).catch_unwind().await;
        assert!(caught.is_err());
        yield_once().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled), "dropped is passed on");
}

#[test]
fn with_several_tickets_one_word_refuses_all() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        let both = catch_cancel(async {
            let _of_the_task = catch_cancel(pending::<()>()).await.unwrap_err();
            pending::<()>().await;
        })
        .await
        .unwrap_err();
        assert_eq!(both.uncancel(), 0);
        yield_once().await;
        7
    }));
    assert!(task.run().is_none());
    task.cancel();
    assert!(task.run().is_none());
    handle.cancel();
    assert_eq!(task.run(), Some(End::Value(Ok(7))));
    assert_eq!(task.requests.count(), 0);
}

#[test]
fn uncancel_takes_one_request_back() {
    let mut task = Task::new(async {
        let first = catch_cancel(pending::<()>()).await.unwrap_err().uncancel();
        let other = join(catch_cancel(pending::<()>()), catch_cancel(pending::<()>())).await;
        let other = [other.0, other.1].map(|caught| caught.unwrap_err().uncancel());
        (first, other)
    });
    assert_eq!(task.run(), None);
    task.cancel();
    task.cancel();
    task.cancel();
    assert_eq!(task.run(), None);
    task.cancel();
    // Three are left, then one of both branches' common request is taken back, once.
    assert_eq!(task.run(), Some(End::Value((2, [2, 2]))));
    assert_eq!(task.requests.count(), 2);
}

#[test]
fn message_and_origin() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        let said = (token.to_string(), format!("{token:?}"));
        let origin = token.origin().unwrap();
        assert_eq!(token.message(), Some("time to go"));
        token.swallow();
        (said, origin)
    }));
    assert!(task.run().is_none());
    let line = line!() + 1;
    handle.cancel_with("time to go");
    let Some(End::Value(Ok(((display, debug), origin)))) = task.run() else {
        panic!("it has ended");
    };
    assert_eq!(display, "cancelled: time to go");
    assert_eq!((origin.file(), origin.line()), (file!(), line));
    let place = format!("{origin}");
    let says_both = debug.contains("\"time to go\"") && debug.contains(&place);
    assert!(says_both, "{debug}");
}

#[test]
fn without_a_message_there_is_none() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        assert_eq!(token.to_string(), "cancelled");
        assert_eq!(token.message(), None);
        token.swallow();
    }));
    assert!(task.run().is_none());
    handle.cancel();
    assert_eq!(task.run(), Some(End::Value(Ok(()))));
}

/// Of two targets that are asked in one turn the task's outranks.
#[test]
fn tokens_dropped_inside_a_hold_wait_for_its_end() {
    let (gate, log) = (Gate::default(), Log::default());
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        hold_cancel(async {
            drop(token);
            gate.pass().await;
            log.say("to the end");
        })
        .await;
        yield_once().await;
        log.say("never");
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["to the end"]);
}

/// A hold would wait for the resume, and the resume for the hold.
#[test]
fn resumed_inside_a_hold_that_is_in_between_it_panics() {
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        let held = hold_cancel(AssertUnwindSafe(token.resume()).catch_unwind()).await;
        assert!(held.is_err());
        yield_once().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(
        task.run(),
        Some(End::Cancelled),
        "it was passed on all the same"
    );
}

#[test]
fn resumed_in_a_scope_inside_a_hold_it_ends_that() {
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        let resumes = async { match token.resume().await {} };
        hold_cancel(async {
            let caught: Result<(), Cancelled> = catch_cancel(resumes).await;
            caught.unwrap_err().swallow();
        })
        .await;
        7
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(7)));
}

/// A hold is no obstacle for the requests of a target inside of it.
#[test]
fn resumed_inside_a_hold_for_a_target_inside_it_ends_that() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(hold_cancel(
        scope.run(on_cancel(pending::<()>(), || async {})),
    ));
    assert!(task.run().is_none());
    handle.cancel();
    assert!(matches!(task.run(), Some(End::Value(Err(_)))));
}

/// The loop passes one request on for ever; it keeps nothing of the rounds before.
#[test]
fn a_request_passed_through_many_scopes_ends_at_last() {
    let mut task = Task::new(async {
        let mut token = catch_cancel(pending::<()>()).await.unwrap_err();
        for _ in 0..10_000 {
            let again = catch_cancel(async {
                drop(token);
                pending::<()>().await;
            });
            token = again.await.unwrap_err();
        }
        token.swallow();
        7
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(7)));
}

#[test]
fn thousands_of_nested_scopes() {
    // Unoptimized, a scope and the code around it take two kilobytes of stack for each poll.
    let deep = std::thread::Builder::new()
        .name("deep".into())
        .stack_size(64 << 20);
    deep.spawn(nest).unwrap().join().unwrap();
}

fn nest() {
    let mut future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(pending());
    for _ in 0..3_000 {
        future = Box::pin(on_cancel(future, || async {}));
    }
    let mut task = Task::new(future);
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
}

#[test]
fn thousands_of_requests_one_after_the_other() {
    let mut task = Task::new(poll_fn({
        let mut n = 0;
        let mut scope = Box::pin(catch_cancel(pending::<()>()));
        move |cx| {
            while let Poll::Ready(caught) = scope.as_mut().poll(cx) {
                caught.unwrap_err().swallow();
                n += 1;
                scope = Box::pin(catch_cancel(pending::<()>()));
                if n == 5_000 {
                    return Poll::Ready(n);
                }
            }
            Poll::Pending
        }
    }));
    for _ in 0..4_999 {
        assert_eq!(task.run(), None);
        task.cancel();
    }
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(5_000)));
}

#[test]
#[should_panic = "its target is over"]
fn resumed_inside_of_something_shared_it_panics_for_the_one_who_is_left() {
    let shared = on_cancel(pending::<()>(), || async {})
        .boxed_local()
        .shared();
    let mut left = Task::new(shared.clone());
    let mut asked = Task::new(shared);
    assert!(left.run().is_none());
    assert!(asked.run().is_none());
    asked.cancel();
    assert_eq!(asked.run(), Some(End::Cancelled));
    left.step();
}

/// Polls what several tasks share, one after the other.
async fn in_turns<F: Future>(shared: Rc<RefCell<Pin<Box<F>>>>) -> F::Output {
    poll_fn(|cx| shared.borrow_mut().as_mut().poll(cx)).await
}

#[test]
fn a_timeout_that_passed_a_request_on_ends_for_the_one_who_is_left() {
    let limit = Gate::default();
    let due = limit.clone();
    let inside = on_cancel(pending::<()>(), || async {});
    let timeout = timeout_scope(async move { due.pass().await }, inside);
    let shared = Rc::new(RefCell::new(Box::pin(timeout)));
    let mut left = Task::new(in_turns(Rc::clone(&shared)));
    let mut asked = Task::new(in_turns(shared));
    assert!(asked.run().is_none());
    limit.open();
    asked.cancel();
    assert_eq!(asked.run(), Some(End::Cancelled));
    assert!(matches!(left.run(), Some(End::Value(Err(_)))));
}

#[test]
fn a_scope_that_passed_a_request_on_ends_for_the_one_who_is_left() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let inside = on_cancel(pending::<()>(), || async {});
    let shared = Rc::new(RefCell::new(Box::pin(scope.run(inside))));
    let mut left = Task::new(in_turns(Rc::clone(&shared)));
    let mut asked = Task::new(in_turns(shared));
    assert!(asked.run().is_none());
    handle.cancel();
    asked.cancel();
    assert_eq!(asked.run(), Some(End::Cancelled));
    assert!(matches!(left.run(), Some(End::Value(Err(_)))));
}
