//! Task groups that end early, fail oddly, or are full; and what they leave behind.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::pending;

use evloop::{
    JoinError, Task, TaskBuilder, TaskGroup, catch_cancel, create_task, current_task, on_cancel,
    race, sleep, timeout, yield_now,
};
use evloop_tests::{Reports, Seen, at_rest, in_every_loop, on_every_loop, panic_text};

use crate::in_loop;

use crate::groups::{fails, ms, texts, time, waits};

#[test]
fn cancel_by_the_body_ends_it_and_the_children_without_an_error() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let ended = TaskGroup::scope(async move |group| {
            let child = waits(told.clone(), "the child", ms(10));
            group.create_task(child).unwrap();
            at_rest().await;
            group.cancel();
            group.cancel();
            assert!(group.create_task(async {}).is_err());
            yield_now().await;
            told.push("behind the next await");
        });

        let error = ended.await.unwrap_err();
        assert!(error.is_stopped() && error.failures().is_empty());
        let text = "the task group was cancelled before its body gave a value";
        assert_eq!(error.to_string(), text);
        assert!(error.source().is_none());
        assert_eq!((seen.take(), time()), (vec!["the child"], ms(10)));
        assert_eq!(current_task().unwrap().cancelling(), 0);
        at_rest().await; // Nobody is cancelled here.
    });
}

#[test]
fn cancel_by_a_body_that_returns_without_awaiting_gives_its_value() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let value = TaskGroup::scope(async move |group| {
            let child = waits(told, "the child", ms(10));
            group.create_task(child).unwrap();
            at_rest().await;
            group.cancel();
            Ok::<_, Infallible>(42)
        });

        assert_eq!(value.await.unwrap(), 42);
        assert_eq!(seen.take(), ["the child"]);
    });
}

#[test]
fn cancel_by_a_child_ends_its_siblings_the_body_and_the_child_itself() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let children = Seen::new();
        let ended = TaskGroup::scope(async |group| {
            let sibling = group.create_task(waits(told.clone(), "sibling", ms(10)));
            let canceller = {
                let (group, told) = (group.clone(), told.clone());
                async move {
                    sleep(ms(5)).await;
                    group.cancel();
                    told.push("has cancelled");
                    yield_now().await;
                    told.push("behind the next await");
                }
            };
            let canceller = group.create_task(canceller);
            children.push(sibling.unwrap());
            children.push(canceller.unwrap());
            pending::<()>().await;
        });

        assert!(ended.await.unwrap_err().is_stopped());
        assert!(children.take().iter().all(Task::cancelled));
        let mut seen = seen.take();
        seen.sort_unstable();
        assert_eq!((seen, time()), (vec!["has cancelled", "sibling"], ms(15)));
    });
}

#[test]
fn cancel_before_entry_ends_it_at_once_and_after_its_end_does_nothing() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let group = TaskGroup::new();
        group.cancel();
        assert!(group.create_task(async {}).is_err());

        let ended = group
            .clone()
            .run(async move |_| told.push("the body"))
            .await;
        assert!(ended.unwrap_err().is_stopped());
        assert!(seen.is_empty());

        group.cancel();
        assert!(group.is_empty());
        at_rest().await;
    });
}

#[test]
fn errors_of_children_that_are_being_cancelled_are_reported() {
    in_every_loop(async || {
        let ended = TaskGroup::scope(async |group| {
            let child = async {
                let caught = catch_cancel(pending::<()>()).await;
                Err::<(), _>(caught.unwrap_err().into_err("while it is cancelled"))
            };
            group.create_task(child).unwrap();
            at_rest().await;
            group.cancel();
        });

        let error = ended.await.unwrap_err();
        assert!(!error.is_stopped());
        assert_eq!(texts(&error), ["while it is cancelled"]);
    });
}

#[test]
fn a_body_that_refuses_the_abort_is_waited_for() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let ended = TaskGroup::scope(async move |group| {
            group.create_task(fails(ms(1), "why")).unwrap();
            let caught = catch_cancel(pending::<()>()).await;
            caught.unwrap_err().swallow();
            sleep(ms(100)).await;
            told.push("refused");
        });

        assert_eq!(texts(&ended.await.unwrap_err()), ["why"]);
        assert_eq!((seen.take(), time()), (vec!["refused"], ms(101)));
    });
}

#[test]
fn errors_come_in_the_order_of_the_ends_of_the_children_with_their_names() {
    in_every_loop(async || {
        let refuses = |after: u64, text: &'static str| async move {
            let caught = catch_cancel(pending::<()>()).await;
            sleep(ms(after)).await;
            Err::<(), _>(caught.unwrap_err().into_err(text))
        };
        let ended = TaskGroup::scope(async |group| {
            for (name, after) in [("slow", 30), ("quick", 10), ("middle", 20)] {
                let options = TaskBuilder::new().name(name);
                let child = refuses(after, name);
                group.create_task_with(options, child).unwrap();
            }
            yield_now().await;
            refuses(100, "the body").await?;
            group.cancel();
            Ok::<_, &'static str>(())
        });
        let group = timeout(ms(50), ended);

        // The limit asks the body first; its clean-up is waited for, and then the children.
        let error = group.await.expect("the errors win").unwrap_err();

        assert_eq!(texts(&error), ["quick", "middle", "slow", "the body"]);
        let names = error.failures().iter().map(|failure| failure.task_name());
        assert!(names.eq([Some("quick"), Some("middle"), Some("slow"), None]));
        let text = "4 failures in a task group: task 'quick': quick, and 3 more";
        assert_eq!(error.to_string(), text);
    });
}

#[derive(Debug)]
struct Caused(&'static str, Option<Box<Caused>>);

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Caused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|cause| cause as &dyn Error)
    }
}

/// An error and what it came from, down to the last.
fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let links = std::iter::successors(Some(error), |&error| error.source());
    links.map(ToString::to_string).collect()
}

#[test]
fn every_cause_of_every_failure_is_kept_through_nested_groups() {
    in_every_loop(async || {
        let inner = || {
            TaskGroup::scope(async |group| {
                let options = TaskBuilder::new().name("c");
                let child = async {
                    let cause = Caused("disk", None);
                    Err::<(), _>(Caused("file", Some(Box::new(cause))))
                };
                group.create_task_with(options, child).unwrap();
            })
        };
        let outer = TaskGroup::scope(async |_| inner().await).await;

        let error = outer.unwrap_err();
        let expected = [
            "1 failure in a task group: the body: 1 failure in a task group: task 'c': file",
            "the body: 1 failure in a task group: task 'c': file",
            "1 failure in a task group: task 'c': file",
            "task 'c': file",
            "file",
            "disk",
        ];
        assert_eq!(chain(&error), expected);
        let failure: Caused = Caused("other", None);
        let other = TaskGroup::scope(async |_| Err::<(), _>(failure))
            .await
            .unwrap_err();
        let kept: &Caused = other.failures()[0].downcast_ref().unwrap();
        assert_eq!(kept.0, "other");
        assert_eq!(other.into_failures().len(), 1);
    });
}

#[test]
fn a_child_that_panics_fails_the_group_and_is_not_reported_as_well() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let seen = Seen::new();
        let told = seen.clone();
        let ended = event_loop.run_until_complete(TaskGroup::scope(async move |group| {
            let panics = async {
                at_rest().await;
                if current_task().is_some() {
                    panic!("in a child");
                }
            };
            group.create_task(panics).unwrap();
            waits(told, "the body", ms(0)).await;
        }));

        let error = ended.unwrap().unwrap_err();
        assert!(error.failures()[0].error().is_panic());
        assert_eq!(texts(&error), ["panicked: in a child"]);
        drop(error);
        assert_eq!(
            (seen.take(), reports.messages()),
            (vec!["the body"], vec![])
        );
    });
}

#[test]
fn a_body_that_panics_goes_on_panicking_when_all_children_have_ended() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let parent = create_task(TaskGroup::scope(async move |group| {
            let child = {
                let told = told.clone();
                on_cancel(pending::<()>(), || async move {
                    sleep(ms(10)).await;
                    told.push("the child has cleaned up");
                })
            };
            group.create_task(child).unwrap();
            at_rest().await;
            if !group.is_empty() {
                panic!("in the body");
            }
        }));

        let error = parent.await.unwrap_err();
        let JoinError::Panicked(panic) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(panic_text(&*panic.take_payload().unwrap()), "in the body");
        assert_eq!(
            (seen.take(), time()),
            (vec!["the child has cleaned up"], ms(10))
        );
    });
}

#[test]
fn a_group_that_is_dropped_cancels_its_children_which_end_by_themselves() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let handles = Seen::new();
        let handle = handles.clone();
        let group = TaskGroup::scope(async move |group| {
            handle.push(group.clone());
            group.create_task(waits(told, "the child", ms(10))).unwrap();
            pending::<()>().await;
        });
        let first = race((
            async {
                drop(group.await);
                1
            },
            async {
                sleep(ms(5)).await;
                2
            },
        ));

        assert_eq!(first.await, 2);

        let handle = handles.take().remove(0);
        assert_eq!(handle.len(), 1, "it cannot wait");
        assert!(handle.create_task(async {}).is_err());
        sleep(ms(20)).await;
        assert!(handle.is_empty());
        assert_eq!(seen.take(), ["the child"]);
    });
}

#[test]
fn a_group_has_one_entry() {
    in_every_loop(async || {
        let group = TaskGroup::new();
        group.clone().run(async |_| ()).await.unwrap();
        let again = create_task(group.run(async |_| ()));

        let error = again.await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "panicked: failed to enter a task group: it was entered before"
        );
    });
}

#[test]
fn debug_counts_children_and_errors_and_names_the_state() {
    in_loop(async {
        let group = TaskGroup::new();
        let shown = group.clone();
        assert_eq!(
            format!("{group:?}"),
            "<TaskGroup not entered tasks=0 errors=0>"
        );
        let ended = group.run(async |group| {
            assert_eq!(format!("{group:?}"), "<TaskGroup entered tasks=0 errors=0>");
            group.create_task(async { Err::<(), _>("why") }).unwrap();
            group.create_task(pending::<()>()).unwrap();
            assert_eq!(format!("{group:?}"), "<TaskGroup entered tasks=2 errors=0>");
            let asked = || async {
                assert_eq!(
                    format!("{group:?}"),
                    "<TaskGroup shutting down tasks=0 errors=1>"
                );
            };
            on_cancel(pending::<()>(), asked).await;
        });
        let error = ended.await.unwrap_err();
        assert_eq!(
            format!("{shown:?}"),
            "<TaskGroup finished tasks=0 errors=0>"
        );
        let failure = &error.failures()[0];
        let name = failure.task_name().unwrap();
        assert_eq!(format!("{failure:?}"), format!("{name}: Failed(\"why\")"));
    });
}

#[test]
fn failures_of_children_beside_a_body_that_panics_are_reported() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let ended = event_loop.run_until_complete(async {
            let task = create_task(async {
                let group = TaskGroup::scope(async |group| {
                    let fails = async { Err::<(), _>("the disk is full") };
                    let eager = TaskBuilder::new().eager_start(true);
                    let child = group.create_task_with(eager, fails);
                    drop(child.expect("the group is open"));
                    assert!(!group.is_empty(), "scripted");
                });
                drop(group.await);
            });
            task.await
        });
        assert!(ended.unwrap().unwrap_err().is_panic());
        let report = reports.only();
        assert!(
            report.message.ends_with("the disk is full"),
            "{}",
            report.message
        );
    });
}
