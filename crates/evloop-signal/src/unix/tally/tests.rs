//! Counting over the end of the word.

use super::Tally;

#[test]
fn the_handler_goes_with_the_last_signal_and_not_before() {
    let tally = Tally::new();

    for most in [1, 2, 3] {
        let first = tally.begin(7, most);

        for n in 1..=most {
            let delivery = tally.deliver();
            assert_eq!(delivery.is_last, n == most, "signal {n} of {most}");
            assert_eq!(delivery.wake, 7);
            assert_eq!(tally.since(first), n);
        }
        assert!(tally.deliver().is_last, "one that was on its way");
    }
}

#[test]
fn the_count_wraps() {
    let tally = Tally::new();
    tally
        .seen
        .store(u32::MAX, std::sync::atomic::Ordering::SeqCst);

    let first = tally.begin(7, 2);

    assert!(!tally.deliver().is_last);
    assert!(tally.deliver().is_last);
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
