//! Task groups: children, their failures, and requests from outside.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use evloop::{
    GroupClosed, GroupError, Handle, Task, TaskGroup, catch_cancel, create_task, current_task,
    on_cancel, sleep, timeout, yield_now,
};
use evloop_tests::{Seen, in_every_loop, witness};

use crate::in_loop;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// In whole milliseconds: waiting until all is at rest takes less.
pub(crate) fn time() -> Duration {
    let passed = Handle::current().time().as_millis();
    ms(u64::try_from(passed).expect("no test is so long"))
}

/// Fails with `text` after some time.
pub(crate) async fn fails(after: Duration, text: &'static str) -> Result<(), &'static str> {
    sleep(after).await;
    Err(text)
}

/// Sleeps for ever, and tells `seen` when it is asked to end; cleans up for so long.
pub(crate) async fn waits(seen: Seen<&'static str>, name: &'static str, clean_up: Duration) {
    let asked = || async move {
        seen.push(name);
        sleep(clean_up).await;
    };
    on_cancel(pending::<()>(), asked).await;
}

/// What the failures say, in their order.
pub(crate) fn texts(error: &GroupError) -> Vec<String> {
    let failures = error.failures().iter();
    failures
        .map(|failure| failure.error().to_string())
        .collect()
}

#[test]
fn case_091_the_results_of_both_children_are_there_when_the_scope_ends() {
    in_every_loop(async || {
        let (a, b) = TaskGroup::scope(async |group| {
            let child = |secs: u64, value: u32| async move {
                sleep(Duration::from_secs(secs)).await;
                Ok::<_, Infallible>(value)
            };
            let a = group.create_task(child(1, 42)).unwrap();
            let b = group.create_task(child(2, 11)).unwrap();
            Ok::<_, Infallible>((a, b))
        })
        .await
        .unwrap();

        assert_eq!(time(), Duration::from_secs(2));
        assert!(a.done() && b.done());
        assert_eq!(a.result().unwrap().as_ref().unwrap(), &42);
        assert_eq!(b.await.unwrap(), 11);
    });
}

#[test]
fn case_091_a_group_without_children_gives_what_its_body_gives() {
    in_every_loop(async || {
        let value = TaskGroup::scope(async |_| Ok::<_, Infallible>("the body's")).await;
        assert_eq!(value.unwrap(), "the body's");
        TaskGroup::scope(async |_| ()).await.unwrap();
    });
}

#[test]
fn case_093_a_child_that_fails_cancels_its_sibling_and_the_body() {
    in_every_loop(async || {
        let seen = Seen::new();
        let (told, behind) = (seen.clone(), seen.pusher("behind the await"));

        let ended = TaskGroup::scope(async move |group| {
            group.create_task(fails(ms(100), "the one")).unwrap();
            group.create_task(waits(told, "sibling", ms(0))).unwrap();
            pending::<()>().await;
            behind();
        })
        .await;

        let error = ended.unwrap_err();
        assert_eq!(texts(&error), ["the one"]);
        assert_eq!(error.failures().len(), 1);
        assert_eq!(seen.take(), ["sibling"]);
        assert_eq!(time(), ms(100));
    });
}

#[test]
fn case_093_a_child_that_fails_behind_the_body_cancels_its_sibling() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();

        let ended = TaskGroup::scope(async move |group| {
            group.create_task(fails(ms(100), "the one")).unwrap();
            group.create_task(waits(told, "sibling", ms(50))).unwrap();
            Ok::<_, Infallible>("a value that is lost")
        })
        .await;

        assert_eq!(texts(&ended.unwrap_err()), ["the one"]);
        assert_eq!((seen.take(), time()), (vec!["sibling"], ms(150)));
    });
}

#[test]
fn case_094_three_failures_reach_the_group_and_the_others_are_asked_to_end() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();

        let ended = TaskGroup::scope(async move |group| {
            for text in ["first", "second", "third"] {
                group.create_task(fails(ms(100), text)).unwrap();
            }
            let long = waits(told.clone(), "the long child", ms(0));
            group.create_task(long).unwrap();
            waits(told, "the body", ms(0)).await;
        })
        .await;

        let error = ended.unwrap_err();
        let first = error.failures()[0].error().to_string();
        assert!(["first", "second", "third"].contains(&first.as_str()));
        let mut seen = seen.take();
        seen.sort_unstable();
        assert_eq!(seen, ["the body", "the long child"]);
    });
}

#[test]
fn case_094_three_that_fail_in_one_turn_are_all_in_the_group_in_their_order() {
    in_loop(async {
        let seen = Seen::new();
        let told = seen.clone();
        let gate = evloop::Promise::<()>::new();

        let ended = TaskGroup::scope(async |group| {
            for text in ["first", "second", "third"] {
                let gate = gate.clone();
                // It refuses, so that it fails by itself even when it is asked to end.
                let child = async move {
                    let _opened = catch_cancel(gate).await;
                    Err::<(), _>(text)
                };
                group.create_task(child).unwrap();
            }
            let long = waits(told.clone(), "the long child", ms(0));
            group.create_task(long).unwrap();
            yield_now().await;
            gate.set_result(()).unwrap();
            waits(told.clone(), "the body", ms(0)).await;
        })
        .await;

        let mut texts = texts(&ended.unwrap_err());
        assert_eq!(texts.remove(0), "first");
        let mut seen = seen.take();
        seen.sort_unstable();
        assert_eq!(seen, ["the body", "the long child"]);
    });
}

#[test]
fn case_095_a_request_to_the_parent_cancels_all_children_and_goes_on() {
    in_every_loop(async || {
        let seen = Seen::new();
        let (told, behind) = (seen.clone(), seen.pusher("behind the group"));
        let tasks = Seen::new();
        let children = tasks.clone();
        let parent = create_task(async move {
            let ended = TaskGroup::scope(async |group| {
                for _ in 0..5 {
                    let child = waits(told.clone(), "asked", ms(10));
                    children.push(group.create_task(child).unwrap());
                }
            });
            let _ended = ended.await;
            behind();
        });
        sleep(ms(100)).await;

        assert!(parent.cancel_with("from outside"));

        let error = parent.await.unwrap_err();
        assert_eq!(error.to_string(), "cancelled: from outside");
        assert_eq!((seen.take(), time()), (vec!["asked"; 5], ms(110)));
        assert!(tasks.take().iter().all(Task::cancelled));
    });
}

#[test]
fn case_097_the_error_of_an_inner_group_is_in_the_one_of_the_outer_group() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let parent = create_task(async move {
            let outer = TaskGroup::scope(async |_| {
                TaskGroup::scope(async |group| {
                    for _ in 0..5 {
                        let child = async {
                            let caught = catch_cancel(pending::<()>()).await;
                            Err::<(), _>(caught.unwrap_err().into_err("fails on cancel"))
                        };
                        group.create_task(child).unwrap();
                    }
                })
                .await
            });
            told.push(outer.await.unwrap_err());
        });
        sleep(ms(100)).await;

        assert!(parent.cancel());

        assert!(
            parent.await.unwrap_err().is_cancelled(),
            "as soon as it can"
        );
        let outer = seen.take().remove(0);
        assert_eq!(outer.failures().len(), 1);
        assert_eq!(outer.failures()[0].task_name(), None, "it is the body's");
        let inner: &GroupError = outer.failures()[0].downcast_ref().unwrap();
        assert_eq!(texts(inner), ["fails on cancel"; 5]);
    });
}

#[test]
fn case_098_a_failure_outside_cancels_the_inner_group_and_is_the_only_one() {
    in_every_loop(async || {
        let seen = Seen::new();
        let (told, behind) = (seen.clone(), seen.pusher("behind the inner group"));

        let ended = TaskGroup::scope(async move |outer| {
            outer
                .create_task(fails(ms(100), "the outer child"))
                .unwrap();
            let inner = TaskGroup::scope(async move |group| {
                group
                    .create_task(waits(told, "the inner child", ms(10)))
                    .unwrap();
            });
            inner.await.unwrap();
            behind();
        })
        .await;

        assert_eq!(texts(&ended.unwrap_err()), ["the outer child"]);
        assert_eq!((seen.take(), time()), (vec!["the inner child"], ms(110)));
    });
}

#[test]
fn case_099_failures_of_the_body_and_of_a_child_are_both_in_the_group() {
    in_every_loop(async || {
        let ended = TaskGroup::scope(async |group| {
            let child = async {
                let caught = catch_cancel(pending::<()>()).await;
                Err::<(), _>(caught.unwrap_err().into_err("the child's"))
            };
            group.create_task(child).unwrap();
            sleep(ms(1)).await;
            Err::<(), _>("the body's")
        })
        .await;

        let error = ended.unwrap_err();
        assert_eq!(
            texts(&error),
            ["the child's", "the body's"],
            "it comes last"
        );
        assert!(error.failures()[0].task_name().is_some());
        assert_eq!(error.failures()[1].task_name(), None);
    });
}

#[test]
fn case_099_a_failure_of_the_body_alone_cancels_the_children_and_is_in_a_group() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let ended = TaskGroup::scope(async move |group| {
            group.create_task(waits(told, "the child", ms(10))).unwrap();
            sleep(ms(1)).await;
            Err::<(), _>("the body's")
        })
        .await;

        assert_eq!(texts(&ended.unwrap_err()), ["the body's"]);
        assert_eq!((seen.take(), time()), (vec!["the child"], ms(11)));
    });
}

#[test]
fn case_101_siblings_spawned_by_a_child_while_the_scope_exits_are_awaited() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        TaskGroup::scope(async move |group| {
            let spawner = {
                let group = group.clone();
                async move {
                    sleep(ms(100)).await; // The body has returned.
                    for (name, delay) in [("one", 30), ("two", 20)] {
                        let told = told.clone();
                        let sibling = async move {
                            sleep(ms(delay)).await;
                            told.push(name);
                        };
                        group.create_task(sibling).unwrap();
                    }
                    told.push("the spawner");
                }
            };
            group.create_task(spawner).unwrap();
        })
        .await
        .unwrap();

        assert_eq!(seen.take(), ["the spawner", "two", "one"]);
        assert_eq!(time(), ms(130));
    });
}

/// What a refused spawn says; and that the coroutine is gone.
#[track_caller]
fn assert_closed<T>(spawned: Result<T, GroupClosed>, why: &str) {
    let Err(closed) = spawned else {
        panic!("it is refused")
    };
    let text = format!("failed to create a task in a task group: {why}");
    assert_eq!(closed.to_string(), text);
}

#[test]
fn case_102_an_aborting_group_takes_no_child_and_drops_the_coroutine() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let ended = TaskGroup::scope(async |group| {
            let child = {
                let (group, told) = (group.clone(), told.clone());
                on_cancel(pending::<()>(), || async move {
                    let (captured, dropped) = witness();
                    let refused = group.create_task(async move {
                        drop(captured);
                    });
                    assert_closed(refused, "it is shutting down");
                    assert!(dropped.is_dropped());
                    told.push("refused");
                })
            };
            group.create_task(child).unwrap();
            group.create_task(fails(ms(1), "why it aborts")).unwrap();
            let me = group.clone();
            let body = on_cancel(pending::<()>(), || async move {
                assert_closed(me.create_task(async {}), "it is shutting down");
                assert_closed(me.create_task_local(async {}), "it is shutting down");
            });
            body.await;
        })
        .await;

        assert_eq!(texts(&ended.unwrap_err()), ["why it aborts"]);
        assert_eq!(seen.take(), ["refused"]);
    });
}

#[test]
fn case_103_a_group_that_is_finished_or_was_never_entered_takes_no_child() {
    in_every_loop(async || {
        let (captured, dropped) = witness();
        let group = TaskGroup::new();
        let refused = group.create_task(async move { drop(captured) });
        assert_closed(refused, "it has not been entered");
        assert!(dropped.is_dropped());

        let outside = group.clone();
        group.run(async |_| ()).await.unwrap();

        assert_closed(outside.create_task(async {}), "it is finished");
        outside.cancel();
        assert_closed(outside.create_task(async {}), "it is finished");
    });
}

#[test]
fn case_105_inner_and_outer_groups_that_fail_in_one_turn_both_report() {
    in_loop(async {
        let seen = Seen::new();
        let told = seen.clone();
        let me = current_task().unwrap();
        let requests = || me.cancelling();

        let outer = TaskGroup::scope(async |outer| {
            outer.create_task(fails(ms(100), "the outer's")).unwrap();
            let inner = TaskGroup::scope(async |inner| {
                inner.create_task(fails(ms(100), "the inner's")).unwrap();
            });
            let error = inner.await.unwrap_err();
            assert_eq!(texts(&error), ["the inner's"]);
            assert_eq!(requests(), 0, "nobody asked the task");
            told.push("handled");
            sleep(ms(100)).await;
            told.push("behind the next await");
        });

        assert_eq!(texts(&outer.await.unwrap_err()), ["the outer's"]);
        assert_eq!(requests(), 0);
        assert_eq!((seen.take(), time()), (vec!["handled"], ms(100)));
    });
}

#[test]
fn case_106_a_request_beside_a_failure_reaches_the_next_await() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let parent = create_task(async move {
            let ended = TaskGroup::scope(async |group| {
                group.create_task(fails(ms(100), "the child's")).unwrap();
                let slow = waits(told.clone(), "asked", ms(100));
                group.create_task(slow).unwrap();
            });
            let error = ended.await.unwrap_err();
            assert_eq!(texts(&error), ["the child's"]);
            assert_eq!(current_task().unwrap().cancelling(), 1);
            told.push("caught");
            yield_now().await;
            told.push("behind the next await");
        });
        sleep(ms(150)).await; // The child has failed, and its sibling cleans up.

        assert!(parent.cancel_with("from outside"));

        let error = parent.await.unwrap_err();
        assert_eq!(error.to_string(), "cancelled: from outside");
        assert_eq!(seen.take(), ["asked", "caught"]);
    });
}

#[test]
fn case_106_a_child_that_fails_while_it_is_cancelled_reports_and_the_request_goes_on() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let parent = create_task(async move {
            let ended = TaskGroup::scope(async |group| {
                let child = async {
                    let caught = catch_cancel(pending::<()>()).await;
                    Err::<(), _>(caught.unwrap_err().into_err("while it is cancelled"))
                };
                group.create_task(child).unwrap();
            });
            let error = ended.await.unwrap_err();
            told.push(texts(&error).remove(0));
            // Caught again, at the next await, and only there.
            let again = catch_cancel(yield_now()).await.unwrap_err();
            told.push(again.to_string());
            again.swallow();
            sleep(ms(100)).await;
            told.push("went on".to_owned());
        });
        sleep(ms(50)).await;
        assert!(parent.cancel_with("from outside"));

        assert!(parent.await.is_ok(), "it has refused");
        let expected = [
            "while it is cancelled",
            "cancelled: from outside",
            "went on",
        ];
        assert_eq!(seen.take(), expected);
    });
}

#[test]
fn case_109_a_timeout_that_expires_after_a_cancel_of_the_group_is_reported() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let late = timeout(ms(100), async {
            let group = TaskGroup::scope(async |group| {
                let slow = waits(told.clone(), "asked", ms(1000));
                group.create_task(slow).unwrap();
                sleep(ms(50)).await;
                group.cancel();
            });
            let _ended = group.await;
            told.push("behind the group");
        });

        assert!(late.await.is_err());

        assert_eq!(seen.take(), ["asked"]);
        assert_eq!(time(), ms(1050), "the children are waited for");
    });
}

#[test]
fn case_109_a_request_after_a_cancel_of_the_group_gets_through() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let parent = create_task(async move {
            let group = TaskGroup::new();
            let handle = group.clone();
            let ended = group.run(async |group| {
                let slow = waits(told.clone(), "asked", ms(1000));
                group.create_task(slow).unwrap();
                sleep(ms(50)).await;
                handle.cancel();
                pending::<()>().await;
            });
            let _ended = ended.await;
            told.push("behind the group");
        });
        sleep(ms(100)).await;

        assert!(parent.cancel_with("from outside"));

        let error = parent.await.unwrap_err();
        assert_eq!(error.to_string(), "cancelled: from outside");
        assert_eq!((seen.take(), time()), (vec!["asked"], ms(1050)));
    });
}
