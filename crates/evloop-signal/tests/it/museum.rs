//! Bugs of other runtimes.

use std::fs::File;
use std::io;

use evloop_signal::{Signal, Signals, Watch};

use crate::child::in_child;
use crate::foreign::{raise, raise_this};

/// More than the pipe holds, which is 64 KiB on the systems that are known.
const N_SIGNALS: u32 = 70_000;

#[test]
fn museum_bm96_a_full_descriptor_loses_no_signal_and_touches_no_errno() {
    in_child(
        "museum::museum_bm96_a_full_descriptor_loses_no_signal_and_touches_no_errno",
        || {
            let watch = Watch::instead_of_default(Signal::INTERRUPT, u32::MAX).unwrap();
            for _ in 0..N_SIGNALS {
                raise();
            }
            assert_eq!(watch.count(), N_SIGNALS);

            // The handler's `write` fails now with another error than this.
            File::open("/nowhere/at/all").unwrap_err();
            raise();
            let errno = io::Error::last_os_error();

            assert_eq!(errno.kind(), io::ErrorKind::NotFound);
            assert_eq!(watch.count(), N_SIGNALS + 1);
        },
    );
}

#[test]
fn museum_bm96_each_of_many_mixed_signals_is_seen_though_nobody_reads_the_descriptor() {
    const MIXED: [Signal; 6] = [
        Signal::USER_1,
        Signal::CHILD,
        Signal::INTERRUPT,
        Signal::TERMINATE,
        Signal::WINDOW_CHANGE,
        Signal::HANGUP,
    ];
    const N_ROUNDS: usize = 100_000 / MIXED.len();
    in_child(
        "museum::museum_bm96_each_of_many_mixed_signals_is_seen_though_nobody_reads_the_descriptor",
        || {
            let mut signals = Signals::new(MIXED).unwrap();
            // Fills the descriptor.
            let filler = Signals::new([Signal::USER_2]).unwrap();
            for _ in 0..N_SIGNALS {
                raise_this(Signal::USER_2);
            }

            for _ in 0..N_ROUNDS {
                MIXED.into_iter().for_each(raise_this);
            }

            let mut seen = [0; MIXED.len()];
            while let Some(signal) = signals.try_next() {
                let place = MIXED.iter().position(|mixed| *mixed == signal);
                seen[place.expect("only what was asked for comes")] += 1;
            }
            assert_eq!(seen, [N_ROUNDS; MIXED.len()], "not only at least once");
            drop(filler);
        },
    );
}
