//! Waits of the loop that end without an event, or with one for nobody.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

use evloop::{Async, Promise, SystemClock, sleep};
use evloop_tests::{Interrupted, on_thread, watched_loop};

use crate::guarded;

#[test]
fn fault_f04_signals_during_waits_are_no_errors_lose_no_data_and_end_no_sleep() {
    guarded(|| {
        let command = Command::new(env!("CARGO_BIN_EXE_signal_storm"));

        let lines = Interrupted::start(command).end().well();

        assert!(lines.is_empty());
    });
}

/// The system says that something has come for a descriptor, and nobody waits for it.
#[test]
fn fault_f04_an_event_for_nobody_costs_a_turn_and_no_more() {
    const N_EVENTS: usize = 5;
    guarded(|| {
        let (event_loop, clock) = watched_loop(SystemClock);
        let (ours, mut theirs) = UnixStream::pair().expect("the system has descriptors");
        let handle = event_loop.handle();
        let n_waits = event_loop.run_until_complete(async {
            let _ours = Async::new(ours).expect("it can be watched");
            // That it can be written to is said before the waits are counted.
            sleep(Duration::from_millis(1)).await;
            let before = clock.waits().len();
            let told = Promise::new();
            let (tell, watched) = (told.clone(), clock.clone());
            let sending = on_thread(move || {
                let until_wait = |number| {
                    while watched.waits().len() < before + number {
                        thread::yield_now();
                    }
                };
                for number in 1..=N_EVENTS {
                    until_wait(number);
                    theirs.write_all(b"x").expect("there is room");
                }
                until_wait(N_EVENTS + 1);
                let ended = handle.call_soon_threadsafe(move || {
                    tell.set_result(()).expect("nobody else does");
                });
                drop(ended.expect("the loop runs"));
                // Open until then, so that no end is seen.
                theirs
            });
            told.await.expect("it is set");
            drop(sending.join().expect("it only writes"));
            clock.waits().len() - before
        });
        assert_eq!(n_waits.expect("it ends"), N_EVENTS + 1);
    });
}
