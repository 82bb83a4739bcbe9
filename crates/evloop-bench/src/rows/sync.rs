//! Locks, semaphores, events and queues, all on the same executor, so that nothing else differs.

mod queues;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::runtimes::{BareExecutor, Runtime};
use crate::stopwatch::{self, Rounds};
use crate::yielding::yield_once;

/// Turns in a measurement, however many take them.
const N_TURNS: usize = 200_000;

/// Waits in a measurement, however many wait at once.
const N_WAITS: usize = 1_000_000;

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row::new(name, Unit::Nanoseconds, text, contenders);
    let mut rows = vec![
        row(
            "lock_uncontended",
            "a task locks and unlocks what nobody else wants; per pair",
            contenders!(uncontended: EvloopLock, TokioMutex, AsyncMutex),
        ),
        row(
            "semaphore_uncontended",
            "a task takes and gives back the only permit, which nobody else wants; per pair",
            contenders!(uncontended: EvloopSemaphore, TokioSemaphore, AsyncSemaphore),
        ),
    ];
    let lock = "each of so many tasks locks, suspends once and unlocks, so that all others wait \
                meanwhile; per turn (all on evloop's executor; async-lock lets newcomers overtake)";
    let semaphore = "the same with a semaphore of one permit";
    for n_tasks in [2, 64, 10_000] {
        rows.push(Row::of_size(
            "lock_handover",
            n_tasks,
            lock,
            contenders!(|e| handover(e, n_tasks): EvloopLock, TokioMutex, AsyncMutex),
        ));
    }
    for n_tasks in [2, 64, 10_000] {
        rows.push(Row::of_size(
            "semaphore_handover",
            n_tasks,
            semaphore,
            contenders!(|e| handover(e, n_tasks): EvloopSemaphore, TokioSemaphore, AsyncSemaphore),
        ));
    }
    for n_waiters in [1, 64, 10_000] {
        rows.push(Row::of_size(
            "event_broadcast",
            n_waiters,
            "so many futures wait for an event, which is set, and all go on; per wait, polled by hand \
             with a waker that does nothing (tokio: `Notify::notify_waiters`)",
            vec![
                Contender::new("evloop", move |e| broadcast::<EvloopEvent>(e, n_waiters)),
                Contender::new("tokio", move |e| broadcast::<TokioNotify>(e, n_waiters)),
            ],
        ));
    }
    rows.extend(queues::rows());
    Family {
        title: "Locks, semaphores, events, queues",
        rows,
    }
}

/// A contender for each type.
macro_rules! contenders {
    ($work:ident: $($turns:ident),+) => {
        contenders!(|e| $work(e): $($turns),+)
    };
    (|$effort:ident| $work:ident $arguments:tt: $($turns:ident),+) => {
        vec![$(Contender::new(<$turns>::NAME, move |$effort| {
            BareExecutor::run($work::<$turns> $arguments)
        })),+]
    };
}
use contenders;

/// What one at a time has.
trait Turns: 'static {
    const NAME: &'static str;

    type Turn<'a>;

    fn new() -> Self;

    fn acquire(&self) -> impl Future<Output = Self::Turn<'_>>;
}

macro_rules! turns {
    ($name:ident($type:ty) = $label:literal, $new:expr, |$this:ident| $acquire:expr => $turn:ty) => {
        struct $name($type);

        impl Turns for $name {
            const NAME: &'static str = $label;

            type Turn<'a> = $turn;

            fn new() -> Self {
                Self($new)
            }

            #[inline]
            async fn acquire(&self) -> Self::Turn<'_> {
                let $this = &self.0;
                $acquire
            }
        }
    };
}

turns!(EvloopLock(evloop_sync::Lock<u64>) = "evloop", evloop_sync::Lock::new(0),
    |lock| lock.acquire().await => evloop_sync::LockGuard<'a, u64>);
turns!(TokioMutex(tokio::sync::Mutex<u64>) = "tokio", tokio::sync::Mutex::new(0),
    |lock| lock.lock().await => tokio::sync::MutexGuard<'a, u64>);
turns!(AsyncMutex(async_lock::Mutex<u64>) = "async-lock", async_lock::Mutex::new(0),
    |lock| lock.lock().await => async_lock::MutexGuard<'a, u64>);
turns!(EvloopSemaphore(evloop_sync::Semaphore) = "evloop", evloop_sync::Semaphore::new(1),
    |semaphore| semaphore.acquire().await => evloop_sync::Permit<'a>);
turns!(TokioSemaphore(tokio::sync::Semaphore) = "tokio", tokio::sync::Semaphore::new(1),
    |semaphore| semaphore.acquire().await.expect("it is open") => tokio::sync::SemaphorePermit<'a>);
turns!(AsyncSemaphore(async_lock::Semaphore) = "async-lock", async_lock::Semaphore::new(1),
    |semaphore| semaphore.acquire().await => async_lock::SemaphoreGuard<'a>);

async fn uncontended<T: Turns>(effort: Effort) -> Sample {
    let turns = T::new();
    let mut rounds = Rounds::new(effort.times(1_000));
    for _ in rounds.by_ref() {
        for _ in 0..1_000 {
            drop(std::hint::black_box(turns.acquire().await));
        }
    }
    rounds.sample(1_000)
}

async fn handover<T: Turns>(effort: Effort, n_tasks: usize) -> Sample {
    let n_turns = (effort.times(N_TURNS) / n_tasks).max(2);
    let turns = Rc::new(T::new());
    let started = stopwatch::now();
    let task = |_| {
        let turns = Rc::clone(&turns);
        BareExecutor::spawn(async move {
            for _ in 0..n_turns {
                let turn = turns.acquire().await;
                yield_once().await;
                drop(turn);
            }
        })
    };
    let tasks: Vec<_> = (0..n_tasks).map(task).collect();
    for task in tasks {
        assert!(task.await.is_ok(), "it ends");
    }
    Sample::of_time(started.elapsed(), n_tasks * n_turns)
}

/// What wakes all who wait.
trait Broadcast {
    fn new() -> Self;

    fn wait(&self) -> impl Future<Output = ()>;

    /// Wakes all, and none who comes later.
    fn wake(&self);
}

struct EvloopEvent(evloop_sync::Event);

impl Broadcast for EvloopEvent {
    fn new() -> Self {
        Self(evloop_sync::Event::new())
    }

    fn wait(&self) -> impl Future<Output = ()> {
        self.0.wait()
    }

    fn wake(&self) {
        self.0.set();
        self.0.clear();
    }
}

struct TokioNotify(tokio::sync::Notify);

impl Broadcast for TokioNotify {
    fn new() -> Self {
        Self(tokio::sync::Notify::new())
    }

    fn wait(&self) -> impl Future<Output = ()> {
        self.0.notified()
    }

    fn wake(&self) {
        self.0.notify_waiters();
    }
}

fn broadcast<B: Broadcast>(effort: Effort, n_waiters: usize) -> Sample {
    let event = B::new();
    let mut cx = Context::from_waker(Waker::noop());
    let mut waits: Vec<Pin<Box<_>>> = (0..n_waiters).map(|_| Box::pin(event.wait())).collect();
    let mut rounds = Rounds::new((effort.times(N_WAITS) / n_waiters).max(2));
    for _ in rounds.by_ref() {
        for wait in &mut waits {
            wait.set(event.wait());
            assert!(wait.as_mut().poll(&mut cx).is_pending(), "it waits");
        }
        event.wake();
        for wait in &mut waits {
            assert!(wait.as_mut().poll(&mut cx).is_ready(), "it was woken");
        }
    }
    rounds.sample(n_waiters)
}
