//! Signals without end to a loop that waits for I/O on a process's main thread, which the test harness
//! keeps for itself.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use evloop::{Clock, EventLoop, Signal, StreamReader, StreamWriter, SystemClock, gather, sleep};
use evloop_signal::Watch;
use evloop_tests::watchdog::Watchdog;
use rustix::process::{Signal as Sent, getpid, kill_process};

const N_SIGNALS: u32 = 3000;

fn main() {
    let _watchdog = Watchdog::new(Duration::from_secs(20));
    Signal::INTERRUPT
        .set_default()
        .expect("this system has signals");
    let watch = Watch::instead_of_default(Signal::INTERRUPT, u32::MAX).expect("nobody watches");
    let event_loop = EventLoop::new().expect("the system has descriptors");

    let n_exchanged = thread::scope(|scope| {
        let (ours, mut theirs) = UnixStream::pair().expect("the system has descriptors");
        // Elsewhere, so that the loop waits for every answer.
        let answers = move || {
            let mut number = [0; 4];
            while theirs.read_exact(&mut number).is_ok() {
                theirs.write_all(&number).expect("the loop reads it");
            }
        };
        let threads = thread::Builder::new();
        let answering = threads.spawn_scoped(scope, answers);
        let threads = thread::Builder::new();
        let storm = threads.spawn_scoped(scope, || storm(&watch));
        let n_exchanged = event_loop
            .run_until_complete(async {
                let exchange = exchange(ours, || watch.count() < N_SIGNALS);
                gather((exchange, never_early(|| watch.count() < N_SIGNALS)))
                    .await
                    .0
            })
            .expect("no signal is an error of the loop");
        storm.expect("the system has threads");
        answering.expect("the system has threads");
        n_exchanged
    });

    assert!(n_exchanged > 0);
    assert_eq!(watch.end(), N_SIGNALS);
}

/// Each as soon as the one before was counted: the system merges those that come sooner.
fn storm(watch: &Watch) {
    for n_sent in 0..N_SIGNALS {
        kill_process(getpid(), Sent::INT).expect("a process may signal itself");
        while watch.count() == n_sent {
            thread::yield_now();
        }
    }
}

async fn exchange(stream: UnixStream, goes_on: impl Fn() -> bool) -> u32 {
    let stream = evloop::UnixStream::try_from(stream).expect("it can be watched");
    let (read, write) = stream.into_split();
    let (mut reader, writer) = (StreamReader::new(read), StreamWriter::new(write));
    let mut number = 0_u32;
    while goes_on() {
        let bytes = number.to_be_bytes();
        writer
            .write(&bytes)
            .expect("a signal is no error of a write");
        let answer = reader.readexactly(4).await;
        assert_eq!(answer.expect("a signal is no error of a read"), bytes);
        number += 1;
    }
    number
}

async fn never_early(goes_on: impl Fn() -> bool) {
    while goes_on() {
        let (begin, delay) = (SystemClock.now(), Duration::from_millis(2));
        sleep(delay).await;
        let slept = SystemClock.now() - begin;
        assert!(slept >= delay, "a signal ended a sleep");
    }
}
