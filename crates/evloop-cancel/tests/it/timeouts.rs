//! `timeout_scope`: the table of its states, and targets that a foreign request has gone through.

use std::future::{Future, pending, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use evloop_cancel::{
    CancelScope, Cancelled, Expired, TimeoutState, catch_cancel, finally_within, hold_cancel,
    on_cancel, timeout_scope,
};
use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::support::{End, Gate, Log, Task, yield_once};

/// A timer that ends when `gate` opens.
fn timer(gate: &Gate) -> impl Future<Output = ()> + use<> {
    let gate = gate.clone();
    async move { gate.pass().await }
}

#[test]
fn armed_and_nobody_takes_the_expiry() {
    let (gate, log) = (Gate::default(), Log::default());
    let mut task = Task::new(timeout_scope(timer(&gate), async {
        yield_once().await;
        log.say("runs");
        yield_once().await;
        pending::<()>().await;
        log.say("never");
    }));
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Err(Expired))));
    assert_eq!(log.take(), ["runs"]);
}

#[test]
fn armed_and_the_body_returns_in_time() {
    let gate = Gate::default();
    let mut limited = pin!(timeout_scope(timer(&gate), async {
        yield_once().await;
        7
    }));
    let mut task = Task::new(async {
        assert_eq!(limited.state(), TimeoutState::Unentered);
        assert!(futures_util::poll!(&mut limited).is_pending());
        assert_eq!(limited.state(), TimeoutState::Active);
        let end = limited.as_mut().await;
        (end, limited.state())
    });
    assert_eq!(
        task.run(),
        Some(End::Value((Ok(7), TimeoutState::Finished)))
    );
}

#[test]
fn a_limit_of_zero_polls_the_body_once() {
    let mut task = Task::new(async {
        let in_time = timeout_scope(ready(()), ready(7)).await;
        let late = timeout_scope(ready(()), yield_once()).await;
        (in_time, late)
    });
    assert_eq!(task.run(), Some(End::Value((Ok(7), Err(Expired)))));
}

#[test]
fn the_timer_is_looked_at_before_the_body() {
    let (gate, log) = (Gate::default(), Log::default());
    let body = gate.clone();
    let mut task = Task::new(timeout_scope(timer(&gate), async {
        body.pass().await;
        log.say("never");
    }));
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Err(Expired))));
    assert!(log.take().is_empty());
}

#[test]
fn a_foreign_request_is_for_the_catcher_outside() {
    let log = Log::default();
    let mut task = Task::new(async {
        let limited = timeout_scope(pending::<()>(), async {
            pending::<()>().await;
            log.say("never");
        });
        let caught = catch_cancel(limited).await;
        caught.unwrap_err().swallow();
        log.say("caught");
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(())));
    assert_eq!(log.take(), ["caught"]);
}

#[test]
fn expiring_and_refused_it_does_not_fire_again() {
    let (gate, later, log) = (Gate::default(), Gate::default(), Log::default());
    let mut limited = pin!(timeout_scope(timer(&gate), async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
        log.say("refused");
        later.pass().await;
        7
    }));
    let mut task = Task::new(async {
        let end = limited.as_mut().await;
        (end, limited.state())
    });
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), None);
    later.open();
    assert_eq!(
        task.run(),
        Some(End::Value((Ok(7), TimeoutState::Finished)))
    );
    assert_eq!(log.take(), ["refused"]);
}

#[test]
fn expiring_and_passed_on_it_expires() {
    let (gate, log) = (Gate::default(), Log::default());
    let mut task = Task::new(timeout_scope(
        timer(&gate),
        on_cancel(pending::<()>(), || async {
            yield_once().await;
            log.say("clean");
        }),
    ));
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Err(Expired))));
    assert_eq!(log.take(), ["clean"]);
}

#[test]
fn rule_18_a_token_in_the_value_expires_it() {
    let gate = Gate::default();
    let mut task = Task::new(async {
        let kept = timeout_scope(timer(&gate), async {
            catch_cancel(pending::<()>()).await.err()
        });
        kept.await.is_err()
    });
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(true)));
}

#[test]
fn rule_18_a_token_dropped_before_the_return_leaves_the_value() {
    let gate = Gate::default();
    let mut task = Task::new(timeout_scope(timer(&gate), async {
        drop(catch_cancel(pending::<()>()).await);
        7
    }));
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Ok(7))));
}

#[test]
fn expiring_and_cancelled_from_outside_the_outer_one_reports() {
    let (inner, outer) = (Gate::default(), Gate::default());
    let mut task = Task::new(async {
        let inner = timeout_scope(timer(&inner), on_cancel(pending::<()>(), pending::<()>));
        timeout_scope(timer(&outer), inner).await
    });
    assert_eq!(task.run(), None);
    inner.open();
    assert_eq!(task.run(), None);
    outer.open();
    assert_eq!(task.run(), Some(End::Value(Err(Expired))));
}

#[test]
fn rule_19_due_in_the_same_turn_the_foreign_one_wins() {
    let gate = Gate::default();
    let mut task = Task::new(async {
        let limited = timeout_scope(timer(&gate), pending::<()>());
        catch_cancel(limited).await.map_err(Cancelled::swallow)
    });
    assert_eq!(task.run(), None);
    gate.open();
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(()))));
}

#[test]
fn a_timeout_inside_the_clean_up_of_an_older_request_expires() {
    let gate = Gate::default();
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        let end = timeout_scope(timer(&gate), pending::<()>()).await;
        token.swallow();
        end
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Err(Expired))));
}

/// The timeout has absorbed the token of a clean-up, passed it on, and is polled again because
/// another branch has still to clean up.
#[test]
fn one_that_passed_a_request_on_may_be_polled_again() {
    let (limit, other) = (Gate::default(), Gate::default());
    let mut task = Task::new(async {
        let limited = timeout_scope(timer(&limit), on_cancel(pending::<()>(), pending::<()>));
        let slow = on_cancel(pending::<()>(), || async {
            other.pass().await;
            yield_once().await;
        });
        join(limited, slow).await
    });
    assert!(task.run().is_none());
    task.cancel();
    assert!(task.run().is_none());
    limit.open();
    assert!(task.run().is_none());
    other.open();
    assert!(matches!(task.run(), Some(End::Cancelled)));
}

/// The same for a cancel scope, which is asked again after its body is gone.
#[test]
fn a_cancel_scope_that_passed_a_request_on_does_not_come_back() {
    let (other, log) = (Gate::default(), Log::default());
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(async {
        let stopped = async {
            let end = scope.run(on_cancel(pending::<()>(), pending::<()>)).await;
            log.say("ran past the request");
            end
        };
        let slow = on_cancel(pending::<()>(), || other.pass());
        join(stopped, slow).await
    });
    assert!(task.run().is_none());
    task.cancel();
    assert!(task.run().is_none());
    handle.cancel();
    assert!(task.run().is_none());
    assert!(!handle.cancel(), "its body has ended");
    assert!(task.run().is_none());
    other.open();
    assert!(matches!(task.run(), Some(End::Cancelled)));
    assert!(log.take().is_empty());
}

/// Moved into another task while a request of the first one is undecided in it, it still ends.
#[test]
fn a_moved_timeout_that_holds_a_foreign_request_expires() {
    let limit = Gate::default();
    let mut limited = Box::pin(timeout_scope(
        timer(&limit),
        on_cancel(pending::<()>(), pending::<()>),
    ));
    let mut first = Task::new(async {
        futures_util::future::poll_fn(|cx| {
            assert!(limited.as_mut().poll(cx).is_pending());
            Poll::<()>::Pending
        })
        .await;
    });
    assert_eq!(first.run(), None);
    first.cancel();
    assert_eq!(first.run(), None);
    drop(first);
    let mut second = Task::new(limited);
    assert_eq!(second.run(), None);
    limit.open();
    assert_eq!(second.run(), Some(End::Value(Err(Expired))));
}

/// Moved as above while the first task lives: it is asked again.
#[test]
fn a_moved_timeout_gives_the_request_back_to_a_living_task() {
    let limit = Gate::default();
    let mut limited = Some(Box::pin(timeout_scope(
        timer(&limit),
        on_cancel(pending::<()>(), pending::<()>),
    )));
    let shelf = std::cell::RefCell::new(None);
    let hand_over = Gate::default();
    let mut first = Task::new(async {
        let _held = hold_on(&mut limited, &hand_over, &shelf).await;
        pending::<()>().await;
    });
    assert_eq!(first.run(), None);
    first.cancel();
    assert_eq!(first.run(), None);
    hand_over.open();
    assert_eq!(first.run(), None);
    let moved = shelf.borrow_mut().take().unwrap();
    let mut second = Task::new(moved);
    assert_eq!(second.run(), None);
    limit.open();
    assert_eq!(second.run(), Some(End::Value(Err(Expired))));
    assert_eq!(first.run(), Some(End::Cancelled));
}

/// Polls what is in `place` until the gate opens, then puts it on the shelf.
async fn hold_on<F: Future + Unpin>(
    place: &mut Option<F>,
    gate: &Gate,
    shelf: &std::cell::RefCell<Option<F>>,
) {
    let mut opened = pin!(gate.pass());
    futures_util::future::poll_fn(|cx| {
        if opened.as_mut().poll(cx).is_ready() {
            *shelf.borrow_mut() = place.take();
            return Poll::Ready(());
        }
        if let Some(future) = place {
            assert!(std::pin::Pin::new(future).poll(cx).is_pending());
        }
        Poll::Pending
    })
    .await;
}

#[test]
fn finally_within_is_not_interrupted_but_limited() {
    let (budget, log) = (Gate::default(), Log::default());
    let work = Gate::default();
    let mut task = Task::new(finally_within(timer(&budget), pending::<()>(), || async {
        work.pass().await;
        log.say("clean");
    }));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    work.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(log.take(), ["clean"]);
}

#[test]
fn a_remote_timeout_expires_and_relays() {
    let gate = Gate::default();
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        for n in 0..2 {
            let gate = gate.clone();
            let limited = timeout_scope(
                async move { gate.pass().await },
                on_cancel(pending::<()>(), move || async move { yield_once().await }),
            );
            set.push(async move { (n, limited.await) });
        }
        let mut ends = Vec::new();
        while let Some(end) = set.next().await {
            ends.push(end);
        }
        ends.sort_by_key(|(n, _)| *n);
        ends
    });
    assert_eq!(task.run(), None);
    gate.open();
    let ends = vec![(0, Err(Expired)), (1, Err(Expired))];
    assert_eq!(task.run(), Some(End::Value(ends)));
}

#[test]
fn a_budget_under_a_hold_is_a_target_of_its_own() {
    let gate = Gate::default();
    let mut task = Task::new(async {
        let end = hold_cancel(timeout_scope(
            timer(&gate),
            on_cancel(pending::<()>(), || async { yield_once().await }),
        ))
        .await;
        (end, catch_cancel(yield_once()).await.is_err())
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled), "the held request goes on");
}

#[test]
fn a_timeout_outside_of_any_task_is_its_own_root() {
    let gate = Gate::default();
    let mut limited = pin!(timeout_scope(
        timer(&gate),
        on_cancel(pending::<()>(), || async { yield_once().await })
    ));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(limited.as_mut().poll(&mut cx).is_pending());
    gate.open();
    assert!(limited.as_mut().poll(&mut cx).is_pending());
    assert_eq!(limited.as_mut().poll(&mut cx), Poll::Ready(Err(Expired)));
}
