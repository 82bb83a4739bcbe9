//! Tasks that stay on one worker.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use evloop::{Runtime, create_task, create_task_local, gather, on_cancel, sleep, yield_now};
use evloop_tests::{Seen, panic_text, virtual_loop};

use crate::{virtual_runtime, with_each_number_of_workers};

#[test]
fn a_task_runs_on_the_worker_that_is_chosen() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let tasks = (0..n_workers).map(|worker| {
            runtime.create_task_on(worker, async || {
                let here = thread::current().id();
                let local = Rc::new(Cell::new(0));
                for _ in 0..20 {
                    sleep(Duration::from_millis(1)).await;
                    yield_now().await;
                    assert_eq!(thread::current().id(), here);
                    local.set(local.get() + 1);
                }
                (local.get(), thread::current().name().map(str::to_owned))
            })
        });
        let results = runtime.block_on(gather(tasks.collect::<Vec<_>>())).unwrap();
        for (worker, result) in results.into_iter().enumerate() {
            let name = Some(format!("evloop-worker-{worker}"));
            assert_eq!(result.unwrap(), (20, name));
        }
    });
}

#[test]
fn local_tasks_stay_on_the_worker_that_made_them() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                runtime.create_task(async {
                    // A future that is not `Send` cannot be awaited here; its result can be sent on.
                    let (local_tx, local_rx) = (Arc::new(Seen::new()), thread::current().id());
                    let seen = Arc::clone(&local_tx);
                    create_task_local(async move {
                        let rc = Rc::new(());
                        yield_now().await;
                        seen.push(thread::current().id() == local_rx);
                        drop(rc);
                    })
                    .await
                    .unwrap();
                    local_tx.take()
                })
            })
            .collect();
        for seen in runtime.block_on(gather(tasks)).unwrap() {
            assert_eq!(seen.unwrap(), [true]);
        }
    });
}

#[test]
fn cancelling_the_task_cancels_the_coroutine_that_cleans_up() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let seen = Seen::new();
        let cleaned = seen.clone();
        let pinned = async move || {
            let local = Rc::new("cleaned up");
            let clean_up = async || {
                sleep(Duration::from_millis(1)).await;
                cleaned.push(*local);
            };
            on_cancel(sleep(crate::LONG), clean_up).await;
        };
        let ended = runtime.block_on(async {
            let task = runtime.create_task_on(n_workers - 1, pinned);
            sleep(Duration::from_millis(5)).await;
            task.cancel();
            task.await
        });
        assert!(ended.unwrap().unwrap_err().is_cancelled());
        assert_eq!(seen.take(), ["cleaned up"]);
    });
}

#[test]
fn its_panic_is_the_tasks() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let task = runtime.create_task_on(0, async || -> () { panic!("scripted") });
        let error = runtime.block_on(task).unwrap().unwrap_err();
        assert!(error.to_string().contains("scripted"), "{error}");
    });
}

#[test]
fn a_worker_that_is_not_there_is_named() {
    let runtime = virtual_runtime(2);
    let asking = || runtime.create_task_on(2, async || ());
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(asking));
    let text = panic_text(&*caught.unwrap_err());
    assert!(text.contains("there is no worker 2 of 2"), "{text}");
}

#[test]
fn an_event_loop_has_one_worker() {
    let event_loop = virtual_loop();
    assert_eq!(event_loop.handle().n_workers(), 1);
    let task = event_loop.create_task_on(0, async || *Rc::new(4));
    assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), 4);
    let asking = || event_loop.create_task_on(1, async || ());
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(asking));
    let text = panic_text(&*caught.unwrap_err());
    assert!(text.contains("there is no worker 1 of 1"), "{text}");
}

#[test]
fn pinned_and_free_tasks_await_each_other() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let free = runtime.create_task(async {
            sleep(Duration::from_millis(3)).await;
            5
        });
        let pinned = runtime.create_task_on(0, async move || {
            let local = Rc::new(free.await.unwrap());
            create_task(async { 2 }).await.unwrap() * *local
        });
        assert_eq!(runtime.block_on(pinned).unwrap().unwrap(), 10);
    });
}

#[test]
fn failures_of_pinned_and_local_tasks_that_nobody_receives_are_reported_to_the_handler() {
    with_each_number_of_workers(|n_workers| {
        let reports = Seen::new();
        let told = reports.clone();
        let runtime = Runtime::builder()
            .n_workers(n_workers)
            .exception_handler(move |_, context| told.push(context.to_string()))
            .build()
            .unwrap();
        let pinned = async || -> () { panic!("on a worker") };
        runtime.create_task_on(0, pinned).detach();
        let guest = async {
            create_task_local(async { panic!("of a guest") }).detach();
            yield_now().await;
            // Behind the other one, and ends after it.
            let last = runtime.create_task_on(0, async || ());
            last.await.unwrap();
        };
        runtime.block_on(guest).unwrap();
        drop(runtime);
        let mut reports = reports.take();
        reports.sort_unstable_by_key(|report| report.contains("on a worker"));
        assert_eq!(reports.len(), 2, "{reports:?}");
        assert!(reports[0].contains("of a guest"), "{reports:?}");
        assert!(reports[1].contains("on a worker"), "{reports:?}");
    });
}
