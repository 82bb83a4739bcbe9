//! Model checks of the protocols between threads, on the shipped code: mail for remote scopes, the
//! count of those who have still to decide, and a scope's handle against its poll.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p evloop-cancel --release --test loom`
#![cfg(loom)]
#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use evloop_cancel::{CancelScope, Cancelled, Stopped, catch_cancel, loom_models};
use evloop_fixtures::models::{block_on, explore};
use futures_util::future::join;
use loom::sync::Mutex;
use loom::thread;

async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn a_poll_meets_the_mail() {
    explore(|| loom_models::a_poll_meets_the_mail(|f| thread::spawn(f)));
}

#[test]
fn a_drop_meets_the_mail() {
    explore(|| loom_models::a_drop_meets_the_mail(|f| thread::spawn(f)));
}

#[test]
fn the_last_decision_meets_the_wait() {
    explore(|| loom_models::the_last_decision_meets_the_wait(|f| thread::spawn(f)));
}

#[test]
fn the_last_decision_inside_an_ended_scope_meets_the_wait() {
    explore(|| {
        loom_models::the_last_decision_inside_an_ended_scope_meets_the_wait(|f| thread::spawn(f))
    });
}

/// A request from another thread while the scope is polled, or sleeps, ends it.
#[test]
fn a_request_meets_the_poll_of_a_cancel_scope() {
    explore(|| {
        let scope = CancelScope::new();
        let handle = scope.handle();
        let canceller = thread::spawn(move || handle.cancel_with("from outside"));

        assert_eq!(block_on(scope.run(pending::<()>())), Err(Stopped));

        assert!(canceller.join().unwrap());
    });
}

/// Two requests meet a body that refuses one: none is lost.
#[test]
fn two_requests_meet_a_body_that_refuses_one() {
    explore(|| {
        let scope = CancelScope::new();
        let (first, second) = (scope.handle(), scope.handle());
        let canceller = thread::spawn(move || {
            first.cancel();
            first.cancel()
        });
        second.cancel();

        let refuses = async {
            catch_cancel(yield_once())
                .await
                .map_err(Cancelled::swallow)
                .ok();
            pending::<()>().await;
        };
        assert_eq!(block_on(scope.run(refuses)), Err(Stopped));

        canceller.join().unwrap();
    });
}

/// A request is accepted or comes after the end, and the output tells which.
#[test]
fn a_request_meets_the_end_of_a_cancel_scope() {
    explore(|| {
        let scope = CancelScope::new();
        let handle = scope.handle();
        let canceller = thread::spawn(move || handle.cancel());

        let end = block_on(scope.run(yield_once()));

        let accepted = canceller.join().unwrap();
        assert!(accepted || end == Ok(()), "refused, and it has stopped");
    });
}

/// A token that another thread drops asks its target again, while that waits for another token.
#[test]
fn a_token_dropped_on_another_thread_meets_the_wait() {
    explore(|| {
        let scope = CancelScope::new();
        let handle = scope.handle();
        let shelf = Arc::new(Mutex::new(None));
        let theirs = Arc::clone(&shelf);
        let sends = async {
            let token = catch_cancel(pending::<()>()).await.unwrap_err();
            let dropper = thread::spawn(move || drop(token));
            catch_cancel(pending::<()>()).await.unwrap_err().swallow();
            *shelf.lock().unwrap() = Some(());
            dropper.join().unwrap();
        };
        let waits = async {
            let token = catch_cancel(pending::<()>()).await.unwrap_err();
            // Undecided until the other branch was asked again, which wakes this one as well.
            poll_fn(|_| match theirs.lock().unwrap().take() {
                Some(()) => Poll::Ready(()),
                None => Poll::Pending,
            })
            .await;
            token.swallow();
        };
        let mut run = pin!(scope.run(join(sends, waits)));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(run.as_mut().poll(&mut cx).is_pending());
        handle.cancel();

        assert!(block_on(run).is_ok());
    });
}
