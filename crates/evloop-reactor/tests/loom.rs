//! Explores the models of the cross-thread protocols, which run the shipped code:
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p evloop-reactor --release --test loom`.
#![cfg(loom)]

use evloop_fixtures::models::explore;
use evloop_reactor::loom_models;

#[test]
fn pushes_of_two_notifiers_are_seen_before_the_owner_blocks_for_good() {
    explore(loom_models::pushes_of_two_notifiers_are_seen_before_the_owner_blocks_for_good);
}

#[test]
fn the_owner_need_not_begin_its_turns() {
    explore(loom_models::the_owner_need_not_begin_its_turns);
}

#[test]
fn a_notification_races_the_drop_of_the_reactor() {
    explore(loom_models::a_notification_races_the_drop_of_the_reactor);
}

#[test]
fn a_clear_never_erases_the_event_that_came_after_the_attempt() {
    explore(loom_models::a_clear_never_erases_the_event_that_came_after_the_attempt);
}

#[test]
fn a_cancelled_waiter_never_takes_the_event_of_another() {
    explore(loom_models::a_cancelled_waiter_never_takes_the_event_of_another);
}

#[test]
fn nobody_waits_for_a_reactor_that_is_gone() {
    explore(loom_models::nobody_waits_for_a_reactor_that_is_gone);
}

#[test]
fn an_event_meets_the_waiter_that_begins_to_wait() {
    explore(loom_models::an_event_meets_the_waiter_that_begins_to_wait);
}

#[test]
fn events_meet_a_waiter_that_polls_again() {
    explore(loom_models::events_meet_a_waiter_that_polls_again);
}
