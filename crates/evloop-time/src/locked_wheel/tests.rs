//! What only happens while another thread holds the lock, which takes no user code.

use std::task::Waker;

use super::{LockedWheel, Patience};
use crate::epoch::START;

#[test]
fn an_impatient_advance_gives_up_only_while_the_lock_is_taken() {
    let wheel = LockedWheel::new();
    let key = wheel.insert(START + 1, Waker::noop().clone());
    let mut woken = Vec::new();

    let lock = wheel.lock();
    assert!(!wheel.advance(START + 1, &mut woken, Patience::GiveUp));
    assert_eq!((woken.len(), wheel.try_len()), (0, None));
    drop(lock);

    assert!(wheel.advance(START + 1, &mut woken, Patience::GiveUp));
    assert_eq!((woken.len(), wheel.try_len()), (1, Some(0)));
    assert!(key.is_ok());
}

#[test]
fn the_earliest_deadline_is_known_without_the_lock() {
    let wheel = LockedWheel::new();
    let key = wheel.insert(START + 9, Waker::noop().clone());
    let key = key.expect("it is open");
    assert_eq!(wheel.with(|wheel| wheel.reset(key, START + 5)), Some(true));

    let lock = wheel.lock();

    assert_eq!(wheel.earliest(), START + 5);
    drop(lock);
}
