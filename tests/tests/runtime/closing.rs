//! The end of a runtime.

use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evloop::{
    EventLoop, Handle, RunError, Runtime, catch_cancel, create_task, on_cancel, sleep, to_thread,
    yield_now,
};
use evloop_tests::{Seen, on_thread, watchdog::Watchdog, witness};

use crate::{LONG, real_runtime, virtual_runtime, with_each_number_of_workers};

#[test]
fn tasks_clean_up_before_it_is_over() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let cleaned = Seen::new();
        let begin = async {
            for _ in 0..50 {
                let seen = cleaned.clone();
                let clean_up = async move || {
                    sleep(Duration::from_millis(1)).await;
                    create_task(yield_now()).await.unwrap();
                    seen.push("free");
                };
                runtime
                    .create_task(on_cancel(pending::<()>(), clean_up))
                    .detach();
            }
            for worker in 0..n_workers {
                let seen = cleaned.clone();
                let pinned = async move || {
                    let text = Rc::new("pinned");
                    let clean_up = async || {
                        sleep(Duration::from_millis(1)).await;
                        seen.push(*text);
                    };
                    on_cancel(pending::<()>(), clean_up).await;
                };
                runtime.create_task_on(worker, pinned).detach();
            }
            sleep(Duration::from_millis(1)).await;
        };
        runtime.block_on(begin).unwrap();
        let left = runtime.shutdown(LONG);
        assert!(left.is_empty(), "{left}");
        let mut seen = cleaned.take();
        seen.sort_unstable();
        assert_eq!(seen[..50], ["free"; 50]);
        assert_eq!(seen[50..], vec!["pinned"; n_workers]);
    });
}

#[test]
fn tasks_that_have_not_begun_are_dropped() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let flags: Vec<_> = (0..1000)
            .map(|_| {
                let (held, dropped) = witness();
                let task = runtime.create_task(async move {
                    let _held = held;
                    pending::<()>().await;
                });
                task.detach();
                dropped
            })
            .collect();
        let left = runtime.shutdown(LONG);
        assert!(left.is_empty(), "{left}");
        assert!(flags.iter().all(evloop_tests::DropFlag::is_dropped));
    });
}

#[test]
fn one_that_will_not_end_is_named_and_dropped() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let (held, dropped) = witness();
        let builder = evloop::TaskBuilder::new().name("stubborn");
        let stubborn = runtime.create_task_with(builder, async move {
            let _held = held;
            loop {
                if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                    cancelled.swallow();
                }
            }
        });
        stubborn.detach();
        runtime.block_on(sleep(Duration::from_millis(1))).unwrap();
        let left = runtime.shutdown(Duration::ZERO);
        assert_eq!(left.tasks.len(), 1, "{left}");
        assert!(left.to_string().contains("stubborn"), "{left}");
        assert!(left.workers.is_empty(), "{left}");
        assert!(dropped.is_dropped());
    });
}

#[test]
fn a_worker_that_does_not_come_back_is_named() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(2);
    let (release, released) = mpsc::channel::<()>();
    let (blocked, is_blocked) = mpsc::channel();
    runtime
        .create_task(async move {
            blocked.send(()).unwrap();
            // Its channel is closed at the end of the test.
            released.recv().unwrap_err();
        })
        .detach();
    is_blocked.recv().unwrap();
    let left = runtime.shutdown(Duration::ZERO);
    assert_eq!(left.workers.len(), 1, "{left}");
    drop(release);
}

#[test]
fn what_exceeds_the_limits_is_reported_by_close() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let reports = Seen::new();
    let told = reports.clone();
    let runtime = Runtime::builder()
        .n_workers(2)
        .task_grace(Duration::ZERO)
        .exception_handler(move |_, context| told.push(context.to_string()))
        .build()
        .unwrap();
    let deaf = runtime.create_task(async {
        loop {
            if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                cancelled.swallow();
            }
        }
    });
    deaf.detach();
    runtime
        .block_on(runtime.create_task(yield_now()))
        .unwrap()
        .unwrap();
    drop(runtime);
    let reports = reports.take();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(
        reports[0].contains("tasks that would not end"),
        "{reports:?}"
    );
}

#[test]
fn it_may_be_dropped_by_a_task_of_its_own() {
    with_each_number_of_workers(|n_workers| {
        let runtime = Arc::new(Mutex::new(None));
        let (held, dropped) = witness();
        let (ended, has_ended) = mpsc::channel();
        let made = Runtime::builder()
            .n_workers(n_workers)
            .on_thread_stop(move |_| ended.send(()).unwrap())
            .build()
            .unwrap();
        let handle = made.handle();
        *runtime.lock().unwrap() = Some(made);
        handle
            .create_task(async move {
                let _held = held;
                pending::<()>().await;
            })
            .detach();
        let task = handle.create_task(async move { drop(runtime.lock().unwrap().take()) });
        for _ in 0..n_workers {
            has_ended.recv().unwrap();
        }
        while !dropped.is_dropped() {
            std::thread::yield_now();
        }
        drop(task);
    });
}

#[test]
fn it_waits_for_blocking_work() {
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        let seen = Seen::new();
        let worked = seen.clone();
        runtime
            .create_task(to_thread(move || worked.push("worked")))
            .detach();
        runtime
            .block_on(runtime.create_task(yield_now()))
            .unwrap()
            .unwrap();
        let left = runtime.shutdown(LONG);
        assert!(left.is_empty(), "{left}");
        assert!(seen.len() <= 1);
    });
}

#[test]
fn wakes_and_spawns_race_its_end() {
    with_each_number_of_workers(|n_workers| {
        for _ in 0..30 {
            let runtime = real_runtime(n_workers);
            let handle: Handle = runtime.handle();
            let spawner = on_thread(move || {
                let mut n = 0;
                while !handle.is_closed() {
                    handle.create_task(yield_now()).detach();
                    n += 1;
                }
                n
            });
            runtime
                .block_on(runtime.create_task(yield_now()))
                .unwrap()
                .unwrap();
            let _left = runtime.shutdown(LONG);
            let _n_spawned: u64 = spawner.join().unwrap();
        }
    });
}

#[test]
fn a_guest_that_ends_last_is_waited_for_no_longer_than_it_takes() {
    with_each_number_of_workers(|n_workers| {
        for _ in 0..10 {
            let runtime = real_runtime(n_workers);
            let handle = runtime.handle();
            let (begun, has_begun) = mpsc::channel();
            let (asked, is_asked) = mpsc::channel();
            let (release, released) = mpsc::channel::<()>();
            let guest = on_thread(move || {
                let waiting = async {
                    begun.send(()).unwrap();
                    pending::<()>().await;
                };
                handle.block_on(on_cancel(waiting, || async {
                    asked.send(()).unwrap();
                    released.recv().unwrap();
                }))
            });
            has_begun.recv().unwrap();
            let closing = on_thread(move || runtime.shutdown(LONG));
            is_asked.recv().unwrap();
            release.send(()).unwrap();
            let left = closing.join().unwrap();
            assert!(left.is_empty(), "{left}");
            let ended = guest.join().unwrap();
            assert!(matches!(ended, Err(RunError::Cancelled(_))), "{ended:?}");
        }
    });
}

#[test]
fn it_may_be_closed_by_the_future_of_a_block_on() {
    with_each_number_of_workers(|n_workers| {
        let runtime = Runtime::builder().n_workers(n_workers).task_grace(LONG);
        let runtime = runtime.build().unwrap();
        let seen = Seen::new();
        let ended = runtime.block_on(on_cancel(
            async {
                runtime.close();
                seen.push("goes on");
                pending::<()>().await;
            },
            || async {
                sleep(Duration::from_millis(1)).await;
                seen.push("cleans up");
            },
        ));
        assert!(matches!(ended, Err(RunError::Cancelled(_))), "{ended:?}");
        assert_eq!(seen.take(), ["goes on", "cleans up"]);
    });
}

#[test]
fn several_threads_close_it_while_others_block_on_it() {
    with_each_number_of_workers(|n_workers| {
        for _ in 0..20 {
            let runtime = Runtime::builder().n_workers(n_workers).task_grace(LONG);
            let runtime = Arc::new(runtime.build().unwrap());
            for _ in 0..10 {
                let task = on_cancel(pending::<()>(), yield_now);
                runtime.create_task(task).detach();
            }
            let blocking: Vec<_> = (0..2)
                .map(|_| {
                    let handle = runtime.handle();
                    on_thread(move || {
                        // Until it is refused.
                        while handle
                            .block_on(async { create_task(yield_now()).await })
                            .is_ok()
                        {}
                    })
                })
                .collect();
            let closing = [(); 2].map(|()| {
                let runtime = Arc::clone(&runtime);
                on_thread(move || runtime.close())
            });
            for thread in closing.into_iter().chain(blocking) {
                thread.join().unwrap();
            }
        }
    });
}

#[test]
fn a_guest_does_not_wait_for_workers_that_do_not_come_back() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(1);
    let (blocked, is_blocked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    runtime
        .create_task(async move {
            blocked.send(()).unwrap();
            // Its channel is closed at the end of the test.
            released.recv().unwrap_err();
        })
        .detach();
    is_blocked.recv().unwrap();
    let handle = runtime.handle();
    let (begun, has_begun) = mpsc::channel();
    let guest = on_thread(move || {
        handle.block_on(async move {
            begun.send(()).unwrap();
            loop {
                if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                    cancelled.swallow();
                }
            }
        })
    });
    has_begun.recv().unwrap();

    let left = runtime.shutdown(Duration::ZERO);

    assert_eq!((left.tasks.len(), &*left.workers), (1, &[0][..]), "{left}");
    let ended = guest.join().unwrap();
    assert!(matches!(ended, Err(RunError::Closed)), "{ended:?}");
    drop(release);
}

/// Blocks on a runtime when it is dropped.
struct BlocksInDrop(Handle, mpsc::Sender<Result<(), RunError>>);

impl Drop for BlocksInDrop {
    fn drop(&mut self) {
        let ended = self.0.block_on(sleep(Duration::from_millis(1)));
        self.1.send(ended).expect("the test waits for it");
    }
}

#[test]
fn a_destructor_that_blocks_on_it_at_its_end_is_refused() {
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        let (tell, told) = mpsc::channel();
        let blocks = BlocksInDrop(runtime.handle(), tell);
        let (begun, has_begun) = mpsc::channel();
        let deaf = async move {
            let _blocks = blocks;
            begun.send(()).unwrap();
            loop {
                if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                    cancelled.swallow();
                }
            }
        };
        runtime.create_task(deaf).detach();
        has_begun.recv().unwrap();
        let _left = runtime.shutdown(Duration::ZERO);
        // On a busy machine the worker may be the last to leave, and drop it.
        let ended = told.recv().unwrap();
        assert!(matches!(ended, Err(RunError::Closed)), "{ended:?}");
    });
}

#[test]
fn inside_of_a_loop_it_waits_for_blocking_work_as_well() {
    with_each_number_of_workers(|n_workers| {
        let event_loop = EventLoop::new().unwrap();
        let seen = Seen::new();
        let worked = seen.clone();
        let ended = event_loop.run_until_complete(async {
            let runtime = real_runtime(n_workers);
            let (held, released) = mpsc::channel::<()>();
            let (begun, has_begun) = mpsc::channel();
            // Lets go of the job when it is cancelled.
            let holding = async move {
                let _held = held;
                begun.send(()).unwrap();
                pending::<()>().await;
            };
            runtime.create_task(holding).detach();
            let work = move || {
                released.recv().unwrap_err();
                worked.push("worked");
            };
            drop(runtime.run_in_executor(None, work));
            has_begun.recv().unwrap();
            drop(runtime);
            seen.take()
        });
        assert_eq!(ended.unwrap(), ["worked"]);
    });
}

#[test]
fn blocked_workers_do_not_keep_it_from_giving_up_blocking_work() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(1);
    let (step, step_released) = mpsc::channel::<()>();
    let (job, job_released) = mpsc::channel::<()>();
    let (blocked, is_blocked) = mpsc::channel();
    runtime
        .create_task(async move {
            blocked.send(()).unwrap();
            step_released.recv().unwrap_err();
        })
        .detach();
    is_blocked.recv().unwrap();
    drop(runtime.run_in_executor(None, move || job_released.recv().unwrap_err()));

    let left = runtime.shutdown(Duration::from_millis(5));

    let n_running = left.executor.as_ref().map(|left| left.n_running);
    assert_eq!((&*left.workers, n_running), (&[0][..], Some(1)), "{left}");
    drop((step, job));
}
