//! The rules of the design, by number: requests and deliveries. The rest is in `decisions.rs`.

use std::cell::{Cell, OnceCell};
use std::future::pending;
use std::sync::Arc;

use evloop_cancel::{
    CancelScope, Cancelled, Stopped, catch_cancel, hold_cancel, on_cancel, timeout_scope,
};
use futures_util::future::{join, select};

use crate::support::{End, Gate, Log, Requests, Task, yield_once};

#[test]
fn rule_01_a_request_never_acts_inside_the_caller() {
    let log = Log::default();
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(on_cancel(pending::<()>(), || async { log.say("clean") })));
    assert!(task.run().is_none());
    assert!(handle.cancel());
    task.cancel();
    assert!(log.take().is_empty());
    assert!(matches!(task.run(), Some(End::Cancelled)));
    assert!(!handle.cancel(), "it has ended");
    drop(task);
    assert_eq!(log.take(), ["clean"]);
}

#[test]
fn rule_02_only_requests_to_the_task_are_counted() {
    let gate = Gate::default();
    let requests = OnceCell::<Arc<Requests>>::new();
    let mut task = Task::new(async {
        let count = || requests.get().unwrap().count();
        let limited = timeout_scope(gate.pass(), async {
            let token = catch_cancel(pending::<()>()).await.unwrap_err();
            let inside = count();
            assert_eq!(token.uncancel(), 0, "not the task's");
            inside
        })
        .await;
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        token.swallow();
        (limited, count())
    });
    assert!(requests.set(Arc::clone(&task.requests)).is_ok());
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value((Ok(0), 1))));
}

#[test]
fn rule_03_taking_back_a_delivered_request_undoes_only_the_count() {
    let requests = OnceCell::<Arc<Requests>>::new();
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        assert_eq!(requests.get().unwrap().uncancel(), 0);
        drop(token);
        yield_once().await;
    });
    assert!(requests.set(Arc::clone(&task.requests)).is_ok());
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
}

#[test]
fn rule_04_several_requests_before_the_delivery_are_one() {
    let n_caught = Cell::new(0);
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        loop {
            let token = catch_cancel(pending::<()>()).await.unwrap_err();
            n_caught.set(n_caught.get() + 1);
            assert_eq!(token.message(), Some("the last"));
            token.swallow();
        }
    }));
    let _: Option<End<Result<(), _>>> = task.run();
    assert!(handle.cancel());
    assert!(handle.cancel_with("the last"));
    assert!(task.run().is_none());
    assert_eq!(n_caught.get(), 1);
    task.requests.cancel("an earlier one");
    task.requests.cancel("the last");
    assert!(task.run().is_none());
    assert_eq!(n_caught.get(), 2);
    assert_eq!(task.requests.count(), 2);
}

#[test]
fn rule_05_asked_before_the_start_the_body_is_not_polled() {
    let log = Log::default();
    let mut task = Task::new(async { log.say("never") });
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);

    let scope = CancelScope::new();
    assert!(scope.handle().cancel());
    let mut task = Task::new(scope.run(async { log.say("never") }));
    assert_eq!(task.run(), Some(End::Value(Err(Stopped))));
    drop(task);
    assert!(log.take().is_empty());
}

#[test]
fn rule_05_a_self_cancel_is_seen_at_the_next_suspension() {
    let log = Log::default();
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        handle.cancel();
        log.say("still runs");
        yield_once().await;
        log.say("never");
    }));
    assert_eq!(task.run(), Some(End::Value(Err(Stopped))));
    drop(task);
    assert_eq!(log.take(), ["still runs"]);
}

#[test]
fn rule_06_a_scope_without_scopes_inside_ends_before_its_part_is_polled() {
    let (log, gate) = (Log::default(), Gate::default());
    let code = async {
        gate.pass().await;
        log.say("never");
    };
    let mut task = Task::new(async {
        let limited = timeout_scope(pending::<()>(), code);
        catch_cancel(CancelScope::new().run(limited))
            .await
            .map_err(Cancelled::swallow)
    });
    assert_eq!(task.run(), None);
    gate.open();
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(()))));
    assert!(log.take().is_empty());
}

/// The scope inside is there, and the code does not poll it in the pass.
#[test]
fn rule_07_untaken_the_scope_ends_after_the_poll() {
    let (log, gate) = (Log::default(), Gate::default());
    let mut task = Task::new(on_cancel(
        async {
            let inner = Box::pin(on_cancel(pending::<()>(), || async { log.say("never") }));
            select(Box::pin(gate.pass()), inner).await;
            log.say("the last");
            yield_once().await;
            log.say("never");
        },
        || async {
            yield_once().await;
            log.say("outer");
        },
    ));
    assert_eq!(task.run(), None);
    gate.open();
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["the last", "outer"]);
}

#[test]
fn rule_08_every_innermost_scope_gets_it_once() {
    let log = Log::default();
    let leaf = |name: &'static str| {
        let log = log.clone();
        on_cancel(pending::<()>(), move || async move { log.say(name) })
    };
    let mut task = Task::new(join(
        join(leaf("a"), leaf("b")),
        on_cancel(leaf("c"), || async { log.say("around c") }),
    ));
    assert!(task.run().is_none());
    task.cancel();
    assert!(matches!(task.run(), Some(End::Cancelled)));
    drop(task);
    assert_eq!(log.take(), ["a", "b", "c", "around c"]);
}

#[test]
fn rule_09_a_scope_opened_in_the_pass_is_not_hit_once_it_was_taken() {
    let log = Log::default();
    let mut task = Task::new(async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
        let second = catch_cancel(async {
            yield_once().await;
            log.say("undisturbed");
        });
        second.await.is_ok()
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(true)));
    assert_eq!(log.take(), ["undisturbed"]);
}

/// T3: the relay has used up a wake, and wakes itself.
#[test]
fn rule_10_a_relay_is_pending_unpolled_and_awake() {
    let (gate, log) = (Gate::default(), Log::default());
    let refuses = async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
    };
    let relayed = timeout_scope(pending::<()>(), async {
        gate.pass().await;
        log.say("goes on");
    });
    let mut task = Task::new(join(refuses, relayed));
    assert_eq!(task.run(), None);
    gate.open();
    task.cancel();
    assert_eq!(task.step(), None, "the relay was not polled");
    assert!(log.take().is_empty());
    assert_eq!(task.run(), Some(End::Value(((), Ok(())))));
    assert_eq!(log.take(), ["goes on"]);
}

#[test]
fn rule_11_a_branch_without_a_scope_has_no_voice() {
    let (gate, log) = (Gate::default(), Log::default());
    let cleans = on_cancel(pending::<()>(), || gate.pass());
    let silent = async {
        for n in 0..3 {
            yield_once().await;
            log.say(format!("{n}"));
        }
    };
    let mut task = Task::new(join(cleans, silent));
    assert!(task.step().is_none());
    task.cancel();
    assert!(task.run().is_none());
    assert_eq!(log.take(), ["0", "1", "2"], "it goes on");
    gate.open();
    assert!(matches!(task.run(), Some(End::Cancelled)));
}

#[test]
fn a_hold_hides_a_request_and_passes_it_on_at_its_end() {
    let (gate, log) = (Gate::default(), Log::default());
    let mut task = Task::new(async {
        let held = hold_cancel(async {
            let inner = catch_cancel(gate.pass()).await;
            log.say(format!("disturbed: {}", inner.is_err()));
        });
        let caught = catch_cancel(async {
            held.await;
            log.say("the last");
            yield_once().await;
            log.say("never");
        });
        caught.await.map_err(Cancelled::swallow)
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Err(()))));
    assert_eq!(log.take(), ["disturbed: false", "the last"]);
}

#[test]
fn holds_in_parallel_all_finish() {
    let (a, b, log) = (Gate::default(), Gate::default(), Log::default());
    let work = |gate: &Gate, name: &'static str| {
        let (gate, log) = (gate.clone(), log.clone());
        hold_cancel(async move {
            gate.pass().await;
            log.say(name);
        })
    };
    let mut task = Task::new(join(work(&a, "a"), work(&b, "b")));
    assert!(task.run().is_none());
    task.cancel();
    assert!(task.run().is_none());
    a.open();
    assert!(task.run().is_none());
    b.open();
    // Both have returned: the request outranks the value.
    assert!(matches!(task.run(), Some(End::Cancelled)));
    assert_eq!(log.take(), ["a", "b"]);
}

#[test]
fn a_hold_that_is_dropped_passes_on_what_it_held() {
    let gate = Gate::default();
    let mut task = Task::new(async {
        select(
            Box::pin(gate.pass()),
            Box::pin(hold_cancel(pending::<()>())),
        )
        .await;
        yield_once().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None, "held");
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
}
