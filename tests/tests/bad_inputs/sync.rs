//! Locks, semaphores, barriers and queues: numbers beyond the limits, guards on other threads and guards that
//! are leaked.

use std::mem::ManuallyDrop;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use evloop::sync::{Barrier, Lock, Queue, Semaphore};
use evloop::{create_task, deadline};
use evloop_tests::{at_rest, in_every_loop, on_thread, panic_text};
use futures_lite::future::poll_once;

#[test]
fn e08_a_queue_for_no_items_is_refused() {
    assert!(Queue::<u8>::bounded(0).is_err());
    let most = Queue::<u8>::bounded(usize::MAX - 1).expect("room is made when it is needed");
    assert_eq!(most.maxsize(), Some(usize::MAX - 1));
}

#[test]
fn e07_permits_beyond_the_most_are_refused_and_none_are_had_at_once() {
    in_every_loop(async || {
        let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
        assert!(semaphore.release(1).is_err());
        let all = semaphore.acquire_many(Semaphore::MAX_PERMITS).await;
        assert!(semaphore.release(1).is_err(), "those that are held count");
        assert_eq!(semaphore.acquire_many(0).await.n_permits(), 0);
        drop(all);
        assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    });
}

/// The number can grow, so this is not an error: see the docs of `acquire_many`.
#[test]
fn e07_more_than_there_are_wait_until_there_are_enough() {
    in_every_loop(async || {
        let semaphore = Arc::new(Semaphore::new(1));
        let task = create_task({
            let semaphore = Arc::clone(&semaphore);
            async move { semaphore.acquire_many(2).await.n_permits() }
        });
        at_rest().await;
        assert!(!task.done());
        semaphore.release(1).unwrap();
        assert_eq!(task.await.unwrap(), 2);
    });
}

#[test]
fn e09_a_guard_dropped_on_a_thread_outside_unlocks_for_a_task() {
    in_every_loop(async || {
        let lock = Arc::new(Lock::new(()));
        let guard = lock.acquire_owned().await;
        let mut acquires = pin!(lock.acquire());
        assert!(poll_once(acquires.as_mut()).await.is_none());

        on_thread(move || drop(guard)).join().unwrap();

        drop(acquires.await);
        assert!(!lock.locked());
    });
}

#[test]
fn e09_a_guard_that_is_leaked_keeps_the_lock_and_a_limit_in_time_ends_the_wait() {
    in_every_loop(async || {
        let lock = Lock::new(());
        let _leaked = ManuallyDrop::new(lock.acquire().await);

        let late = deadline(Duration::from_secs(60), lock.acquire()).await;

        assert!(late.is_err());
        assert_eq!(format!("{lock:?}"), "<Lock [locked]>");
    });
}

#[test]
fn a_barrier_for_nobody_is_refused() {
    let payload = std::panic::catch_unwind(|| drop(Barrier::new(0))).unwrap_err();
    assert_eq!(panic_text(&*payload), "a barrier takes one party or more");
}
