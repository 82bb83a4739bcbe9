//! Several threads at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use evloop_sync::{Barrier, Condition, Event, Lock, RwLock, Semaphore};
use futures_lite::future::{block_on, poll_once};

/// Fewer where each step is checked by an interpreter.
const N_ROUNDS: usize = if cfg!(miri) { 20 } else { 2_000 };

/// Runs `work` on several threads.
fn on_threads(work: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for n in 0..4 {
            let work = &work;
            scope.spawn(move || work(n));
        }
    });
}

#[test]
fn a_lock_is_had_by_one_at_a_time() {
    let lock = Lock::new(0);

    on_threads(|n| {
        for round in 0..N_ROUNDS {
            if (n + round) % 5 == 0 {
                // Gives up if it has to wait, and may have been handed the lock by then.
                if let Some(mut value) = block_on(poll_once(lock.acquire())) {
                    *value += 1;
                    continue;
                }
            }
            *block_on(lock.acquire()) += 1;
        }
    });

    assert_eq!(lock.into_inner(), 4 * N_ROUNDS);
}

#[test]
fn readers_see_what_writers_have_done() {
    let lock = RwLock::new((0, 0));

    on_threads(|n| {
        for round in 0..N_ROUNDS {
            if (n + round) % 3 == 0 {
                let mut pair = block_on(lock.write());
                pair.0 += 1;
                pair.1 -= 1;
            } else {
                let pair = block_on(lock.read());
                assert_eq!(pair.0 + pair.1, 0);
            }
        }
    });

    assert_eq!(format!("{lock:?}"), "<RwLock [unlocked]>");
}

#[test]
fn no_more_have_permits_than_there_are() {
    let semaphore = Arc::new(Semaphore::new(3));
    let n_inside = AtomicUsize::new(0);

    on_threads(|n| {
        for round in 0..N_ROUNDS {
            let n_permits = u32::try_from((n + round) % 3 + 1).unwrap();
            let permits = block_on(semaphore.acquire_many_owned(n_permits));
            let weight = n_permits as usize;
            assert!(n_inside.fetch_add(weight, Ordering::SeqCst) + weight <= 3);
            n_inside.fetch_sub(weight, Ordering::SeqCst);
            drop(permits);
        }
    });

    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn an_event_wakes_threads_that_wait() {
    let (events, ends) = ([const { Event::new() }; 2], Barrier::new(4));

    on_threads(|n| {
        for round in 0..N_ROUNDS {
            let event = &events[round % 2];
            if n == 0 {
                event.set();
            } else {
                block_on(event.wait());
            }
            // The other event is nobody's now.
            block_on(ends.wait()).unwrap();
            if n == 0 {
                event.clear();
            }
            block_on(ends.wait()).unwrap();
        }
    });
}

#[test]
fn a_condition_loses_no_notification() {
    let (items, changed) = (Lock::new(0_usize), Condition::new());

    on_threads(|n| {
        for _ in 0..N_ROUNDS {
            let guard = block_on(items.acquire());
            if n < 2 {
                let mut items = guard;
                *items += 1;
                changed.notify(1, &items);
            } else {
                *block_on(changed.wait_for(guard, |items| *items > 0)) -= 1;
            }
        }
    });

    assert_eq!(items.into_inner(), 0);
}

#[test]
fn a_barrier_gives_each_index_once_a_round() {
    let barrier = Barrier::new(4);
    let sum = AtomicUsize::new(0);

    on_threads(|_| {
        for _ in 0..N_ROUNDS {
            let index = block_on(barrier.wait()).unwrap();
            sum.fetch_add(1 << (8 * index), Ordering::SeqCst);
            if block_on(barrier.wait()) == Ok(0) {
                assert_eq!(sum.swap(0, Ordering::SeqCst), 0x0101_0101);
            }
            block_on(barrier.wait()).unwrap();
        }
    });
}
