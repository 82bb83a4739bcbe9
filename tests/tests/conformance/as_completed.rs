//! `as_completed`: who comes, when, and what a limit changes.

use std::collections::HashSet;
use std::future::pending;
use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use evloop::{
    Completion, ManualClock, Promise, Task, TaskId, as_completed, create_task, deadline, sleep,
    sleep_until,
};
use evloop_tests::{Reports, Seen, Wakes, at_rest, on_every_loop, virtual_loop, watched_loop};

use crate::guarded;

#[test]
fn case_061_the_tasks_that_come_are_those_that_went_in_each_with_its_result() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(300, 'c'), after_ms(100, 'a'), after_ms(200, 'b')];
                let ids: HashSet<TaskId> = tasks.iter().map(Task::id).collect();
                let by_value = [tasks[1].id(), tasks[2].id(), tasks[0].id()];

                let mut came = Vec::new();
                let mut completed = as_completed(tasks);
                while let Some(task) = completed.next().await {
                    assert!(task.done());
                    let hundreds = came.len() as u64 + 1;
                    assert_eq!(event_loop.time(), Duration::from_millis(hundreds * 100));
                    came.push((task.id(), value_of(&task)));
                }

                let (came_ids, values): (Vec<TaskId>, Vec<char>) = came.into_iter().unzip();
                assert_eq!(came_ids, by_value);
                assert_eq!(came_ids.into_iter().collect::<HashSet<_>>(), ids);
                assert_eq!(values, ['a', 'b', 'c']);
            })
            .unwrap();
    });
}

#[test]
fn case_061_promises_come_as_well_and_one_that_is_listed_twice_comes_once() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let [a, b]: [Promise<char>; 2] = [(); 2].map(|()| event_loop.create_future());
                let (set_a, set_b) = (a.clone(), b.clone());
                event_loop.call_later(Duration::from_secs(1), move || {
                    set_b.set_result('b').unwrap();
                    set_a.set_result('a').unwrap();
                });

                let mut completed = as_completed([a.clone(), b.clone(), a.clone(), a, b]);
                assert_eq!(completed.len(), 2);
                let mut values = Vec::new();
                while let Some(done) = completed.next().await {
                    values.push(*done.output().unwrap().as_ref().unwrap());
                }

                assert_eq!(values, ['b', 'a']);
            })
            .unwrap();
    });
}

#[test]
fn case_061_errors_panics_and_cancellations_are_items_and_are_looked_at_there() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        event_loop
            .run_until_complete(async {
                let cancelled = create_task(pending::<Result<(), &str>>());
                cancelled.cancel();
                let tasks = [
                    create_task(async { Err("failed") }),
                    create_task(async { panic!("worse") }),
                    cancelled,
                    create_task(async { Ok(()) }),
                ];

                let mut kinds = Vec::new();
                let mut completed = as_completed(tasks);
                while let Some(task) = completed.next().await {
                    kinds.push(match task.await {
                        Ok(Ok(())) => "value",
                        Ok(Err(_)) => "error",
                        Err(error) if error.is_cancelled() => "cancelled",
                        Err(_) => "panic",
                    });
                }

                kinds.sort_unstable();
                assert_eq!(kinds, ["cancelled", "error", "panic", "value"]);
            })
            .unwrap();
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn case_061_tasks_that_are_done_already_come_at_once() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(5, 'b'), after_ms(0, 'a'), after_ms(1_000, 'c')];
                sleep(Duration::from_millis(10)).await;

                let mut completed = as_completed(tasks);

                for expected in ['b', 'a'] {
                    let task = completed.next().await.unwrap();
                    assert_eq!(value_of(&task), expected, "in the order of the list");
                    assert_eq!(event_loop.time(), Duration::from_millis(10));
                }
                assert_eq!(value_of(&completed.next().await.unwrap()), 'c');
            })
            .unwrap();
    });
}

#[test]
fn case_061_of_nothing_nothing_comes_and_no_loop_is_needed() {
    guarded(|| {
        let nothing: [Task<()>; 0] = [];
        let mut completed = as_completed(nothing);
        assert!(completed.is_empty());

        let came = virtual_loop().run_until_complete(completed.next());

        assert!(came.unwrap().is_none());
        let mut limited = completed.timeout(sleep(Duration::from_secs(1)));
        let event_loop = virtual_loop();
        assert!(
            event_loop
                .run_until_complete(limited.next())
                .unwrap()
                .is_none()
        );
        assert_eq!(event_loop.time(), Duration::ZERO, "nothing is late");
    });
}

#[test]
fn case_061_ten_thousand_tasks_come_in_the_order_of_their_ends() {
    const N: u64 = 10_000;
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let delay = |n| 1 + (n * 7919) % N;
                let tasks = (0..N).map(|n| {
                    create_task(async move {
                        sleep(Duration::from_millis(delay(n))).await;
                        delay(n)
                    })
                });
                let mut completed = as_completed(tasks);
                let mut expected = 1..=N;
                while let Some(task) = completed.next().await {
                    assert_eq!(task.await.ok(), expected.next());
                }
                assert_eq!(expected.next(), None);
                assert_eq!(event_loop.time(), Duration::from_millis(N));
            })
            .unwrap();
    });
}

#[test]
fn case_062_a_limit_gives_what_is_done_then_an_error_and_the_other_still_runs() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(100, 'a'), after_ms(150, 'b')];
                let limit = sleep(Duration::from_millis(120));
                let mut completed = as_completed(tasks).timeout(limit);

                let first = completed.next().await.unwrap().unwrap();
                assert_eq!(value_of(&first), 'a');
                let error = completed.next().await.unwrap().unwrap_err();

                assert_eq!(event_loop.time(), Duration::from_millis(120));
                assert_eq!(
                    error.to_string(),
                    "failed to complete every handle in time: 1 is still pending"
                );
                assert!(completed.next().await.is_none());
                let late = completed.into_wait_set().into_handles().next().unwrap();
                assert!(!late.done());
                assert_eq!(late.cancelling(), 0);
                assert_eq!(late.await.unwrap(), 'b');
                assert_eq!(event_loop.time(), Duration::from_millis(150));
            })
            .unwrap();
    });
}

#[test]
fn case_062_what_was_done_in_time_comes_after_the_limit_and_what_was_not_does_not() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [(20, 'c'), (10, 'a'), (15, 'b'), (35, 'd')];
                let tasks = tasks.map(|(delay_ms, value)| after_ms(delay_ms, value));
                let limit = sleep(Duration::from_millis(25));
                let mut completed = as_completed(tasks).timeout(limit);

                // The time is over during the second pause, and `d` is done in the third.
                for (expected, at_ms) in [('a', 10), ('b', 20), ('c', 30)] {
                    let task = completed.next().await.unwrap().unwrap();
                    assert_eq!(value_of(&task), expected);
                    assert_eq!(event_loop.time(), Duration::from_millis(at_ms));
                    sleep(Duration::from_millis(10)).await;
                }

                assert_eq!(event_loop.time(), Duration::from_millis(40));
                assert!(completed.next().await.unwrap().is_err(), "`d` was late");
                assert!(completed.next().await.is_none());
                let late = completed.into_wait_set().into_handles().next().unwrap();
                assert_eq!(value_of(&late), 'd', "and is done by now");
            })
            .unwrap();
    });
}

#[test]
fn case_062_a_limit_with_a_fixed_end_counts_from_the_call() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(10, 'a'), after_ms(90, 'b')];
                let end = event_loop.handle().now() + Duration::from_millis(25);
                let mut completed = as_completed(tasks).timeout(sleep_until(end));
                sleep(Duration::from_millis(20)).await;

                assert_eq!(value_of(&completed.next().await.unwrap().unwrap()), 'a');
                assert!(completed.next().await.unwrap().is_err());

                assert_eq!(event_loop.time(), Duration::from_millis(25));
            })
            .unwrap();
    });
}

#[test]
fn case_062_a_limit_of_zero_lets_what_is_ready_run_once() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let tasks = [after_ms(1, 'b'), create_task(async { 'a' })];
                let mut completed = as_completed(tasks).timeout(sleep(Duration::ZERO));

                let first = completed.next().await.unwrap().unwrap();
                assert_eq!(value_of(&first), 'a');
                assert_eq!(completed.next().await.unwrap().unwrap_err().n_pending(), 1);

                assert_eq!(event_loop.time(), Duration::ZERO);
            })
            .unwrap();
    });
}

#[test]
fn case_062_a_limit_that_is_not_needed_leaves_no_timer() {
    guarded(|| {
        let (event_loop, clock) = watched_loop(ManualClock::new().with_auto_jump());
        event_loop
            .run_until_complete(async {
                let limit = sleep(Duration::from_secs(600));
                let mut completed = as_completed([after_ms(1_000, 'a')]).timeout(limit);
                assert!(completed.next().await.unwrap().is_ok());
                sleep(Duration::from_secs(999)).await;
                assert!(completed.next().await.is_none());
            })
            .unwrap();

        let waits = [1, 1_000].map(|secs| Some(Duration::from_secs(secs)));
        assert_eq!(clock.waits(), waits, "nothing was to be done at 600 s");
    });
}

#[test]
fn case_063_a_loop_that_was_left_after_two_goes_on_with_the_other_two() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let tasks = [(40, 'd'), (10, 'a'), (30, 'c'), (20, 'b')];
                let tasks = tasks.map(|(delay_ms, value)| after_ms(delay_ms, value));
                let mut completed = as_completed(tasks);
                let mut values = Vec::new();
                while let Some(task) = completed.next().await {
                    values.push(value_of(&task));
                    if values.len() == 2 {
                        break;
                    }
                }
                assert_eq!(values, ['a', 'b']);
                assert_eq!(completed.len(), 2);

                while let Some(task) = completed.next().await {
                    values.push(value_of(&task));
                }

                assert_eq!(values, ['a', 'b', 'c', 'd']);
                assert!(completed.next().await.is_none());
            })
            .unwrap();
    });
}

#[test]
fn case_063_giving_up_on_one_item_takes_nothing_from_the_stream() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let mut completed = as_completed([after_ms(30, 'b'), after_ms(20, 'a')]);
                let short = Duration::from_millis(15);
                assert!(deadline(short, completed.next()).await.is_err());

                assert_eq!(value_of(&completed.next().await.unwrap()), 'a');
                assert_eq!(value_of(&completed.next().await.unwrap()), 'b');
            })
            .unwrap();
    });
}

#[test]
fn case_063_a_stream_that_is_dropped_leaves_nobody_to_be_woken() {
    on_every_loop(|event_loop| {
        let promise = event_loop.create_future::<u32>();
        let wakes = Wakes::default();
        {
            let waker = wakes.waker();
            let mut cx = Context::from_waker(&waker);
            let mut completed = as_completed([promise.clone()]).timeout(pending());
            assert!(pin!(completed.next()).poll(&mut cx).is_pending());
            assert_eq!(wakes.n_wakers(), 2, "one waits for both");
        }

        assert_eq!(wakes.n_wakers(), 0);
        promise.set_result(1).unwrap();
        assert_eq!(wakes.n_wakes(), 0);
    });
}

#[test]
fn case_063_tasks_go_on_when_their_stream_is_dropped() {
    on_every_loop(|event_loop| {
        let seen = Seen::new();
        let goes_on = seen.pusher("went on");
        event_loop
            .run_until_complete(async {
                let task = create_task(async move {
                    sleep(Duration::from_millis(10)).await;
                    goes_on();
                });
                let consumer = create_task(async move {
                    as_completed([task]).next().await;
                });
                at_rest().await;
                consumer.cancel();
                assert!(consumer.await.unwrap_err().is_cancelled());
                assert!(seen.is_empty());
                sleep(Duration::from_millis(20)).await;
            })
            .unwrap();
        assert_eq!(seen.take(), ["went on"]);
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
