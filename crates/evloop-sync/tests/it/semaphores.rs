//! The semaphore.

use std::sync::Arc;

use evloop_sync::Semaphore;

use crate::support::{Polled, at_once};

#[test]
fn who_wants_much_is_not_overtaken_by_who_wants_little() {
    let semaphore = Semaphore::new(3);
    let permits = semaphore.try_acquire_many(2).unwrap();
    let much = Polled::waiting(semaphore.acquire_many(2));
    let little = Polled::waiting(semaphore.acquire());

    assert_eq!(semaphore.available_permits(), 1);
    assert!(semaphore.locked(), "others go first");
    assert!(semaphore.try_acquire().is_none());

    drop(permits);
    let much = much.woken();
    let little = little.woken();
    assert_eq!((much.n_permits(), little.n_permits()), (2, 1));
}

#[test]
fn several_released_at_once_wake_as_many_as_they_serve() {
    let semaphore = Semaphore::new(0);
    let waiting = [1, 2, 3, 4].map(|n| Polled::waiting(semaphore.acquire_many(n)));

    semaphore.release(7).unwrap();

    let woken = waiting.each_ref().map(Polled::n_wakes);
    assert_eq!(woken, [1, 1, 1, 0]);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn none_are_had_at_once_also_when_others_wait() {
    let semaphore = Semaphore::new(0);
    let waits = Polled::waiting(semaphore.acquire());

    assert!(at_once(semaphore.acquire_many(0)).is_some());
    assert!(semaphore.try_acquire_many(0).is_some());

    drop(waits);
}

#[test]
fn more_than_there_are_waits_until_they_are_released() {
    let semaphore = Semaphore::new(1);
    let waits = Polled::waiting(semaphore.acquire_many(2));
    let behind = Polled::waiting(semaphore.acquire());

    semaphore.release(1).unwrap();

    drop(waits.woken());
    drop(behind.woken());
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn a_release_beyond_the_most_is_an_error_and_changes_nothing() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS - 1);
    let held = semaphore.try_acquire_many(1_000).unwrap();

    let refused = semaphore.release(2).unwrap_err();
    semaphore.release(1).unwrap();
    assert!(semaphore.release(1).is_err(), "also what is held counts");

    drop(held);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert_eq!(
        refused.to_string(),
        "failed to release permits: there would be more than 4294967295"
    );
}

#[test]
fn what_is_forgotten_makes_room() {
    let semaphore = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
    semaphore.try_acquire_many(5).unwrap().forget();
    semaphore.try_acquire_many_owned(5).unwrap().forget();

    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS - 10);
    assert_eq!(Arc::strong_count(&semaphore), 1);
    semaphore.release(10).unwrap();
    assert!(semaphore.release(1).is_err());
}

#[test]
fn all_permits_at_once_come_back() {
    let semaphore = Semaphore::new(u32::MAX);
    let all = at_once(semaphore.acquire_many(u32::MAX)).unwrap();
    let waits = Polled::waiting(semaphore.acquire_many(u32::MAX));
    drop(all);
    drop(waits.woken());
    assert_eq!(semaphore.available_permits(), u32::MAX);
}

#[test]
fn it_shows_itself_as_asyncio_does() {
    let semaphore = Semaphore::new(2);
    assert_eq!(format!("{semaphore:?}"), "<Semaphore [unlocked, value:2]>");
    let permits = semaphore.try_acquire_many(2);
    let waits = Polled::waiting(semaphore.acquire());
    assert_eq!(format!("{semaphore:?}"), "<Semaphore [locked, waiters:1]>");
    drop((permits, waits));
}
