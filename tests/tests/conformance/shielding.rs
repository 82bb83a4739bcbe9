//! `shield`.

use std::future::pending;
use std::time::Duration;

use evloop::{
    JoinError, Promise, catch_cancel, create_task, current_task, gather, on_cancel, shield, sleep,
    timeout, yield_now,
};
use evloop_tests::{Reports, Seen, at_rest, in_every_loop, on_every_loop, witness};

use crate::in_loop;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn case_065_a_shield_gives_the_value_or_the_error_of_what_is_inside() {
    in_every_loop(async || {
        let [value, failure]: [Promise<u32>; 2] = [Promise::new(), Promise::new()];
        let outer = [value.clone(), failure.clone()].map(|inner| create_task(shield(inner)));
        at_rest().await;
        value.set_result(42).unwrap();
        failure.set_exception("that error").unwrap();

        let [first, second] = outer;
        assert_eq!(first.await.unwrap().unwrap(), 42);
        let error = second.await.unwrap().unwrap_err();
        let inner = failure.exception().unwrap().unwrap();
        let (JoinError::Failed(error), JoinError::Failed(inner)) = (&error, inner) else {
            panic!("{error:?}")
        };
        assert!(std::sync::Arc::ptr_eq(error, inner), "the very same");

        assert_eq!(shield(create_task(async { 1 })).await.unwrap(), 1);
        let panics = shield(create_task(async { panic!("inside") }));
        assert!(panics.await.unwrap_err().is_panic());
    });
}

#[test]
fn case_065_a_shield_of_what_is_done_does_not_suspend() {
    in_loop(async {
        let promise = Promise::new();
        promise.set_result(1).unwrap();
        let mut task = create_task(async { 2 });
        yield_now().await;
        let seen = Seen::new();
        evloop::call_soon(seen.pusher("a callback"));

        assert_eq!(shield(promise).await.unwrap(), 1);
        assert_eq!(shield(&mut task).await.unwrap(), 2);

        assert!(seen.is_empty(), "no other step ran in between");
    });
}

#[test]
fn case_066_what_is_shielded_may_be_cancelled_itself_and_the_waiter_learns_of_it() {
    in_every_loop(async || {
        let promise: Promise<()> = Promise::new();
        let of_promise = create_task(shield(promise.clone()));
        let task = create_task(pending::<()>());
        let reference = Seen::new();
        let told = reference.clone();
        let of_task = create_task(async move {
            let inner = create_task(async move {
                told.push(current_task().expect("inside of a task"));
                pending::<()>().await;
            });
            shield(inner).await
        });
        drop(task);
        at_rest().await;

        assert!(promise.cancel_with("the promise"));
        assert!(reference.take()[0].cancel_with("the task"));

        let ended = of_promise.await.expect("the waiter is not cancelled");
        assert_eq!(ended.unwrap_err().to_string(), "cancelled: the promise");
        let ended = of_task.await.expect("the waiter is not cancelled");
        assert_eq!(ended.unwrap_err().to_string(), "cancelled: the task");
    });
}

#[test]
fn case_067_a_late_value_of_what_was_shielded_is_not_reported() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        event_loop
            .run_until_complete(async {
                let promise: Promise<u32> = Promise::new();
                let waiters = [(); 2].map(|()| create_task(shield(promise.clone())));
                let by_value = create_task(shield(create_task(sleep(SECOND))));
                at_rest().await;
                for waiter in waiters {
                    assert!(waiter.cancel());
                    assert!(waiter.await.unwrap_err().is_cancelled());
                }
                assert!(by_value.cancel());
                assert!(by_value.await.unwrap_err().is_cancelled());

                assert!(!promise.done(), "the inner one is not cancelled");
                promise.set_result(1).unwrap();
                sleep(2 * SECOND).await;
            })
            .unwrap();
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn case_067_a_late_failure_of_what_was_shielded_is_reported_once() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        event_loop
            .run_until_complete(async {
                let promise: Promise<u32> = Promise::new();
                let waiters = [(); 3].map(|()| create_task(shield(promise.clone())));
                at_rest().await;
                for waiter in waiters {
                    assert!(waiter.cancel());
                    assert!(waiter.await.unwrap_err().is_cancelled());
                }
                promise.set_exception("too late for them").unwrap();
                sleep(SECOND).await;
            })
            .unwrap();
        let report = reports.only();
        let error = report.exception.expect("it carries the error");
        assert_eq!(error.to_string(), "too late for them");
    });
}

#[test]
fn case_067_a_late_panic_of_a_task_that_was_shielded_is_reported_once() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        event_loop
            .run_until_complete(async {
                let waiter = create_task(async {
                    let mut task = create_task(async {
                        sleep(SECOND).await;
                        panic!("too late for it");
                    });
                    // Shielded twice.
                    for _ in 0..2 {
                        let caught = catch_cancel(shield(&mut task)).await;
                        let Err(cancelled) = caught else {
                            panic!("{caught:?}")
                        };
                        cancelled.swallow();
                    }
                });
                at_rest().await;
                assert!(waiter.cancel());
                at_rest().await;
                assert!(waiter.cancel());
                waiter.await.expect("it has swallowed both");
                assert_eq!(reports.messages(), [""; 0]);
                sleep(2 * SECOND).await;
            })
            .unwrap();
        let report = reports.only();
        assert!(report.message.contains("too late for it"), "{report:?}");
    });
}

#[test]
fn case_069_a_task_that_awaits_a_shield_is_cancelled_at_once_and_the_child_completes() {
    on_every_loop(|event_loop| {
        let seen = Seen::new();
        let (completes, behind) = (seen.pusher("completed"), seen.pusher("behind the shield"));
        event_loop
            .run_until_complete(async {
                let outer = create_task(async move {
                    let child = create_task(async move {
                        sleep(SECOND).await;
                        completes();
                    });
                    shield(child).await.unwrap();
                    behind();
                });
                at_rest().await;

                assert!(outer.cancel());

                assert!(outer.await.unwrap_err().is_cancelled());
                assert!(event_loop.time() < SECOND, "it does not wait");
                assert!(seen.is_empty());
                sleep(2 * SECOND).await;
            })
            .unwrap();
        assert_eq!(seen.take(), ["completed"]);
    });
}

#[test]
fn case_069_the_macro_makes_a_task_of_a_coroutine() {
    in_every_loop(async || {
        let seen = Seen::new();
        let completes = seen.pusher("completed");
        let (outside, inside) = (Seen::new(), Seen::new());
        let (outer_id, inner_id) = (outside.clone(), inside.clone());
        let outer = create_task(async move {
            outer_id.push(current_task().expect("a task").id());
            let coroutine = async move {
                inner_id.push(current_task().expect("a task").id());
                sleep(SECOND).await;
                completes();
            };
            evloop::shield!(coroutine).await
        });
        at_rest().await;
        assert_ne!(outside.take(), inside.take());

        assert!(outer.cancel());

        assert!(outer.await.unwrap_err().is_cancelled());
        sleep(2 * SECOND).await;
        assert_eq!(seen.take(), ["completed"]);
    });
}

#[test]
fn case_069_a_task_shielded_by_reference_can_be_awaited_in_the_clean_up() {
    in_every_loop(async || {
        let seen = Seen::new();
        let cleaned_up = seen.clone();
        let outer = create_task(async move {
            let mut child = create_task(async {
                sleep(SECOND).await;
                42
            });
            match catch_cancel(shield(&mut child)).await {
                Ok(_) => unreachable!("it is cancelled before"),
                Err(cancelled) => {
                    cleaned_up.push(child.await.unwrap());
                    match cancelled.resume().await {}
                }
            }
        });
        at_rest().await;
        assert!(outer.cancel());

        assert!(outer.await.unwrap_err().is_cancelled());
        assert_eq!(seen.take(), [42]);
    });
}

#[test]
fn case_070_cancelling_a_gather_over_shields_leaves_the_real_children_alone() {
    in_every_loop(async || {
        let promises: [Promise<u32>; 2] = [Promise::new(), Promise::new()];
        let seen = Seen::new();
        let goes_on = seen.pusher("went on");
        let child = create_task(async move {
            sleep(SECOND).await;
            goes_on();
        });
        let shields = (
            shield(promises[0].clone()),
            shield(promises[1].clone()),
            shield(child),
        );
        let outer = create_task(gather(shields));
        at_rest().await;

        assert!(outer.cancel());

        assert!(outer.await.unwrap_err().is_cancelled());
        assert!(promises.iter().all(|promise| !promise.done()));
        sleep(2 * SECOND).await;
        assert_eq!(seen.take(), ["went on"]);
    });
}

#[test]
fn code_inside_of_a_shielded_task_sees_no_request_and_no_drop() {
    in_every_loop(async || {
        let (captured, dropped) = witness();
        let seen = Seen::new();
        let told = seen.clone();
        let mut child = create_task(async move {
            let cleans_up = on_cancel(sleep(SECOND), || async move { told.push("asked") });
            cleans_up.await;
            drop(captured);
            "completed"
        });
        at_rest().await;

        let late = timeout(SECOND / 2, shield(&mut child)).await;

        assert!(late.is_err());
        assert!(!dropped.is_dropped());
        assert_eq!(child.cancelling(), 0);
        assert_eq!(child.await.unwrap(), "completed");
        assert!(seen.is_empty());
    });
}
