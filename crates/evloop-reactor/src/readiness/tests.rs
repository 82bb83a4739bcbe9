//! Readiness words and their generations.

use super::{Readiness, ShortTransfer};

#[test]
fn a_fresh_direction_is_worth_one_attempt_but_not_ready() {
    let readiness = Readiness::new();
    let seen = readiness.load();

    assert!(seen.is_worth_trying());
    assert!(!seen.is_ready());

    readiness.clear(seen);
    assert!(!readiness.load().is_worth_trying());
}

#[test]
fn museum_bm24_events_between_eagain_and_clear_survive_it_at_every_power_of_two() {
    for exponent in [0, 1, 3, 7, 8, 15, 16, 20] {
        let readiness = Readiness::new();
        readiness.set_ready(ShortTransfer::MeansEmpty);
        let seen = readiness.load();

        for _ in 0..1u64 << exponent {
            readiness.set_ready(ShortTransfer::MeansEmpty);
        }
        readiness.clear(seen);

        assert!(
            readiness.load().is_ready(),
            "2^{exponent} events were erased"
        );
    }
}

#[test]
fn museum_bm25_the_generation_wraps_without_touching_the_flags() {
    let readiness = Readiness::close_to_wrapping(2);
    let before = readiness.load();

    for step in 0..5 {
        readiness.set_ready(ShortTransfer::MeansEmpty);
        readiness.clear(before);
        let now = readiness.load();
        assert!(now.is_ready(), "erased by a stale clear at step {step}");
        assert!(!now.is_gone());
    }

    readiness.clear(readiness.load());
    assert!(!readiness.load().is_worth_trying());
}

#[test]
fn a_short_transfer_clears_unless_the_end_was_seen() {
    let readiness = Readiness::new();
    readiness.set_ready(ShortTransfer::MeansEmpty);
    readiness.clear_after_short(readiness.load());
    assert!(!readiness.load().is_ready());

    readiness.set_ready(ShortTransfer::MeansNothing);
    readiness.clear_after_short(readiness.load());
    assert!(readiness.load().is_ready());
}

#[test]
fn an_end_stays_seen_over_later_events_until_an_operation_would_block() {
    let readiness = Readiness::new();
    readiness.set_ready(ShortTransfer::MeansNothing);
    readiness.set_ready(ShortTransfer::MeansEmpty);
    readiness.clear_after_short(readiness.load());
    assert!(readiness.load().is_ready());

    readiness.clear(readiness.load());
    assert!(!readiness.load().is_ready());
    readiness.set_ready(ShortTransfer::MeansEmpty);
    readiness.clear_after_short(readiness.load());
    assert!(!readiness.load().is_ready());
}

#[test]
fn gone_survives_every_transition() {
    let readiness = Readiness::new();
    readiness.set_gone();
    readiness.set_ready(ShortTransfer::MeansEmpty);
    readiness.clear_after_short(readiness.load());
    readiness.clear(readiness.load());

    assert!(readiness.load().is_gone());
}
