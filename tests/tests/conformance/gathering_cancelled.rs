//! `gather` and `try_gather` whose task is asked to end.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evloop::{
    JoinError, Promise, Task, TaskBuilder, TaskGroup, TaskRef, all_tasks, catch_cancel,
    create_task, gather, hold_cancel, on_cancel, race, race_staggered, sleep, try_gather,
    yield_now,
};
use evloop_tests::{Seen, at_rest, in_every_loop, witness};

use crate::in_loop;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn case_047_a_cancelled_task_cancels_all_it_gathers_and_waits_for_them() {
    in_every_loop(async || {
        let seen = Seen::new();
        let child = |name: &'static str, clean_up_secs: u64| {
            let saw = seen.clone();
            create_task(on_cancel(pending::<()>(), move || async move {
                sleep(Duration::from_secs(clean_up_secs)).await;
                saw.push(name);
            }))
        };
        let (a, b) = (child("a", 2), child("b", 1));
        a.add_done_callback(|result| assert!(result.as_ref().is_err_and(JoinError::is_cancelled)));
        b.add_done_callback(|result| assert!(result.as_ref().is_err_and(JoinError::is_cancelled)));
        let behind = seen.clone();
        let mut task = create_task(async move {
            drop(gather((a, b)).await);
            behind.push("behind the gather");
        });
        sleep(Duration::from_secs(1)).await;

        assert!(task.cancel());
        assert!((&mut task).await.unwrap_err().is_cancelled());

        assert_eq!(seen.take(), ["b", "a"], "it ends when all have ended");
        assert!(task.cancelled() && !task.cancel(), "again is too late");
    });
}

#[test]
fn case_047_promises_coroutines_and_tasks_that_are_gathered_are_all_cancelled_once() {
    in_every_loop(async || {
        let seen = Seen::new();
        let (in_place, in_task) = (seen.clone(), seen.clone());
        let (promise, finished) = (Promise::<u32>::new(), Promise::<u32>::new());
        let (captured, dropped) = witness();
        let children = (
            promise.clone(),
            finished.clone(),
            on_cancel(pending::<()>(), || async move { in_place.push("in place") }),
            create_task(on_cancel(pending::<()>(), || async move {
                in_task.push("in a task");
            })),
            async move {
                pending::<()>().await;
                drop(captured);
            },
        );
        let task = create_task(async move { gather(children).await.1 });
        at_rest().await;
        finished.set_result(7).unwrap();
        at_rest().await;

        assert!(task.cancel_with("all of you"));
        let error = task.await.unwrap_err();

        assert_eq!(error.to_string(), "cancelled: all of you");
        let why = promise.result().unwrap().as_ref().unwrap_err();
        assert_eq!(why.to_string(), "cancelled: all of you");
        assert_eq!(finished.result().unwrap().as_ref().unwrap(), &7);
        assert!(dropped.is_dropped());
        let mut seen = seen.take();
        seen.sort_unstable();
        assert_eq!(seen, ["in a task", "in place"]);
    });
}

#[test]
fn case_049_too_late_to_cancel_what_is_gathered_its_values_stay_with_the_handles() {
    in_loop(async {
        let promises: [Promise<u32>; 3] = [(); 3].map(|()| Promise::new());
        let children = promises.clone();
        let seen = Seen::new();
        let behind = seen.pusher("behind the gather");
        let task = create_task(async move {
            drop(gather(children).await);
            behind();
        });
        yield_now().await;
        for (promise, value) in promises.iter().zip(0..) {
            promise.set_result(value).unwrap();
        }

        // All are done, and the gather has not been told.
        assert!(promises.iter().all(|promise| !promise.cancel()));
        assert!(task.cancel());
        assert!(task.await.unwrap_err().is_cancelled());

        let values = promises
            .iter()
            .map(|promise| *promise.result().unwrap().as_ref().unwrap());
        assert!(values.eq(0..3));
        assert_eq!(seen.take(), [""; 0]);
    });
}

#[test]
fn case_049_values_of_tasks_that_were_gathered_by_reference_stay_with_them() {
    in_loop(async {
        let task = create_task(async {
            let mut tasks = [1, 2].map(|n| create_task(async move { n }));
            let caught = catch_cancel(gather(tasks.iter_mut())).await;
            caught.unwrap_err().swallow();
            let list = gather(tasks).await;
            list.into_iter().map(Result::unwrap).collect::<Vec<_>>()
        });
        yield_now().await;
        // Behind the steps of both, and in front of the one who gathers them.
        assert!(task.cancel());

        assert_eq!(task.await.unwrap(), [1, 2]);
    });
}

#[test]
fn case_050_a_request_with_a_message_reaches_the_caller_through_a_gather() {
    in_every_loop(async || {
        let task = create_task(async {
            let children = [1, 2].map(|_| create_task(sleep(Duration::from_secs(9))));
            let caught = catch_cancel(gather(children)).await.map(drop);
            let cancelled = caught.unwrap_err();
            assert_eq!(cancelled.message(), Some("an explanation"));
            match cancelled.resume().await {}
        });
        sleep(Duration::from_secs(1)).await;

        assert!(task.cancel_with("an explanation"));

        let error = task.await.unwrap_err();
        assert_eq!(error.to_string(), "cancelled: an explanation");
    });
}

#[test]
fn a_gather_whose_children_all_refuse_gives_their_values() {
    in_every_loop(async || {
        let child = |n: u32| {
            create_task(async move {
                let caught = catch_cancel(pending::<()>()).await;
                caught.unwrap_err().swallow();
                n
            })
        };
        let task = create_task(gather([1, 2].map(child)));
        at_rest().await;
        assert!(task.cancel());

        let list = task.await.expect("the request is spent");

        let values: Vec<u32> = list.into_iter().map(Result::unwrap).collect();
        assert_eq!(values, [1, 2]);
    });
}

#[test]
fn a_try_gather_that_has_failed_leaves_its_tasks_to_themselves() {
    in_every_loop(async || {
        let seen = Seen::new();
        let goes_on = seen.pusher("went on");
        let task = create_task(async move {
            let slow = create_task(async move {
                sleep(Duration::from_secs(2)).await;
                goes_on();
                Ok(())
            });
            let fails = create_task(async { Err("failed") });
            let failed = try_gather([slow.flatten(), fails.flatten()]).await;
            assert!(failed.is_err());
            sleep(Duration::from_secs(9)).await;
        });
        sleep(Duration::from_secs(1)).await;

        assert!(task.cancel());

        assert!(task.await.unwrap_err().is_cancelled());
        sleep(Duration::from_secs(2)).await;
        assert_eq!(seen.take(), ["went on"]);
    });
}

#[test]
fn a_cancelled_try_gather_waits_for_its_children_and_passes_the_request_on() {
    in_every_loop(async || {
        let seen = Seen::new();
        let child = |secs: u64| {
            let saw = seen.clone();
            create_task(on_cancel(pending::<()>(), move || async move {
                sleep(Duration::from_secs(secs)).await;
                saw.push(secs);
            }))
        };
        let task = create_task(try_gather([child(3), child(1), child(2)]));
        sleep(Duration::from_secs(1)).await;

        assert!(task.cancel());

        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(seen.take(), [1, 2, 3]);
    });
}

#[test]
fn museum_bm72_a_cancelled_gather_is_cancelled_in_both_modes_and_asks_each_child_once() {
    fn child(n: usize, asked: Seen<usize>) -> Task<Result<usize, &'static str>> {
        create_task(async move {
            loop {
                // Would count a second request, too.
                let caught = catch_cancel(sleep(Duration::from_secs(1))).await;
                let Err(cancelled) = caught else { continue };
                asked.push(n);
                let again = catch_cancel(sleep(Duration::from_secs(2))).await;
                assert!(again.is_ok(), "asked again");
                drop(cancelled);
            }
        })
    }
    in_every_loop(async || {
        let asked = Seen::new();
        let children = || (0..4).map(|n| child(n, asked.clone()));
        let settled = create_task(gather(children()));
        let tried = create_task(try_gather(children().map(Task::flatten)));
        sleep(Duration::from_millis(500)).await;

        assert!(settled.cancel() && tried.cancel());

        assert!(settled.await.unwrap_err().is_cancelled());
        assert!(tried.await.unwrap_err().is_cancelled());
        let mut asked = asked.take();
        asked.sort_unstable();
        assert_eq!(asked, [0, 0, 1, 1, 2, 2, 3, 3]);
    });
}

#[test]
fn a_branch_of_a_race_that_refuses_wins_also_while_another_one_cleans_up() {
    in_every_loop(async || {
        let task = create_task(async {
            let refuses = async {
                catch_cancel(sleep(SECOND)).await.unwrap_err().swallow();
                yield_now().await;
                "refused"
            };
            let cleans_up = async {
                on_cancel(sleep(SECOND), async || sleep(SECOND).await).await;
                "cleaned up"
            };
            let won = race((refuses, cleans_up)).await;
            // The request has ended: nothing interrupts this.
            yield_now().await;
            won
        });
        at_rest().await;
        task.cancel();
        assert_eq!(task.await.unwrap(), "refused");
    });
}

#[test]
fn case_185_a_staggered_race_that_is_cancelled_again_and_again_waits_for_all_that_have_begun() {
    in_every_loop(async || {
        let seen = Seen::new();
        let attempt = |name: &'static str| {
            let seen = seen.clone();
            async move {
                let first = catch_cancel(pending::<()>()).await.unwrap_err();
                seen.push(format!("{name} is asked"));
                let second = catch_cancel(pending::<()>()).await.unwrap_err();
                seen.push(format!("{name} is asked again"));
                sleep(SECOND).await;
                seen.push(format!("{name} ends"));
                drop((first, second));
                Err::<(), _>(name)
            }
        };
        let attempts = ["a", "b", "never begun"].map(attempt);
        let mut timers = [SECOND, 100 * SECOND].into_iter();
        let delay = move || sleep(timers.next().expect("the last has no timer"));
        let behind = seen.clone();
        let task = create_task(async move {
            drop(race_staggered(attempts, delay).await);
            yield_now().await;
            behind.push("behind the race".to_owned());
        });
        sleep(2 * SECOND).await;
        for asked in [
            ["a is asked", "b is asked"],
            ["a is asked again", "b is asked again"],
        ] {
            assert!(task.cancel());
            at_rest().await;
            assert!(!task.done());
            assert_eq!(seen.take(), asked);
        }

        assert!(task.await.unwrap_err().is_cancelled());

        assert_eq!(seen.take(), ["a ends", "b ends"]);
    });
}

#[test]
fn tasks_that_await_each_other_do_not_forward_a_request_for_ever() {
    in_every_loop(async || {
        let meeting = Arc::new(Mutex::new([None::<Task<()>>, None]));
        let waits_for = |other: usize| {
            let meeting = Arc::clone(&meeting);
            TaskBuilder::new()
                .name(format!("waits for {other}"))
                .create_task(async move {
                    at_rest().await;
                    let task = meeting.lock().unwrap()[other].take();
                    drop(task.expect("both are there").await);
                })
        };
        let both = [waits_for(1), waits_for(0)];
        *meeting.lock().unwrap() = both.map(Some);
        sleep(SECOND).await;
        let mut tasks = all_tasks();
        tasks.retain(|task| task.name().starts_with("waits for"));

        tasks[0].cancel();
        for _ in 0..20 {
            yield_now().await;
        }

        let counts: Vec<_> = tasks.iter().map(TaskRef::cancelling).collect();
        assert!(counts.iter().all(|count| *count <= 2), "{counts:?}");
    });
}

#[test]
fn a_request_made_again_in_a_gathered_child_reaches_the_scope_around_its_next_await() {
    in_every_loop(async || {
        let seen = Seen::new();
        let inside = seen.clone();
        let task = create_task(async move {
            let asks_again = async {
                catch_cancel(sleep(SECOND)).await.unwrap_err().ask_again();
                yield_now().await;
                inside.push("ran past it");
            };
            let child = on_cancel(asks_again, async || inside.push("clean"));
            gather((sleep(SECOND), child)).await;
        });
        at_rest().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(seen.take(), ["clean"]);
    });
}

#[test]
fn a_held_back_request_of_a_child_that_ends_does_not_cut_off_a_group_in_another_child() {
    let seen = Seen::new();
    in_loop(async {
        let inside = seen.clone();
        let task = create_task(async move {
            let held = hold_cancel(async { yield_now().await });
            let saw = inside.clone();
            let group = TaskGroup::scope(async move |group| {
                let child = on_cancel(pending::<()>(), async move || {
                    sleep(SECOND).await;
                    saw.push("the child is clean");
                });
                drop(group.create_task(child).unwrap());
                // The body refuses the request, in favour of an error.
                let cancelled = catch_cancel(pending::<()>()).await.unwrap_err();
                Err::<(), _>(cancelled.into_err("the body fails"))
            });
            let ((), ended) = gather((held, group)).await;
            inside.push("gathered");
            assert_eq!(ended.unwrap_err().failures().len(), 1);
            yield_now().await;
            inside.push("ran past the request");
        });
        yield_now().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(seen.take(), ["the child is clean", "gathered"]);
}
