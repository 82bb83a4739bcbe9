//! `wait` with `return_when` and a limit.

use std::future::pending;
use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use evloop::{
    Completion, FirstCompleted, FirstException, JoinError, Promise, Task, WaitSet, catch_cancel,
    create_task, sleep, wait,
};
use evloop_tests::{Reports, Seen, Wakes, at_rest, on_every_loop, virtual_loop};

use crate::guarded;

#[test]
fn case_051_waiting_for_all_ends_with_the_last_and_waiting_again_takes_no_time() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(150, 'b'), after_ms(100, 'a')];

                let (done, pending) = wait(tasks).await.unwrap();

                assert_eq!(event_loop.time(), Duration::from_millis(150));
                assert!(pending.is_empty());
                let values: Vec<char> = done.iter().map(value_of).collect();
                assert_eq!(values, ['a', 'b'], "in the order in which they ended");

                let (again, pending) = wait(done).await.unwrap();

                assert_eq!(event_loop.time(), Duration::from_millis(150));
                assert_eq!((again.len(), pending.len()), (2, 0));
                for task in again {
                    assert!(task.await.is_ok(), "waiting takes no result");
                }
            })
            .unwrap();
    });
}

#[test]
fn case_051_listing_one_twice_changes_nothing() {
    on_every_loop(|event_loop| {
        let promise = event_loop.create_future();
        let setter = promise.clone();
        event_loop.call_later(Duration::from_millis(1), move || {
            setter.set_result('x').unwrap()
        });

        let waiting = async {
            wait([promise.clone(), promise.clone(), promise])
                .await
                .unwrap()
        };
        let (done, pending) = event_loop.run_until_complete(waiting).unwrap();

        assert_eq!((done.len(), pending.len()), (1, 0));
    });
}

#[test]
fn case_051_a_member_with_done_callbacks_gives_its_value_after_they_have_run() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let seen = Seen::new();
                let told = seen.clone();
                let task = after_ms(1, 'a');
                task.add_done_callback(move |result| {
                    told.push(result.as_ref().unwrap().to_owned())
                });

                let (mut done, _) = wait([task]).await.unwrap();
                let task = done.remove(0);
                assert_eq!(value_of(&task), 'a');
                let told = seen.clone();
                task.add_done_callback(move |_| told.push('b'));

                assert_eq!(task.await.unwrap(), 'a');
                assert_eq!(seen.take(), ['a', 'b']);
            })
            .unwrap();
    });
}

#[test]
fn case_053_waiting_for_nothing_is_an_error() {
    guarded(|| {
        let nothing: Vec<Task<()>> = Vec::new();

        let waited = virtual_loop().run_until_complete(wait(nothing)).unwrap();

        assert_eq!(
            waited.unwrap_err().to_string(),
            "failed to wait: the set of handles is empty"
        );
    });
}

#[test]
fn case_054_first_completed_gives_the_short_one_and_the_long_one_goes_on() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(10_000, 'a'), after_ms(100, 'b')];
                let long = tasks[0].id();

                let (done, pending) = wait(tasks).return_when(FirstCompleted).await.unwrap();

                assert_eq!(event_loop.time(), Duration::from_millis(100));
                assert_eq!(done.iter().map(value_of).collect::<Vec<_>>(), ['b']);
                assert_eq!(pending.len(), 1);
                let still_running = pending.into_handles().next().unwrap();
                assert_eq!(still_running.id(), long);
                assert!(!still_running.done());
                assert_eq!(still_running.cancelling(), 0);
                assert_eq!(still_running.await.unwrap(), 'a');
                assert_eq!(event_loop.time(), Duration::from_millis(10_000));
            })
            .unwrap();
    });
}

#[test]
fn case_054_the_pending_set_is_waited_for_again_until_it_is_empty() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(30, 'c'), after_ms(10, 'a'), after_ms(20, 'b')];
                let mut order = Vec::new();
                let (mut done, mut pending) =
                    wait(tasks).return_when(FirstCompleted).await.unwrap();
                loop {
                    order.extend(done.iter().map(value_of));
                    if pending.is_empty() {
                        break;
                    }
                    (done, pending) = wait(pending).return_when(FirstCompleted).await.unwrap();
                }
                assert_eq!(order, ['a', 'b', 'c']);
            })
            .unwrap();
    });
}

#[test]
fn case_054_one_after_the_other_of_ten_thousand_ends() {
    const N: u64 = 10_000;
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let tasks =
                    (0..N).map(|n| create_task(sleep(Duration::from_millis(1 + (n * 7919) % N))));
                let mut pending: WaitSet<Task<()>> = tasks.collect();
                for n in 1..=N {
                    let done;
                    (done, pending) = wait(pending).return_when(FirstCompleted).await.unwrap();
                    assert_eq!(done.len(), 1);
                    assert_eq!(event_loop.time(), Duration::from_millis(n));
                }
                assert!(pending.is_empty());
            })
            .unwrap();
    });
}

#[test]
fn case_055_all_that_are_done_when_the_waiter_resumes_are_in_done() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let (a, b): (Promise<char>, Promise<char>) =
                    (event_loop.create_future(), event_loop.create_future());
                let (set_a, set_b) = (a.clone(), b.clone());
                // Both in one turn: the waiter, woken by the first, resumes after the second.
                event_loop.call_later(Duration::from_secs(1), move || {
                    set_a.set_result('a').unwrap()
                });
                event_loop.call_later(Duration::from_secs(1), move || {
                    set_b.set_result('b').unwrap()
                });

                let (done, pending) = wait([b, a]).return_when(FirstCompleted).await.unwrap();

                let values: Vec<char> = done
                    .iter()
                    .map(|one| *one.output().unwrap().as_ref().unwrap())
                    .collect();
                assert_eq!(values, ['a', 'b']);
                assert!(pending.is_empty());
            })
            .unwrap();
    });
}

#[test]
fn case_055_members_that_are_done_already_end_a_wait_at_once() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(0, 'a'), after_ms(0, 'b'), after_ms(1_000, 'c')];
                sleep(Duration::from_millis(1)).await;

                let (done, pending) = wait(tasks).return_when(FirstCompleted).await.unwrap();

                assert_eq!(event_loop.time(), Duration::from_millis(1));
                assert_eq!((done.len(), pending.len()), (2, 1));
            })
            .unwrap();
    });
}

#[test]
fn case_057_a_member_that_fails_does_not_end_a_wait_for_all() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        event_loop
            .run_until_complete(async {
                let tasks = [
                    create_task(async {
                        sleep(Duration::from_millis(150)).await;
                        Ok(())
                    }),
                    create_task(async { Err("failed") }),
                    create_task(async { panic!("worse") }),
                ];

                let (done, pending) = wait(tasks).await.unwrap();

                assert_eq!(event_loop.time(), Duration::from_millis(150));
                assert_eq!((done.len(), pending.len()), (3, 0));
                let failed =
                    |task: &&Task<Result<(), &str>>| !matches!(task.result(), Ok(Ok(Ok(()))));
                assert_eq!(done.iter().filter(failed).count(), 2);
            })
            .unwrap();
        assert_eq!(reports.messages(), [""; 0], "the failures were read");
    });
}

#[test]
fn case_057_first_exception_ends_with_an_error_or_a_panic_but_not_with_a_cancellation() {
    guarded(|| {
        for with_panic in [false, true] {
            let event_loop = virtual_loop();
            event_loop
                .run_until_complete(async {
                    let cancelled = create_task(pending::<Result<(), &str>>());
                    let fails = create_task(async move {
                        sleep(Duration::from_secs(2)).await;
                        if with_panic {
                            panic!("failed")
                        } else {
                            Err("failed")
                        }
                    });
                    let long = create_task(pending());
                    cancelled.cancel();

                    let waiting = wait([cancelled, fails, long]).return_when(FirstException);
                    let (done, pending) = waiting.await.unwrap();

                    assert_eq!(event_loop.time(), Duration::from_secs(2));
                    assert_eq!((done.len(), pending.len()), (2, 1));
                    assert!(done[0].cancelled());
                    assert!(done[1].exception().is_ok());
                })
                .unwrap();
        }
    });
}

#[test]
fn case_057_first_exception_without_a_failure_waits_for_all() {
    on_every_loop(|event_loop| {
        let promises: [Promise<u32>; 2] = [event_loop.create_future(), event_loop.create_future()];
        for (n, promise) in promises.iter().cloned().enumerate() {
            let later = Duration::from_secs(1 + n as u64);
            event_loop.call_later(later, move || promise.set_result(1).unwrap());
        }

        let waiting = async {
            wait(promises)
                .return_when(FirstException)
                .await
                .unwrap()
                .0
                .len()
        };

        assert_eq!(event_loop.run_until_complete(waiting).unwrap(), 2);
        assert_eq!(event_loop.time(), Duration::from_secs(2));
    });
}

#[test]
fn case_058_a_limit_gives_what_is_done_raises_nothing_and_cancels_nothing() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(100, 'a'), after_ms(150, 'b')];

                let (done, pending) = wait(tasks)
                    .timeout(sleep(Duration::from_millis(110)))
                    .await
                    .unwrap();

                assert_eq!(event_loop.time(), Duration::from_millis(110));
                assert_eq!(done.iter().map(value_of).collect::<Vec<_>>(), ['a']);
                let late = pending.into_handles().next().unwrap();
                assert_eq!(late.cancelling(), 0);
                assert_eq!(late.await.unwrap(), 'b');
                assert_eq!(event_loop.time(), Duration::from_millis(150));
            })
            .unwrap();
    });
}

#[test]
fn case_058_a_limit_of_zero_lets_what_is_ready_run_once() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let tasks = [create_task(async { 'a' }), after_ms(1, 'b')];

                let (done, pending) = wait(tasks).timeout(sleep(Duration::ZERO)).await.unwrap();

                assert_eq!(event_loop.time(), Duration::ZERO);
                assert_eq!(done.iter().map(value_of).collect::<Vec<_>>(), ['a']);
                assert_eq!(pending.len(), 1);
            })
            .unwrap();
    });
}

#[test]
fn case_058_a_waiter_that_is_cancelled_leaves_what_it_waited_for_running() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let promise = event_loop.create_future::<u32>();
                let waiter = {
                    let promise = promise.clone();
                    create_task(async move { wait([promise]).await.map(drop) })
                };
                at_rest().await;
                waiter.cancel();
                assert!(
                    waiter
                        .await
                        .is_err_and(|error: JoinError| error.is_cancelled())
                );
                assert!(!promise.done());
            })
            .unwrap();
    });
}

#[test]
fn case_058_a_wait_that_is_dropped_leaves_nobody_to_be_woken() {
    on_every_loop(|event_loop| {
        let promises: [Promise<u32>; 2] = [event_loop.create_future(), event_loop.create_future()];
        let wakes = Wakes::default();
        {
            let waker = wakes.waker();
            let mut cx = Context::from_waker(&waker);
            let waiting = pin!(wait(promises.clone()).timeout(pending()));
            assert!(waiting.poll(&mut cx).is_pending());
            assert_eq!(wakes.n_wakers(), 2, "one waits for all");
        }

        assert_eq!(wakes.n_wakers(), 0);
        for promise in promises {
            promise.set_result(1).unwrap();
        }
        assert_eq!(wakes.n_wakes(), 0);
    });
}

#[test]
fn case_059_a_task_in_a_wait_is_cancelled_and_what_it_waited_for_goes_on() {
    on_every_loop(|event_loop| {
        let seen = Seen::new();
        let goes_on = seen.pusher("went on");
        event_loop
            .run_until_complete(async {
                let long = create_task(async move {
                    sleep(Duration::from_secs(1)).await;
                    goes_on();
                });
                let waiter = create_task(async move { wait([long]).await.map(drop) });
                at_rest().await;

                assert!(waiter.cancel());

                assert!(waiter.await.unwrap_err().is_cancelled());
                assert!(event_loop.time() < Duration::from_secs(1));
                assert!(seen.is_empty());
                sleep(Duration::from_secs(2)).await;
            })
            .unwrap();
        assert_eq!(seen.take(), ["went on"]);
    });
}

#[test]
fn case_059_a_request_caught_around_a_wait_leaves_the_members_where_they_are() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let waiter = create_task(async {
                    let mut members = [after_ms(1000, 'a'), after_ms(2000, 'b')];
                    let caught = catch_cancel(wait(&mut members)).await.map(drop);
                    let cancelled = caught.unwrap_err();
                    assert!(members.iter().all(|task| task.cancelling() == 0));
                    cancelled.swallow();
                    let [first, second] = members;
                    (first.await.unwrap(), second.await.unwrap())
                });
                at_rest().await;

                assert!(waiter.cancel());

                assert_eq!(waiter.await.unwrap(), ('a', 'b'));
            })
            .unwrap();
        assert_eq!(event_loop.time(), Duration::from_secs(2));
    });
}

/// A task of the running loop that gives `value` after some time.
fn after_ms(delay_ms: u64, value: char) -> Task<char> {
    create_task(async move {
        sleep(Duration::from_millis(delay_ms)).await;
        value
    })
}

fn value_of(task: &Task<char>) -> char {
    *task
        .result()
        .expect("it is done")
        .as_ref()
        .expect("it did not fail")
}
