//! What becomes of the branches of a foreign combinator, which is one future for the scope around it: that
//! ends all of it as soon as everybody who was asked has decided.

use std::future::pending;

use evloop_cancel::{catch_cancel, hold_cancel, on_cancel};
use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::support::{End, Gate, Log, Task, yield_once};

/// A set polls two children that wake themselves in a turn, and leaves the others for the next ones.
#[test]
fn a_large_set_of_busy_members_is_reached_however_many_turns_it_takes() {
    const N_MEMBERS: usize = 100;
    let log = Log::default();
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        for _ in 0..N_MEMBERS {
            set.push(on_cancel(pending::<()>(), || async {
                yield_once().await;
                log.say("clean");
            }));
        }
        while set.next().await.is_some() {}
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(log.take().len(), N_MEMBERS);
}

/// A set polls two that wake themselves and goes on in its next turn: the third one's scope opens too late.
#[test]
fn a_member_that_has_not_been_polled_is_not_asked() {
    let (gate, log) = (Gate::default(), Log::default());
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        for name in ["first", "second", "third"] {
            let (gate, log) = (gate.clone(), log.clone());
            set.push(async move {
                log.say(name);
                let works = async {
                    yield_once().await;
                    pending::<()>().await;
                };
                on_cancel(works, || async {
                    gate.pass().await;
                    log.say(format!("{name} is clean"));
                })
                .await;
            });
        }
        while set.next().await.is_some() {}
    });
    assert_eq!(task.step(), None);
    assert_eq!(log.take(), ["first", "second"]);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(log.take(), ["third"]);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    let mut said = log.take();
    said.sort();
    assert_eq!(said, ["first is clean", "second is clean"]);
}

#[test]
fn what_a_branch_without_a_scope_opens_after_the_request_is_dropped() {
    let (gate, log) = (Gate::default(), Log::default());
    let cleans = on_cancel(pending::<()>(), || async {
        gate.pass().await;
        log.say("clean");
    });
    let silent = async {
        yield_once().await;
        yield_once().await;
        log.say("opens one");
        on_cancel(pending::<()>(), || async { log.say("never") }).await;
    };
    let mut task = Task::new(join(cleans, silent));
    assert_eq!(task.step(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(log.take(), ["opens one"]);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert_eq!(log.take(), ["clean"]);
}

/// One that passes on outweighs those that refuse: they are dropped, and not asked again.
#[test]
fn a_branch_that_refuses_is_dropped_once_another_one_passes_on() {
    let (gate, log) = (Gate::default(), Log::default());
    let passes_on = on_cancel(pending::<()>(), || gate.pass());
    let refuses = async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
        log.say("refused");
        on_cancel(pending::<()>(), || async { log.say("never") }).await;
    };
    let mut task = Task::new(join(passes_on, refuses));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(log.take(), ["refused"]);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert!(log.take().is_empty());
}

/// Each request is decided by itself: one that is passed on does not wait for what is done about a newer
/// one. It could not: code that has passed on the first may hold the second.
#[test]
fn a_clean_up_for_a_newer_request_is_dropped_when_an_older_one_is_decided() {
    let (gate, log) = (Gate::default(), Log::default());
    let passes_on = on_cancel(pending::<()>(), || hold_cancel(gate.pass()));
    let refuses = async {
        catch_cancel(pending::<()>()).await.unwrap_err().swallow();
        on_cancel(pending::<()>(), || async {
            log.say("begins");
            pending::<()>().await;
        })
        .await;
    };
    let mut task = Task::new(join(passes_on, refuses));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(log.take(), ["begins"]);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
}

/// The same: a request that is made again is a newer one.
#[test]
fn asked_again_beside_a_branch_that_passes_on_a_branch_is_dropped() {
    let log = Log::default();
    let passes_on = on_cancel(pending::<()>(), || async {});
    let asks_again = async {
        catch_cancel(pending::<()>()).await.unwrap_err().ask_again();
        on_cancel(pending::<()>(), || async { log.say("never") }).await;
    };
    let mut task = Task::new(join(passes_on, asks_again));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    drop(task);
    assert!(log.take().is_empty());
}
