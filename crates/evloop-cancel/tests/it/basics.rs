//! One task, scopes that are polled with its waker.

use std::future::pending;

use evloop_cancel::{
    CancelScope, Cancelled, Expired, Stopped, catch_cancel, finally_within, hold_cancel, on_cancel,
    timeout_scope,
};
use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::support::{End, Gate, Log, Task, yield_once};

#[test]
fn a_caught_request_that_is_swallowed_ends() {
    let mut task = Task::new(async {
        match catch_cancel(pending::<()>()).await {
            Ok(()) => 0,
            Err(cancelled) => {
                assert_eq!(cancelled.message(), Some("by the test"));
                cancelled.swallow();
                yield_once().await;
                42
            }
        }
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(42)));
    assert_eq!(task.requests.count(), 1);
}

#[test]
fn a_dropped_token_passes_the_request_on() {
    let log = Log::default();
    let mut task = Task::new(async {
        let caught = catch_cancel(pending::<()>()).await;
        log.say("caught");
        drop(caught);
        log.say("dropped");
        yield_once().await;
        log.say("never");
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["caught", "dropped"]);
}

#[test]
fn a_token_in_the_output_ends_the_task_cancelled() {
    let mut task = Task::new(async { catch_cancel(pending::<()>()).await.err() });
    assert!(task.run().is_none());
    task.cancel();
    assert!(matches!(task.run(), Some(End::Cancelled)));
}

#[test]
fn clean_up_may_await_and_resume() {
    let log = Log::default();
    let gate = Gate::default();
    let mut task = Task::new(on_cancel(pending::<()>(), || async {
        log.say("cleaning");
        gate.pass().await;
        log.say("clean");
    }));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(log.take(), ["cleaning"]);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(log.take(), ["clean"]);
}

#[test]
fn a_second_request_interrupts_the_clean_up() {
    let log = Log::default();
    let mut task = Task::new(on_cancel(pending::<()>(), || async {
        log.say("cleaning");
        pending::<()>().await;
        log.say("clean");
    }));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(log.take(), ["cleaning"]);
}

#[test]
fn innermost_first_then_outwards() {
    let log = Log::default();
    let mut task = Task::new(async {
        let inner = on_cancel(pending::<()>(), || async { log.say("inner") });
        let middle = on_cancel(inner, || async {
            yield_once().await;
            log.say("middle");
        });
        match catch_cancel(middle).await {
            Ok(()) => 0,
            Err(cancelled) => {
                log.say("outer refuses");
                cancelled.swallow();
                7
            }
        }
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(7)));
    assert_eq!(log.take(), ["inner", "middle", "outer refuses"]);
}

#[test]
fn a_result_of_the_same_turn_does_not_run_past_the_await() {
    let log = Log::default();
    let gate = Gate::default();
    let mut task = Task::new(async {
        let body = async {
            gate.pass().await;
            log.say("ran past it");
        };
        catch_cancel(body).await.map_err(Cancelled::swallow)
    });
    assert_eq!(task.run(), None);
    gate.open();
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(()))));
    assert!(log.take().is_empty());
}

#[test]
fn a_loop_that_swallows_is_hit_once() {
    let log = Log::default();
    let mut task = Task::new(async {
        for _ in 0..3 {
            if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                log.say("hit");
                cancelled.swallow();
            }
        }
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(log.take(), ["hit"]);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(log.take(), ["hit"]);
}

#[test]
fn a_scope_opened_after_a_self_cancel_catches_it() {
    let requests = std::rc::Rc::new(std::cell::OnceCell::new());
    let mine = std::rc::Rc::clone(&requests);
    let mut task = Task::new(async move {
        let own: &std::sync::Arc<crate::support::Requests> =
            mine.get().expect("set before it runs");
        own.cancel("self");
        match catch_cancel(pending::<()>()).await {
            Ok(()) => 0,
            Err(cancelled) => cancelled.uncancel() + 5,
        }
    });
    assert!(requests.set(std::sync::Arc::clone(&task.requests)).is_ok());
    assert_eq!(task.run(), Some(End::Value(5)));
    assert_eq!(task.requests.count(), 0);
}

#[test]
fn parallel_branches_all_finish_their_clean_up() {
    let log = Log::default();
    let (a, b) = (Gate::default(), Gate::default());
    let cleaner = |name: &'static str, gate: Gate| {
        let log = log.clone();
        on_cancel(pending::<()>(), move || async move {
            log.say(format!("{name} cleans"));
            gate.pass().await;
            log.say(format!("{name} clean"));
        })
    };
    let mut task = Task::new(join(cleaner("a", a.clone()), cleaner("b", b.clone())));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    b.open();
    assert_eq!(task.run(), None);
    a.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(log.take(), ["a cleans", "b cleans", "b clean", "a clean"]);
}

#[test]
fn remote_scopes_are_reached_by_mail() {
    let log = Log::default();
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        for n in 0..3 {
            let log = log.clone();
            set.push(on_cancel(pending::<()>(), move || async move {
                yield_once().await;
                log.say(format!("{n} clean"));
            }));
        }
        while set.next().await.is_some() {}
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    let mut said = log.take();
    said.sort();
    assert_eq!(said, ["0 clean", "1 clean", "2 clean"]);
}

#[test]
fn remote_scopes_may_refuse() {
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        for n in 0..3 {
            set.push(async move {
                if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                    cancelled.swallow();
                }
                n
            });
        }
        let mut sum = 0;
        while let Some(n) = set.next().await {
            sum += n;
        }
        sum
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(3)));
}

#[test]
fn a_set_that_is_kept_but_not_polled_does_not_hold_the_request() {
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        set.push(catch_cancel(pending::<()>()));
        assert!(futures_util::poll!(set.next()).is_pending());
        pending::<()>().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
}

#[test]
fn held_back_until_the_work_is_done() {
    let log = Log::default();
    let gate = Gate::default();
    let mut task = Task::new(async {
        hold_cancel(async {
            gate.pass().await;
            log.say("done");
        })
        .await;
        log.say("still synchronous");
        yield_once().await;
        log.say("never");
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(log.take(), ["done", "still synchronous"]);
}

#[test]
fn a_budget_cuts_clean_up_short() {
    let log = Log::default();
    let budget = Gate::default();
    let timer = budget.clone();
    let mut task = Task::new(finally_within(
        async move { timer.pass().await },
        pending::<()>(),
        || async {
            log.say("cleaning");
            pending::<()>().await;
        },
    ));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None, "a second request waits as well");
    budget.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(log.take(), ["cleaning"]);
}

#[test]
fn timeouts_nest() {
    let (inner, outer) = (Gate::default(), Gate::default());
    let (inner_timer, outer_timer) = (inner.clone(), outer.clone());
    let mut task = Task::new(async {
        let inner = timeout_scope(
            async move { inner_timer.pass().await },
            on_cancel(pending::<()>(), || async { yield_once().await }),
        );
        timeout_scope(async move { outer_timer.pass().await }, inner).await
    });
    assert_eq!(task.run(), None);
    inner.open();
    assert_eq!(task.run(), Some(End::Value(Ok(Err(Expired)))));
}

#[test]
fn of_two_that_are_due_the_outer_one_reports() {
    let gate = Gate::default();
    let (inner_timer, outer_timer) = (gate.clone(), gate.clone());
    let mut task = Task::new(async {
        let inner = timeout_scope(
            async move { inner_timer.pass().await },
            on_cancel(pending::<()>(), || async {}),
        );
        timeout_scope(async move { outer_timer.pass().await }, inner).await
    });
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Err(Expired))));
}

#[test]
fn an_expiry_that_is_refused_gives_the_value() {
    let gate = Gate::default();
    let timer = gate.clone();
    let mut task = Task::new(timeout_scope(async move { timer.pass().await }, async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
        yield_once().await;
        42
    }));
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Ok(42))));
}

#[test]
fn a_request_from_outside_passes_through_a_timeout() {
    let mut task = Task::new(async {
        let limited = timeout_scope(pending::<()>(), pending::<()>());
        match catch_cancel(limited).await {
            Ok(_) => false,
            Err(cancelled) => {
                cancelled.swallow();
                true
            }
        }
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(true)));
}

#[test]
fn a_token_dropped_in_another_task_asks_again() {
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        let other = std::thread::Builder::new().name("other".into());
        let other = other.spawn(move || drop(token)).unwrap();
        other.join().unwrap();
        match catch_cancel(pending::<()>()).await {
            Ok(()) => 0,
            Err(again) => {
                again.swallow();
                2
            }
        }
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(2)));
    assert_eq!(task.requests.count(), 1, "asking again does not count");
}

#[test]
fn a_token_dropped_inside_another_scope_is_caught_there() {
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        let caught = catch_cancel(async move {
            drop(token);
            pending::<()>().await;
        })
        .await;
        caught.unwrap_err().swallow();
        3
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(3)));
}

#[test]
fn a_sticky_scope_asks_until_it_ends() {
    let log = Log::default();
    let scope = CancelScope::new().sticky();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        for _ in 0..3 {
            catch_cancel(pending::<()>()).await.unwrap_err().swallow();
            log.say("refused");
        }
        pending::<()>().await;
    }));
    assert_eq!(task.run(), None);
    handle.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(Stopped))));
    assert_eq!(log.take(), ["refused", "refused", "refused"]);
}
