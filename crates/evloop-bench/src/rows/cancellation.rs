//! Cancelling tasks, and groups that own them.

use std::future::pending;
use std::hint::black_box;
use std::time::Duration;

use evloop::{TaskGroup, catch_cancel};

use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::runtimes::{EventLoop, Runtime, Tokio};
use crate::send::AssertSend;
use crate::stopwatch::{self, Rounds};
use crate::yielding::yield_once;

/// Children of a group.
const BATCH: usize = 1_000;

/// Later than any of these rows ends.
const LONG: Duration = Duration::from_secs(1000);

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row::new(name, Unit::Nanoseconds, text, contenders);
    Family {
        title: "Cancellation and groups",
        rows: vec![
            row(
                "cancel_1m_sleeping",
                "a million tasks sleep; all are asked to end, then each is awaited; per task, \
                 without spawning",
                vec![
                    Contender::new("evloop", |effort| EventLoop::run(cancel_evloop(effort))),
                    Contender::new("tokio", |effort| Tokio::run(cancel_tokio(effort))),
                ],
            ),
            row(
                "group_spawn_join",
                "a group of 1000 children that return a number, until all have ended; per child \
                 (tokio: a JoinSet; bare: spawn_join_1000)",
                vec![
                    Contender::new("evloop", |effort| EventLoop::run(group_evloop(effort))),
                    Contender::new("evloop, bare", |effort| EventLoop::run(bare_evloop(effort))),
                    Contender::new("tokio", |effort| Tokio::run(group_tokio(effort))),
                ],
            ),
            row(
                "scope_ready",
                "a task opens a scope around a future that is ready, and closes it; per scope",
                vec![Contender::new("evloop", |effort| {
                    EventLoop::run(scopes(effort))
                })],
            ),
            row(
                "scope_pending",
                "a task opens a scope around a future that is pending, polls and drops it; per scope",
                vec![Contender::new("evloop", |effort| {
                    EventLoop::run(scopes_dropped(effort))
                })],
            ),
        ],
    }
}

async fn cancel_evloop(effort: Effort) -> Sample {
    let n_tasks = effort.times(1_000_000);
    let tasks: Vec<_> = (0..n_tasks)
        .map(|_| evloop::create_task(evloop::sleep(LONG)))
        .collect();
    yield_once().await;
    yield_once().await;
    let started = stopwatch::now();
    for task in &tasks {
        task.cancel();
    }
    for task in tasks {
        black_box(task.await.is_err());
    }
    Sample::of_time(started.elapsed(), n_tasks)
}

async fn cancel_tokio(effort: Effort) -> Sample {
    let n_tasks = effort.times(1_000_000);
    let tasks: Vec<_> = (0..n_tasks)
        .map(|_| tokio::spawn(tokio::time::sleep(LONG)))
        .collect();
    while tokio::runtime::Handle::current()
        .metrics()
        .global_queue_depth()
        > 0
    {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = stopwatch::now();
    for task in &tasks {
        task.abort();
    }
    for task in tasks {
        black_box(task.await.is_err());
    }
    Sample::of_time(started.elapsed(), n_tasks)
}

async fn batches(effort: Effort, batch: impl AsyncFn()) -> Sample {
    let mut rounds = Rounds::new(effort.times(200));
    for _ in rounds.by_ref() {
        batch().await;
    }
    rounds.sample(BATCH)
}

async fn group_evloop(effort: Effort) -> Sample {
    batches(effort, async || {
        let ended = TaskGroup::scope(async |group| {
            for n in 0..BATCH {
                let child = AssertSend::new(async move {
                    black_box(n);
                });
                drop(group.create_task(child).expect("the group is open"));
            }
        });
        ended.await.expect("nobody fails");
    })
    .await
}

async fn bare_evloop(effort: Effort) -> Sample {
    batches(effort, async || {
        let tasks: Vec<_> = (0..BATCH)
            .map(|n| {
                evloop::create_task(AssertSend::new(async move {
                    black_box(n);
                }))
            })
            .collect();
        for task in tasks {
            task.await.expect("nobody fails");
        }
    })
    .await
}

async fn group_tokio(effort: Effort) -> Sample {
    batches(effort, async || {
        let mut set = tokio::task::JoinSet::new();
        for n in 0..BATCH {
            set.spawn(AssertSend::new(async move {
                black_box(n);
            }));
        }
        while set.join_next().await.is_some() {}
    })
    .await
}

async fn scopes(effort: Effort) -> Sample {
    let n_scopes = effort.times(1_000_000);
    let started = stopwatch::now();
    for n in 0..n_scopes {
        black_box(catch_cancel(std::future::ready(black_box(n))).await.is_ok());
    }
    Sample::of_time(started.elapsed(), n_scopes)
}

async fn scopes_dropped(effort: Effort) -> Sample {
    let n_scopes = effort.times(1_000_000);
    let started = stopwatch::now();
    for _ in 0..n_scopes {
        let mut scope = std::pin::pin!(catch_cancel(pending::<()>()));
        std::future::poll_fn(|cx| {
            black_box(scope.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    }
    Sample::of_time(started.elapsed(), n_scopes)
}
