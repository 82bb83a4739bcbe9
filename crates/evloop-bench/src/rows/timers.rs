//! Setting timers, giving them up, and moving them.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Context;
use std::time::Duration;

use evloop_timer_wheel::TimerWheel;

use crate::row::{Contender, Effort, Family, Row, Sample, on_each, on_each_clocked};
use crate::runtimes::{
    EventLoop, EvloopRuntime, Monoio, N_WORKERS, Smol, SmolThreads, Timers, Tokio, TokioWorkers,
};
use crate::stopwatch::{self, Rounds};
use crate::yielding::yield_once;

/// After so many operations the task lets the runtime turn once. tokio's cooperative budget makes
/// timers of a task that does not do so pending without setting them.
const PER_TURN: usize = 64;

/// Later than any of these rows ends.
const LONG: Duration = Duration::from_secs(100);

/// Live timers of the rows whose timers are inserted and cancelled.
const SIZES: [usize; 7] = [0, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// `$work` on each runtime of one thread, or of two workers.
macro_rules! on_one {
    (|$effort:ident| $work:ident $arguments:tt) => {
        on_each!(|$effort| $work $arguments: EventLoop, Tokio, Smol, Monoio)
    };
}
macro_rules! on_two {
    (|$effort:ident| $work:ident $arguments:tt) => {
        on_each_clocked!(
            |$effort| $work $arguments: EvloopRuntime, TokioWorkers, SmolThreads<N_WORKERS>
        )
    };
}

pub(crate) fn family() -> Family {
    let insert_cancel_text = "makes a sleep, polls it once and drops it, with so many live timers; per \
                              sleep (the wheel alone: insert and cancel, without a clock or a waker)";
    let later_text = "moves live timers, so many, in turn to a later deadline; per reset (tokio and \
                      monoio only note the new one and move the timer when the old one comes)";
    let either_text = "moves live timers, so many, in turn to another deadline, sooner or later; per \
                       reset";
    let mut rows = Vec::new();
    for n_live in SIZES {
        let mut contenders = on_one!(|effort| insert_cancel(effort, n_live));
        contenders.push(Contender::new(WHEEL, move |effort| wheel(effort, n_live)));
        rows.push(Row::of_size(
            "timer_insert_cancel",
            n_live,
            insert_cancel_text,
            contenders,
        ));
    }
    for (name, text, to) in [
        ("timer_reset_later", later_text, To::Later),
        ("timer_reset_either", either_text, To::Either),
    ] {
        for n_live in [100_000, 1_000_000] {
            let mut contenders = on_one!(|effort| reset(effort, n_live, to));
            contenders.push(Contender::new(WHEEL, move |effort| {
                wheel_reset(effort, n_live, to)
            }));
            rows.push(Row::of_size(name, n_live, text, contenders));
        }
    }
    for n_live in [100_000, 1_000_000] {
        let contenders = on_two!(|effort| insert_cancel(effort, n_live));
        rows.push(Row::of_size(
            "mt_timer_insert_cancel",
            n_live,
            insert_cancel_text,
            contenders,
        ));
    }
    for (name, text, to) in [
        ("mt_timer_reset_later", later_text, To::Later),
        ("mt_timer_reset_either", either_text, To::Either),
    ] {
        for n_live in [100_000, 1_000_000] {
            let contenders = on_two!(|effort| reset(effort, n_live, to));
            rows.push(Row::of_size(name, n_live, text, contenders));
        }
    }
    Family {
        title: "Timers",
        rows,
    }
}

/// Polls a sleep once, which sets its timer.
async fn set<S: Future>(mut sleep: Pin<&mut S>) {
    std::future::poll_fn(|cx: &mut Context<'_>| {
        assert!(
            sleep.as_mut().poll(cx).is_pending(),
            "a long sleep is pending at first"
        );
        std::task::Poll::Ready(())
    })
    .await;
}

/// Live timers, each with a deadline of its own.
async fn live_timers<R: Timers>(n_live: usize) -> Vec<Pin<Box<R::Sleep>>> {
    let mut live = Vec::with_capacity(n_live);
    for n in 0..n_live {
        // Scattered over 50 seconds.
        let after = Duration::from_micros((n as u64 * 7_919) % 50_000_000);
        let mut sleep = Box::pin(R::sleep(LONG + after));
        set(sleep.as_mut()).await;
        live.push(sleep);
        if n % PER_TURN == 0 {
            yield_once().await;
        }
    }
    yield_once().await;
    live
}

async fn insert_cancel<R: Timers>(effort: Effort, n_live: usize) -> Sample {
    let live = live_timers::<R>(effort.times(n_live)).await;
    let mut rounds = Rounds::new(effort.times(200_000));
    for n in rounds.by_ref() {
        let delay = LONG + Duration::from_millis((n as u64 * 104_729) % 50_000);
        set(pin!(R::sleep(delay))).await;
        if n % PER_TURN == 0 {
            yield_once().await;
        }
    }
    let sample = rounds.sample(1);
    drop(live);
    sample
}

/// The data structure alone, in ticks of a nanosecond as `evloop-time` uses it.
fn wheel(effort: Effort, n_live: usize) -> Sample {
    let long = 100_000_000_000;
    let mut wheel = TimerWheel::new(0);
    for n in 0..n_live as u64 {
        wheel.insert(long + (n * 7_919_000) % 50_000_000_000, n);
    }
    let mut rounds = Rounds::new(effort.times(200_000));
    for n in rounds.by_ref() {
        let n = n as u64;
        let key = wheel.insert(long + (n * 104_729_000_000) % 50_000_000_000, n);
        assert_eq!(wheel.cancel(key), Some(n));
    }
    rounds.sample(1)
}

/// The data structure alone.
const WHEEL: &str = "evloop-timer-wheel";

/// Where a reset moves a timer.
#[derive(Clone, Copy)]
enum To {
    /// A millisecond later each time: tokio and monoio do nothing within their millisecond.
    Later,
    Either,
}

impl To {
    /// Milliseconds of the n-th reset after all were set.
    #[inline]
    fn after_ms(self, n: usize) -> u64 {
        match self {
            Self::Later => 50_000 + n as u64,
            Self::Either => (n as u64 * 104_729) % 50_000,
        }
    }
}

fn wheel_reset(effort: Effort, n_live: usize, to: To) -> Sample {
    let n_live = effort.times(n_live);
    let long = 100_000_000_000;
    let mut wheel = TimerWheel::new(0);
    let insert = |n| wheel.insert(long + (n * 7_919_000) % 50_000_000_000, n);
    let keys: Vec<_> = (0..n_live as u64).map(insert).collect();
    let mut rounds = Rounds::new(effort.times(200_000));
    for n in rounds.by_ref() {
        let deadline = long + to.after_ms(n) * 1_000_000;
        assert!(wheel.reset(keys[n % n_live], deadline), "it is live");
    }
    rounds.sample(1)
}

/// Resets live timers in turn.
async fn reset<R: Timers>(effort: Effort, n_live: usize, to: To) -> Sample {
    let mut live = live_timers::<R>(effort.times(n_live)).await;
    let n_live = live.len();
    let base = stopwatch::now() + LONG;
    let mut rounds = Rounds::new(effort.times(200_000));
    for n in rounds.by_ref() {
        let deadline = base + Duration::from_millis(to.after_ms(n));
        R::reset(live[n % n_live].as_mut(), deadline);
        if n % PER_TURN == 0 {
            yield_once().await;
        }
    }
    rounds.sample(1)
}
