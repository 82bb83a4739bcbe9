//! The condition.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use evloop_sync::{Condition, ConditionWait, Lock, LockGuard, OwnedLockGuard};

use crate::support::Polled;

type Waiting<'a, T> = Polled<ConditionWait<'a, LockGuard<'a, T>>>;

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

/// Waits with an owned guard.
fn waits_owned<'a, T>(
    changed: &'a Condition,
    lock: &Arc<Lock<T>>,
) -> Polled<ConditionWait<'a, OwnedLockGuard<T>>> {
    let guard = lock.try_acquire_owned().expect("who waits has unlocked");
    Polled::waiting(changed.wait(guard))
}

#[test]
fn a_wait_with_an_owned_guard_gives_one_back() {
    let (lock, changed) = (Arc::new(Lock::new(1)), Condition::new());
    let waiting = waits_owned(&changed, &lock);

    let mut guard = lock.try_acquire_owned().unwrap();
    *guard += 1;
    changed.notify(1, &guard);
    assert_eq!(waiting.n_wakes(), 0, "the lock is not free");
    drop(guard);

    let guard = waiting.woken();
    assert_eq!(*guard, 2);
    assert!(Arc::ptr_eq(OwnedLockGuard::lock(&guard), &lock));
    assert!(lock.locked());
    drop(guard);
    assert!(!lock.locked());
}

#[test]
fn guards_that_borrow_and_guards_that_own_wait_in_one_list() {
    let (lock, changed) = (Arc::new(Lock::new(())), Condition::new());
    let first = waits_owned(&changed, &lock);
    let second = waits(&changed, &lock);
    let third = waits_owned(&changed, &lock);

    changed.notify(1, &lock.try_acquire().unwrap());
    drop(first.woken());
    changed.notify_all(&lock.try_acquire_owned().unwrap());
    drop(second.woken());
    drop(third.woken());
    assert!(!lock.locked());
}

#[test]
fn who_waits_with_an_owned_guard_keeps_the_lock_alive() {
    let (lock, changed) = (Arc::new(Lock::new(Vec::new())), Condition::new());
    let guard = lock.try_acquire_owned().unwrap();
    let mut waiting = Polled::waiting(changed.wait_for(guard, |items| !items.is_empty()));
    let weak = Arc::downgrade(&lock);

    let guard = lock.try_acquire_owned().unwrap();
    drop(lock);
    changed.notify(1, &guard);
    drop(guard);
    assert!(waiting.poll().is_pending(), "it is still empty");
    let mut guard = weak.upgrade().unwrap().try_acquire_owned().unwrap();
    guard.push(1);
    changed.notify(1, &guard);
    drop(guard);

    assert!(waiting.poll().is_ready());
    drop(waiting);
    assert!(weak.upgrade().is_none());
}

/// Dropped in each step, it lets the lock go, passes its notification on, and keeps nothing alive.
#[test]
fn a_wait_with_an_owned_guard_leaves_nothing_behind() {
    for n_steps in 0..4 {
        let (lock, changed) = (Arc::new(Lock::new(())), Condition::new());
        let guard = lock.try_acquire_owned().unwrap();
        let mut leaves = Polled::new(changed.wait(guard));
        if n_steps == 0 {
            drop(leaves);
            assert!(!lock.locked());
            assert_eq!(Arc::strong_count(&lock), 1);
            continue;
        }
        assert!(leaves.poll().is_pending());
        let stays = waits_owned(&changed, &lock);
        let guard = lock.try_acquire_owned().unwrap();
        if n_steps > 1 {
            changed.notify(1, &guard);
        }
        if n_steps > 2 {
            assert!(leaves.poll().is_pending(), "it queues for the lock");
        }

        drop(leaves);

        if n_steps == 1 {
            changed.notify(1, &guard);
        }
        drop(guard);
        drop(stays.woken());
        assert!(!lock.locked());
        assert_eq!(Arc::strong_count(&lock), 1);
    }
}
