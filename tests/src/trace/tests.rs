//! The forms in which a trace is written and compared.

use super::{Trace, difference};
use std::time::Duration;

#[test]
fn a_timed_event_begins_with_whole_milliseconds() {
    let trace = Trace::timed(|| Duration::from_micros(30_900));

    trace.event("a ends");

    assert_eq!(trace.lines(), ["30 ms: a ends"]);
}

#[test]
fn a_difference_shows_both_sides_between_what_is_equal() {
    let recorded = ["start", "a", "b", "end"];
    let here = ["start", "b", "a", "c", "end"];

    assert_eq!(
        difference(&recorded, &here),
        "  start\n- a\n- b\n+ b\n+ a\n+ c\n  end\n"
    );
}

#[test]
fn a_trace_that_stops_early_is_a_difference() {
    assert_eq!(difference(&["a", "b", "b"], &["a", "b"]), "  a\n  b\n- b\n");
}

#[test]
#[should_panic(expected = "- a\n+ b")]
fn another_trace_fails_the_comparison() {
    let trace = Trace::new();
    trace.event("b");

    trace.assert_matches("# recorded\na\n");
}

#[test]
fn what_happens_at_the_same_time_may_be_compared_in_any_order() {
    let trace = Trace::new();
    for event in ["0 ms: b", "0 ms: a", "5 ms: c"] {
        trace.event(event);
    }

    trace.assert_matches_at_each_time("# who\n0 ms: a\n0 ms: b\n5 ms: c\n");
    let moved = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        trace.assert_matches_at_each_time("0 ms: a\n5 ms: b\n5 ms: c\n");
    }));
    assert!(moved.is_err(), "at another time it is another event");
}
