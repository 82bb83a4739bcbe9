//! Counting, and what comes after the last signal that is counted.

use std::thread;

use evloop_signal::{Disposition, Signal, Watch, is_main_thread};

use crate::child::{in_child, killed_in_child};
use crate::foreign::raise;

const INTERRUPT: Signal = Signal::INTERRUPT;

#[test]
fn signals_are_counted_while_the_watch_lives() {
    in_child(
        "watching::signals_are_counted_while_the_watch_lives",
        || {
            assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Default);
            let watch = Watch::instead_of_default(INTERRUPT, 10).unwrap();
            assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Handled);
            assert_eq!(watch.count(), 0);
            assert_eq!(watch.signal(), INTERRUPT);

            raise();
            raise();

            assert_eq!(watch.count(), 2);
            assert_eq!(watch.end(), 2);
            assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Default);

            let next = Watch::instead_of_default(INTERRUPT, 10).unwrap();
            assert_eq!(next.count(), 0, "a new watch counts from its beginning");
            raise();
            assert_eq!(next.count(), 1);
        },
    );
}

#[test]
fn every_thread_counts_for_the_process() {
    in_child("watching::every_thread_counts_for_the_process", || {
        let watch = Watch::instead_of_default(INTERRUPT, 10).unwrap();

        thread::scope(|scope| {
            for _ in 0..4 {
                thread::Builder::new()
                    .spawn_scoped(scope, raise)
                    .expect("the system has threads");
            }
        });

        assert_eq!(watch.count(), 4);
    });
}

#[test]
fn a_dropped_watch_lets_the_signal_kill_again() {
    killed_in_child(
        "watching::a_dropped_watch_lets_the_signal_kill_again",
        || {
            let watch = Watch::instead_of_default(INTERRUPT, 10).unwrap();
            raise();
            drop(watch);

            raise();
        },
    );
}

#[test]
fn the_default_comes_back_with_the_last_signal() {
    in_child(
        "watching::the_default_comes_back_with_the_last_signal",
        || {
            let watch = Watch::instead_of_default(INTERRUPT, 2).unwrap();

            raise();
            assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Handled);
            raise();

            assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Default);
            assert_eq!(watch.end(), 2);
            assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Default);
        },
    );
}

#[test]
fn one_signal_more_than_most_kills_though_nobody_looks() {
    killed_in_child(
        "watching::one_signal_more_than_most_kills_though_nobody_looks",
        || {
            let _watch = Watch::instead_of_default(INTERRUPT, 2).unwrap();
            raise();
            raise();
            raise();
        },
    );
}

#[test]
fn most_of_zero_is_one() {
    in_child("watching::most_of_zero_is_one", || {
        let watch = Watch::instead_of_default(INTERRUPT, 0).unwrap();
        raise();
        assert_eq!(watch.count(), 1);
        assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Default);
    });
}

#[test]
fn a_thread_that_was_started_is_not_the_main_thread() {
    let started = thread::Builder::new().spawn(is_main_thread).unwrap();
    assert!(!started.join().unwrap());
}
