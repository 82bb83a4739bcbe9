//! Wakers that use signals themselves while they are cloned.
//!
//! # Invariants
//!
//! 1. The waker of the table below has no data.

#![expect(
    unsafe_code,
    reason = "a waker whose clone does something has a table of its own"
)]

use std::pin::Pin;
use std::ptr;
use std::task::{Context, RawWaker, RawWakerVTable, Waker};

use evloop_signal::{Signal, Signals, Wakeups};
use futures_core::Stream;

use crate::child::in_child;
use crate::foreign::raise_this;

static REENTERS: RawWakerVTable = RawWakerVTable::new(
    |_| {
        reenter();
        RawWaker::new(ptr::null(), &REENTERS)
    },
    |_| (),
    |_| (),
    |_| reenter(),
);

/// Comes and goes in the list of those who wait.
fn reenter() {
    let mut signals = Signals::new([Signal::USER_2]).expect("it is free");
    let polled = Pin::new(&mut signals).poll_next(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
}

#[test]
fn museum_bm78_a_waker_that_uses_signals_while_it_is_cloned_does_not_deadlock() {
    in_child(
        "hostile::museum_bm78_a_waker_that_uses_signals_while_it_is_cloned_does_not_deadlock",
        || {
            // SAFETY: (1) the functions of the table use no data.
            let waker = unsafe { Waker::new(ptr::null(), &REENTERS) };
            let mut signals = Signals::new([Signal::USER_1]).expect("it is free");
            let mut cx = Context::from_waker(&waker);
            assert!(Pin::new(&mut signals).poll_next(&mut cx).is_pending());

            raise_this(Signal::USER_1);
            Wakeups::of_process().expect("it is there").dispatch();

            assert_eq!(signals.try_next(), Some(Signal::USER_1));
        },
    );
}
