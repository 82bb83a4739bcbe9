//! `run_coroutine_threadsafe`: coroutines submitted by threads that block on them.

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use evloop::{
    ContextVar, Handle, Promise, ResultError, all_tasks, create_task, current_task, sleep,
    to_thread, yield_now,
};
use evloop_tests::{Reports, Seen, at_rest, on_every_loop, on_thread, virtual_loop, witness};

use crate::guarded;

#[test]
fn case_037_a_submission_gives_its_value_to_the_thread_that_blocks_on_it() {
    on_every_loop(|event_loop| {
        let handle = event_loop.handle();
        let sum = event_loop.run_until_complete(to_thread(move || {
            let add = async {
                sleep(Duration::from_secs(600)).await;
                assert!(current_task().is_some());
                1 + 2
            };
            let mut task = handle.run_coroutine_threadsafe(add).unwrap();
            let first = task.result(None);
            assert!(task.done() && !task.cancelled());
            assert!(matches!(task.result(None), Err(ResultError::Taken)));
            first
        }));

        assert_eq!(sum.unwrap().unwrap().unwrap(), 3);
    });
}

#[test]
fn case_037_a_submission_that_ran_out_of_time_is_cancelled_and_does_not_stay_pending() {
    on_every_loop(|event_loop| {
        let handle = event_loop.handle();
        let (captured, dropped) = witness();
        let left = event_loop
            .run_until_complete(async {
                to_thread(move || {
                    let endless = async move {
                        pending::<()>().await;
                        drop(captured);
                    };
                    let mut task = handle.run_coroutine_threadsafe(endless).unwrap();
                    assert!(task.result(Duration::ZERO).unwrap_err().is_timeout());
                    assert!(!task.done(), "a timeout does not cancel");
                    assert!(task.cancel_with("too slow"));
                    let error = task.result(None).unwrap_err();
                    assert_eq!(error.to_string(), "the task was cancelled: too slow");
                    assert!(error.is_cancelled() && task.cancelled() && !task.cancel());
                })
                .await
                .unwrap();
                all_tasks()
            })
            .unwrap();

        assert!(dropped.is_dropped());
        assert_eq!(left.len(), 1, "the main task");
    });
}

#[test]
fn case_037_a_wait_that_ran_out_of_time_can_be_repeated() {
    on_every_loop(|event_loop| {
        let (handle, gate) = (event_loop.handle(), Promise::new());
        let open = gate.clone();
        let value = event_loop.run_until_complete(to_thread(move || {
            let waiting = async move { open.await.unwrap() };
            let mut task = handle.run_coroutine_threadsafe(waiting).unwrap();
            for _ in 0..3 {
                assert!(
                    task.result(Duration::from_nanos(1))
                        .unwrap_err()
                        .is_timeout()
                );
            }
            gate.set_result("opened").unwrap();
            task.result(Duration::MAX)
        }));

        assert_eq!(value.unwrap().unwrap().unwrap(), "opened");
    });
}

#[test]
fn case_037_a_task_that_the_loop_cancels_is_reported_cancelled() {
    on_every_loop(|event_loop| {
        let handle = event_loop.handle();
        event_loop
            .run_until_complete(async {
                let blocked = create_task(to_thread(move || {
                    let mut task = handle.run_coroutine_threadsafe(pending::<()>()).unwrap();
                    task.task().set_name("victim");
                    let error = task.result(None).unwrap_err();
                    (task.cancelled(), error.is_cancelled())
                }));
                loop {
                    if let Some(victim) = all_tasks().iter().find(|task| &*task.name() == "victim")
                    {
                        victim.cancel();
                        break;
                    }
                    yield_now().await;
                }
                assert_eq!(blocked.await.unwrap().unwrap(), (true, true));
            })
            .unwrap();
    });
}

#[test]
fn case_037_a_panic_of_the_coroutine_is_the_submitters_error() {
    on_every_loop(|event_loop| {
        let (handle, reports) = (event_loop.handle(), Reports::of(&event_loop));
        let error = event_loop.run_until_complete(to_thread(move || {
            let fails = async {
                at_rest().await;
                assert!(current_task().is_none(), "it fails");
            };
            let mut task = handle.run_coroutine_threadsafe(fails).unwrap();
            task.result(None).unwrap_err()
        }));

        let error = error.unwrap().unwrap();
        assert!(error.is_panic());
        assert_eq!(error.to_string(), "the task panicked: it fails");
        drop(error);
        assert_eq!(reports.messages(), [""; 0], "somebody has looked");
    });
}

#[test]
fn case_037_the_loops_own_thread_is_refused_instead_of_waiting_for_itself() {
    guarded(|| {
        let event_loop = virtual_loop();
        let handle = event_loop.handle();
        let mut outside = handle.run_coroutine_threadsafe(async { 1 }).unwrap();
        assert!(matches!(outside.result(None), Err(ResultError::OwnLoop)));
        event_loop
            .run_until_complete(async {
                let mut task = handle.run_coroutine_threadsafe(async { 2 }).unwrap();
                let refused = task.result(Duration::MAX);
                assert!(matches!(refused, Err(ResultError::OwnLoop)));
                yield_now().await;
                assert_eq!(task.result(None).unwrap(), 2, "it has ended");
                assert_eq!(outside.await.unwrap(), 1);
            })
            .unwrap();
    });
}

#[test]
fn case_037_callbacks_run_in_the_loop_and_the_result_can_still_be_taken() {
    on_every_loop(|event_loop| {
        let (handle, seen) = (event_loop.handle(), Seen::new());
        let told = seen.clone();
        let value = event_loop
            .run_until_complete(to_thread(move || {
                let mut task = handle
                    .run_coroutine_threadsafe(async {
                        sleep(Duration::from_secs(1)).await;
                        7
                    })
                    .unwrap();
                task.add_done_callback(move |result| {
                    assert!(Handle::try_current().is_ok());
                    told.push(*result.as_ref().unwrap());
                });
                task.result(None)
            }))
            .unwrap();

        assert_eq!(value.unwrap().unwrap(), 7);
        assert_eq!(seen.take(), [7]);
    });
}

#[test]
fn case_037_the_task_inherits_the_context_of_the_thread_that_submits_it() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    on_every_loop(|event_loop| {
        let handle = event_loop.handle();
        let read = event_loop.run_until_complete(to_thread(move || {
            VAR.set(1);
            let mut task = handle
                .run_coroutine_threadsafe(async { VAR.set(2).old_value().copied() })
                .unwrap();
            (task.result(None).unwrap(), VAR.get())
        }));

        assert_eq!(read.unwrap().unwrap(), (Some(1), Some(1)));
    });
}

#[test]
fn case_038_a_closed_loop_refuses_and_the_coroutine_is_dropped() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (handle, reports) = (event_loop.handle(), Reports::of(&event_loop));
        event_loop.close();
        let (captured, dropped) = witness();
        let refused = on_thread(move || {
            let submitted = handle.run_coroutine_threadsafe(async move { drop(captured) });
            submitted.unwrap_err().to_string()
        });

        let refused = refused.join().unwrap();
        assert!(refused.contains("the event loop is closed"), "{refused}");
        assert!(dropped.is_dropped());
        assert_eq!(reports.messages(), [""; 0], "the submitter has the error");
    });
}

#[test]
fn case_038_closing_the_loop_wakes_whoever_is_blocked_on_a_task_of_it() {
    guarded(|| {
        // Both a task that has started and one that still waits in the inbox.
        for has_started in [true, false] {
            let event_loop = virtual_loop();
            let handle = event_loop.handle();
            let (tx, rx) = mpsc::channel();
            let blocked = on_thread(move || {
                let mut task = handle.run_coroutine_threadsafe(pending::<()>()).unwrap();
                tx.send(()).unwrap();
                let error = task.result(None).unwrap_err();
                assert!(task.done());
                error
            });
            rx.recv().unwrap();
            if has_started {
                event_loop
                    .run_until_complete(async {
                        while all_tasks().len() < 2 {
                            yield_now().await;
                        }
                        yield_now().await;
                    })
                    .unwrap();
            }

            event_loop.close();

            let error = blocked.join().unwrap();
            assert!(error.is_cancelled());
            let expected = "the task was cancelled: its event loop is closed";
            assert_eq!(error.to_string(), expected);
        }
    });
}

#[test]
fn case_038_submissions_while_the_loop_closes_all_end() {
    guarded(|| {
        for _ in 0..50 {
            let event_loop = virtual_loop();
            let handle = event_loop.handle();
            let (tx, rx) = mpsc::channel();
            let submitter = on_thread(move || {
                tx.send(()).unwrap();
                loop {
                    match handle.run_coroutine_threadsafe(pending::<()>()) {
                        Ok(mut task) => {
                            let error = task.result(None).unwrap_err();
                            assert!(error.is_cancelled(), "{error}");
                        }
                        Err(closed) => return closed,
                    }
                }
            });
            rx.recv().unwrap();
            event_loop.close();

            submitter.join().unwrap();
        }
    });
}
