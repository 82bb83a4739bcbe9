//! `fork::Fork`: a combinator whose children have wakers of their own.

use std::future::{Future, pending};
use std::pin::Pin;

use evloop_cancel::{Cancelled, catch_cancel, on_cancel};
use futures_util::future::{join, select};
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::gather::Gather;
use crate::support::{End, Gate, Log, Task, yield_once};

type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

fn cleaner<'a>(log: &'a Log, gate: &'a Gate, name: &'static str) -> Local<'a, ()> {
    Box::pin(on_cancel(pending::<()>(), move || async move {
        log.say(format!("{name} begins"));
        gate.pass().await;
        log.say(format!("{name} ends"));
    }))
}

#[test]
fn all_branches_finish_their_clean_up() {
    let (log, a, b) = (Log::default(), Gate::default(), Gate::default());
    let children = vec![cleaner(&log, &a, "a"), cleaner(&log, &b, "b")];
    let mut task = Task::new(Gather::new(children));
    assert!(task.run().is_none());
    task.cancel();
    assert!(task.run().is_none());
    b.open();
    assert!(task.run().is_none());
    a.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["a begins", "b begins", "b ends", "a ends"]);
}

/// T2: a branch without scopes is dropped, so nothing waits for it when the others refuse.
#[test]
fn trap_t2_a_branch_without_scopes_is_dropped() {
    let refuses: Local<'_, u8> = Box::pin(async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
        1
    });
    let silent: Local<'_, u8> = Box::pin(pending());
    let mut task = Task::new(Gather::new(vec![refuses, silent]));
    assert!(task.run().is_none());
    task.cancel();
    // What was dropped has passed the request on.
    assert_eq!(task.run(), Some(End::Cancelled));
}

#[test]
fn branches_that_all_refuse_go_on() {
    let children = (0..3u8).map(|n| -> Local<'_, u8> {
        Box::pin(async move {
            let end = catch_cancel(pending::<()>()).await;
            yield_once().await;
            end.unwrap_err().swallow();
            n
        })
    });
    let mut task = Task::new(Gather::new(children.collect()));
    assert!(task.run().is_none());
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(vec![0, 1, 2])));
}

/// The scope in the only branch is not polled in the pass, since the other side of the `select`
/// wins: nobody has taken the request, and it is not lost.
#[test]
fn a_request_that_no_branch_takes_goes_to_the_scope_around() {
    for is_remote in [false, true] {
        let (gate, log) = (Gate::default(), Log::default());
        let mut task = Task::new(async {
            let child: Local<'_, ()> = Box::pin(async {
                let scope = Box::pin(catch_cancel(pending::<()>()));
                select(Box::pin(gate.pass()), scope).await;
            });
            let gather = Gather::new(vec![child]);
            if is_remote {
                let mut set = FuturesUnordered::new();
                set.push(gather);
                set.next().await;
            } else {
                gather.await;
            }
            log.say("the gather is done");
            yield_once().await;
            log.say("never");
        });
        assert_eq!(task.run(), None);
        gate.open();
        task.cancel();
        assert_eq!(task.run(), Some(End::Cancelled));
        drop(task);
        assert_eq!(log.take(), ["the gather is done"]);
    }
}

/// A token from outside of the fork that is dropped in a branch ends that branch.
#[test]
fn a_token_dropped_in_a_branch_ends_it() {
    for is_open in [false, true] {
        let log = Log::default();
        let mut task = Task::new(async {
            let token = catch_cancel(pending::<()>()).await.unwrap_err();
            let drops: Local<'_, ()> = Box::pin(async {
                if is_open {
                    let mut scope = Box::pin(catch_cancel(pending::<()>()));
                    assert!(futures_util::poll!(&mut scope).is_pending());
                }
                drop(token);
                pending::<()>().await;
            });
            let other: Local<'_, ()> = Box::pin(async {
                yield_once().await;
                log.say("the other goes on");
            });
            Gather::new(vec![drops, other]).await;
            log.say("never");
        });
        assert_eq!(task.run(), None);
        task.cancel();
        assert_eq!(task.run(), Some(End::Cancelled));
        drop(task);
        assert_eq!(log.take(), ["the other goes on"]);
    }
}

#[test]
fn a_remote_fork_gets_its_request_by_mail() {
    let (log, gate) = (Log::default(), Gate::default());
    gate.open();
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        set.push(Gather::new(vec![
            cleaner(&log, &gate, "a"),
            cleaner(&log, &gate, "b"),
        ]));
        set.next().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["a begins", "a ends", "b begins", "b ends"]);
}

#[test]
fn a_second_request_interrupts_the_branches_that_clean_up() {
    let (log, a, b) = (Log::default(), Gate::default(), Gate::default());
    let children = vec![cleaner(&log, &a, "a"), cleaner(&log, &b, "b")];
    let mut task = Task::new(async {
        let caught = catch_cancel(Gather::new(children)).await;
        caught.map(|_| ()).map_err(Cancelled::swallow)
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    a.open();
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(()))));
    drop(task);
    assert_eq!(log.take(), ["a begins", "b begins", "a ends"]);
}

#[test]
fn forks_nest_and_join() {
    let (log, gate) = (Log::default(), Gate::default());
    let inner: Local<'_, ()> = Box::pin(async {
        let children = vec![cleaner(&log, &gate, "a"), cleaner(&log, &gate, "b")];
        Gather::new(children).await;
    });
    let children = vec![inner, cleaner(&log, &gate, "c")];
    let mut task = Task::new(join(
        Gather::new(children),
        on_cancel(pending::<()>(), || async { log.say("d") }),
    ));
    assert!(task.run().is_none());
    task.cancel();
    assert!(task.run().is_none());
    assert_eq!(log.take(), ["a begins", "b begins", "c begins", "d"]);
    gate.open();
    assert!(matches!(task.run(), Some(End::Cancelled)));
    assert_eq!(log.take(), ["a ends", "b ends", "c ends"]);
}

/// A fork without scopes has no voice: it is dropped by the scope around it, unpolled.
#[test]
fn a_fork_without_scopes_has_no_voice() {
    let (gate, log) = (Gate::default(), Log::default());
    let child: Local<'_, ()> = Box::pin(async {
        gate.pass().await;
        log.say("never");
    });
    let mut task = Task::new(async {
        let caught = catch_cancel(Gather::new(vec![child])).await;
        caught.map(|_| ()).map_err(Cancelled::swallow)
    });
    assert_eq!(task.run(), None);
    gate.open();
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(()))));
    drop(task);
    assert!(log.take().is_empty());
}

#[test]
fn dropped_with_a_request_held_it_passes_it_on() {
    let (log, a, b) = (Log::default(), Gate::default(), Gate::default());
    let gate = Gate::default();
    a.open();
    let mut task = Task::new(async {
        let children = vec![cleaner(&log, &a, "a"), cleaner(&log, &b, "b")];
        select(Box::pin(gate.pass()), Gather::new(children)).await;
        log.say("synchronous");
        yield_once().await;
        log.say("never");
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(
        log.take(),
        ["a begins", "a ends", "b begins", "synchronous"]
    );
}
