//! Tasks that come from another thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::runtimes::{AsyncExecutor, BareExecutor, EventLoop, Remote, Runtime, Tokio};
use crate::stopwatch;

pub(crate) fn family() -> Family {
    let contenders = vec![
        contender::<EventLoop>(),
        contender::<BareExecutor>(),
        contender::<Tokio>(),
        contender::<AsyncExecutor>(),
    ];
    Family {
        title: "From another thread",
        rows: vec![Row {
            name: "spawn_remote",
            text: "another thread spawns 100,000 tasks while the runtime's thread runs them; the \
                   main task awaits the last; per task (async-executor: its `Executor`; monoio \
                   takes no tasks from elsewhere)",
            unit: Unit::Nanoseconds,
            contenders,
        }],
    }
}

fn contender<R: Remote>() -> Contender {
    Contender::new(<R as Runtime>::NAME, |effort| {
        R::run_remote(|handle| main::<R>(handle, effort))
    })
}

/// Counts tasks, and wakes one waiter when all have ended.
struct Countdown {
    n_left: AtomicUsize,
    waiter: Mutex<Option<Waker>>,
}

impl Countdown {
    fn step(&self) {
        if self.n_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let waiter = self.waiter.lock().expect("no holder panics").take();
            if let Some(waiter) = waiter {
                waiter.wake();
            }
        }
    }

    async fn wait(&self) {
        std::future::poll_fn(|cx| {
            *self.waiter.lock().expect("no holder panics") = Some(cx.waker().clone());
            match self.n_left.load(Ordering::Acquire) {
                0 => Poll::Ready(()),
                _ => Poll::Pending,
            }
        })
        .await;
    }
}

async fn main<R: Remote>(handle: R::Handle, effort: Effort) -> Sample {
    let n_tasks = effort.times(100_000);
    let countdown = Arc::new(Countdown {
        n_left: n_tasks.into(),
        waiter: Mutex::default(),
    });
    let start = Arc::new(Barrier::new(2));
    let spawner = {
        let (countdown, start) = (Arc::clone(&countdown), Arc::clone(&start));
        thread::Builder::new().spawn(move || {
            start.wait();
            for _ in 0..n_tasks {
                let countdown = Arc::clone(&countdown);
                R::spawn_remote(&handle, async move { countdown.step() });
            }
        })
    };
    let spawner = spawner.expect("the system gives a thread");
    start.wait();
    let started = stopwatch::now();
    countdown.wait().await;
    let elapsed = started.elapsed();
    spawner.join().expect("spawning does not panic");
    Sample::of_time(elapsed, n_tasks)
}
