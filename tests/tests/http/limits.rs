//! Limits in time on a clock that jumps.

use std::time::Duration;

use evloop::{EventLoop, ManualClock};
use evloop_hyper::HyperTimer;
use hyper::rt::Timer;

/// Runs `program` on a loop whose clock jumps to the next deadline; gives the time that has passed.
fn time_of<F: Future<Output = ()>>(program: impl FnOnce() -> F) -> Duration {
    let clock = ManualClock::new().with_auto_jump();
    let event_loop = EventLoop::builder()
        .clock(clock)
        .build()
        .expect("the system gives descriptors");
    event_loop
        .run_until_complete(async { program().await })
        .expect("the program ends");
    event_loop.time()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_sleep_counts_from_when_it_is_made() {
    let passed = time_of(|| async {
        let sleep = HyperTimer::new().sleep(3 * SECOND);
        evloop::sleep(SECOND).await;
        sleep.await;
    });
    assert_eq!(passed, 3 * SECOND);
}

#[test]
fn a_sleep_ends_at_its_instant() {
    let passed = time_of(|| async {
        let timer = HyperTimer::new();
        let deadline = timer.now() + 5 * SECOND;
        timer.sleep_until(deadline).await;
        assert_eq!(timer.now(), deadline);
    });
    assert_eq!(passed, 5 * SECOND);
}

#[test]
fn a_sleep_is_moved_both_ways() {
    let passed = time_of(|| async {
        let timer = HyperTimer::new();
        let start = timer.now();
        for secs in [1, 9] {
            let mut sleep = timer.sleep_until(start + 5 * SECOND);
            // Polled, so that it is set.
            assert!(futures_lite::future::poll_once(&mut sleep).await.is_none());
            timer.reset(&mut sleep, start + secs * SECOND);
            sleep.await;
            assert_eq!(timer.now(), start + secs * SECOND);
        }
    });
    assert_eq!(passed, 9 * SECOND);
}

#[test]
#[should_panic(expected = "no")]
fn without_a_loop_there_is_no_timer() {
    let _none = HyperTimer::new();
}
