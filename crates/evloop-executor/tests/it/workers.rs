//! The executor with several workers.

use std::future::poll_fn;
use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use evloop_executor::{Nap, Worker, Workers, block_on};
use evloop_task::{Task, create_task, create_task_local, current_task, thread_number, yield_now};

#[expect(
    clippy::disallowed_methods,
    reason = "when helpers are worth it is a matter of real time"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// Runs `f` while `n_workers` threads run an executor, which has ended when this returns.
fn with_workers<R>(n_workers: usize, f: impl FnOnce(&Workers) -> R) -> R {
    let workers = Workers::new(n_workers, now);
    let result = thread::scope(|scope| {
        for index in 0..n_workers {
            let workers = &workers;
            thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn_scoped(scope, move || {
                    workers.worker(index).expect("it is free").run()
                })
                .expect("a thread");
        }
        let _stop = Stop(&workers);
        f(&workers)
    });
    assert_eq!(workers.close(), 0, "nothing was left that would not end");
    result
}

/// Also when the test fails: otherwise the threads would be waited for.
struct Stop<'a>(&'a Workers);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[test]
fn tasks_from_outside_run() {
    for n_workers in [1, 2, 4] {
        with_workers(n_workers, |workers| {
            let tasks: Vec<_> = (0..1_000)
                .map(|n| workers.spawn(async move { n }))
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(block_on(task).unwrap(), n);
            }
        });
    }
}

#[test]
fn tasks_from_a_worker_run_each_once() {
    for n_workers in [1, 2, 4] {
        with_workers(n_workers, |workers| {
            let n_runs = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&n_runs);
            let root = workers.spawn(async move {
                let spawn = |_| {
                    let counter = Arc::clone(&counter);
                    create_task(async move {
                        yield_now().await;
                        counter.fetch_add(1, Ordering::Relaxed);
                    })
                };
                let tasks: Vec<_> = (0..10_000).map(spawn).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
            block_on(root).unwrap();
            assert_eq!(n_runs.load(Ordering::Relaxed), 10_000);
        });
    }
}

/// A step that waits for a job behind it in its own queue: only another worker can run that.
#[test]
fn a_job_behind_a_blocked_step_is_run_by_another_worker() {
    with_workers(2, |workers| {
        let root = workers.spawn(async {
            let (tx, rx) = mpsc::channel();
            drop(create_task(
                async move { tx.send(thread_number()).unwrap() },
            ));
            assert_ne!(rx.recv().unwrap(), thread_number());
        });
        block_on(root).unwrap();
    });
}

#[test]
fn a_job_that_is_woken_behind_a_blocked_step_is_run_by_another_worker() {
    with_workers(2, |workers| {
        let root = workers.spawn(async {
            let (tx, rx) = mpsc::channel();
            let place: Arc<Mutex<Option<Waker>>> = Arc::default();
            let theirs = Arc::clone(&place);
            let mut is_first = true;
            let sleeper = create_task(poll_fn(move |cx| {
                if std::mem::take(&mut is_first) {
                    *theirs.lock().unwrap() = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                tx.send(()).unwrap();
                Poll::Ready(())
            }));
            while place.lock().unwrap().is_none() {
                yield_now().await;
            }
            let waker = place.lock().unwrap().take().unwrap();
            waker.wake();
            rx.recv().unwrap();
            sleeper.await.unwrap();
        });
        block_on(root).unwrap();
    });
}

#[test]
fn local_tasks_stay_on_their_worker() {
    with_workers(3, |workers| {
        let root = workers.spawn(async {
            let home = thread_number();
            let counter = std::rc::Rc::new(std::cell::Cell::new(0));
            // Not held across an await: the root itself moves.
            let local = create_task_local(async move {
                for _ in 0..100 {
                    assert_eq!(thread_number(), home);
                    counter.set(counter.get() + 1);
                    create_task(async {}).await.unwrap();
                }
                counter.get()
            });
            Local(local)
        });
        let Local(local) = block_on(root).unwrap();
        assert_eq!(block_on(local).unwrap(), 100);
    });
}

/// The handle of a local task whose output is `Send`.
struct Local(Task<i32>);

/// A worker that blocks may have timers and a reactor that others are to look after meanwhile.
#[test]
fn somebody_watches_while_a_worker_is_in_a_pinned_step() {
    let workers = Workers::new(2, now);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        let stop = Stop(&workers);
        let worker = workers.worker(0).expect("it is free");
        let other = thread::Builder::new().spawn_scoped(scope, || {
            let worker = workers.worker(1).expect("it is free");
            while !worker.is_closing() {
                if worker.turn() == 0
                    && !worker.search()
                    && let Some(nap) = worker.nap()
                {
                    let watches = nap.limit().is_some();
                    tell.send(watches).expect("the test hears it");
                    nap.park(None);
                }
            }
        });
        other.expect("a thread");
        let mut nap = worker.nap().expect("there is nothing to do");
        while nap.limit().is_some() {
            drop(nap);
            nap = worker.nap().expect("there is nothing to do");
        }
        while told.recv().expect("it says so") {}
        drop(nap);
        let wait = move || while !told.recv().expect("it says so") {};
        worker.pinned().call_soon(wait).expect("it is open");

        assert_eq!(worker.turn(), 1, "until the other one watches");

        drop((stop, worker));
    });
    assert_eq!(workers.close(), 0);
}

/// What it heard of was for a thread that is no worker, and so is what comes next: if it watched from its
/// parker, nobody would wait for that.
#[test]
fn a_worker_that_was_not_called_goes_back_to_where_it_slept() {
    let workers = Workers::new(2, now);
    let [worker, other] = [0, 1].map(|index| workers.worker(index).expect("it is free"));
    fn nap(worker: &Worker) -> Nap<'_> {
        assert!(!worker.search());
        worker.nap().expect("there is nothing to do")
    }
    // Both have searched, so that neither counts as active.
    drop((nap(&worker), nap(&other)));
    let deep = |worker| iter::repeat_with(move || nap(worker)).find(|nap| nap.limit().is_none());
    let asleep = deep(&other);

    let mut found = deep(&worker);
    for _ in 0..3 {
        found.expect("it sleeps at last").elsewhere(None, |_| {});
        let again = nap(&worker);
        assert_eq!(again.limit(), None);
        // A timer is set, say.
        worker.waker().wake();
        drop(again);
        let again = nap(&worker);
        assert_eq!(again.limit(), None);
        found = Some(again);
    }

    drop((found, asleep));
    drop((worker, other));
    assert_eq!(workers.close(), 0);
}

#[test]
fn callbacks_run_outside_of_tasks() {
    with_workers(2, |workers| {
        let (tx, rx) = mpsc::channel();
        let handle = workers.handle();
        handle
            .call_soon(move || tx.send(current_task().is_none()).unwrap())
            .unwrap();
        assert!(rx.recv().unwrap());
    });
}

#[test]
fn closing_drops_what_waits() {
    let (tx, rx) = mpsc::channel::<()>();
    with_workers(2, |workers| {
        for _ in 0..100 {
            let tx = tx.clone();
            drop(workers.spawn(async move {
                std::future::pending::<()>().await;
                drop(tx);
            }));
        }
    });
    drop(tx);
    assert!(rx.recv().is_err());
}

#[test]
fn a_closed_executor_refuses() {
    let workers = Workers::new(2, now);
    let handle = workers.handle();
    drop(workers);
    assert!(!handle.is_open());
    assert!(handle.call_soon(|| {}).is_err());
    let task = handle.spawn(evloop_task::Builder::new(), async {});
    assert!(block_on(task).unwrap_err().is_cancelled());
}

#[test]
fn a_slot_has_one_worker() {
    let workers = Workers::new(1, now);
    let worker = workers.worker(0).unwrap();
    assert!(workers.worker(0).is_none());
    drop(worker);
    assert!(workers.worker(0).is_some());
}

#[test]
fn threads_that_spawn_while_it_closes_lose_nothing() {
    for _ in 0..50 {
        let n_dropped = Arc::new(AtomicUsize::new(0));
        struct Count(Arc<AtomicUsize>);
        impl Drop for Count {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        thread::scope(|scope| {
            let workers = Workers::new(2, now);
            for index in 0..2 {
                let worker = workers.handle();
                let n_dropped = Arc::clone(&n_dropped);
                thread::Builder::new()
                    .name(format!("spawner-{index}"))
                    .spawn_scoped(scope, move || {
                        for _ in 0..100 {
                            let count = Count(Arc::clone(&n_dropped));
                            drop(worker.spawn(evloop_task::Builder::new(), async move {
                                yield_now().await;
                                drop(count);
                            }));
                        }
                    })
                    .unwrap();
            }
            let worker = workers.worker(0).unwrap();
            for _ in 0..10 {
                worker.turn();
            }
            drop(worker);
            workers.close();
        });
        assert_eq!(n_dropped.load(Ordering::SeqCst), 200);
    }
}

/// Whether a job from outside is found by a search or by the next turn is a matter of time, and must not
/// change what a seed gives.
#[test]
fn a_seed_gives_the_same_order_however_the_first_job_was_found() {
    let order = |by_search: bool| {
        let workers = Workers::new(1, now);
        let order = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&order);
        let main = workers.spawn(async move {
            for number in 0..20 {
                let told = Arc::clone(&told);
                drop(create_task(async move {
                    told.lock().expect("nobody panics").push(number);
                }));
            }
        });
        // Not before: this thread is no longer outside then.
        let mut worker = workers.worker(0).expect("it is free");
        worker.shuffle(7);
        if by_search {
            assert!(worker.search(), "it lies there");
        }
        while worker.turn() > 0 || worker.search() {}
        drop(main);
        drop(worker);
        workers.close();
        Arc::try_unwrap(order).map(|order| order.into_inner().expect("nobody panics"))
    };
    let expected = order(false).expect("all have ended");
    assert_eq!(expected.len(), 20);
    assert_eq!(order(true).expect("all have ended"), expected);
}
