//! When help is called, and how often the clock is looked at.

use super::{LASTING, PATIENCE, Pace, Stride, Thrift, WORTH, WORTH_WAKING};

/// Counts the steps until it is time to look.
fn steps_until_look(stride: &mut Stride) -> u32 {
    let mut n_steps = 1;
    while !stride.step() {
        n_steps += 1;
    }
    n_steps
}

#[test]
fn steps_are_looked_at_the_more_rarely_the_less_they_cost() {
    for (cost, expected) in [(30, 32), (1_000, 8), (3_500, 4), (20_000, 1)] {
        let mut stride = Stride::new();
        let mut now = 1_000_000;
        assert_eq!(steps_until_look(&mut stride), 1);
        stride.look(now);

        for _ in 0..3 {
            now += cost * u64::from(steps_until_look(&mut stride));
            assert_eq!(stride.look(now), cost);
        }

        assert_eq!(steps_until_look(&mut stride), expected, "{cost} ns a step");
    }
}

#[test]
fn a_rest_is_not_the_cost_of_a_step() {
    let mut stride = Stride::new();
    stride.look(1_000);
    stride.look(1_100);
    stride.rest();

    assert_eq!(stride.look(9_000_000), 100);
    assert_eq!(steps_until_look(&mut stride), 1);
    assert_eq!(stride.look(9_007_000), 7_000);
}

#[test]
fn help_is_called_for_a_queue_that_stays_long_and_holds_much() {
    let pace = Pace::new();
    pace.set_cost(WORTH_WAKING / 10);

    assert!(!pace.is_behind(10, 1_000));
    assert!(!pace.is_behind(10, 1_000 + PATIENCE - 1));
    assert!(!pace.is_behind(9, 1_000 + PATIENCE));
    assert!(!pace.is_behind(10, 1_000 + PATIENCE + 1));
    assert!(pace.is_behind(10, 1_000 + 2 * PATIENCE));
}

#[test]
fn a_queue_that_was_empty_in_between_has_not_been_long() {
    let pace = Pace::new();
    pace.set_cost(WORTH_WAKING);
    assert!(!pace.is_behind(10, 1_000));

    pace.run_dry();

    assert!(!pace.is_behind(10, 1_000 + PATIENCE));
    assert!(pace.is_behind(10, 1_000 + 2 * PATIENCE));
}

#[test]
fn help_is_called_for_small_jobs_that_come_again_and_again() {
    let pace = Pace::new();
    pace.set_cost(30);

    let begun = 1_000;
    let calls = |now| pace.is_behind(100, now);
    let times = (0..).map(|n| begun + n * PATIENCE);
    let first_call = times.take(20).find(|now| calls(*now));

    assert_eq!(first_call, Some(begun + LASTING.next_multiple_of(PATIENCE)));
}

#[test]
fn stealing_has_paid_if_it_gave_enough_to_do_for_each_job() {
    let thrift = Thrift::new();
    thrift.judge(100, 100 * WORTH, 1_000_000);
    assert!(!thrift.is_bad(1_000_000));

    thrift.judge(100, 100 * WORTH - 1, 1_000_000);
    assert!(thrift.is_bad(1_000_000));
}
