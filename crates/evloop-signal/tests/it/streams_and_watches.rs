//! A watch of a signal of which there is a stream as well.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use evloop_signal::{Disposition, Signal, Signals, Watch};

use crate::child::{in_child, killed_in_child};
use crate::foreign::{self, raise};

const INTERRUPT: Signal = Signal::INTERRUPT;

fn disposition() -> Disposition {
    INTERRUPT.disposition().expect("it can be asked")
}

fn watch() -> Watch {
    Watch::instead_of_default(INTERRUPT, 2).expect("nobody watches")
}

fn stream() -> Signals {
    Signals::new([INTERRUPT]).expect("nobody else handles it")
}

#[test]
fn a_watch_stands_back_while_there_is_a_stream() {
    in_child(
        "streams_and_watches::a_watch_stands_back_while_there_is_a_stream",
        || {
            let watch = watch();
            raise();
            let mut stream = stream();
            for _ in 0..5 {
                raise();
            }
            assert_eq!(watch.count(), 1);
            let heard = std::iter::from_fn(|| stream.try_next()).count();
            assert_eq!(heard, 5);

            drop(stream);
            raise();

            assert_eq!(watch.count(), 2);
            assert_eq!(disposition(), Disposition::Default, "that was the last");
        },
    );
}

#[test]
fn a_watch_below_a_stream_acts_once_that_is_gone() {
    killed_in_child(
        "streams_and_watches::a_watch_below_a_stream_acts_once_that_is_gone",
        || {
            let stream = stream();
            let watch = watch();
            raise();
            assert_eq!(watch.count(), 0);
            drop(stream);
            assert_eq!(disposition(), Disposition::Handled);
            raise();
            raise();
            assert_eq!(watch.count(), 2);

            raise();
        },
    );
}

#[test]
fn a_stream_goes_on_when_the_watch_ends() {
    in_child(
        "streams_and_watches::a_stream_goes_on_when_the_watch_ends",
        || {
            let (watch, mut stream) = (watch(), stream());
            assert_eq!(watch.end(), 0);
            raise();
            assert_eq!(stream.try_next(), Some(INTERRUPT));
            drop(stream);
            assert_eq!(disposition(), Disposition::Default);
        },
    );
}

#[test]
fn a_stream_takes_a_signal_whose_watch_has_counted_all() {
    in_child(
        "streams_and_watches::a_stream_takes_a_signal_whose_watch_has_counted_all",
        || {
            let watch = watch();
            raise();
            raise();
            let mut stream = stream();
            raise();
            assert_eq!(stream.try_next(), Some(INTERRUPT));
            assert_eq!(watch.count(), 2);
            drop(stream);
            assert_eq!(disposition(), Disposition::Default, "not the watch's again");
            drop(watch);
            assert_eq!(disposition(), Disposition::Default);
        },
    );
}

#[test]
fn a_watch_is_refused_where_the_stream_stands_for_an_ignored_signal() {
    in_child(
        "streams_and_watches::a_watch_is_refused_where_the_stream_stands_for_an_ignored_signal",
        || {
            foreign::ignore();
            let stream = stream();

            let refused = Watch::instead_of_default(INTERRUPT, 2).unwrap_err();

            assert_eq!(refused.to_string(), "failed to watch SIGINT: it is ignored");
            drop(stream);
            assert_eq!(disposition(), Disposition::Ignored);
        },
    );
}

#[test]
fn a_stream_that_ends_below_a_new_handler_leaves_that() {
    in_child(
        "streams_and_watches::a_stream_that_ends_below_a_new_handler_leaves_that",
        || {
            let (watch, stream) = (watch(), stream());
            foreign::handle();
            drop(stream);
            drop(watch);
            assert_eq!(disposition(), Disposition::Handled);
            raise();
        },
    );
}

/// The handler takes itself away after the last signal of a watch, while streams come and go.
#[test]
fn streams_that_come_and_go_while_watches_end_leave_the_default() {
    const N_ROUNDS: u32 = 20_000;
    in_child(
        "streams_and_watches::streams_that_come_and_go_while_watches_end_leave_the_default",
        || {
            let is_over = AtomicBool::new(false);
            let (n_counted, n_heard) = thread::scope(|scope| {
                let streams = || {
                    let mut n_heard = 0;
                    while !is_over.load(Ordering::SeqCst) {
                        n_heard += u32::from(stream().try_next().is_some());
                    }
                    n_heard
                };
                let threads = thread::Builder::new();
                let streaming = threads
                    .spawn_scoped(scope, streams)
                    .expect("the system has threads");
                let mut n_counted = 0;
                for _ in 0..N_ROUNDS {
                    let watch = Watch::instead_of_default(INTERRUPT, 1).expect("nobody watches");
                    raise();
                    n_counted += watch.end();
                }
                is_over.store(true, Ordering::SeqCst);
                (n_counted, streaming.join().expect("it ends"))
            });

            assert!(n_counted > 0 && n_counted < N_ROUNDS, "{n_counted}");
            assert!(n_heard <= N_ROUNDS - n_counted, "{n_heard}");
            assert_eq!(disposition(), Disposition::Default);
        },
    );
}
