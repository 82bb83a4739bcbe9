//! `wait_for`.

use std::future::pending;
use std::time::Duration;

use evloop::{
    Elapsed, Handle, JoinError, Promise, Task, catch_cancel, create_task, hold_cancel, on_cancel,
    shield, sleep, timeout, wait_for, yield_now,
};
use evloop_tests::{Seen, at_rest, in_every_loop, witness};

use crate::in_loop;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// In whole milliseconds: waiting until all is at rest takes less.
fn time() -> Duration {
    let passed = Handle::current().time().as_millis();
    ms(u64::try_from(passed).expect("no test is so long"))
}

/// Sleeps for ever; asked to end, it cleans up for so long and says so.
fn cleaner(seen: &Seen<&'static str>, clean_up: Duration) -> Task<()> {
    let seen = seen.clone();
    create_task(on_cancel(pending(), move || async move {
        sleep(clean_up).await;
        seen.push("cleaned up");
    }))
}

/// A task that refuses after a while and gives a value.
fn refuser(value: u32, after: Duration) -> Task<u32> {
    create_task(async move {
        let caught = catch_cancel(pending::<()>()).await;
        sleep(after).await;
        caught.expect_err("nothing else ends it").swallow();
        value
    })
}

#[test]
fn case_071_a_task_that_is_late_is_cancelled_and_waited_for_whatever_it_takes() {
    in_every_loop(async || {
        let seen = Seen::new();
        let mut task = cleaner(&seen, ms(200));

        let late: Result<_, Elapsed> = wait_for(&mut task, ms(100)).await;

        assert_eq!(late.unwrap_err().limit(), Some(ms(100)));
        assert_eq!(time(), ms(300), "the limit, and what the task took");
        assert_eq!(seen.take(), ["cleaned up"]);
        assert!(task.cancelled());
        assert!(task.result().unwrap().is_err(), "readable afterwards");
    });
}

#[test]
fn case_071_a_coroutine_cleans_up_within_the_wait() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let coroutine = on_cancel(pending::<()>(), || async move {
            sleep(ms(200)).await;
            told.push("cleaned up");
        });

        assert!(wait_for!(coroutine, ms(100)).await.is_err());

        assert_eq!(time(), ms(300));
        assert_eq!(seen.take(), ["cleaned up"]);
    });
}

#[test]
fn case_071_the_clean_up_is_not_asked_again() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let task = create_task(async move {
            let caught = catch_cancel(pending::<()>()).await;
            for _ in 0..3 {
                assert!(catch_cancel(sleep(ms(100))).await.is_ok(), "asked again");
                told.push("a step");
            }
            drop(caught);
        });

        assert!(wait_for(task, ms(100)).await.is_err());

        assert_eq!((time(), seen.len()), (ms(400), 3));
    });
}

#[test]
fn case_073_with_a_limit_of_zero_a_coroutine_is_never_started() {
    in_every_loop(async || {
        let (captured, dropped) = witness();
        let never = async move {
            drop(captured);
            unreachable!("it is started");
        };

        let waiting = wait_for!(never, Duration::ZERO);
        let late: Result<(), Elapsed> = waiting.await;

        assert_eq!(late.unwrap_err().limit(), Some(Duration::ZERO));
        assert!(dropped.is_dropped());
        assert_eq!(time(), Duration::ZERO);
    });
}

#[test]
fn case_074_with_a_limit_of_zero_a_running_task_is_cancelled_and_cleans_up() {
    in_every_loop(async || {
        let seen = Seen::new();
        let mut task = cleaner(&seen, ms(10));
        at_rest().await;

        let late = wait_for!(&mut task, Duration::ZERO).await;

        assert!(late.is_err());
        assert!(task.cancelled());
        assert_eq!((time(), seen.take()), (ms(10), vec!["cleaned up"]));
    });
}

#[test]
fn case_074_with_a_limit_of_zero_a_pending_promise_is_cancelled() {
    in_every_loop(async || {
        let promise: Promise<()> = Promise::new();

        assert!(wait_for(promise.clone(), Duration::ZERO).await.is_err());

        assert!(promise.cancelled());
    });
}

#[test]
fn case_074_with_a_limit_of_zero_what_is_done_gives_its_result() {
    in_every_loop(async || {
        let promise = Promise::new();
        promise.set_result(1).unwrap();
        let (value, failure) = (create_task(async { 2 }), Promise::<()>::new());
        failure.set_exception("its own").unwrap();
        at_rest().await;

        let zero = Duration::ZERO;
        assert_eq!(wait_for(promise, zero).await.unwrap().unwrap(), 1);
        assert_eq!(wait_for!(value, zero).await.unwrap().unwrap(), 2);
        let failed = wait_for(failure, zero).await.unwrap();
        assert_eq!(failed.unwrap_err().to_string(), "its own");
    });
}

#[test]
fn case_074_with_a_limit_of_zero_a_task_that_has_not_started_never_does() {
    in_loop(async {
        let seen = Seen::new();
        let started = seen.pusher("started");
        let mut task = create_task(async move {
            started();
            pending::<()>().await;
        });

        assert!(wait_for(&mut task, Duration::ZERO).await.is_err());

        assert!(task.cancelled());
        assert!(seen.is_empty());
    });
}

#[test]
fn case_075_a_task_that_refuses_gives_its_value_and_no_error() {
    in_every_loop(async || {
        let mut task = refuser(42, ms(100));

        let value = wait_for(&mut task, ms(100)).await;

        assert_eq!(value.unwrap().unwrap(), 42);
        assert_eq!(time(), ms(200));
        assert!(!task.cancelled());
        let at_once = refuser(7, ms(0));
        at_rest().await;
        let value = wait_for(at_once, Duration::ZERO).await;
        assert_eq!(value.unwrap().unwrap(), 7);
    });
}

#[test]
fn case_075_a_task_that_fails_while_it_is_cancelled_gives_its_own_error() {
    in_every_loop(async || {
        let fails = || {
            create_task(async {
                let caught = catch_cancel(pending::<()>()).await;
                Err::<(), _>(caught.unwrap_err().into_err("failed to clean up"))
            })
        };
        let panics = create_task(async {
            let _caught = catch_cancel(pending::<()>()).await;
            panic!("while cleaning up");
        });

        let failed = wait_for(fails(), ms(100)).await.expect("no `Elapsed`");
        assert_eq!(failed.unwrap(), Err("failed to clean up"));
        let at_once = fails();
        at_rest().await;
        let failed = wait_for(at_once, Duration::ZERO).await;
        assert_eq!(failed.unwrap().unwrap(), Err("failed to clean up"));
        let panicked: Result<(), JoinError> = wait_for(panics, ms(100)).await.unwrap();
        assert!(panicked.unwrap_err().is_panic());
    });
}

#[test]
fn case_077_a_request_to_the_waiter_goes_to_the_task_with_and_without_a_limit() {
    in_every_loop(async || {
        for limit in [None, Some(ms(10_000))] {
            let start = time();
            let seen = Seen::new();
            let inner = cleaner(&seen, ms(200));
            let behind = seen.pusher("behind the wait");
            let waiter = create_task(async move {
                let _ended = wait_for(inner, limit).await;
                behind();
            });
            sleep(ms(100)).await;

            assert!(waiter.cancel_with("from outside"));

            let error = waiter.await.unwrap_err();
            assert_eq!(error.to_string(), "cancelled: from outside");
            assert_eq!(time() - start, ms(300), "a slow task delays the waiter");
            assert_eq!(seen.take(), ["cleaned up"]);
        }
    });
}

#[test]
fn case_077_a_request_to_the_waiter_cancels_a_promise_and_drops_a_coroutine() {
    in_every_loop(async || {
        let promise: Promise<()> = Promise::new();
        let waiter = create_task(wait_for(promise.clone(), ms(100)));
        let (captured, dropped) = witness();
        let coroutine = async move {
            pending::<()>().await;
            drop(captured);
        };
        let other = create_task(wait_for!(coroutine, ms(100)));
        at_rest().await;

        assert!(waiter.cancel() && other.cancel());

        assert!(waiter.await.unwrap_err().is_cancelled());
        assert!(other.await.unwrap_err().is_cancelled());
        assert!(promise.cancelled() && dropped.is_dropped());
        assert_eq!(time(), Duration::ZERO);
    });
}

#[test]
fn case_078_a_request_in_the_turn_in_which_the_task_ends_wins_and_the_value_is_intact() {
    in_loop(async {
        let seen = Seen::new();
        let (promise, behind) = (Promise::new(), seen.pusher("behind the wait"));
        let waiter = create_task({
            let promise = promise.clone();
            async move {
                let _ended = wait_for(promise, ms(100)).await;
                behind();
            }
        });
        yield_now().await;
        promise.set_result("intact").unwrap();

        assert!(waiter.cancel());

        assert!(waiter.await.unwrap_err().is_cancelled());
        assert_eq!(promise.result().unwrap().as_ref().unwrap(), &"intact");
        assert!(seen.is_empty());
    });
}

#[test]
fn case_078_the_value_of_a_task_stays_with_its_handle() {
    in_loop(async {
        let gate: Promise<()> = Promise::new();
        let waiter = create_task({
            let gate = gate.clone();
            async move {
                let mut inner = create_task(async move {
                    gate.await.unwrap();
                    "intact"
                });
                let caught = catch_cancel(wait_for(&mut inner, ms(100))).await;
                caught.unwrap_err().swallow();
                assert!(inner.done());
                inner.await.unwrap()
            }
        });
        yield_now().await;
        yield_now().await;
        gate.set_result(()).unwrap();
        yield_now().await; // The task is done now, and the waiter about to learn of it.

        assert!(waiter.cancel());

        assert_eq!(waiter.await.unwrap(), "intact");
    });
}

#[test]
fn case_079_a_shielded_task_outlives_the_wait_and_finishes_by_itself() {
    in_every_loop(async || {
        let mut task = create_task(async {
            sleep(ms(300)).await;
            "finished"
        });

        assert!(wait_for(shield(&mut task), ms(100)).await.is_err());

        assert_eq!(time(), ms(100));
        assert_eq!((task.done(), task.cancelling()), (false, 0));
        assert_eq!(task.await.unwrap(), "finished");
        assert_eq!(time(), ms(300));
    });
}

#[test]
fn without_a_limit_it_just_waits() {
    in_every_loop(async || {
        let task = create_task(async {
            sleep(ms(1_000_000)).await;
            42
        });
        assert_eq!(wait_for(task, None).await.unwrap().unwrap(), 42);
        let coroutine = async {
            sleep(ms(1)).await;
            7
        };
        assert_eq!(wait_for!(coroutine, None).await, Ok(7));
    });
}

#[test]
fn a_task_cancelled_by_somebody_else_is_no_elapsed_limit() {
    in_every_loop(async || {
        let task = create_task(pending::<()>());
        at_rest().await;
        assert!(task.cancel_with("by somebody else"));

        let ended = wait_for(task, ms(100)).await.expect("within the limit");

        let error = ended.unwrap_err();
        assert_eq!(error.to_string(), "cancelled: by somebody else");
    });
}

#[test]
fn museum_bm70_a_value_that_owns_something_is_dropped_with_the_wait_that_lost_it() {
    in_loop(async {
        for request_first in [false, true] {
            let (owner, dropped) = witness();
            let gate: Promise<()> = Promise::new();
            let waits = gate.clone();
            // The value of this coroutine is ready in the same turn as the request.
            let coroutine = async move {
                hold_cancel(async { waits.await.unwrap() }).await;
                owner
            };
            let waiter = create_task(wait_for!(coroutine, ms(100)));
            yield_now().await;
            if request_first {
                assert!(waiter.cancel());
            }
            gate.set_result(()).unwrap();
            if !request_first {
                assert!(waiter.cancel());
            }

            let ended = waiter.await;

            assert!(ended.is_err_and(|error| error.is_cancelled()));
            assert!(dropped.is_dropped(), "not lost, not leaked");
        }
    });
}

#[test]
fn museum_bm70_a_request_is_never_lost_to_a_task_that_ends_in_the_same_turn() {
    in_every_loop(async || {
        // At every distance, in turns, between the end of the task and the request.
        for n_turns_before in 0..4 {
            for n_turns_between in 0..4 {
                let gate: Promise<()> = Promise::new();
                let waits = gate.clone();
                let inner = create_task(async move { waits.await.is_ok() });
                let waiter = create_task(async move {
                    let ended = wait_for(inner, ms(100)).await;
                    yield_now().await;
                    pending::<()>().await;
                    ended
                });
                for _ in 0..n_turns_before {
                    yield_now().await;
                }
                gate.set_result(()).unwrap();
                for _ in 0..n_turns_between {
                    yield_now().await;
                }
                assert!(waiter.cancel());
                assert!(timeout(ms(10_000), waiter).await.unwrap().is_err());
            }
        }
        assert!(time() < ms(100), "no limit was needed to end one");
    });
}

#[test]
fn with_a_limit_of_zero_what_is_shielded_is_neither_cancelled_nor_waited_for() {
    in_every_loop(async || {
        let mut task = create_task(async {
            sleep(ms(100)).await;
            "finished"
        });

        assert!(wait_for(shield(&mut task), Duration::ZERO).await.is_err());

        assert_eq!((time(), task.cancelling()), (Duration::ZERO, 0));
        assert_eq!(task.await.unwrap(), "finished");
    });
}

#[test]
fn with_a_limit_of_zero_a_request_to_the_waiter_in_the_clean_up_of_the_task_goes_on() {
    in_every_loop(async || {
        let seen = Seen::new();
        let inner = create_task({
            let told = seen.clone();
            async move {
                let caught = catch_cancel(pending::<()>()).await;
                hold_cancel(sleep(ms(100))).await;
                told.push("cleaned up");
                drop(caught);
            }
        });
        at_rest().await;
        let waiter = create_task(async move {
            let _ended = wait_for(inner, Duration::ZERO).await;
            pending::<()>().await;
        });
        sleep(ms(10)).await;

        assert!(waiter.cancel_with("from outside"));

        let error = waiter.await.unwrap_err();
        assert_eq!(error.to_string(), "cancelled: from outside");
        assert_eq!((seen.take(), time()), (vec!["cleaned up"], ms(100)));
    });
}
