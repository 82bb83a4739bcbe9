//! Programs that a loop on one thread runs as well.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use evloop::sync::{Condition, Lock};
use evloop::{
    FirstCompleted, Handle, Promise, TaskGroup, TcpListener, TcpStream, create_task, gather,
    on_cancel, sleep, timeout, to_thread, wait, yield_now,
};
use evloop_tests::{Seen, on_thread};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::{real_runtime, virtual_runtime, with_each_number_of_workers};

const MS: Duration = Duration::from_millis(1);

#[test]
fn tasks_give_their_results_wherever_they_run() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let sum = runtime.block_on(async {
            let tasks = (0..1_000_u64).map(|n| {
                create_task(async move {
                    for _ in 0..n % 7 {
                        yield_now().await;
                    }
                    n
                })
            });
            let results = gather(tasks.collect::<Vec<_>>()).await;
            results.into_iter().map(Result::unwrap).sum::<u64>()
        });
        assert_eq!(sum.unwrap(), 499_500);
    });
}

#[test]
fn tasks_run_on_all_workers() {
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        let seen = Arc::new(Mutex::new(HashSet::new()));
        // Each waits for the others, and blocks its worker until they have come.
        let barrier = Arc::new(Barrier::new(n_workers));
        let tasks: Vec<_> = (0..n_workers)
            .map(|_| {
                let (seen, barrier) = (Arc::clone(&seen), Arc::clone(&barrier));
                runtime.create_task(async move {
                    barrier.wait();
                    seen.lock().unwrap().insert(thread::current().id());
                })
            })
            .collect();
        runtime.block_on(gather(tasks)).unwrap();
        assert_eq!(seen.lock().unwrap().len(), n_workers);
    });
}

#[test]
fn virtual_time_passes_when_all_workers_sleep() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let start = runtime.now();
        let end = runtime.block_on(async {
            let hour = Duration::from_secs(3600);
            let sleepers = (1..=24).map(|n| create_task(sleep(n * hour)));
            gather(sleepers.collect::<Vec<_>>()).await;
            Handle::current().now()
        });
        let passed = end.unwrap() - start;
        assert_eq!(passed.as_secs() / 3600, 24);
    });
}

/// Sleeps again and again, each time for just as long as it has asked for.
async fn sleep_exactly(seed: u32) {
    let handle = Handle::current();
    for n in 0..100 {
        let delay = (1 + (seed + n * n) % 13) * MS;
        let begun = handle.now();
        sleep(delay).await;
        assert_eq!(handle.now() - begun, delay);
        if n % 3 == 0 {
            yield_now().await;
        }
    }
}

#[test]
fn virtual_time_stands_still_while_anybody_is_awake() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let barrier = Barrier::new(3);
        let (runtime, barrier) = (&runtime, &barrier);
        thread::scope(|scope| {
            for seed in [0, 100, 200] {
                let sleeping = async move {
                    barrier.wait();
                    let free = (0..10).map(|n| create_task(sleep_exactly(seed + n)));
                    let mut tasks: Vec<_> = free.collect();
                    for worker in 0..n_workers {
                        let pinned = move || sleep_exactly(seed + 50);
                        tasks.push(runtime.create_task_on(worker, pinned));
                    }
                    sleep_exactly(seed + 60).await;
                    for ended in gather(tasks).await {
                        ended.unwrap();
                    }
                };
                scope.spawn(move || runtime.block_on(sleeping).unwrap());
            }
        });
    });
}

#[test]
fn the_first_of_several_is_told() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let first = runtime.block_on(async {
            let sleeper = |ms: u32| {
                create_task(async move {
                    sleep(ms * MS).await;
                    ms
                })
            };
            let tasks = [sleeper(300_000), sleeper(2), sleeper(200_000)];
            let (done, pending) = wait(tasks).return_when(FirstCompleted).await.unwrap();
            let first = *done[0].result().unwrap().as_ref().unwrap();
            for task in pending.into_handles() {
                task.cancel();
                assert!(task.await.unwrap_err().is_cancelled());
            }
            first
        });
        assert_eq!(first.unwrap(), 2);
    });
}

#[test]
fn a_failing_child_ends_its_siblings_on_all_workers() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let n_cleaned = Seen::new();
        let cleaned = n_cleaned.clone();
        let ended = runtime.block_on(async move {
            let group = TaskGroup::new();
            group
                .run(async move |group| {
                    for _ in 0..100 {
                        let cleaned = cleaned.clone();
                        let child = on_cancel(sleep(crate::LONG), async move || {
                            sleep(MS).await;
                            cleaned.push(());
                        });
                        group.create_task(child).unwrap().detach();
                    }
                    let failing = async {
                        sleep(MS).await;
                        Err::<(), _>(io::Error::other("scripted"))
                    };
                    group.create_task(failing).unwrap().detach();
                })
                .await
        });
        let error = ended.unwrap().unwrap_err();
        assert_eq!(error.failures().len(), 1);
        assert_eq!(n_cleaned.len(), 100);
    });
}

#[test]
fn a_timeout_asks_tasks_of_other_workers() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let cleaned = Seen::new();
        let seen = cleaned.clone();
        let late = runtime.block_on(async move {
            let work = create_task(on_cancel(sleep(crate::LONG), async move || {
                sleep(MS).await;
                seen.push("cleaned up");
            }));
            timeout(5 * MS, work).await
        });
        assert!(late.unwrap().is_err());
        assert_eq!(cleaned.take(), ["cleaned up"]);
    });
}

#[test]
fn a_promise_is_set_from_a_thread_of_the_program() {
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        for n in 0..200 {
            let promise = Promise::new();
            let setter = promise.clone();
            let waiting = runtime.create_task(async move { promise.await.unwrap() });
            let thread = on_thread(move || setter.set_result(n).unwrap());
            assert_eq!(runtime.block_on(waiting).unwrap().unwrap(), n);
            thread.join().unwrap();
        }
    });
}

#[test]
fn blocking_work_comes_back_to_its_task() {
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        let sum = runtime.block_on(async {
            let jobs = (0..50).map(|n| create_task(to_thread(move || n)));
            let results = gather(jobs.collect::<Vec<_>>()).await;
            let results = results.into_iter().map(|result| result.unwrap().unwrap());
            results.sum::<u32>()
        });
        assert_eq!(sum.unwrap(), 1225);
    });
}

#[test]
fn work_that_is_refused_says_why_whoever_is_quicker() {
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        let shut_down = runtime.shutdown_default_executor(Duration::ZERO);
        runtime.block_on(shut_down).unwrap().unwrap();
        for _ in 0..200 {
            let refused = runtime.run_in_executor(None, || ());
            let error = runtime.block_on(refused).unwrap().unwrap_err();
            assert!(error.to_string().contains("shut down"), "{error}");
        }
    });
}

#[test]
fn twenty_clients_are_echoed() {
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        let n_equal = runtime.block_on(async {
            let address = create_task(serve_echo()).await.unwrap().unwrap();
            let clients = (0..20_u8).map(|n| create_task(echo(address, n)));
            let results = gather(clients.collect::<Vec<_>>()).await;
            let results = results.into_iter().map(|result| result.unwrap().unwrap());
            results.filter(|equal| *equal).count()
        });
        assert_eq!(n_equal.unwrap(), 20);
    });
}

/// Serves until it is cancelled; returns where.
async fn serve_echo() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let served = async move {
                let mut buffer = [0; 1024];
                loop {
                    let n = stream.read(&mut buffer).await?;
                    if n == 0 {
                        return io::Result::Ok(());
                    }
                    stream.write_all(&buffer[..n]).await?;
                }
            };
            create_task(served).detach();
        }
    };
    create_task(serving).detach();
    Ok(address)
}

/// Sends some messages, each of which is to come back.
async fn echo(address: SocketAddr, n: u8) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    for round in 0..50 {
        let sent = [n, round, 7, 9];
        stream.write_all(&sent).await?;
        let mut back = [0; 4];
        stream.read_exact(&mut back).await?;
        if back != sent {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Owned guards go where their tasks go.
#[test]
fn tasks_on_all_workers_wait_for_a_condition_with_owned_guards() {
    const N: usize = 200;
    with_each_number_of_workers(|n_workers| {
        let runtime = real_runtime(n_workers);
        let (items, changed) = (Arc::new(Lock::new(Vec::new())), Arc::new(Condition::new()));
        let consume = || {
            let (items, changed) = (Arc::clone(&items), Arc::clone(&changed));
            async move {
                let items = items.acquire_owned().await;
                let waits = changed.wait_for(items, |items| !items.is_empty());
                let mut items = waits.await;
                yield_now().await;
                items.pop().expect("it was waited for")
            }
        };
        let produce = |n: usize| {
            let (items, changed) = (Arc::clone(&items), Arc::clone(&changed));
            async move {
                let mut items = items.acquire_owned().await;
                items.push(n);
                changed.notify(1, &items);
                yield_now().await;
                drop(items);
            }
        };

        let taken: HashSet<usize> = runtime
            .block_on(async {
                let consumers: Vec<_> = (0..N).map(|_| create_task(consume())).collect();
                let producers: Vec<_> = (0..N).map(|n| create_task(produce(n))).collect();
                gather(producers).await;
                let taken = gather(consumers).await;
                taken.into_iter().map(|n| n.expect("it ends")).collect()
            })
            .expect("it ends");

        assert_eq!(taken.len(), N);
        assert_eq!(Arc::strong_count(&items), 1);
    });
}

#[test]
fn callbacks_run_on_some_worker() {
    with_each_number_of_workers(|n_workers| {
        let runtime = virtual_runtime(n_workers);
        let seen = Seen::new();
        let calls = async {
            runtime.call_soon(seen.pusher("soon"));
            runtime.call_later(MS, seen.pusher("later"));
            let cancelled = runtime.call_later(2 * MS, seen.pusher("never"));
            cancelled.cancel();
            sleep(5 * MS).await;
        };
        runtime.block_on(calls).unwrap();
        assert_eq!(seen.take(), ["soon", "later"]);
    });
}
