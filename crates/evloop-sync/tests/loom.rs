//! Model checks of the protocols between threads, on the shipped code: the word and the list of a
//! turnstile, the round of an event, the way of a notification into the queue of a lock, and the rights to
//! items and room.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p evloop-sync --release --test loom`
#![cfg(loom)]
#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use evloop_fixtures::models::{block_on, explore};
use evloop_sync::{Barrier, Condition, Event, Lock, Queue, RwLock, Semaphore, Shutdown};
use loom::cell::UnsafeCell;
use loom::thread;

/// Polls once, and leaves.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A value whose accesses loom checks: the lock's own are not.
#[derive(Default)]
struct Checked(UnsafeCell<usize>);

impl Checked {
    /// Who has an exclusive reference has the value alone; loom finds out if that is wrong.
    fn add(&self) {
        self.0.with_mut(|_| ());
    }

    fn read(&self) {
        self.0.with(|_| ());
    }
}

/// Three want a lock: it is had by one at a time, each sees what the one before did, and nobody sleeps
/// for ever.
#[test]
fn a_lock_is_had_by_one_at_a_time() {
    explore(|| {
        let lock = Arc::new(Lock::new(Checked::default()));
        let threads = [(); 2].map(|()| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || block_on(lock.acquire()).add())
        });

        block_on(lock.acquire()).add();

        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert!(!lock.locked());
    });
}

/// LM-12: the lock is given to one that leaves, and the next gets it.
#[test]
fn a_lock_handed_to_one_that_leaves_goes_to_the_next() {
    explore(|| {
        let lock = Arc::new(Lock::new(Checked::default()));
        let guard = lock.try_acquire_owned().unwrap();
        let leaves = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                if let Some(guard) = poll_once(lock.acquire()) {
                    guard.add();
                }
            })
        };
        let stays = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || block_on(lock.acquire()).add())
        };
        guard.add();

        drop(guard);

        leaves.join().unwrap();
        stays.join().unwrap();
        assert!(!lock.locked());
    });
}

/// LM-13: two that want different numbers, a release, and the first of the queue leaves.
#[test]
fn permits_released_meet_a_first_that_leaves() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let leaves = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(poll_once(semaphore.acquire_many(2))))
        };
        let stays = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(block_on(semaphore.acquire())))
        };

        semaphore.release(1).unwrap();

        leaves.join().unwrap();
        stays.join().unwrap();
        assert_eq!(semaphore.available_permits(), 2);
    });
}

/// Permits that were given back past the queue are passed on by somebody else: what was done under them
/// is seen.
#[test]
fn what_was_done_under_a_permit_is_seen_through_the_hands_of_a_third() {
    explore(|| {
        let lock = Arc::new((Semaphore::new(2), Checked::default()));
        let gives = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                if let Some(permit) = lock.0.try_acquire_many(2) {
                    lock.1.add();
                    drop(permit);
                }
            })
        };
        let passes_on = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || drop(poll_once(lock.0.acquire_many(3))))
        };

        let permits = block_on(lock.0.acquire_many(2));
        lock.1.add();
        drop(permits);

        gives.join().unwrap();
        passes_on.join().unwrap();
    });
}

#[test]
fn readers_see_what_the_writer_did() {
    explore(|| {
        let lock = Arc::new(RwLock::new(Checked::default()));
        let reads = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || block_on(lock.read()).read())
        };
        let writes = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || block_on(lock.write()).add())
        };

        block_on(lock.read()).read();

        reads.join().unwrap();
        writes.join().unwrap();
        assert!(lock.try_write().is_some());
    });
}

/// A wait meets the flag, or is woken; what was done before the flag was raised is seen.
#[test]
fn a_wait_meets_the_raising_of_the_flag() {
    explore(|| {
        let shared = Arc::new((Event::new(), Checked::default()));
        let waits = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                block_on(shared.0.wait());
                shared.1.read();
            })
        };
        shared.1.add();

        shared.0.set();
        shared.0.clear();
        shared.0.set();

        waits.join().unwrap();
        assert!(shared.0.is_set());
    });
}

/// The flag is taken back, without the lock, while it is raised and while somebody joins.
#[test]
fn the_taking_back_of_the_flag_meets_its_raising_and_a_wait() {
    explore(|| {
        let event = Arc::new(Event::new());
        event.set();
        let clears = {
            let event = Arc::clone(&event);
            thread::spawn(move || event.clear())
        };
        let waits = {
            let event = Arc::clone(&event);
            thread::spawn(move || block_on(event.wait()))
        };

        event.set();
        clears.join().unwrap();
        event.set();

        waits.join().unwrap();
        assert!(event.is_set());
    });
}

/// One that leaves does not touch the list of another round.
#[test]
fn one_that_leaves_meets_the_end_of_its_round() {
    explore(|| {
        let event = Arc::new(Event::new());
        let leaves = {
            let event = Arc::clone(&event);
            thread::spawn(move || poll_once(event.wait()))
        };
        event.set();
        event.clear();
        let setter = {
            let event = Arc::clone(&event);
            thread::spawn(move || event.set())
        };

        block_on(event.wait());

        leaves.join().unwrap();
        setter.join().unwrap();
    });
}

/// LM-14: one notification, two who wait, of whom one leaves: the other has it, with the lock.
#[test]
fn a_notification_meets_one_that_leaves() {
    explore(|| {
        let shared = Arc::new((Lock::new(Checked::default()), Condition::new()));
        let mut leaves = Box::pin({
            let shared = Arc::clone(&shared);
            async move {
                let guard = shared.0.acquire().await;
                drop(shared.1.wait(guard).await);
            }
        });
        let mut stays = Box::pin({
            let shared = Arc::clone(&shared);
            async move {
                let guard = shared.0.acquire().await;
                shared.1.wait(guard).await.add();
            }
        });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(leaves.as_mut().poll(&mut cx).is_pending());
        assert!(stays.as_mut().poll(&mut cx).is_pending());
        let leaver = thread::spawn(move || drop(leaves));
        let notifier = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let guard = block_on(shared.0.acquire());
                guard.add();
                shared.1.notify(1, &guard);
            })
        };

        block_on(stays);

        leaver.join().unwrap();
        notifier.join().unwrap();
        assert!(!shared.0.locked());
    });
}

/// A condition loses no notification between the predicate and the wait.
#[test]
fn a_predicate_meets_its_change() {
    explore(|| {
        let shared = Arc::new((Lock::new(false), Condition::new()));
        let changes = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut is_there = block_on(shared.0.acquire());
                *is_there = true;
                shared.1.notify_all(&is_there);
            })
        };

        let guard = block_on(shared.0.acquire());
        assert!(*block_on(shared.1.wait_for(guard, |is_there| *is_there)));

        changes.join().unwrap();
    });
}

#[test]
fn two_meet_at_a_barrier_twice() {
    explore(|| {
        let barrier = Arc::new(Barrier::new(2));
        let meets = {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || [(); 2].map(|()| block_on(barrier.wait()).unwrap()))
        };

        let own = [(); 2].map(|()| block_on(barrier.wait()).unwrap());

        let other = meets.join().unwrap();
        assert_eq!([own[0] + other[0], own[1] + other[1]], [1, 1]);
    });
}

/// Two items through a queue with room for one: both sides wait at times, and what was done before an item
/// was put is seen by who gets it.
#[test]
fn a_get_meets_a_put() {
    explore(|| {
        let queue = Arc::new(Queue::bounded(1).unwrap());
        let puts = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for _ in 0..2 {
                    let item = Checked::default();
                    item.add();
                    assert!(block_on(queue.put(item)).is_ok());
                }
            })
        };

        for _ in 0..2 {
            block_on(queue.get()).unwrap().read();
            queue.task_done().unwrap();
        }

        puts.join().unwrap();
        block_on(queue.join());
        assert!(queue.is_empty());
    });
}

/// LM-15: one item, two who want it, of whom one leaves: it is neither lost nor doubled.
#[test]
fn an_item_granted_to_one_that_leaves_goes_to_the_next() {
    explore(|| {
        let queue = Arc::new(Queue::unbounded());
        let leaves = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                if let Some(item) = poll_once(queue.get()) {
                    queue.put_nowait(item.unwrap()).unwrap();
                }
            })
        };
        let puts = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.put_nowait(1).unwrap())
        };

        assert_eq!(block_on(queue.get()), Ok(1));

        leaves.join().unwrap();
        puts.join().unwrap();
        assert!(queue.is_empty());
    });
}

/// The same for room: one that leaves has put nothing, and the next is not left asleep.
#[test]
fn room_granted_to_one_that_leaves_goes_to_the_next() {
    explore(|| {
        let queue = Arc::new(Queue::bounded(1).unwrap());
        queue.put_nowait(0).unwrap();
        let leaves = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || poll_once(queue.put(1)).is_some())
        };
        let gets = {
            let queue = Arc::clone(&queue);
            // Another one, should the room be taken by the one that does not wait.
            thread::spawn(move || [(); 2].map(|()| block_on(queue.get()).unwrap()))
        };

        block_on(queue.put(2)).unwrap();

        let has_put = leaves.join().unwrap();
        let got = gets.join().unwrap();
        let rest = queue.get_nowait();
        assert_eq!(got[0], 0);
        assert_eq!(rest.is_ok(), has_put, "got {got:?}, and {rest:?} is left");
    });
}

/// Whoever waits is woken by a shutdown, and an item that was put before is got.
#[test]
fn a_shutdown_meets_those_who_wait() {
    explore(|| {
        let queue = Arc::new(Queue::bounded(1).unwrap());
        let puts = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || (0..2).filter(|n| block_on(queue.put(*n)).is_ok()).count())
        };
        let ends = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.shutdown(Shutdown::Drain))
        };

        let mut n_got = 0;
        while block_on(queue.get()).is_ok() {
            n_got += 1;
        }

        ends.join().unwrap();
        // One may be put and not got only if the loop above ended before: then the queue had ended, too.
        assert_eq!(puts.join().unwrap(), n_got);
    });
}
