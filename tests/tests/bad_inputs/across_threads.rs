//! Results that are looked at on one thread while another one makes them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evloop::{EventLoop, JoinError, Promise, Task, sleep};
use evloop_tests::{on_thread, virtual_loop};

use crate::guarded;

/// Enough for a race of a few instructions to be met now and then.
const N_TASKS: usize = 10_000;

/// Polls as often as it can until the task gives its result.
fn spin(task: &mut Task<usize>) -> Result<usize, JoinError> {
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = Pin::new(&mut *task).poll(&mut cx) {
            return result;
        }
        std::hint::spin_loop();
    }
}

#[test]
fn f14_a_task_with_callbacks_polled_elsewhere_at_the_moment_it_ends_gives_its_value() {
    guarded(|| {
        let (task_tx, task_rx) = mpsc::channel::<Task<usize>>();
        let poller = on_thread(move || {
            let results = task_rx.into_iter().map(|mut task| spin(&mut task));
            results.filter(Result::is_err).count()
        });
        let event_loop = virtual_loop();
        for n in 0..N_TASKS {
            let task = event_loop.create_task(async move { n });
            task.add_done_callback(|_| {});
            task_tx.send(task).unwrap();
            let_it_run(&event_loop);
        }
        drop(task_tx);

        assert_eq!(
            poller.join().unwrap(),
            0,
            "of {N_TASKS} tasks so many gave an error"
        );
    });
}

fn let_it_run(event_loop: &EventLoop) {
    event_loop
        .run_until_complete(sleep(Duration::ZERO))
        .expect("the loop is open");
}

#[test]
fn f14_a_task_read_elsewhere_at_the_moment_it_ends_gives_its_value() {
    guarded(|| {
        let (task_tx, task_rx) = mpsc::channel::<Task<usize>>();
        let reader = on_thread(move || {
            let read = |task: Task<usize>| loop {
                if let Ok(result) = task.result() {
                    return result.is_ok();
                }
            };
            task_rx.into_iter().map(read).filter(|is_ok| *is_ok).count()
        });
        let event_loop = virtual_loop();
        for n in 0..N_TASKS {
            task_tx
                .send(event_loop.create_task(async move { n }))
                .unwrap();
            let_it_run(&event_loop);
        }
        drop(task_tx);

        assert_eq!(reader.join().unwrap(), N_TASKS);
    });
}

#[test]
fn f14_a_callback_added_elsewhere_at_the_moment_the_task_ends_runs_once() {
    guarded(|| {
        let n_runs = Arc::new(AtomicUsize::new(0));
        let (task_tx, task_rx) = mpsc::channel::<Task<usize>>();
        let counted = Arc::clone(&n_runs);
        let adder = on_thread(move || {
            for task in task_rx {
                for _ in 0..3 {
                    let counted = Arc::clone(&counted);
                    task.add_done_callback(move |result| {
                        counted.fetch_add(usize::from(result.is_ok()), Ordering::SeqCst);
                    });
                }
            }
        });
        let event_loop = virtual_loop();
        for n in 0..N_TASKS {
            task_tx
                .send(event_loop.create_task(async move { n }))
                .unwrap();
            let_it_run(&event_loop);
        }
        drop(task_tx);
        adder.join().unwrap();
        // A turn takes only so much from other threads.
        while n_runs.load(Ordering::SeqCst) < 3 * N_TASKS {
            let_it_run(&event_loop);
        }
        let_it_run(&event_loop);

        assert_eq!(n_runs.load(Ordering::SeqCst), 3 * N_TASKS);
    });
}

#[test]
fn f14_a_task_cancelled_elsewhere_at_any_moment_ends_with_a_value_or_cancelled() {
    guarded(|| {
        let (task_tx, task_rx) = mpsc::channel();
        let canceller = on_thread(move || {
            task_rx
                .into_iter()
                .filter(|task: &evloop::TaskRef| task.cancel())
                .count()
        });
        let event_loop = virtual_loop();
        let (mut n_values, mut n_cancelled) = (0, 0);
        for n in 0..N_TASKS {
            let task_tx = task_tx.clone();
            let task = event_loop.create_task(async move {
                task_tx.send(evloop::current_task().unwrap()).unwrap();
                sleep(Duration::ZERO).await;
                sleep(Duration::ZERO).await;
                n
            });
            match event_loop.run_until_complete(task).unwrap() {
                Ok(_) => n_values += 1,
                Err(error) if error.is_cancelled() => n_cancelled += 1,
                Err(error) => panic!("{error}"),
            }
        }
        drop(task_tx);

        let n_accepted = canceller.join().unwrap();
        assert_eq!(n_values + n_cancelled, N_TASKS);
        // A request that a task accepts in its last step comes too late to be delivered.
        assert!(n_cancelled <= n_accepted, "{n_cancelled} of {n_accepted}");
    });
}

#[test]
fn f14_a_promise_set_elsewhere_wakes_a_loop_however_it_waits() {
    guarded(|| {
        let (promise_tx, promise_rx) = mpsc::channel::<Promise<usize>>();
        let setter = on_thread(move || {
            for (n, promise) in promise_rx.into_iter().enumerate() {
                promise.set_result(n).unwrap();
            }
        });
        let event_loop = virtual_loop();
        for n in 0..N_TASKS {
            let promise = event_loop.create_future();
            promise_tx.send(promise.clone()).unwrap();
            assert_eq!(event_loop.run_until_complete(promise).unwrap().unwrap(), n);
        }
        drop(promise_tx);
        setter.join().unwrap();
    });
}

#[test]
fn f15_loops_that_come_and_go_lose_nothing_sent_before_the_stop_and_hang_nobody_after_it() {
    const N_LOOPS: usize = 300;
    const N_CALLBACKS: usize = 20;
    guarded(|| {
        let (handle_tx, handle_rx) = mpsc::channel::<evloop::Handle>();
        let n_run = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&n_run);
        let sender = on_thread(move || {
            for handle in handle_rx {
                for _ in 0..N_CALLBACKS {
                    let counted = Arc::clone(&counted);
                    let count = move || {
                        counted.fetch_add(1, Ordering::SeqCst);
                    };
                    handle.call_soon_threadsafe(count).unwrap();
                }
                let stop = handle.clone();
                handle.call_soon_threadsafe(move || stop.stop()).unwrap();
                // The loop ends in these moments: it may take this or refuse it.
                for _ in 0..N_CALLBACKS {
                    let _refused = handle.call_soon_threadsafe(|| {}).is_err();
                    handle.create_task(async {}).detach();
                    handle.stop();
                }
            }
        });
        for _ in 0..N_LOOPS {
            let event_loop = virtual_loop();
            handle_tx.send(event_loop.handle()).unwrap();
            event_loop.run_forever().unwrap();
            // The stop from outside may have come while a turn was under way: what was sent before
            // it waits for the next one.
            let _stopped_again = event_loop.run_until_complete(async {});
        }
        drop(handle_tx);

        sender.join().unwrap();
        assert_eq!(n_run.load(Ordering::SeqCst), N_LOOPS * N_CALLBACKS);
    });
}
