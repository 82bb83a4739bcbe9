//! Bugs that other projects had.

use evloop_sync::{
    Barrier, Condition, Event, Lock, Queue, RwLock, Semaphore, Shutdown, WriteGuard,
};

use crate::support::{Polled, at_once};

/// The grant of a waiter that was cancelled before it ran was lost, and nobody could acquire any more.
#[test]
fn museum_bm66_a_permit_given_to_a_waiter_that_is_dropped_goes_to_the_next() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.try_acquire();
    let first = Polled::waiting(semaphore.acquire());
    let second = Polled::waiting(semaphore.acquire());

    drop(permit);
    assert_eq!(first.n_wakes(), 1);
    drop(first);

    drop(second.woken());
    assert_eq!(semaphore.available_permits(), 1);
}

/// The chosen waiter was cancelled and took the hand-off with it.
#[test]
fn museum_bm67_a_lock_handed_to_a_waiter_that_is_dropped_goes_to_the_next() {
    let lock = Lock::new(());
    let guard = lock.try_acquire();
    let first = Polled::waiting(lock.acquire());
    let second = Polled::waiting(lock.acquire());

    drop(guard);
    drop(first);

    drop(second.woken());
    assert!(!lock.locked());
}

#[test]
fn museum_bm67_readers_go_on_when_the_writer_that_was_handed_the_lock_is_dropped() {
    let lock = RwLock::new(());
    let writer = lock.try_write();
    let first = Polled::waiting(lock.write());
    let readers = [(); 2].map(|()| Polled::waiting(lock.read()));

    drop(writer);
    drop(first);

    drop(readers.map(Polled::woken));
    assert!(lock.try_write().is_some());
}

#[test]
fn museum_bm67_a_barrier_counts_only_those_who_are_there() {
    let barrier = Barrier::new(2);
    drop(Polled::waiting(barrier.wait()));

    let waits = Polled::waiting(barrier.wait());
    assert_eq!(at_once(barrier.wait()), Some(Ok(1)));
    assert_eq!(waits.woken(), Ok(0));
}

/// One notification, two who wait, and a cancel at each point on the way: exactly one goes on, with the
/// lock.
#[test]
fn museum_bm68_a_notification_of_a_waiter_that_is_dropped_goes_to_the_next() {
    for n_steps in 0..3 {
        let (lock, changed) = (Lock::new(()), Condition::new());
        let [mut leaves, stays] =
            [(); 2].map(|()| Polled::waiting(changed.wait(lock.try_acquire().unwrap())));
        let mut guard = lock.try_acquire();
        let mut in_between = Some(Polled::waiting(lock.acquire()));
        if let Some(guard) = &guard {
            changed.notify(1, guard);
        }
        if n_steps > 0 {
            assert!(leaves.poll().is_pending(), "it queues for the lock");
        }
        if n_steps > 1 {
            drop(guard.take());
            drop(in_between.take());
            assert_eq!(leaves.n_wakes(), 1, "it has been handed the lock");
        }

        drop(leaves);
        drop((guard, in_between));

        let guard = stays.woken();
        assert!(lock.locked());
        drop(guard);
        assert!(!lock.locked());
    }
}

/// An item was handed to a getter that was cancelled, and was lost with it; or nobody was woken for it.
#[test]
fn museum_bm69_an_item_given_to_a_getter_that_is_dropped_goes_to_the_next() {
    let queue = Queue::unbounded();
    let [first, second] = [(); 2].map(|()| Polled::waiting(queue.get()));

    queue.put_nowait(1).unwrap();
    assert_eq!(first.n_wakes(), 1);
    drop(first);

    assert_eq!(second.woken(), Ok(1));
    let alone = Polled::waiting(queue.get());
    queue.put_nowait(2).unwrap();
    drop(alone);
    assert_eq!(queue.get_nowait(), Ok(2), "nobody is left to pass it on to");
}

/// As above, over a million rounds on two threads: items out and items left are items in.
#[test]
fn museum_bm69_getters_that_leave_race_putters() {
    let n_rounds = if cfg!(miri) { 100 } else { 1_000_000 };
    let queue = Queue::bounded(4).unwrap();
    let (mut n_left_early, mut n_got) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..n_rounds {
                futures_lite::future::block_on(queue.put(n)).unwrap();
            }
        });
        while n_got < n_rounds {
            match at_once(queue.get()) {
                Some(item) => {
                    assert_eq!(item, Ok(n_got), "none is lost, doubled or overtaken");
                    n_got += 1;
                }
                None => {
                    n_left_early += 1;
                    std::thread::yield_now();
                }
            }
        }
    });
    assert!(queue.is_empty());
    assert!(n_left_early > 0, "both outcomes were seen");
}

/// `forget` and numbers near the limit, and a downgrade that gave its permits back twice.
#[test]
fn museum_bm75_permits_near_the_limit_add_up() {
    let semaphore = Semaphore::new(u32::MAX);
    semaphore.try_acquire_many(u32::MAX).unwrap().forget();
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.release(u32::MAX).unwrap();
    assert!(semaphore.release(1).is_err());
    assert_eq!(semaphore.available_permits(), u32::MAX);

    let lock = RwLock::new(());
    for _ in 0..3 {
        let reader = WriteGuard::downgrade(lock.try_write().unwrap());
        let other = lock.try_read();
        assert_eq!(format!("{lock:?}"), "<RwLock [readers:2]>");
        drop((reader, other));
        assert_eq!(format!("{lock:?}"), "<RwLock [unlocked]>");
    }
}

/// What had some of its permits, and was dropped while it waited for others, gave them back without waking
/// anybody. Here nobody has some: they stay in the semaphore until all are there.
#[test]
fn museum_bm76_a_wait_for_many_permits_holds_none_of_them() {
    let semaphore = Semaphore::new(2);
    let permit = semaphore.try_acquire();
    let wants_both = Polled::waiting(semaphore.acquire_many(2));
    assert_eq!(semaphore.available_permits(), 1);
    let wants_one = Polled::waiting(semaphore.acquire());

    drop(wants_both);

    drop((wants_one.woken(), permit));
    assert_eq!(semaphore.available_permits(), 2);
}

/// Room was granted, the queue ended, and who had the room left: nobody waits for it.
#[test]
fn museum_bm76_room_of_a_putter_that_leaves_a_closed_queue_keeps_nobody_waiting() {
    let queue = Queue::bounded(1).unwrap();
    queue.put_nowait(1).unwrap();
    let has_room = Polled::waiting(queue.put(2));
    let has_none = Polled::waiting(queue.put(3));
    let joins = Polled::waiting(queue.join());
    assert_eq!(queue.get_nowait(), Ok(1));
    assert_eq!(has_room.n_wakes(), 1);
    let gets = Polled::waiting(queue.get());

    queue.shutdown(Shutdown::Drain);
    drop(has_room);

    assert_eq!(has_none.woken().unwrap_err().0, 3);
    assert!(gets.woken().is_err());
    queue.task_done().unwrap();
    joins.woken();
}

/// An item was granted, the queue ended, and who had the item left: the next has it, and what joins sees its
/// end.
#[test]
fn museum_bm76_an_item_of_a_getter_that_leaves_a_closed_queue_is_the_next_ones() {
    for shutdown in [Shutdown::Drain, Shutdown::Immediate] {
        let queue = Queue::unbounded();
        let [has_item, has_none] = [(); 2].map(|()| Polled::waiting(queue.get()));
        queue.put_nowait(1).unwrap();
        assert_eq!(has_item.n_wakes(), 1);
        let joins = Polled::waiting(queue.join());

        queue.shutdown(shutdown);
        drop(has_item);

        match shutdown {
            Shutdown::Drain => {
                assert_eq!(has_none.woken(), Ok(1));
                queue.task_done().unwrap();
            }
            Shutdown::Immediate => assert!(has_none.woken().is_err()),
        }
        joins.woken();
    }
}

/// The first of the queue left, and those behind it for whom there was enough stayed asleep.
#[test]
fn museum_bm77_those_behind_a_first_that_leaves_go_on() {
    let semaphore = Semaphore::new(2);
    let wants_much = Polled::waiting(semaphore.acquire_many(5));
    let wants_little = [1, 1, 1].map(|n| Polled::waiting(semaphore.acquire_many(n)));

    drop(wants_much);

    assert_eq!(wants_little.each_ref().map(Polled::n_wakes), [1, 1, 0]);
}

/// A writer that waits kept readers out, and when it left they slept on.
#[test]
fn museum_bm80_readers_go_on_when_a_writer_that_waits_leaves() {
    let lock = RwLock::new(());
    let reader = lock.try_read();
    let writer = Polled::waiting(lock.write());
    let other = Polled::waiting(lock.read());

    drop(writer);

    drop((other.woken(), reader));
    assert!(lock.try_write().is_some());
}

/// A wake-up for all was taken for a single one, or erased one that was stored.
#[test]
fn museum_bm79_a_pulse_wakes_those_who_were_there_and_no_others() {
    let event = Event::new();
    let before = Polled::waiting(event.wait());
    event.set();
    event.clear();
    let mut after = Polled::waiting(event.wait());

    drop(before);
    assert!(after.poll().is_pending());

    event.set();
    after.woken();
}
