//! Tasks that do nothing: what spawning, joining and switching cost.

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

use crate::row::{Effort, Family, Row, Sample, Unit, on_each};
use crate::runtimes::{
    AsyncExecutor, BareAsyncTask, BareExecutor, Boxes, EventLoop, Monoio, Runtime, Tokio,
};
use crate::stopwatch::{self, Rounds};
use crate::yielding::{Flag, yield_once};

/// Tasks in a batch.
const BATCH: usize = 1_000;

macro_rules! on_each_runtime {
    ($work:ident) => {
        on_each!($work: EventLoop, BareExecutor, Tokio, AsyncExecutor, Monoio, BareAsyncTask, Boxes)
    };
}

/// What tasks cost when there are few or many.
pub(crate) fn growth() -> Family {
    let row = |n_tasks| {
        Row::of_size(
            "spawn_join_all",
            n_tasks,
            "a task spawns so many tasks that return a number, then awaits their handles in order; per \
             task",
            on_each!(
                |effort| spawn_join_all(effort, n_tasks):
                    EventLoop, Tokio, AsyncExecutor, Monoio, BareAsyncTask
            ),
        )
    };
    Family {
        title: "Growing numbers of tasks",
        rows: [10, 100, 1_000, 10_000, 100_000, 1_000_000].map(row).into(),
    }
}

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row::new(name, Unit::Nanoseconds, text, contenders);
    Family {
        title: "Tasks",
        rows: vec![
            row(
                "spawn_join_1000",
                "a task spawns 1000 tasks that return a number, then awaits their handles in \
                 order; per task",
                on_each_runtime!(spawn_join_batch),
            ),
            row(
                "spawn_join_one",
                "a task spawns one task and awaits it, again and again; per task",
                on_each_runtime!(spawn_join_one),
            ),
            row(
                "spawn_detached",
                "a task spawns 1000 tasks that count themselves and keeps no handle; the last one \
                 raises a flag that it awaits; per task",
                on_each_runtime!(spawn_detached),
            ),
            row(
                "chained_spawn",
                "each task spawns the next and ends, 1000 deep; the last one raises a flag that the \
                 first task awaits; per task",
                on_each_runtime!(chained_spawn),
            ),
            row(
                "yield_1000",
                "each of 1000 tasks wakes itself and suspends 200 times; per suspension, spawning \
                 and joining included (monoio puts a task that wakes itself at the front of its \
                 queue and polls it again at once, so there is no switch between tasks in its \
                 number)",
                on_each_runtime!(self_wake),
            ),
            row(
                "yield_now_1000",
                "the same with the runtime's own function for it (tokio's also puts the task off \
                 until the drivers have been looked at; monoio and the floors have none)",
                on_each_runtime!(own_yield),
            ),
            row(
                "ping_pong",
                "two tasks wake each other in turn by stored wakers; per hand-over",
                on_each_runtime!(ping_pong),
            ),
        ],
    }
}

async fn spawn_join_batch<R: Runtime>(effort: Effort) -> Sample {
    spawn_join_all::<R>(effort, BATCH).await
}

async fn spawn_join_all<R: Runtime>(effort: Effort, n_tasks: usize) -> Sample {
    let mut joins = Vec::with_capacity(n_tasks);
    let mut rounds = Rounds::new(effort.times(200_000).div_ceil(n_tasks));
    for _ in rounds.by_ref() {
        for n in 0..n_tasks {
            joins.push(R::spawn(async move { black_box(n) }));
        }
        for join in joins.drain(..) {
            black_box(join.await);
        }
    }
    rounds.sample(n_tasks)
}

async fn spawn_join_one<R: Runtime>(effort: Effort) -> Sample {
    let mut rounds = Rounds::new(effort.times(200_000));
    for n in rounds.by_ref() {
        black_box(R::spawn(async move { black_box(n) }).await);
    }
    rounds.sample(1)
}

async fn spawn_detached<R: Runtime>(effort: Effort) -> Sample {
    let n_ended = Rc::new(Cell::new(0));
    let all_ended = Flag::default();
    let mut rounds = Rounds::new(effort.times(200));
    for _ in rounds.by_ref() {
        n_ended.set(0);
        for _ in 0..BATCH {
            let (n_ended, all_ended) = (Rc::clone(&n_ended), all_ended.clone());
            R::detach(R::spawn(async move {
                n_ended.set(n_ended.get() + 1);
                if n_ended.get() == BATCH {
                    all_ended.raise();
                }
            }));
        }
        all_ended.wait().await;
    }
    rounds.sample(BATCH)
}

async fn chained_spawn<R: Runtime>(effort: Effort) -> Sample {
    fn link<R: Runtime>(n_left: usize, flag: Flag) {
        R::detach(R::spawn(async move {
            if n_left == 0 {
                flag.raise();
            } else {
                link::<R>(n_left - 1, flag);
            }
        }));
    }

    let flag = Flag::default();
    let mut rounds = Rounds::new(effort.times(200));
    for _ in rounds.by_ref() {
        link::<R>(BATCH - 1, flag.clone());
        flag.wait().await;
    }
    rounds.sample(BATCH)
}

/// Suspensions of each task that yields.
const N_YIELDS: usize = 200;

async fn self_wake<R: Runtime>(effort: Effort) -> Sample {
    among_tasks::<R>(effort, async || {
        for _ in 0..N_YIELDS {
            yield_once().await;
        }
    })
    .await
}

async fn own_yield<R: Runtime>(effort: Effort) -> Sample {
    among_tasks::<R>(effort, async || {
        for _ in 0..N_YIELDS {
            R::yield_now().await;
        }
    })
    .await
}

/// Runs a thousand tasks that each suspend so many times.
async fn among_tasks<R: Runtime>(effort: Effort, task: impl AsyncFn() + Copy + 'static) -> Sample {
    let n_batches = effort.times(5);
    let batch = async || {
        let joins: Vec<_> = (0..BATCH)
            .map(|_| R::spawn(async move { task().await }))
            .collect();
        for join in joins {
            black_box(join.await);
        }
    };
    batch().await;
    let started = stopwatch::now();
    for _ in 0..n_batches {
        batch().await;
    }
    Sample::of_time(started.elapsed(), n_batches * BATCH * N_YIELDS)
}

async fn ping_pong<R: Runtime>(effort: Effort) -> Sample {
    let mut rounds = Rounds::new(effort.times(200_000));
    let n_rounds = rounds.n_all();
    let (ping, pong) = (Flag::default(), Flag::default());
    let (mine, other) = (ping.clone(), pong.clone());
    let player = R::spawn(async move {
        for _ in 0..n_rounds {
            mine.wait().await;
            other.raise();
        }
    });
    for _ in rounds.by_ref() {
        ping.raise();
        pong.wait().await;
    }
    let sample = rounds.sample(2);
    black_box(player.await);
    sample
}
