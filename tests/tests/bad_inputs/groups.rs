//! F13: groups whose children and bodies have destructors that panic.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use evloop::{
    FutureGroup, GroupError, TaskGroup, create_task, deadline, on_cancel, sleep, yield_now,
};
use evloop_tests::{PanicsInDrop, Reports, Seen, virtual_loop};

use crate::guarded;

const MS: Duration = Duration::from_millis(1);

/// Ends as it is told to, and panics when it is dropped.
struct Hostile<T> {
    polls: fn() -> Poll<T>,
    _bomb: PanicsInDrop,
}

fn hostile<T>(polls: fn() -> Poll<T>) -> Hostile<T> {
    Hostile {
        polls,
        _bomb: PanicsInDrop("dropped"),
    }
}

impl<T> Future for Hostile<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        (self.polls)()
    }
}

fn texts(ended: Result<(), GroupError>) -> Vec<String> {
    let error = ended.expect_err("a child fails");
    let failures = error.failures().iter();
    failures.map(ToString::to_string).collect()
}

/// Runs `main`; returns what the loop reported, of panics that nobody was told of.
fn run(main: impl Future<Output = ()>) -> Vec<String> {
    let mut messages = Vec::new();
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        event_loop
            .run_until_complete(main)
            .expect("nothing stops the loop");
        drop(event_loop);
        messages = reports.messages();
    });
    messages
}

#[test]
fn f13_a_child_that_panics_in_drop_after_it_has_returned_has_failed() {
    let seen = Seen::new();
    let reports = run(async {
        let clean = seen.clone();
        let ended = FutureGroup::scope(async |group| {
            let sibling = on_cancel(sleep(900 * MS), || async {
                sleep(MS).await;
                clean.push("the sibling is clean");
            });
            group.add(sibling).expect("it is open");
            group.add(hostile(|| Poll::Ready(()))).expect("it is open");
        });
        assert_eq!(texts(ended.await), ["a child: panicked: dropped"]);
    });
    assert_eq!(seen.take(), ["the sibling is clean"]);
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn f13_a_child_that_panics_in_drop_as_well_has_failed_twice() {
    let reports = run(async {
        let ended = FutureGroup::scope(async |group| {
            let fails = hostile(|| Poll::Ready(Err::<(), _>("failed")));
            group.add(fails).expect("it is open");
        });
        let expected = ["a child: failed", "a child: panicked: dropped"];
        assert_eq!(texts(ended.await), expected);

        let ended = FutureGroup::scope(async |group| {
            let panics = hostile::<()>(|| panic!("polled"));
            group.add(panics).expect("it is open");
        });
        let expected = ["a child: panicked: polled", "a child: panicked: dropped"];
        assert_eq!(texts(ended.await), expected);
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn f13_a_child_whose_output_panics_in_drop_has_failed() {
    let reports = run(async {
        let ended = FutureGroup::scope(async |group| {
            let output = async { Ok::<_, Infallible>(PanicsInDrop("output dropped")) };
            group.add(output).expect("it is open");
        });
        assert_eq!(texts(ended.await), ["a child: panicked: output dropped"]);
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn f13_a_child_that_panics_in_drop_when_it_is_cancelled_has_failed() {
    let reports = run(async {
        let ended = FutureGroup::scope(async |group| {
            let suspended = hostile::<()>(|| Poll::Pending);
            group.add(suspended).expect("it is open");
            yield_now().await;
            let unstarted = hostile::<()>(|| Poll::Pending);
            group.add(unstarted).expect("it is open");
            group.cancel();
        });
        let expected = ["a child: panicked: dropped"; 2];
        assert_eq!(texts(ended.await), expected);
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn f13_children_that_panic_in_drop_when_their_group_is_dropped_are_reported_once_each() {
    let reports = run(async {
        let group = FutureGroup::scope(async |group| {
            let suspended = hostile::<()>(|| Poll::Pending);
            group.add(suspended).expect("it is open");
            sleep(MS).await;
            let never_polled = hostile::<()>(|| Poll::Pending);
            group.add(never_polled).expect("it is open");
            let mut ends = Box::pin(FutureGroup::scope(async |inner| {
                let never_polled = hostile::<()>(|| Poll::Pending);
                inner.add(never_polled).expect("it is open");
                pending::<()>().await;
            }));
            assert!(poll_once(ends.as_mut()).is_pending());
            drop(ends);
            pending::<()>().await;
        });
        assert!(deadline(2 * MS, group).await.is_err());
    });
    assert_eq!(reports.len(), 3, "{reports:?}");
    let is_told = |report: &String| report.contains("a child of a future group panicked");
    assert!(reports.iter().all(is_told), "{reports:?}");
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(std::task::Waker::noop()))
}

#[test]
fn f13_a_body_that_panics_in_drop_panics_after_its_children_have_ended() {
    for is_cancelled in [false, true] {
        let seen = Seen::new();
        let clean = seen.clone();
        let reports = run(async {
            let mut task = create_task(async {
                let ended = TaskGroup::scope(async |group| {
                    let _bomb = PanicsInDrop("dropped");
                    let child = on_cancel(sleep(3 * MS), || async move {
                        sleep(MS).await;
                        clean.push("the child is clean");
                    });
                    drop(group.create_task(child));
                    sleep(2 * MS).await;
                });
                drop(ended.await);
            });
            if is_cancelled {
                sleep(MS).await;
                task.cancel();
            }
            let ended = (&mut task).await;
            assert!(ended.is_err_and(|error| error.is_panic()));
        });
        assert_eq!(seen.take(), ["the child is clean"]);
        assert!(reports.is_empty(), "{reports:?}");
    }
}

#[test]
fn f13_a_body_that_panics_in_drop_is_reported_where_it_gives_an_error_or_is_dropped() {
    let reports = run(async {
        let ended = FutureGroup::scope(|_| hostile(|| Poll::Ready(Err::<(), _>("failed"))));
        assert_eq!(texts(ended.await), ["the body: failed"]);

        let dropped = TaskGroup::scope(|_| hostile::<()>(|| Poll::Pending));
        assert!(deadline(MS, dropped).await.is_err());
    });
    let expected = "dropping the body of a task group panicked: dropped";
    assert_eq!(reports, [expected; 2]);
}

#[test]
fn f13_panics_of_tasks_whose_group_is_dropped_are_reported_once_each() {
    let reports = run(async {
        let group = TaskGroup::scope(async |group| {
            let cleans_up = on_cancel(sleep(900 * MS), || async {
                sleep(3 * MS).await;
                panic!("after the group");
            });
            drop(group.create_task(cleans_up));
            let panics = async {
                yield_now().await;
                panic!("before the group gives its failures");
            };
            drop(group.create_task(panics));
            sleep(900 * MS).await;
        });
        assert!(deadline(2 * MS, group).await.is_err());
        sleep(3 * MS).await;
    });
    assert_eq!(reports.len(), 2, "{reports:?}");
    let is_told = |report: &String| report.contains("panicked and nobody looked");
    assert!(reports.iter().all(is_told), "{reports:?}");
}
