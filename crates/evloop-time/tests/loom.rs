//! Explores the models of the inbox and of the driver for all threads, which run the shipped code:
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p evloop-time --release --test loom`.
#![cfg(loom)]

use std::sync::atomic::Ordering;

use evloop_fixtures::models::explore;
use evloop_time::loom_models;

#[test]
fn orders_meet_an_owner_that_takes_all() {
    explore(loom_models::orders_meet_an_owner_that_takes_all);
}

#[test]
fn orders_meet_an_owner_that_takes_one() {
    explore(loom_models::orders_meet_an_owner_that_takes_one);
}

#[test]
fn an_earlier_deadline_meets_an_owner_that_waits() {
    explore(loom_models::an_earlier_deadline_meets_an_owner_that_waits);
}

#[test]
fn an_owner_that_waits_is_helped_by_another_thread() {
    explore(loom_models::an_owner_that_waits_is_helped_by_another_thread);
}

#[test]
fn a_fire_meets_a_reset() {
    explore(loom_models::a_fire_meets_a_reset);
}

#[test]
fn a_fire_meets_a_poll() {
    explore(loom_models::a_fire_meets_a_poll);
}

#[test]
fn a_close_meets_an_insertion() {
    explore(loom_models::a_close_meets_an_insertion);
}

#[test]
fn a_move_to_an_earlier_deadline_meets_an_owner_that_waits() {
    explore(loom_models::a_move_to_an_earlier_deadline_meets_an_owner_that_waits);
}

#[test]
fn a_waker_named_late_meets_an_earlier_deadline() {
    explore(loom_models::a_waker_named_late_meets_an_earlier_deadline);
}

#[test]
fn a_fire_meets_an_older_reading_of_the_clock() {
    explore(loom_models::a_fire_meets_an_older_reading_of_the_clock);
}

#[test]
fn a_close_meets_a_poll() {
    explore(loom_models::a_close_meets_a_poll);
}

#[test]
fn an_impatient_helper_meets_an_owner_that_turns() {
    explore(loom_models::an_impatient_helper_meets_an_owner_that_turns);

    assert!(loom_models::GAVE_UP.load(Ordering::Relaxed));
}
