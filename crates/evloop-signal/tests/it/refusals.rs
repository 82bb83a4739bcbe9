//! Dispositions that are not ours to change.

use std::sync::atomic::Ordering;

use evloop_signal::{Disposition, Signal, Watch};

use crate::child::in_child;
use crate::foreign::{self, FOREIGN, raise};

const INTERRUPT: Signal = Signal::INTERRUPT;

#[test]
fn a_signal_has_one_watch_at_a_time() {
    in_child("refusals::a_signal_has_one_watch_at_a_time", || {
        let watch = Watch::instead_of_default(INTERRUPT, 2).unwrap();

        let refused = Watch::instead_of_default(INTERRUPT, 2).unwrap_err();

        assert!(refused.is_watched(), "{refused:?}");
        assert_eq!(
            refused.to_string(),
            "failed to watch SIGINT: it is watched already"
        );
        raise();
        assert_eq!(watch.count(), 1, "the first one goes on");
        drop(watch);
        Watch::instead_of_default(INTERRUPT, 2).unwrap();
    });
}

#[test]
fn an_ignored_signal_stays_ignored() {
    in_child("refusals::an_ignored_signal_stays_ignored", || {
        foreign::ignore();

        let refused = Watch::instead_of_default(INTERRUPT, 2).unwrap_err();

        assert!(refused.is_taken(), "{refused:?}");
        assert_eq!(refused.to_string(), "failed to watch SIGINT: it is ignored");
        assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Ignored);
        raise();
    });
}

#[test]
fn an_ignored_signal_gets_its_default_back_when_that_is_asked_for() {
    in_child(
        "refusals::an_ignored_signal_gets_its_default_back_when_that_is_asked_for",
        || {
            foreign::ignore();

            INTERRUPT.set_default().unwrap();

            assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Default);
            let watch = Watch::instead_of_default(INTERRUPT, 2).unwrap();
            raise();
            assert_eq!(watch.count(), 1);
        },
    );
}

#[test]
fn a_handler_of_somebody_else_stays() {
    in_child("refusals::a_handler_of_somebody_else_stays", || {
        foreign::handle();

        for _ in 0..2 {
            let refused = Watch::instead_of_default(INTERRUPT, 2).unwrap_err();
            assert!(refused.is_taken() && !refused.is_watched(), "{refused:?}");
        }

        raise();
        assert_eq!(FOREIGN.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_disposition_that_was_set_meanwhile_is_not_undone() {
    in_child(
        "refusals::a_disposition_that_was_set_meanwhile_is_not_undone",
        || {
            let watch = Watch::instead_of_default(INTERRUPT, 2).unwrap();
            foreign::handle();
            raise();
            assert_eq!(watch.end(), 0);
            raise();
            assert_eq!(FOREIGN.load(Ordering::SeqCst), 2);

            foreign::ignore();
            assert_eq!(INTERRUPT.disposition().unwrap(), Disposition::Ignored);
        },
    );
}
