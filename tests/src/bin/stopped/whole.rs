//! A program that waits for one of each: ticks, a time, bytes, a connection, a child, signals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use evloop::process::Command;
use evloop::{
    Clock, EventLoop, MissedTicks, Runtime, Signal, SystemClock, TcpListener, gather, interval,
    signals, sleep,
};
use futures_lite::AsyncReadExt;

use crate::say;

const PERIOD: Duration = Duration::from_millis(1);

/// Fewer than the test lets pass while all is stopped.
const MISSED: u32 = 40;

pub(crate) fn on_a_loop() {
    let event_loop = EventLoop::new().expect("the system has descriptors");
    event_loop
        .run_until_complete(wait_for_everything())
        .expect("it ends");
}

pub(crate) fn on_a_runtime() {
    let runtime = Runtime::builder().n_workers(2).build();
    let runtime = runtime.expect("the system has descriptors and threads");
    let task = runtime.create_task(wait_for_everything());
    runtime
        .block_on(task)
        .expect("it is open")
        .expect("nobody cancels it");
}

async fn wait_for_everything() {
    let mut heard = signals([Signal::USER_1, Signal::CONTINUE]).expect("nobody else handles them");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.expect("the system has ports");
    let address = listener.local_addr().expect("it is bound");
    // It reads what this program is sent, and writes where this program writes.
    let child = Command::shell("read line; echo over; exit 7").spawn();
    let child = child.expect("the system has a shell");
    say(address.port());
    let (mut first, _) = listener.accept().await.expect("the test connects");
    let is_continued = AtomicBool::new(false);

    let bytes = async {
        let mut text = String::new();
        let read = first.read_to_string(&mut text).await;
        read.expect("the test writes");
        text
    };
    let connection = async {
        let (mut second, _) = listener.accept().await.expect("the test connects");
        let mut text = String::new();
        let read = second.read_to_string(&mut text).await;
        read.expect("the test writes");
        text
    };
    let both = async {
        let mut both = [heard.next().await, heard.next().await];
        both.sort();
        is_continued.store(true, Ordering::Relaxed);
        both
    };
    // Each is polled after those before it, so all of them wait when it is said.
    let (_, bytes, connection, status, both, (skipped, burst, delayed), ()) = gather((
        sleep(20 * PERIOD),
        bytes,
        connection,
        child.wait(),
        both,
        gather((
            ticks(MissedTicks::default(), &is_continued),
            ticks(MissedTicks::Burst, &is_continued),
            ticks(MissedTicks::Delay, &is_continued),
        )),
        async { say("ready") },
    ))
    .await;

    say(bytes);
    say(connection);
    say(status.expect("nobody else reaps it"));
    let names = both.map(|signal| signal.expect("the stream does not end").to_string());
    say(names.join(" "));
    check_ticks(&skipped, &burst, &delayed);
}

/// Takes ticks, and a few more after the program goes on; returns the times from each to the next.
async fn ticks(policy: MissedTicks, is_continued: &AtomicBool) -> Vec<Duration> {
    let beat = interval(PERIOD).expect("the period is not zero");
    let mut beat = beat.with_missed_ticks(policy);
    let mut ticks: Vec<Instant> = Vec::new();
    let mut n_more = 10;
    while n_more > 0 {
        let tick = beat.tick().await;
        assert!(tick <= SystemClock.now(), "a tick is never early");
        ticks.push(tick);
        n_more -= u32::from(is_continued.load(Ordering::Relaxed));
    }
    let steps = ticks.windows(2).map(|pair| pair[1] - pair[0]);
    steps.collect()
}

fn check_ticks(skipped: &[Duration], burst: &[Duration], delayed: &[Duration]) {
    let is_on_the_grid = |step: &Duration| step.as_nanos().is_multiple_of(PERIOD.as_nanos());
    assert!(skipped.iter().all(is_on_the_grid), "{skipped:?}");
    assert!(burst.iter().all(|step| *step == PERIOD), "{burst:?}");
    assert!(delayed.iter().all(|step| *step >= PERIOD), "{delayed:?}");
    // After one tick that was late the next one is in the future.
    for steps in [skipped, delayed] {
        let longest = steps.iter().max();
        assert!(longest >= Some(&(MISSED * PERIOD)), "{steps:?}");
    }
}
