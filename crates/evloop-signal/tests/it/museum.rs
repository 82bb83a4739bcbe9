//! Bugs of other runtimes.

use std::fs::File;
use std::io;

use evloop_signal::{Signal, Watch};

use crate::child::in_child;
use crate::foreign::raise;

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
