//! The transitions of the wake-up word.

use super::{Notify, Sleep, WakeState};

#[test]
fn only_the_first_notifier_of_a_wait_interrupts() {
    let state = WakeState::new();
    assert_eq!(state.notify(), Notify::Recorded);
    state.begin_turn();

    assert_eq!(state.fall_asleep(), Sleep::MayBlock);
    assert_eq!(state.notify(), Notify::Interrupt);
    assert_eq!(state.notify(), Notify::Recorded);
    state.wake_up();

    assert_eq!(state.notify(), Notify::Recorded);
}

#[test]
fn any_number_of_notifications_costs_one_wait_that_does_not_block() {
    let state = WakeState::new();
    for _ in 0..3 {
        state.notify();
    }

    assert_eq!(state.fall_asleep(), Sleep::Notified);
    assert_eq!(state.fall_asleep(), Sleep::MayBlock);
}

#[test]
fn a_notification_that_ended_a_wait_does_not_end_the_next() {
    let state = WakeState::new();
    state.fall_asleep();
    state.notify();
    state.wake_up();

    assert_eq!(state.fall_asleep(), Sleep::MayBlock);
}
