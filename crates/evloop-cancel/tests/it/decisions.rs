//! The rules of the design, by number: who decides, how code ends, and tokens.

use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};

use evloop_cancel::{CancelScope, Cancelled, Stopped, catch_cancel, on_cancel, timeout_scope};
use futures_util::future::join;

use crate::support::{End, Gate, Log, Task, yield_once};

#[test]
fn rule_12_a_token_is_passed_on_to_the_innermost_scope_around_the_drop() {
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        let outer = catch_cancel(async {
            let inner = catch_cancel(async {
                drop(token);
                pending::<()>().await;
            });
            inner.await.unwrap_err().swallow();
            yield_once().await;
            7
        });
        outer.await.unwrap()
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(7)));
}

#[test]
fn rule_12_dropped_in_another_task_it_is_asked_again_without_counting() {
    let shelf = std::cell::RefCell::new(None);
    let n_caught = Cell::new(0);
    let mut first = Task::new(async {
        loop {
            let token = catch_cancel(pending::<()>()).await.unwrap_err();
            n_caught.set(n_caught.get() + 1);
            *shelf.borrow_mut() = Some(token);
        }
    });
    let _: Option<End<()>> = first.run();
    first.cancel();
    let _: Option<End<()>> = first.run();
    let token = shelf.borrow_mut().take().unwrap();
    let mut second = Task::new(async {
        drop(token);
        catch_cancel(yield_once()).await.is_ok()
    });
    assert_eq!(second.run(), Some(End::Value(true)), "not its request");
    let _: Option<End<()>> = first.run();
    assert_eq!(n_caught.get(), 2);
    assert_eq!(first.requests.count(), 1);
}

/// One token is dropped out of reach in the pass itself, while another one is undecided.
#[test]
fn rule_12_asked_again_while_another_branch_is_undecided() {
    let (gate, log) = (Gate::default(), Log::default());
    let drops = async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        let other = std::thread::Builder::new().name("other".into());
        other.spawn(move || drop(token)).unwrap().join().unwrap();
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
        log.say("asked again");
    };
    let decides = async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        gate.pass().await;
        token.swallow();
    };
    let mut task = Task::new(join(drops, decides));
    assert_eq!(task.run(), None);
    task.cancel();
    // The second branch is leaf code: asked again, it has no scope to answer with.
    assert_eq!(task.run(), None);
    assert_eq!(log.take(), ["asked again"]);
    gate.open();
    assert_eq!(task.run(), Some(End::Value(((), ()))));
}

/// T1 as well: each branch's token counts in its own scopes.
#[test]
fn rule_13_a_scope_waits_for_the_tokens_inside_of_it_only() {
    let (a, b, log) = (Gate::default(), Gate::default(), Log::default());
    let branch = |gate: &Gate, name: &'static str| {
        let (gate, log, done) = (gate.clone(), log.clone(), log.clone());
        on_cancel(
            on_cancel(pending::<()>(), move || async move {
                gate.pass().await;
                log.say(format!("{name} inner"));
            }),
            move || async move { done.say(format!("{name} outer")) },
        )
    };
    let mut task = Task::new(on_cancel(
        join(branch(&a, "a"), branch(&b, "b")),
        || async { log.say("around") },
    ));
    assert!(task.run().is_none());
    task.cancel();
    assert!(task.run().is_none());
    a.open();
    assert!(task.run().is_none());
    assert_eq!(log.take(), ["a inner", "a outer"]);
    b.open();
    assert!(matches!(task.run(), Some(End::Cancelled)));
    drop(task);
    assert_eq!(log.take(), ["b inner", "b outer", "around"]);
}

#[test]
fn rule_14_tokens_dropped_with_the_inner_part_are_absorbed() {
    let mut task = Task::new(async {
        let outer = catch_cancel(async {
            let _first = catch_cancel(pending::<()>()).await.unwrap_err();
            pending::<()>().await;
        });
        // Of both requests.
        outer.await.unwrap_err().swallow();
        yield_once().await;
        3
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(3)));
}

/// T6: a token of an inner target that has ended looks foreign, and is left out.
#[test]
fn rule_14_deliveries_of_ended_targets_are_left_out() {
    let (inner, outer) = (Gate::default(), Gate::default());
    let mut task = Task::new(async {
        let limited = timeout_scope(inner.pass(), on_cancel(pending::<()>(), pending::<()>));
        timeout_scope(outer.pass(), limited).await.is_err()
    });
    assert_eq!(task.run(), None);
    inner.open();
    assert_eq!(task.run(), None);
    outer.open();
    assert_eq!(task.run(), Some(End::Value(true)));
}

/// T5 as well.
#[test]
fn rule_15_an_older_token_does_not_delay_a_newer_request() {
    let log = Log::default();
    let mut task = Task::new(async {
        let first = catch_cancel(pending::<()>()).await.unwrap_err();
        log.say("first");
        let second = catch_cancel(pending::<()>()).await.unwrap_err();
        log.say("second");
        first.swallow();
        drop(second);
        yield_once().await;
        log.say("never");
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(log.take(), ["first", "second"]);
}

#[test]
fn rule_16_a_part_that_returns_gives_its_value_and_the_request_goes_on() {
    let log = Log::default();
    let mut task = Task::new(async {
        let value = catch_cancel(async {
            drop(catch_cancel(pending::<()>()).await);
            7
        })
        .await;
        log.say(format!("{value:?}"));
        yield_once().await;
        log.say("never");
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["Ok(7)"]);
}

/// T7 as well: returned with the request passed on.
#[test]
fn rule_17_a_task_that_returns_with_a_request_is_cancelled() {
    let mut passed_on = Task::new(async { drop(catch_cancel(pending::<()>()).await) });
    let mut in_value = Task::new(async { catch_cancel(pending::<()>()).await.map(|()| 1) });
    let gate = Gate::default();
    let mut untaken = Task::new(async {
        let scope = Box::pin(catch_cancel(pending::<()>()));
        futures_util::future::select(Box::pin(gate.pass()), scope).await;
    });
    let mut swallowed = Task::new(async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
    });
    assert_eq!(passed_on.run(), None);
    assert!(in_value.run().is_none());
    assert_eq!(untaken.run(), None);
    assert_eq!(swallowed.run(), None);
    passed_on.cancel();
    in_value.cancel();
    untaken.cancel();
    swallowed.cancel();
    gate.open();
    assert_eq!(passed_on.run(), Some(End::Cancelled));
    assert!(matches!(in_value.run(), Some(End::Cancelled)));
    assert_eq!(untaken.run(), Some(End::Cancelled));
    assert_eq!(swallowed.run(), Some(End::Value(())));
}

#[test]
fn rule_18_of_a_cancel_scope() {
    let run = |body: fn(Cancelled) -> Option<Cancelled>| {
        let scope = CancelScope::new();
        let handle = scope.handle();
        let mut task = Task::new(async move {
            let body = async move { body(catch_cancel(pending::<()>()).await.unwrap_err()) };
            scope.run(body).await.map(|kept| kept.is_some())
        });
        assert_eq!(task.run(), None);
        assert!(handle.cancel());
        task.run()
    };
    assert_eq!(run(Some), Some(End::Value(Err(Stopped))));
    let dropped = run(|token| {
        drop(token);
        None
    });
    assert_eq!(dropped, Some(End::Value(Ok(false))));
    let swallowed = run(|token| token.into_err(None));
    assert_eq!(swallowed, Some(End::Value(Ok(false))));
}

#[test]
fn rule_20_a_panic_outranks_a_request() {
    let mut task = Task::new(async {
        let _token = catch_cancel(pending::<()>()).await.unwrap_err();
        yield_once().await;
        panic!("outranks");
    });
    let _: Option<End<()>> = task.run();
    task.cancel();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _: Option<End<()>> = task.run();
    }));
    assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "outranks");
}

#[test]
fn rule_21_resume_does_not_return() {
    let log = Log::default();
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        log.say("resumes");
        match token.resume().await {}
    });
    let _: Option<End<()>> = task.run();
    task.cancel();
    assert!(matches!(task.run(), Some(End::Cancelled)));
    assert_eq!(log.take(), ["resumes"]);
}

#[derive(Debug)]
enum Failure {
    Cancelled(Cancelled),
    Lost,
}

impl From<Cancelled> for Failure {
    fn from(token: Cancelled) -> Self {
        Self::Cancelled(token)
    }
}

async fn work() -> Result<(), Failure> {
    catch_cancel(pending::<()>()).await?;
    Ok(())
}

#[test]
fn rule_22_a_token_stored_in_an_error_travels() {
    let mut task = Task::new(work());
    assert!(task.run().is_none());
    task.cancel();
    assert!(matches!(task.run(), Some(End::Cancelled)));

    let mut refuses = Task::new(async {
        match work().await {
            Err(Failure::Cancelled(token)) => token.into_err(Failure::Lost),
            other => panic!("{other:?}"),
        }
    });
    assert!(refuses.run().is_none());
    refuses.cancel();
    assert!(matches!(refuses.run(), Some(End::Value(Failure::Lost))));

    let mut converts = Task::new(async {
        let caught = catch_cancel(pending::<()>()).await;
        caught.map_err(|_| Failure::Lost)
    });
    assert!(converts.run().is_none());
    converts.cancel();
    assert!(matches!(converts.run(), Some(End::Cancelled)));
}

#[test]
fn rule_23_an_underscore_does_not_drop_a_variable() {
    let gate = Gate::default();
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        #[expect(
            let_underscore_drop,
            reason = "this is what is shown: nothing is dropped"
        )]
        let _ = token;
        gate.pass().await;
        7
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None, "undecided, its request waits");
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled), "and outranks the value");
}
