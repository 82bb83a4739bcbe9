//! The lock.

use std::sync::Arc;

use evloop_sync::Lock;

use crate::support::{Polled, at_once};

#[test]
fn the_lock_is_handed_over_in_the_order_of_arrival() {
    let lock = Lock::new(Vec::new());
    let mut guard = lock.try_acquire();
    let waiting: Vec<_> = (0..5).map(|_| Polled::waiting(lock.acquire())).collect();

    for (n, waits) in waiting.into_iter().enumerate() {
        drop(guard.take());
        let mut next = waits.woken();
        next.push(n);
        guard = Some(next);
    }

    drop(guard);
    assert_eq!(lock.into_inner(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_newcomer_does_not_overtake_who_was_handed_the_lock() {
    let lock = Lock::new(());
    let guard = lock.try_acquire();
    let first = Polled::waiting(lock.acquire());

    drop(guard);

    assert!(lock.locked(), "it has been handed over");
    assert!(lock.try_acquire().is_none());
    let second = Polled::waiting(lock.acquire());
    drop(first.woken());
    drop(second.woken());
    assert!(!lock.locked());
}

#[test]
fn each_wait_is_polled_twice() {
    let lock = Lock::new(());
    let guard = lock.try_acquire();
    let mut waits = Polled::waiting(lock.acquire());

    drop(guard);

    assert_eq!(waits.n_wakes(), 1);
    assert!(waits.poll().is_ready());
    assert_eq!(waits.n_polls(), 2);
}

#[test]
fn a_future_that_moves_to_another_task_wakes_that() {
    let lock = Lock::new(());
    let guard = lock.try_acquire();
    let mut waits = Polled::waiting(lock.acquire());
    assert!(waits.move_to_other_task().is_pending());
    assert!(waits.poll().is_pending(), "and is polled in vain");

    drop(guard);

    drop(waits.woken());
}

#[test]
fn a_guard_may_be_dropped_on_another_thread() {
    let lock = Arc::new(Lock::new(1));
    let guard = lock.try_acquire_owned().unwrap();
    let waits = Polled::waiting(lock.acquire());

    std::thread::scope(|scope| {
        scope.spawn(move || drop(guard));
    });

    assert_eq!(*waits.woken(), 1);
}

#[test]
fn an_owned_guard_keeps_the_lock_alive() {
    let lock = Arc::new(Lock::new(String::from("kept")));
    let guard = at_once(lock.acquire_owned()).unwrap();
    let weak = Arc::downgrade(&lock);
    drop(lock);

    assert_eq!(*guard, "kept");

    drop(guard);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_panic_unlocks_and_poisons_nothing() {
    let lock = Lock::new(0);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut guard = lock.try_acquire().unwrap();
        *guard = 1;
        panic!("while it is locked");
    }));

    assert!(panicked.is_err());
    assert_eq!(*lock.try_acquire().unwrap(), 1);
}

#[test]
fn a_lock_holds_what_has_no_size() {
    let lock: Box<Lock<[u8]>> = Box::new(Lock::new([1, 2, 3]));
    lock.try_acquire().unwrap()[0] = 7;
    assert_eq!(*lock.try_acquire().unwrap(), [7, 2, 3]);
}

#[test]
fn it_shows_itself_as_asyncio_does() {
    let lock = Lock::new(());
    assert_eq!(format!("{lock:?}"), "<Lock [unlocked]>");
    let guard = lock.try_acquire();
    assert_eq!(format!("{lock:?}"), "<Lock [locked]>");
    let waiting = [(); 2].map(|()| Polled::waiting(lock.acquire()));
    assert_eq!(format!("{lock:?}"), "<Lock [locked, waiters:2]>");
    drop((guard, waiting));
}

#[test]
fn thousands_who_leave_in_any_order_leave_nothing_behind() {
    let n_waiters = if cfg!(miri) { 100 } else { 10_000 };
    let lock = Lock::new(());
    let guard = lock.try_acquire();
    let mut waiting: Vec<_> = (0..n_waiters)
        .map(|_| Polled::waiting(lock.acquire()))
        .collect();
    let behind = waiting.split_off(n_waiters / 2);
    drop(behind.into_iter().rev().collect::<Vec<_>>());
    drop(waiting);

    assert_eq!(format!("{lock:?}"), "<Lock [locked]>");

    drop(guard);
    assert!(lock.try_acquire().is_some());
}
