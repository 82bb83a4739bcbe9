//! Counting over the end of the word.

use std::sync::atomic::Ordering;

use super::Tally;

#[test]
fn the_handler_goes_with_the_last_signal_and_not_before() {
    let tally = Tally::new();
    assert!(tally.claim());

    for most in [1, 2, 3] {
        let first = tally.begin(most);

        for n in 1..=most {
            assert!(tally.is_active(), "before signal {n} of {most}");
            assert_eq!(tally.deliver(), n == most, "signal {n} of {most}");
            assert_eq!(tally.since(first), n);
        }
        assert!(!tally.is_active());
        assert!(tally.deliver(), "one that was on its way");
    }
}

#[test]
fn the_count_wraps() {
    let tally = Tally::new();
    tally.seen.store(u32::MAX, Ordering::SeqCst);

    let first = tally.begin(2);

    assert!(!tally.deliver());
    assert!(tally.deliver());
    assert_eq!(tally.since(first), 2);
}

#[test]
fn one_at_a_time_watches() {
    let tally = Tally::new();

    assert!(tally.claim());
    assert!(!tally.claim());
    tally.release();
    assert!(tally.claim());
}

#[test]
fn who_does_not_watch_is_not_active() {
    let tally = Tally::new();

    tally.begin(2);
    assert!(!tally.is_active());
    assert!(tally.claim());
    assert!(tally.is_active());
    tally.release();
    assert!(!tally.is_active());
}
