//! Ending the process by a signal.

use evloop_signal::{Signal, Watch};

use crate::child::killed_in_child;
use crate::foreign;

#[test]
fn the_process_is_killed_by_the_signal() {
    killed_in_child("ending::the_process_is_killed_by_the_signal", || {
        Signal::INTERRUPT.kill_this_process()
    });
}

#[test]
fn it_is_killed_though_the_signal_is_watched() {
    killed_in_child("ending::it_is_killed_though_the_signal_is_watched", || {
        let _watch = Watch::instead_of_default(Signal::INTERRUPT, 10).unwrap();
        Signal::INTERRUPT.kill_this_process()
    });
}

#[test]
fn it_is_killed_though_the_signal_is_ignored_and_blocked() {
    killed_in_child(
        "ending::it_is_killed_though_the_signal_is_ignored_and_blocked",
        || {
            foreign::ignore();
            foreign::block();
            Signal::INTERRUPT.kill_this_process()
        },
    );
}
