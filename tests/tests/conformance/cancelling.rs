//! Cancel requests to tasks: counting, catching, refusing and taking them back.

use std::future::pending;
use std::time::Duration;

use evloop::{
    JoinError, Promise, TaskRef, catch_cancel, create_task, current_task, on_cancel, sleep,
    timeout, yield_now,
};
use evloop_tests::{Reports, Seen, at_rest, in_every_loop, on_every_loop, witness};

use crate::in_loop;

const SECOND: Duration = Duration::from_secs(1);

/// The task that runs this.
fn me() -> TaskRef {
    current_task().expect("it is called inside of a task")
}

#[test]
fn case_017_two_requests_before_the_task_runs_are_both_granted_and_counted() {
    in_loop(async {
        let task = create_task(sleep(SECOND));
        yield_now().await;
        assert_eq!(task.cancelling(), 0);

        assert!(task.cancel());
        assert_eq!(task.cancelling(), 1);
        assert!(task.cancel());
        assert_eq!(task.cancelling(), 2);

        assert!(!task.done(), "a request never acts inside of the call");
        let mut task = task;
        assert!((&mut task).await.unwrap_err().is_cancelled());
        assert!(!task.cancel(), "it is done");
        assert_eq!(task.cancelling(), 2, "the end does not reset the count");
    });
}

#[test]
fn case_017_requests_before_the_task_runs_are_delivered_as_one_with_the_last_message() {
    in_loop(async {
        let task = create_task(async {
            let cancelled = catch_cancel(pending::<()>()).await.unwrap_err();
            let message = cancelled.message().map(str::to_owned);
            cancelled.swallow();
            sleep(SECOND).await;
            (message, me().cancelling())
        });
        yield_now().await;

        assert!(task.cancel_with("first") && task.cancel_with("second"));

        assert_eq!(task.await.unwrap(), (Some("second".to_owned()), 2));
    });
}

#[test]
fn case_018_a_task_that_takes_its_request_back_sleeps_on_and_is_cancelled_by_the_next() {
    in_loop(async {
        let task = create_task(async {
            let cancelled = catch_cancel(sleep(10 * SECOND)).await.unwrap_err();
            assert_eq!(me().cancelling(), 1);
            assert_eq!(cancelled.uncancel(), 0);
            sleep(10 * SECOND).await;
        });
        let start = evloop::Handle::current().time();
        sleep(SECOND).await;

        assert!(task.cancel());
        assert_eq!(task.cancelling(), 1);
        sleep(SECOND).await;
        assert_eq!((task.done(), task.cancelling()), (false, 0));
        assert!(task.cancel());
        assert_eq!(task.cancelling(), 1);

        assert!(task.await.unwrap_err().is_cancelled());
        let took = evloop::Handle::current().time() - start;
        assert_eq!(took, 2 * SECOND);
    });
}

#[test]
fn case_018_the_count_may_be_lowered_by_the_task_itself_after_swallowing() {
    in_every_loop(async || {
        let task = create_task(async {
            let cancelled = catch_cancel(sleep(10 * SECOND)).await.unwrap_err();
            cancelled.swallow();
            assert_eq!(me().cancelling(), 1, "swallowing leaves the count");
            assert_eq!(me().uncancel(), 0);
            assert_eq!(me().uncancel(), 0, "never below zero");
            sleep(SECOND).await;
            "slept"
        });
        at_rest().await;
        assert!(task.cancel());

        assert_eq!(task.await.unwrap(), "slept");
    });
}

#[test]
fn case_019_a_request_taken_back_before_it_is_delivered_is_undone() {
    in_loop(async {
        let promise = Promise::new();
        let mut task = create_task({
            let promise = promise.clone();
            async move { promise.await.unwrap() }
        });
        yield_now().await;
        promise.set_result(42).unwrap();

        assert!(task.cancel());
        assert_eq!(task.cancelling(), 1);
        assert_eq!(task.uncancel(), 0);

        assert_eq!((&mut task).await.unwrap(), 42);
        assert!(!task.cancelled());
        assert_eq!((task.cancelling(), task.uncancel()), (0, 0));
    });
}

#[test]
fn case_019_one_of_two_requests_taken_back_leaves_the_other_to_be_delivered() {
    in_loop(async {
        let task = create_task(async {
            sleep(SECOND).await;
            42
        });
        yield_now().await;

        assert!(task.cancel() && task.cancel());
        assert_eq!(task.uncancel(), 1);

        assert!(task.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn case_019_a_delivered_request_cannot_be_undone_by_lowering_the_count() {
    in_every_loop(async || {
        let task = create_task(on_cancel(pending::<()>(), || async { sleep(SECOND).await }));
        at_rest().await;
        assert!(task.cancel());
        at_rest().await;

        assert_eq!(task.uncancel(), 0);

        assert!(task.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn case_021_a_task_whose_promise_is_cancelled_gets_that_as_a_value() {
    in_every_loop(async || {
        let promise: Promise<u32> = Promise::new();
        let mut task = create_task(promise.clone());
        at_rest().await;

        assert!(promise.cancel_with("the promise alone"));

        let value = (&mut task).await.unwrap();
        let error = value.unwrap_err();
        assert!(matches!(error, JoinError::Cancelled(_)));
        assert_eq!(error.to_string(), "cancelled: the promise alone");
        assert!(!task.cancelled(), "nobody asked the task");
        assert_eq!(task.cancelling(), 0);
    });
}

#[test]
fn case_022_a_task_that_catches_the_request_and_returns_has_its_value() {
    in_every_loop(async || {
        let promise: Promise<u32> = Promise::new();
        let mut task = create_task({
            let promise = promise.clone();
            async move {
                match catch_cancel(promise).await {
                    Ok(_) => unreachable!("nobody sets it"),
                    Err(cancelled) => {
                        cancelled.swallow();
                        42
                    }
                }
            }
        });
        at_rest().await;

        assert!(task.cancel_with("as the promise learns"));
        assert_eq!((&mut task).await.unwrap(), 42);

        assert!(promise.cancelled(), "what it awaited is cancelled");
        let why = promise.result().unwrap().as_ref().unwrap_err();
        assert_eq!(why.to_string(), "cancelled: as the promise learns");
        assert!(!task.cancelled());
        assert_eq!(task.result().unwrap_err().to_string(), TAKEN);
        assert_eq!(task.cancelling(), 1);
    });
}

const TAKEN: &str = "invalid state: the result was taken by an earlier await of this handle";

#[test]
fn case_022_a_value_of_an_awaited_task_that_refuses_spends_the_request() {
    in_every_loop(async || {
        let inner = create_task(async {
            let cancelled = catch_cancel(pending::<()>()).await.unwrap_err();
            sleep(SECOND).await;
            cancelled.swallow();
            42
        });
        let mut outer = create_task(async move { inner.await.unwrap() + 1 });
        at_rest().await;

        assert!(outer.cancel());

        assert_eq!((&mut outer).await.unwrap(), 43);
        assert_eq!((outer.cancelled(), outer.cancelling()), (false, 1));
    });
}

#[test]
fn case_023_what_is_awaited_after_a_swallowed_request_is_not_cancelled() {
    in_every_loop(async || {
        let [first, second]: [Promise<u32>; 2] = [Promise::new(), Promise::new()];
        let mut task = create_task({
            let (first, second) = (first.clone(), second.clone());
            async move {
                let caught = catch_cancel(first).await;
                caught.unwrap_err().swallow();
                second.await.unwrap()
            }
        });
        at_rest().await;
        assert!(task.cancel());
        sleep(SECOND).await;

        assert!(first.cancelled());
        assert!(!second.done() && !task.done());
        second.set_result(42).unwrap();

        assert_eq!((&mut task).await.unwrap(), 42);
        assert!(!task.cancelled());
    });
}

#[test]
fn case_025_a_task_that_cancels_itself_and_returns_is_cancelled_and_its_value_lost() {
    in_every_loop(async || {
        let (value, lost) = witness();
        let mut task = create_task(async move {
            yield_now().await;
            assert!(me().cancel());
            value
        });

        let error = (&mut task).await.unwrap_err();

        assert!(error.is_cancelled() && task.cancelled());
        assert!(lost.is_dropped());
        assert!(!task.cancel());
    });
}

#[test]
fn case_025_a_task_that_returns_the_request_it_caught_is_cancelled() {
    in_every_loop(async || {
        let task = create_task(async { catch_cancel(pending::<()>()).await });
        at_rest().await;
        assert!(task.cancel_with("kept in the output"));

        let error = task.await.unwrap_err();

        assert_eq!(error.to_string(), "cancelled: kept in the output");
    });
}

#[test]
fn case_026_a_task_that_cancels_itself_and_awaits_a_task_cancels_that_as_well() {
    in_every_loop(async || {
        let promise: Promise<()> = Promise::new();
        let seen = Seen::new();
        let (nested_saw, behind) = (seen.clone(), seen.pusher("behind the await"));
        let outer = create_task({
            let promise = promise.clone();
            async move {
                let nested = create_task(on_cancel(promise, || async move {
                    nested_saw.push("nested");
                }));
                nested.add_done_callback({
                    |result| assert!(result.as_ref().is_err_and(JoinError::is_cancelled))
                });
                at_rest().await;
                assert!(me().cancel());
                drop(nested.await);
                behind();
            }
        });

        assert!(outer.await.unwrap_err().is_cancelled());

        assert!(promise.done() && promise.cancelled());
        assert_eq!(seen.take(), ["nested"]);
    });
}

#[test]
fn case_026_a_task_that_cancels_itself_is_interrupted_at_the_next_await() {
    in_every_loop(async || {
        let promise: Promise<()> = Promise::new();
        let task = create_task({
            let promise = promise.clone();
            async move {
                assert!(me().cancel());
                let caught = catch_cancel(promise).await.unwrap_err();
                assert_eq!(caught.message(), None);
                caught.swallow();
                sleep(SECOND).await;
                "went on"
            }
        });

        assert_eq!(task.await.unwrap(), "went on");
        assert!(promise.cancelled());
    });
}

#[test]
fn case_031_the_inner_coroutine_sees_the_request_before_the_outer_one() {
    in_every_loop(async || {
        let promise: Promise<()> = Promise::new();
        let seen = Seen::new();
        let (inner_saw, outer_saw) = (seen.clone(), seen.clone());
        let inner = on_cancel(promise.clone(), || async move {
            inner_saw.push("inner");
            yield_now().await;
            inner_saw.push("inner has cleaned up");
        });
        let outer = create_task(on_cancel(inner, || async move { outer_saw.push("outer") }));
        at_rest().await;

        assert!(outer.cancel());

        assert!(outer.await.unwrap_err().is_cancelled());
        assert!(promise.cancelled());
        assert_eq!(seen.take(), ["inner", "inner has cleaned up", "outer"]);
    });
}

#[test]
fn case_031_an_awaited_task_ends_before_the_one_that_awaits_it() {
    in_every_loop(async || {
        let promise: Promise<()> = Promise::new();
        let seen = Seen::new();
        let (inner_saw, outer_saw) = (seen.clone(), seen.clone());
        let inner = create_task(on_cancel(promise.clone(), || async move {
            inner_saw.push("inner");
            sleep(SECOND).await;
            inner_saw.push("inner has cleaned up");
        }));
        let awaits = async move { inner.await.unwrap() };
        let outer = create_task(on_cancel(awaits, || async move { outer_saw.push("outer") }));
        sleep(SECOND).await;

        assert!(outer.cancel_with("from outside"));

        let error = outer.await.unwrap_err();
        assert_eq!(error.to_string(), "cancelled: from outside");
        assert!(promise.cancelled());
        assert_eq!(seen.take(), ["inner", "inner has cleaned up", "outer"]);
    });
}

#[test]
fn a_request_to_one_awaiter_of_a_promise_cancels_it_for_all() {
    in_every_loop(async || {
        let promise: Promise<u32> = Promise::new();
        let [first, second] = [(); 2].map(|()| {
            let awaited = promise.clone();
            create_task(awaited)
        });
        at_rest().await;

        assert!(first.cancel());

        assert!(first.await.unwrap_err().is_cancelled(), "the task itself");
        let value = second.await.expect("nobody asked it");
        assert!(value.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_second_request_interrupts_the_clean_up_of_the_first() {
    in_every_loop(async || {
        let seen = Seen::new();
        let (first, second) = (seen.clone(), seen.clone());
        let task = create_task(on_cancel(
            on_cancel(pending::<()>(), || async move {
                first.push("cleaning");
                sleep(SECOND).await;
                first.push("never");
            }),
            || async move { second.push("outside") },
        ));
        at_rest().await;
        assert!(task.cancel());
        at_rest().await;
        assert!(task.cancel_with("again"));

        let error = task.await.unwrap_err();

        assert_eq!(error.to_string(), "cancelled: again");
        assert_eq!(seen.take(), ["cleaning", "outside"]);
    });
}

#[test]
fn uncancel_and_cancel_of_a_finished_task_change_nothing() {
    in_loop(async {
        let mut task = create_task(async { 42 });
        assert!(task.cancel());
        assert_eq!(task.uncancel(), 0);
        assert_eq!((&mut task).await.unwrap(), 42);

        assert!(!task.cancel() && !task.cancel_with("late"));
        assert_eq!((task.cancelling(), task.uncancel()), (0, 0));
        assert!(task.done() && !task.cancelled());
    });
}

#[test]
fn a_refused_cancel_of_a_failed_task_counts_as_having_seen_its_failure() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let task = event_loop.create_task(async { panic!("seen by cancel") });
        event_loop.run_until_complete(at_rest()).unwrap();
        assert!(task.done());

        assert!(!task.cancel());
        drop(task);

        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn debug_says_cancelling_while_requests_are_outstanding() {
    in_every_loop(async || {
        let clean_up = || async { sleep(SECOND).await };
        let mut task = create_task(on_cancel(pending::<()>(), clean_up));
        task.set_name("t");
        assert_eq!(format!("{task:?}"), "<Task pending name='t'>");
        at_rest().await;
        assert!(task.cancel());
        at_rest().await;
        assert_eq!(format!("{task:?}"), "<Task cancelling name='t'>");
        assert!((&mut task).await.is_err());
        assert!(format!("{task:?}").starts_with("<Task cancelled name='t'"));
    });
}

#[test]
fn a_handle_that_was_cancelled_with_its_awaiter_is_awaited_again_while_the_token_is_alive() {
    in_every_loop(async || {
        let main = create_task(async {
            let mut work = create_task(sleep(SECOND));
            let cancelled = catch_cancel(&mut work).await.unwrap_err();
            // asyncio raises CancelledError here; the token is still undecided.
            assert!((&mut work).await.unwrap_err().is_cancelled());
            assert!(work.await.is_err(), "the result was taken");

            let mut promise = Promise::<u8>::new();
            promise.cancel();
            assert!((&mut promise).await.unwrap_err().is_cancelled());
            cancelled.swallow();
            7
        });
        at_rest().await;
        main.cancel();
        assert_eq!(main.await.unwrap(), 7);
    });
}

#[test]
fn the_same_through_a_timeout_and_beside_a_slow_clean_up_the_await_stays_pending() {
    in_every_loop(async || {
        let seen = Seen::new();
        let inside = seen.clone();
        let main = create_task(async move {
            let work = create_task(sleep(SECOND));
            let waiter = async {
                drop(timeout(SECOND * 9, work).await);
                inside.push("ran past the request");
            };
            let cleaner = on_cancel(pending::<()>(), || async {
                for _ in 0..5 {
                    yield_now().await;
                }
                inside.push("clean");
            });
            // Polled with one waker: both are asked, and end together.
            let mut waiter = std::pin::pin!(waiter);
            let mut cleaner = std::pin::pin!(cleaner);
            std::future::poll_fn(|cx| {
                let first = waiter.as_mut().poll(cx);
                let second = cleaner.as_mut().poll(cx);
                if first.is_ready() && second.is_ready() {
                    return std::task::Poll::Ready(());
                }
                std::task::Poll::Pending
            })
            .await;
        });
        at_rest().await;
        main.cancel();
        assert!(main.await.unwrap_err().is_cancelled());
        assert_eq!(seen.take(), ["clean"]);
    });
}
