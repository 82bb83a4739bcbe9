//! The condition.

use std::panic::{AssertUnwindSafe, catch_unwind};

use evloop_sync::{Condition, ConditionWait, Lock};

use crate::support::Polled;

type Waiting<'a, T> = Polled<ConditionWait<'a, 'a, T>>;

fn waits<'a, T>(changed: &'a Condition, lock: &'a Lock<T>) -> Waiting<'a, T> {
    let guard = lock.try_acquire().expect("who waits has unlocked");
    Polled::waiting(changed.wait(guard))
}

#[test]
fn the_notified_go_on_one_by_one_with_the_lock_and_are_woken_once() {
    let (lock, changed) = (Lock::new(()), Condition::new());
    let [first, second, third] = [(); 3].map(|()| waits(&changed, &lock));

    let guard = lock.try_acquire().unwrap();
    changed.notify(2, &guard);
    assert_eq!(
        first.n_wakes() + second.n_wakes(),
        0,
        "the lock is not free"
    );
    drop(guard);

    let guard = first.woken();
    assert!(lock.locked());
    assert_eq!(second.n_wakes(), 0);
    drop(guard);
    drop(second.woken());
    assert_eq!(third.n_wakes(), 0);
    assert_eq!(format!("{changed:?}"), "<Condition [waiters:1]>");
}

#[test]
fn all_are_notified_and_none_twice() {
    let (lock, changed) = (Lock::new(0), Condition::new());
    let waiting: Vec<_> = (0..100).map(|_| waits(&changed, &lock)).collect();

    changed.notify_all(&lock.try_acquire().unwrap());

    for waits in waiting {
        *waits.woken() += 1;
    }
    assert_eq!(lock.into_inner(), 100);
}

#[test]
fn a_notification_that_nobody_waits_for_is_not_stored() {
    let (lock, changed) = (Lock::new(()), Condition::new());
    changed.notify(1, &lock.try_acquire().unwrap());

    let waiting = waits(&changed, &lock);

    assert_eq!(waiting.n_wakes(), 0);
}

#[test]
fn a_wait_that_is_not_polled_keeps_the_lock_until_it_is_dropped() {
    let (lock, changed) = (Lock::new(()), Condition::new());
    let wait = changed.wait(lock.try_acquire().unwrap());
    assert!(lock.locked());
    drop(wait);
    assert!(!lock.locked());
}

#[test]
fn it_waits_until_the_predicate_is_true() {
    let (lock, changed) = (Lock::new(0), Condition::new());
    let guard = lock.try_acquire().unwrap();
    let mut waits = Polled::waiting(changed.wait_for(guard, |value| *value == 2));

    for n_wakes in 1..=2 {
        let mut guard = lock.try_acquire().unwrap();
        *guard += 1;
        changed.notify(1, &guard);
        drop(guard);
        assert_eq!(waits.n_wakes(), n_wakes);
        assert_eq!(waits.poll().is_ready(), n_wakes == 2);
    }
}

#[test]
fn a_predicate_that_panics_unlocks() {
    let (lock, changed) = (Lock::new(0), Condition::new());
    let guard = lock.try_acquire().unwrap();
    let mut waits = Polled::new(changed.wait_for(guard, |_| panic!("predicate")));

    assert!(catch_unwind(AssertUnwindSafe(|| waits.poll())).is_err());

    assert!(!lock.locked());
}

#[test]
fn a_second_lock_is_refused_while_somebody_waits_with_the_first() {
    let (first, second, changed) = (Lock::new(()), Lock::new(()), Condition::new());
    let waiting = waits(&changed, &first);
    let guard = second.try_acquire().unwrap();

    assert!(catch_unwind(AssertUnwindSafe(|| changed.notify(1, &guard))).is_err());
    let mut wrong = Polled::new(changed.wait(guard));
    assert!(catch_unwind(AssertUnwindSafe(|| wrong.poll())).is_err());

    assert!(!second.locked());
    drop(waiting);
    changed.notify(1, &second.try_acquire().unwrap());
}

/// One that was notified long ago passes nothing on to those who have come with another lock.
#[test]
fn a_late_leaver_does_not_notify_those_of_another_lock() {
    let (first, second, changed) = (Lock::new(1), Lock::new(2), Condition::new());
    let mut leaves = waits(&changed, &first);
    let guard = first.try_acquire().unwrap();
    changed.notify(1, &guard);
    assert!(leaves.poll().is_pending(), "it queues for the lock");
    let stays = waits(&changed, &second);

    drop(leaves);

    assert_eq!(stays.n_wakes(), 0);
    changed.notify(1, &second.try_acquire().unwrap());
    assert_eq!(*stays.woken(), 2);
    drop(guard);
}
