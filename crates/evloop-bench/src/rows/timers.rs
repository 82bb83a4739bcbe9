//! Setting timers, giving them up, and moving them.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Context;
use std::time::Duration;

use evloop_timer_wheel::TimerWheel;

use crate::row::{Contender, Effort, Family, Row, Sample, Unit, on_each};
use crate::runtimes::{EventLoop, Monoio, Smol, Timers, Tokio};
use crate::stopwatch;
use crate::yielding::yield_once;

/// After so many operations the task lets the runtime turn once. tokio's cooperative budget makes
/// timers of a task that does not do so pending without setting them.
const PER_TURN: usize = 64;

/// Later than any of these rows ends.
const LONG: Duration = Duration::from_secs(100);

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row {
        name,
        text,
        unit: Unit::Nanoseconds,
        contenders,
    };
    let insert_cancel_row = |name, text, n_live| {
        let mut contenders = on_each!(insert_cancel(n_live): EventLoop, Tokio, Smol, Monoio);
        contenders.push(Contender::new("evloop-timer-wheel", move |effort| {
            wheel(effort, n_live)
        }));
        row(name, text, contenders)
    };
    Family {
        title: "Timers",
        rows: vec![
            insert_cancel_row(
                "timer_insert_cancel_0",
                "makes a sleep, polls it once and drops it, with no other timer; per sleep (the \
                 wheel alone: insert and cancel, without a clock or a waker)",
                0,
            ),
            insert_cancel_row(
                "timer_insert_cancel_100k",
                "the same with 100,000 live timers",
                100_000,
            ),
            insert_cancel_row(
                "timer_insert_cancel_1m",
                "the same with 1,000,000 live timers",
                1_000_000,
            ),
            row(
                "timer_reset_later",
                "moves each of 100,000 live timers in turn to a later deadline; per reset (tokio and \
                 monoio only note the new one and move the timer when the old one comes)",
                reset_contenders!(reset_later, later),
            ),
            row(
                "timer_reset_either",
                "moves each of 100,000 live timers in turn to another deadline, sooner or later; per \
                 reset",
                reset_contenders!(reset_either, either),
            ),
        ],
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
    let n_sleeps = effort.times(200_000);
    let live = live_timers::<R>(if effort == Effort::Quick {
        n_live / 10
    } else {
        n_live
    })
    .await;
    let mut started = stopwatch::now();
    for n in 0..n_sleeps + n_sleeps / 10 {
        if n == n_sleeps / 10 {
            started = stopwatch::now();
        }
        let delay = LONG + Duration::from_millis((n as u64 * 104_729) % 50_000);
        set(pin!(R::sleep(delay))).await;
        if n % PER_TURN == 0 {
            yield_once().await;
        }
    }
    let elapsed = started.elapsed();
    drop(live);
    Sample::of_time(elapsed, n_sleeps)
}

/// The data structure alone, in ticks of a nanosecond as `evloop-time` uses it.
fn wheel(effort: Effort, n_live: usize) -> Sample {
    let n_timers = effort.times(200_000);
    let long = 100_000_000_000;
    let mut wheel = TimerWheel::new(0);
    for n in 0..n_live as u64 {
        wheel.insert(long + (n * 7_919_000) % 50_000_000_000, n);
    }
    let mut started = stopwatch::now();
    for n in 0..(n_timers + n_timers / 10) as u64 {
        if n == n_timers as u64 / 10 {
            started = stopwatch::now();
        }
        let key = wheel.insert(long + (n * 104_729_000_000) % 50_000_000_000, n);
        assert_eq!(wheel.cancel(key), Some(n));
    }
    Sample::of_time(started.elapsed(), n_timers)
}

/// `$reset` on every runtime, and the wheel alone with the deadlines of `$after_ms`.
macro_rules! reset_contenders {
    ($reset:ident, $after_ms:ident) => {{
        let mut contenders = on_each!($reset: EventLoop, Tokio, Smol, Monoio);
        contenders.push(Contender::new("evloop-timer-wheel", |effort| wheel_reset(effort, $after_ms)));
        contenders
    }};
}
use reset_contenders;

/// A millisecond later each time: tokio and monoio do nothing within their millisecond.
fn later(n: u64) -> u64 {
    50_000 + n
}

fn either(n: u64) -> u64 {
    (n * 104_729) % 50_000
}

async fn reset_later<R: Timers>(effort: Effort) -> Sample {
    reset::<R>(effort, later).await
}

async fn reset_either<R: Timers>(effort: Effort) -> Sample {
    reset::<R>(effort, either).await
}

fn wheel_reset(effort: Effort, after_ms: impl Fn(u64) -> u64) -> Sample {
    let n_resets = effort.times(200_000);
    let n_live = effort.times(100_000);
    let long = 100_000_000_000;
    let mut wheel = TimerWheel::new(0);
    let insert = |n| wheel.insert(long + (n * 7_919_000) % 50_000_000_000, n);
    let keys: Vec<_> = (0..n_live as u64).map(insert).collect();
    let mut started = stopwatch::now();
    for n in 0..n_resets + n_resets / 10 {
        if n == n_resets / 10 {
            started = stopwatch::now();
        }
        let deadline = long + after_ms(n as u64) * 1_000_000;
        assert!(wheel.reset(keys[n % n_live], deadline), "it is live");
    }
    Sample::of_time(started.elapsed(), n_resets)
}

/// Resets live timers in turn, the n-th time to so many milliseconds after all are set.
async fn reset<R: Timers>(effort: Effort, after_ms: impl Fn(u64) -> u64) -> Sample {
    let n_resets = effort.times(200_000);
    let mut live = live_timers::<R>(effort.times(100_000)).await;
    let n_live = live.len();
    let base = stopwatch::now() + LONG;
    let mut started = stopwatch::now();
    for n in 0..n_resets + n_resets / 10 {
        if n == n_resets / 10 {
            started = stopwatch::now();
        }
        let deadline = base + Duration::from_millis(after_ms(n as u64));
        R::reset(live[n % n_live].as_mut(), deadline);
        if n % PER_TURN == 0 {
            yield_once().await;
        }
    }
    Sample::of_time(started.elapsed(), n_resets)
}
