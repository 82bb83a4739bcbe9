//! Waiting for a signal. The process is the test's own: nobody else sends it any.

use std::cell::{Cell, RefCell};
use std::thread;

use evloop::{Signal, gather, yield_now};
use evloop_signal::{Signals, Wakeups};
use evloop_test::CancelAtEachAwait;
use evloop_tests::survives_in_child;
use rustix::process::{Signal as Sent, getpid, kill_process};

use crate::lent::Lent;

/// A stream that outlives the wait, how many signals were sent, and how many it has given.
struct State {
    stream: RefCell<Option<Signals>>,
    n_sent: Cell<usize>,
    n_taken: Cell<usize>,
}

impl State {
    fn new() -> Self {
        Self {
            stream: RefCell::new(Some(stream())),
            n_sent: Cell::new(0),
            n_taken: Cell::new(0),
        }
    }

    /// The signal is delivered, and who waits is woken, when it returns.
    fn send(&self) {
        let mut delivered = stream();
        kill_process(getpid(), Sent::USR1).expect("a process may signal itself");
        while delivered.try_next().is_none() {
            thread::yield_now();
        }
        self.n_sent.set(self.n_sent.get() + 1);
        let wakeups = Wakeups::of_process().expect("there is one");
        wakeups.dispatch();
    }
}

fn stream() -> Signals {
    Signals::new([Signal::USER_1]).expect("nobody else handles it")
}

#[test]
fn a_wait_for_a_signal_that_is_given_up_has_taken_none() {
    survives_in_child(
        "signals::a_wait_for_a_signal_that_is_given_up_has_taken_none",
        || {
            let mut n_left_by_strikes = 0;
            let report = CancelAtEachAwait::new().check_with(
                State::new,
                async |state: &State| {
                    let lent = state.stream.take().expect("it was given back");
                    let mut stream = Lent::new(lent, |stream| {
                        state.stream.replace(Some(stream));
                    });
                    let sending = async {
                        // Sent while it waits, and once more before it looks.
                        for _ in 0..3 {
                            yield_now().await;
                            state.send();
                            state.send();
                        }
                    };
                    let taking = async {
                        while state.n_taken.get() < 6 {
                            assert_eq!(stream.next().await, Some(Signal::USER_1));
                            state.n_taken.set(state.n_taken.get() + 1);
                        }
                    };
                    gather((taking, sending)).await;
                },
                |state, _| {
                    let mut stream = state.stream.take().expect("it was given back");
                    let n_left = std::iter::from_fn(|| stream.try_next()).count();
                    assert_eq!(state.n_taken.get() + n_left, state.n_sent.get());
                    n_left_by_strikes += n_left;
                },
            );
            assert!(report.n_suspensions > 0);
            assert!(
                n_left_by_strikes > 0,
                "no strike came before a signal was taken"
            );
        },
    );
}
