//! Tasks on two workers.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::bell::Bell;
use crate::countdown::Countdown;
use crate::row::{Contender, Effort, Family, Row, Sample, Unit, on_each_send};
use crate::runtimes::{
    EvloopRuntime, EvloopWorkers, ExecutorThreads, N_WORKERS, SendRuntime, TokioWorkers,
};
use crate::stopwatch::{self, Rounds, spin};
use crate::yielding::yield_once;

/// Tasks in a batch.
const BATCH: usize = 1_000;

macro_rules! on_each_runtime {
    (|$effort:ident| $work:ident $arguments:tt) => {
        on_each_send!(
            |$effort, _| $work $arguments:
                EvloopRuntime, EvloopWorkers, TokioWorkers, ExecutorThreads<N_WORKERS>
        )
    };
}

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row::new(name, Unit::Nanoseconds, text, contenders);
    Family {
        title: "Tasks on two workers",
        rows: vec![
            row(
                "mt_spawn_join_1000",
                "a task spawns 1000 tasks that return a number, then awaits their handles in \
                 order; per task",
                on_each_runtime!(|effort| spawn_join(effort)),
            ),
            row(
                "mt_spawn_detached",
                "a task spawns 1000 tasks that count themselves and keeps no handle; the last one \
                 rings a bell that it awaits; per task",
                on_each_runtime!(|effort| spawn_detached(effort)),
            ),
            row(
                "mt_chained_spawn",
                "each task spawns the next and ends, 1000 deep; the last one rings a bell that the \
                 first task awaits; per task",
                on_each_runtime!(|effort| chained_spawn(effort)),
            ),
            row(
                "mt_yield_1000",
                "each of 1000 tasks wakes itself and suspends 200 times; per suspension, spawning \
                 and joining included",
                on_each_runtime!(|effort| self_wake(effort)),
            ),
            row(
                "mt_ping_pong_1",
                "two tasks wake each other in turn by stored wakers; per hand-over",
                on_each_runtime!(|effort| ping_pong(effort, 1)),
            ),
            row(
                "mt_ping_pong_100",
                "the same with 100 pairs of tasks at once",
                on_each_runtime!(|effort| ping_pong(effort, 100)),
            ),
            Row::new(
                "mt_uneven_10k",
                Unit::TimesIdeal,
                "a task spawns 10,000 tasks that are busy for 1, 2 or 3 µs and awaits them in order; \
                 the time that it takes, in multiples of half of what they are busy for",
                with_rayon(on_each_runtime!(|effort| uneven(effort))),
            ),
            Row::new(
                "mt_blocked_worker",
                Unit::Microseconds,
                "a task wakes another one and keeps its worker busy for 20 ms without suspending; how \
                 long it takes until the other one runs, on average",
                on_each_runtime!(|effort| blocked_worker(effort)),
            ),
        ],
    }
}

async fn spawn_join<R: SendRuntime>(effort: Effort) -> Sample {
    let mut joins = Vec::with_capacity(BATCH);
    let mut rounds = Rounds::new(effort.times(200));
    for _ in rounds.by_ref() {
        for n in 0..BATCH {
            joins.push(R::spawn(async move { black_box(n) }));
        }
        for join in joins.drain(..) {
            black_box(join.await);
        }
    }
    rounds.sample(BATCH)
}

async fn spawn_detached<R: SendRuntime>(effort: Effort) -> Sample {
    let countdown = Countdown::default();
    let mut rounds = Rounds::new(effort.times(200));
    for _ in rounds.by_ref() {
        countdown.start(BATCH);
        for _ in 0..BATCH {
            let countdown = countdown.clone();
            R::detach(R::spawn(async move { countdown.step() }));
        }
        countdown.wait().await;
    }
    rounds.sample(BATCH)
}

async fn chained_spawn<R: SendRuntime>(effort: Effort) -> Sample {
    fn link<R: SendRuntime>(n_left: usize, bell: Bell) {
        R::detach(R::spawn(async move {
            if n_left == 0 {
                bell.ring();
            } else {
                link::<R>(n_left - 1, bell);
            }
        }));
    }

    let bell = Bell::default();
    let mut rounds = Rounds::new(effort.times(200));
    for _ in rounds.by_ref() {
        link::<R>(BATCH - 1, bell.clone());
        bell.wait().await;
    }
    rounds.sample(BATCH)
}

/// Suspensions of each task that yields.
const N_YIELDS: usize = 200;

async fn self_wake<R: SendRuntime>(effort: Effort) -> Sample {
    let mut rounds = Rounds::new(effort.times(10));
    for _ in rounds.by_ref() {
        let task = || async {
            for _ in 0..N_YIELDS {
                yield_once().await;
            }
        };
        let joins: Vec<_> = (0..BATCH).map(|_| R::spawn(task())).collect();
        for join in joins {
            black_box(join.await);
        }
    }
    rounds.sample(BATCH * N_YIELDS)
}

async fn ping_pong<R: SendRuntime>(effort: Effort, n_pairs: usize) -> Sample {
    let n_trips = effort.times(20_000) / n_pairs;
    let mut rounds = Rounds::new(10);
    for _ in rounds.by_ref() {
        let mut players = Vec::with_capacity(2 * n_pairs);
        for _ in 0..n_pairs {
            let (ping, pong) = (Bell::default(), Bell::default());
            let (mine, other) = (ping.clone(), pong.clone());
            players.push(R::spawn(async move {
                for _ in 0..n_trips {
                    mine.wait().await;
                    other.ring();
                }
            }));
            players.push(R::spawn(async move {
                for _ in 0..n_trips {
                    ping.ring();
                    pong.wait().await;
                }
            }));
        }
        for player in players {
            black_box(player.await);
        }
    }
    rounds.sample(2 * n_pairs * n_trips)
}

const N_UNEVEN: usize = 10_000;

/// How long the n-th of the uneven tasks is busy.
fn busy_for(n: usize) -> Duration {
    Duration::from_micros(1 + n as u64 % 3)
}

/// What the middle one of several batches took, over what it would take if both workers were busy
/// with nothing else all the time.
fn over_ideal(mut batches: Vec<Duration>) -> Sample {
    batches.sort_unstable();
    let busy: Duration = (0..N_UNEVEN).map(busy_for).sum();
    Sample::of_ratio(batches[batches.len() / 2], busy / N_WORKERS as u32)
}

async fn uneven<R: SendRuntime>(effort: Effort) -> Sample {
    let mut batches = Vec::new();
    for _ in 0..effort.times(10) {
        let started = stopwatch::now();
        let joins: Vec<_> = (0..N_UNEVEN)
            .map(|n| R::spawn(async move { spin(busy_for(n)) }))
            .collect();
        for join in joins {
            black_box(join.await);
        }
        batches.push(started.elapsed());
    }
    over_ideal(batches)
}

/// With rayon's jobs, which take no part in anything else.
fn with_rayon(mut contenders: Vec<Contender>) -> Vec<Contender> {
    contenders.push(Contender::new("rayon", |effort| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(N_WORKERS);
        let pool = builder.build().expect("the system gives threads");
        let batch = || {
            stopwatch::time(|| {
                rayon::scope(|scope| {
                    (0..N_UNEVEN).for_each(|n| scope.spawn(move |_| spin(busy_for(n))));
                });
            })
        };
        over_ideal(pool.install(|| (0..effort.times(10)).map(|_| batch()).collect()))
    }));
    contenders
}

const BLOCKED: Duration = Duration::from_millis(20);

async fn blocked_worker<R: SendRuntime>(effort: Effort) -> Sample {
    let n_rounds = effort.times(20);
    let mut total = Duration::ZERO;
    for _ in 0..n_rounds {
        let bell = Bell::default();
        let ran_at: Arc<Mutex<Option<Instant>>> = Arc::default();
        let (woken, place) = (bell.clone(), Arc::clone(&ran_at));
        let other = R::spawn(async move {
            woken.wait().await;
            *place.lock().expect("no holder panics") = Some(stopwatch::now());
        });
        // The other one waits by then.
        for _ in 0..50 {
            yield_once().await;
        }
        let woken_at = stopwatch::now();
        bell.ring();
        spin(BLOCKED);
        other.await;
        let ran_at = ran_at.lock().expect("no holder panics");
        total += ran_at.expect("it has ended").duration_since(woken_at);
    }
    Sample::of_microseconds(total / n_rounds as u32)
}
