//! Recorded counts against counted ones.

use super::{compare, parse, total};

#[test]
fn half_a_percent_is_noise_and_more_is_not() {
    let recorded = parse("# rustc 1.95.0\nspawn 10000\nyield 1000\n");

    assert_eq!(
        compare(&recorded, &parse("spawn 10050\nyield 995\n")),
        [""; 0]
    );
    assert_eq!(
        compare(&recorded, &parse("spawn 10051\nyield 1000\n")),
        ["`spawn` went from 10000 to 10051 instructions"]
    );
}

#[test]
fn a_case_that_came_or_went_is_told() {
    assert_eq!(
        compare(&parse("spawn 10\n"), &parse("yield 10\n")),
        ["`spawn` is gone", "`yield` is new"]
    );
}

#[test]
fn the_sum_is_read_from_a_profile() {
    assert_eq!(
        total("events: Ir\nsummary: 123\n").expect("there is a sum"),
        123
    );
    assert_eq!(
        total("fn=(1)\n1 2\n\ntotals: 45\n").expect("there is a sum"),
        45
    );
    assert!(total("events: Ir\n").is_err());
}
