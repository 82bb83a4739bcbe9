//! `block_on`, from threads of the program and from blocking work.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use evloop::{
    EventLoop, Handle, RunError, Runtime, all_tasks, create_task, create_task_local, current_task,
    sleep, to_thread, yield_now,
};
use evloop_tests::{on_thread, panic_text, witness};

use crate::{real_runtime, virtual_runtime, with_each_number_of_workers};

#[test]
fn the_future_runs_on_the_calling_thread_as_a_task_and_may_borrow() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let here = thread::current().id();
        let count = Cell::new(0);
        let run = async {
            assert!(current_task().is_some());
            for _ in 0..10 {
                let there = create_task(async { thread::current().id() }).await;
                assert_ne!(there.unwrap(), here);
                yield_now().await;
                assert_eq!(thread::current().id(), here);
                count.set(count.get() + 1);
            }
        };
        runtime.block_on(run).unwrap();
        assert_eq!(count.get(), 10);
    });
}

#[test]
fn the_future_is_listed_among_the_tasks_from_every_thread() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let listed = runtime.block_on(async {
            let main = current_task().unwrap();
            assert!(all_tasks().contains(&main));
            let seen_there = create_task(async { all_tasks() }).await.unwrap();
            seen_there.contains(&main)
        });
        assert!(listed.unwrap());
        assert_eq!(runtime.all_tasks().unwrap(), []);
    });
}

#[test]
fn several_threads_block_at_once() {
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        let threads: Vec<_> = (0..8_u64)
            .map(|n| {
                let handle = runtime.handle();
                on_thread(move || {
                    handle.block_on(async move {
                        let mut sum = 0;
                        for m in 0..100 {
                            sum += create_task(async move { n * m }).await.unwrap();
                        }
                        sum
                    })
                })
            })
            .collect();
        for (n, thread) in threads.into_iter().enumerate() {
            let sum = thread.join().unwrap().unwrap();
            assert_eq!(sum, 4950 * u64::try_from(n).unwrap());
        }
    });
}

#[test]
fn blocking_work_may_block_on_the_runtime() {
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        let handle = runtime.handle();
        let seven = runtime.block_on(to_thread(move || {
            handle.block_on(async { create_task(async { 7 }).await.unwrap() })
        }));
        assert_eq!(seven.unwrap().unwrap().unwrap(), 7);
    });
}

#[test]
fn nesting_is_an_error() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let other = virtual_runtime(1);
        let nested = runtime.block_on(async {
            let inside = runtime.block_on(async {});
            let foreign = other.block_on(async {});
            let handle = Handle::current();
            let in_task = create_task(async move { handle.block_on(async {}) }).await;
            [inside, foreign, in_task.unwrap()]
        });
        for ended in nested.unwrap() {
            assert!(matches!(ended, Err(RunError::Nested)), "{ended:?}");
        }
        let event_loop = EventLoop::new().unwrap();
        let nested = event_loop.run_until_complete(async { runtime.block_on(async {}) });
        assert!(matches!(nested, Ok(Err(RunError::Nested))));
        let nested = runtime.block_on(async { event_loop.run_until_complete(async {}) });
        assert!(matches!(nested, Ok(Err(RunError::Nested))));
    });
}

#[test]
fn an_event_loop_blocks_nobody_but_its_own_thread() {
    let event_loop = EventLoop::new().unwrap();
    let ended = event_loop.handle().block_on(async {});
    assert!(matches!(ended, Err(RunError::OneThread)));
    event_loop.close();
    let ended = event_loop.handle().block_on(async {});
    assert!(matches!(ended, Err(RunError::Closed)));
}

#[test]
fn its_panic_goes_on_in_the_caller_and_the_runtime_lives() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let panicking = || runtime.block_on(async { panic!("scripted") });
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panicking));
        assert_eq!(panic_text(&*caught.unwrap_err()), "scripted");
        assert_eq!(runtime.block_on(async { 3 }).unwrap(), 3);
    });
}

#[test]
fn it_may_be_cancelled() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let ended = runtime.block_on(async {
            let me = current_task().unwrap();
            create_task(async move { me.cancel() }).detach();
            sleep(crate::LONG).await;
        });
        assert!(matches!(ended, Err(RunError::Cancelled(_))), "{ended:?}");
    });
}

#[test]
fn its_local_tasks_run_beside_it_and_end_with_it() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let (held, dropped) = witness();
        let value = runtime.block_on(async {
            let local = Rc::new(Cell::new(1));
            let same = Rc::clone(&local);
            let task = create_task_local(async move {
                sleep(Duration::from_millis(1)).await;
                same.set(2);
            });
            task.await.unwrap();
            create_task_local(async move {
                let _held = held;
                sleep(crate::LONG).await;
            })
            .detach();
            yield_now().await;
            local.get()
        });
        assert_eq!(value.unwrap(), 2);
        assert!(dropped.is_dropped());
    });
}

#[test]
fn a_closed_runtime_says_so() {
    let runtime = Runtime::builder().n_workers(1).build().unwrap();
    let handle = runtime.handle();
    runtime.close();
    let ended = runtime.block_on(async {});
    assert!(matches!(ended, Err(RunError::Closed)));
    drop(runtime);
    let ended = handle.block_on(async {});
    assert!(matches!(ended, Err(RunError::Closed)));
    assert!(handle.is_closed());
}
