//! Task groups: where children come from, how many run at a time, and what they leave behind.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use evloop::{
    JoinError, Promise, Task, TaskBuilder, TaskGroup, create_task, gather, sleep, timeout,
    yield_now,
};
use evloop_tests::{Seen, in_every_loop, on_every_loop, on_thread, virtual_loop};

use crate::groups::{fails, ms, texts, time, waits};
use crate::{guarded, in_loop};

#[test]
fn children_above_the_limit_wait_for_their_turn_in_order() {
    in_loop(async {
        let (n_running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let started = Seen::new();
        let group = TaskGroup::with_limit(2).run(async |group| {
            for n in 0..6 {
                let (n_running, most) = (Arc::clone(&n_running), Arc::clone(&most));
                let started = started.clone();
                let child = async move {
                    started.push(n);
                    most.fetch_max(
                        n_running.fetch_add(1, Ordering::SeqCst) + 1,
                        Ordering::SeqCst,
                    );
                    sleep(ms(10)).await;
                    n_running.fetch_sub(1, Ordering::SeqCst);
                };
                group.create_task(child).unwrap();
            }
            assert_eq!(group.len(), 6);
        });
        group.await.unwrap();

        assert_eq!(started.take(), [0, 1, 2, 3, 4, 5]);
        assert_eq!((most.load(Ordering::SeqCst), time()), (2, ms(30)));
    });
}

#[test]
fn children_that_wait_for_their_turn_never_start_in_a_group_that_is_aborted() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let handles = Seen::new();
        let group = TaskGroup::with_limit(0).run(async |group| {
            group
                .create_task(fails(ms(10), "the first, alone"))
                .unwrap();
            for _ in 0..3 {
                let told = told.clone();
                let child = async move { told.push("started") };
                handles.push(group.create_task(child).unwrap());
            }
        });

        assert_eq!(texts(&group.await.unwrap_err()), ["the first, alone"]);
        assert!(seen.is_empty());
        assert!(handles.take().iter().all(Task::cancelled));
    });
}

#[test]
fn a_child_cancelled_while_it_waits_for_its_turn_gives_the_turn_to_the_next() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let group = TaskGroup::with_limit(1).run(async |group| {
            let child = |name: &'static str| {
                let told = told.clone();
                async move {
                    sleep(ms(10)).await;
                    told.push(name);
                }
            };
            group.create_task(child("first")).unwrap();
            let second = group.create_task(child("second")).unwrap();
            group.create_task(child("third")).unwrap();
            yield_now().await;
            assert!(second.cancel());
        });
        group.await.unwrap();

        assert_eq!((seen.take(), time()), (vec!["first", "third"], ms(20)));
    });
}

#[test]
fn children_that_have_ended_leave_no_memory_behind() {
    in_every_loop(async || {
        let name: Arc<str> = "shared by all".into();
        TaskGroup::scope(async |group| {
            for _ in 0..100 {
                for _ in 0..10 {
                    let options = TaskBuilder::new().name(Arc::clone(&name));
                    let child = group.create_task_with(options, sleep(ms(1)));
                    drop(child.unwrap());
                }
                assert_eq!(group.len(), 10);
                sleep(ms(2)).await;
                assert!(group.is_empty());
                assert_eq!(Arc::strong_count(&name), 1, "the tasks are gone");
            }
        })
        .await
        .unwrap();
    });
}

#[test]
fn a_child_spawned_by_another_thread_belongs_to_the_group() {
    guarded(|| {
        let (group_tx, group_rx) = mpsc::channel::<TaskGroup>();
        let opened: Promise<()> = Promise::new();
        let gate = opened.clone();
        let other = on_thread(move || {
            let group = group_rx.recv().unwrap();
            // Without a loop there is nothing it could run on, and the group is none the wiser.
            let panicked = catch_unwind(AssertUnwindSafe(|| drop(group.create_task(async {}))));
            assert!(panicked.is_err());
            assert!(group.is_empty());
            let child = async {
                let child = async move {
                    gate.await?;
                    Ok::<_, JoinError>("from over there")
                };
                let child = group.create_task(child).unwrap();
                opened.set_result(()).unwrap();
                child.await.unwrap()
            };
            virtual_loop().run_until_complete(child).unwrap()
        });

        let here = virtual_loop();
        let ended = here.run_until_complete(TaskGroup::scope(async move |group| {
            group_tx.send(group.clone()).unwrap();
            let value = other.join().unwrap();
            assert!(group.is_empty());
            Ok::<_, Infallible>(value)
        }));
        assert_eq!(ended.unwrap().unwrap(), "from over there");
    });
}

#[test]
fn a_failure_here_cancels_a_child_on_another_thread_and_waits_for_it() {
    guarded(|| {
        let (group_tx, group_rx) = mpsc::channel::<TaskGroup>();
        let started: Promise<()> = Promise::new();
        let start = started.clone();
        let seen = Seen::new();
        let told = seen.clone();
        let other = on_thread(move || {
            let group = group_rx.recv().unwrap();
            let child = async {
                let body = async move {
                    start.set_result(()).unwrap();
                    waits(told, "over there", ms(10)).await;
                };
                group.create_task(body).unwrap().await
            };
            virtual_loop().run_until_complete(child).unwrap()
        });

        let ended = virtual_loop().run_until_complete(TaskGroup::scope(async move |group| {
            group_tx.send(group.clone()).unwrap();
            started.await.unwrap();
            Err::<(), _>("here")
        }));

        assert_eq!(texts(&ended.unwrap().unwrap_err()), ["here"]);
        assert_eq!(seen.take(), ["over there"]);
        assert!(other.join().unwrap().unwrap_err().is_cancelled());
    });
}

#[test]
fn a_child_that_is_not_send_is_a_child_like_others() {
    on_every_loop(|any_loop| {
        let test = async {
            let shared = std::rc::Rc::new(std::cell::Cell::new(0));
            TaskGroup::scope(async |group| {
                for n in 1..=3 {
                    let shared = std::rc::Rc::clone(&shared);
                    let child = async move {
                        yield_now().await;
                        shared.set(shared.get() + n);
                    };
                    group.create_task_local(child).unwrap();
                }
            })
            .await
            .unwrap();
            assert_eq!(shared.get(), 6);
        };
        any_loop.run_until_complete(test).unwrap();
    });
}

#[test]
fn museum_bm73_children_without_a_handle_are_neither_lost_nor_left_behind() {
    in_every_loop(async || {
        const N: usize = 10_000;
        let ended = Arc::new(AtomicUsize::new(0));
        TaskGroup::scope(async |group| {
            for _ in 0..N {
                let ended = Arc::clone(&ended);
                let child = async move {
                    yield_now().await;
                    ended.fetch_add(1, Ordering::Relaxed);
                };
                drop(group.create_task(child).unwrap());
            }
        })
        .await
        .unwrap();
        assert_eq!(ended.load(Ordering::Relaxed), N);
    });
}

#[test]
fn museum_bm73_a_gathered_or_limited_task_that_nobody_holds_completes() {
    in_every_loop(async || {
        const N: usize = 1_000;
        let ended = Arc::new(AtomicUsize::new(0));
        let child = || {
            let ended = Arc::clone(&ended);
            create_task(async move {
                sleep(ms(10)).await;
                ended.fetch_add(1, Ordering::Relaxed);
            })
        };
        for _ in 0..N {
            // Polled once, and dropped with the handles inside.
            assert!(poll_once(gather([child(), child()])).await);
            assert!(poll_once(timeout(ms(1), child())).await);
        }
        sleep(ms(20)).await;
        assert_eq!(ended.load(Ordering::Relaxed), 3 * N);
    });
}

/// Polls a future once and drops it; true when it was pending.
async fn poll_once<F: Future>(future: F) -> bool {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_pending()))
        .await
}

#[test]
fn a_group_with_boxed_errors_runs_in_a_task() {
    type Boxed = Box<dyn std::error::Error + Send + Sync>;
    in_every_loop(async || {
        // Inside of another coroutine that has to be `Send`: there the compiler forgets lifetimes.
        let task = create_task(async {
            TaskGroup::scope(async |group| {
                let child = group.create_task(async { Ok::<_, Boxed>(1) })?;
                Ok::<_, Boxed>(child.await? + 1)
            })
            .await
        });
        assert_eq!(task.await.expect("it ends").expect("nobody fails"), 2);
    });
}
