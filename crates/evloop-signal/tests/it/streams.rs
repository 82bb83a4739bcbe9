//! Streams of signals.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use evloop_signal::{Disposition, Signal, Signals, Wakeups};

use crate::child::{in_child, killed_in_child};
use crate::foreign::{self, FOREIGN, raise, raise_this};

const INTERRUPT: Signal = Signal::INTERRUPT;
const USER_1: Signal = Signal::USER_1;
const USER_2: Signal = Signal::USER_2;

fn disposition(signal: Signal) -> Disposition {
    signal.disposition().expect("it can be asked")
}

fn all(signals: &mut Signals) -> Vec<Signal> {
    std::iter::from_fn(|| signals.try_next()).collect()
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn every_stream_gets_every_signal() {
    in_child("streams::every_stream_gets_every_signal", || {
        let mut first = Signals::new([USER_1]).unwrap();
        raise_this(USER_1);
        let mut second = Signals::new([USER_1, USER_2]).unwrap();

        raise_this(USER_1);
        raise_this(USER_2);

        assert_eq!(all(&mut first), [USER_1, USER_1]);
        assert_eq!(all(&mut second), [USER_1, USER_2], "not what came before");
        assert!(!second.has_next());
    });
}

#[test]
fn the_last_stream_gives_the_signal_back() {
    killed_in_child("streams::the_last_stream_gives_the_signal_back", || {
        let first = Signals::new([INTERRUPT]).unwrap();
        let mut second = Signals::new([INTERRUPT]).unwrap();
        drop(first);
        raise();
        assert_eq!(second.try_next(), Some(INTERRUPT));
        drop(second);
        assert_eq!(disposition(INTERRUPT), Disposition::Default);

        raise();
    });
}

#[test]
fn an_ignored_signal_is_heard_and_ignored_again() {
    in_child(
        "streams::an_ignored_signal_is_heard_and_ignored_again",
        || {
            foreign::ignore();

            let mut signals = Signals::new([INTERRUPT]).unwrap();
            raise();

            assert_eq!(all(&mut signals), [INTERRUPT]);
            drop(signals);
            assert_eq!(disposition(INTERRUPT), Disposition::Ignored);
            raise();
        },
    );
}

#[test]
fn broken_pipes_are_ignored_again() {
    in_child("streams::broken_pipes_are_ignored_again", || {
        assert_eq!(disposition(Signal::PIPE), Disposition::Ignored);
        drop(Signals::new([Signal::PIPE]).unwrap());
        assert_eq!(disposition(Signal::PIPE), Disposition::Ignored);
    });
}

#[test]
fn fault_f24_a_handler_of_somebody_else_is_a_conflict_and_stays() {
    in_child(
        "streams::fault_f24_a_handler_of_somebody_else_is_a_conflict_and_stays",
        || {
            foreign::handle_this(USER_2);

            let refused = Signals::new([USER_1, USER_2]).unwrap_err();

            assert!(refused.is_taken(), "{refused:?}");
            let text = "failed to watch SIGUSR2: it has a handler of somebody else";
            assert_eq!(refused.to_string(), text);
            assert_eq!(disposition(USER_1), Disposition::Default, "all or nothing");
            raise_this(USER_2);
            assert_eq!(FOREIGN.load(Ordering::SeqCst), 1);
            // It is no reason to refuse others.
            Signals::new([USER_1]).unwrap();
        },
    );
}

#[test]
fn fault_f24_a_handler_that_is_set_over_ours_is_not_undone() {
    in_child(
        "streams::fault_f24_a_handler_that_is_set_over_ours_is_not_undone",
        || {
            let mut signals = Signals::new([USER_1]).unwrap();
            foreign::handle_this(USER_1);

            raise_this(USER_1);
            assert_eq!(signals.try_next(), None);
            assert!(Signals::new([USER_1]).unwrap_err().is_taken());

            drop(signals);
            raise_this(USER_1);
            assert_eq!(FOREIGN.load(Ordering::SeqCst), 2);
        },
    );
}

#[test]
fn fault_f24_a_signal_that_another_thread_gets_is_heard() {
    in_child(
        "streams::fault_f24_a_signal_that_another_thread_gets_is_heard",
        || {
            let mut signals = Signals::new([USER_1]).unwrap();

            thread::scope(|scope| {
                for _ in 0..4 {
                    thread::Builder::new()
                        .spawn_scoped(scope, || raise_this(USER_1))
                        .expect("the system has threads");
                }
            });

            assert_eq!(all(&mut signals), [USER_1; 4]);
        },
    );
}

#[test]
fn fault_f24_a_stream_that_is_made_again_and_again_leaves_nothing() {
    in_child(
        "streams::fault_f24_a_stream_that_is_made_again_and_again_leaves_nothing",
        || {
            let kept = Signals::new([USER_1]).unwrap();
            for _ in 0..1000 {
                let mut signals = Signals::new([USER_1, USER_2]).unwrap();
                raise_this(USER_1);
                assert_eq!(all(&mut signals), [USER_1]);
                drop(signals);
                assert_eq!(disposition(USER_2), Disposition::Default);
                assert_eq!(disposition(USER_1), Disposition::Handled);
            }
            drop(kept);
            assert_eq!(disposition(USER_1), Disposition::Default);
        },
    );
}

#[test]
fn a_flood_of_one_signal_holds_up_no_other() {
    in_child("streams::a_flood_of_one_signal_holds_up_no_other", || {
        let mut signals = Signals::new([USER_1, USER_2, USER_1]).unwrap();
        assert_eq!(signals.heard().count(), 2);
        for _ in 0..1000 {
            raise_this(USER_1);
        }
        raise_this(USER_2);

        let first = [signals.try_next(), signals.try_next()];

        assert!(first.contains(&Some(USER_2)), "{first:?}");
        assert_eq!(all(&mut signals), [USER_1; 999]);
    });
}

#[test]
fn whoever_dispatches_wakes_all_who_wait() {
    in_child("streams::whoever_dispatches_wakes_all_who_wait", || {
        let mut first = Signals::new([USER_1]).unwrap();
        let mut second = Signals::new([USER_1]).unwrap();
        let (mut one, mut other) = (pin!(first.next()), pin!(second.next()));
        let wakes = [Arc::<Wakes>::default(), Arc::<Wakes>::default()];
        let wakers = wakes.clone().map(Waker::from);
        let [mut one_cx, mut other_cx] = wakers.each_ref().map(Context::from_waker);
        assert!(one.as_mut().poll(&mut one_cx).is_pending());
        assert!(other.as_mut().poll(&mut other_cx).is_pending());

        raise_this(USER_1);
        Wakeups::of_process().unwrap().dispatch();

        assert_eq!(wakes.map(|wakes| wakes.0.load(Ordering::SeqCst)), [1, 1]);
        assert_eq!(one.poll(&mut one_cx), Poll::Ready(Some(USER_1)));
        assert_eq!(other.poll(&mut other_cx), Poll::Ready(Some(USER_1)));
    });
}

#[test]
fn a_wait_that_is_dropped_has_taken_no_signal() {
    in_child(
        "streams::a_wait_that_is_dropped_has_taken_no_signal",
        || {
            let mut signals = Signals::new([USER_1]).unwrap();
            {
                let mut waiting = pin!(signals.next());
                let mut cx = Context::from_waker(Waker::noop());
                assert!(waiting.as_mut().poll(&mut cx).is_pending());
                raise_this(USER_1);
            }
            assert_eq!(all(&mut signals), [USER_1]);
        },
    );
}

#[test]
fn a_stream_of_no_signals_has_ended() {
    let mut signals = Signals::new([]).unwrap();
    let mut cx = Context::from_waker(Waker::noop());

    assert_eq!(pin!(signals.next()).poll(&mut cx), Poll::Ready(None));
    assert!(signals.wakeups().is_none());
}
