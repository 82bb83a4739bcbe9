//! Locks, events, conditions and semaphores.

use std::sync::Arc;
use std::time::Duration;

use evloop::sync::{Condition, Event, Lock, OwnedLockGuard, OwnedPermit, Semaphore};
use evloop::{Task, catch_cancel, create_task, hold_cancel, sleep};
use evloop_tests::{Seen, at_rest, in_every_loop};

use crate::in_loop;

const SECOND: Duration = Duration::from_secs(1);

/// Tasks that have queued for a lock, in this order; each says its number when it has it, and gives the
/// guard.
async fn waiters(
    lock: &Arc<Lock<()>>,
    seen: &Seen<u32>,
    numbers: std::ops::RangeInclusive<u32>,
) -> Vec<Task<OwnedLockGuard<()>>> {
    let mut tasks = Vec::new();
    for number in numbers {
        let (lock, seen) = (Arc::clone(lock), seen.clone());
        tasks.push(create_task(async move {
            let guard = lock.acquire_owned().await;
            seen.push(number);
            guard
        }));
        at_rest().await;
    }
    tasks
}

#[test]
fn case_111_a_lock_goes_to_its_waiters_in_order() {
    in_every_loop(async || {
        let (lock, seen) = (Arc::new(Lock::new(())), Seen::new());
        let guard = lock.acquire_owned().await;
        let mut tasks = waiters(&lock, &seen, 1..=2).await;
        tasks.extend(waiters(&lock, &seen, 3..=3).await);
        assert!(seen.is_empty());

        drop(guard);

        for (n_seen, task) in (1..).zip(tasks) {
            at_rest().await;
            assert_eq!(seen.len(), n_seen, "one at a time");
            drop(task.await.unwrap());
        }
        assert_eq!(seen.take(), [1, 2, 3]);
        assert!(!lock.locked());
    });
}

#[test]
fn case_113_a_cancel_together_with_a_release_lets_one_other_have_the_lock() {
    in_every_loop(async || {
        let (lock, seen) = (Arc::new(Lock::new(())), Seen::new());
        let guard = lock.acquire_owned().await;
        let [first, second, third] = waiters(&lock, &seen, 1..=3).await.try_into().unwrap();

        first.cancel();
        drop(guard);
        at_rest().await;

        assert!(first.cancelled());
        assert_eq!(seen.take(), [2]);
        drop(second.await.unwrap());
        drop(third.await.unwrap());
        assert_eq!(seen.take(), [3]);
    });
}

#[test]
fn case_113_a_cancel_after_the_release_lets_one_other_have_the_lock() {
    in_loop(async {
        let (lock, seen) = (Arc::new(Lock::new(())), Seen::new());
        let guard = lock.acquire_owned().await;
        let [first, second, _third] = waiters(&lock, &seen, 1..=3).await.try_into().unwrap();

        drop(guard);
        first.cancel();
        at_rest().await;

        assert!(first.cancelled(), "it had been handed the lock");
        assert_eq!(seen.take(), [2]);
        drop(second.await.unwrap());
    });
}

#[test]
fn case_114_a_waiter_that_is_gone_does_not_keep_the_next_from_being_woken() {
    in_every_loop(async || {
        let (lock, seen) = (Arc::new(Lock::new(())), Seen::new());
        let guard = lock.acquire_owned().await;
        let [first, second] = waiters(&lock, &seen, 1..=2).await.try_into().unwrap();
        first.cancel();
        at_rest().await;
        assert!(first.cancelled());

        drop(guard);

        drop(second.await.unwrap());
        assert!(!lock.locked());
    });
}

#[test]
fn case_115_an_event_that_is_set_cleared_and_set_again_wakes_its_waiter_once() {
    in_every_loop(async || {
        let (event, seen) = (Arc::new(Event::new()), Seen::new());
        let waiter = create_task({
            let (event, seen) = (Arc::clone(&event), seen.clone());
            async move {
                event.wait().await;
                seen.push("woken");
            }
        });
        at_rest().await;

        event.set();
        event.clear();
        event.set();
        event.set();
        waiter.await.unwrap();

        assert_eq!(seen.take(), ["woken"]);
        assert!(event.is_set());
    });
}

#[test]
fn case_115_a_waiter_goes_on_although_the_event_is_cleared_by_then() {
    in_every_loop(async || {
        let event = Arc::new(Event::new());
        let waiter = create_task({
            let event = Arc::clone(&event);
            async move { event.wait().await }
        });
        at_rest().await;

        event.set();
        event.clear();

        waiter.await.unwrap();
        assert!(!event.is_set());
    });
}

/// What consumers wait for, with the condition that says so.
#[derive(Default)]
struct Items {
    items: Lock<Vec<u32>>,
    changed: Condition,
}

impl Items {
    /// A task that waits until it has taken one.
    async fn consumer(self: &Arc<Self>) -> Task<u32> {
        let this = Arc::clone(self);
        let task = create_task(async move {
            let items = this.items.acquire().await;
            let mut items = this
                .changed
                .wait_for(items, |items| !items.is_empty())
                .await;
            items.pop().expect("there is one")
        });
        at_rest().await;
        task
    }
}

/// `hold_cancel` is what asyncio does always: the request waits until the lock is back.
#[test]
fn case_117_a_wait_that_is_held_is_cancelled_when_it_has_the_lock_again() {
    in_every_loop(async || {
        let (shared, seen) = (Arc::new(Items::default()), Seen::new());
        let task = create_task({
            let (shared, seen) = (Arc::clone(&shared), seen.clone());
            async move {
                let waits = async {
                    let guard = shared.items.acquire().await;
                    let guard = hold_cancel(shared.changed.wait(guard)).await;
                    seen.push("has the lock");
                    sleep(SECOND).await;
                    drop(guard);
                };
                let cancelled = catch_cancel(waits).await.expect_err("it is asked");
                seen.push("is cancelled");
                cancelled.resume().await;
            }
        });
        at_rest().await;
        let guard = shared.items.acquire().await;
        shared.changed.notify(1, &guard);
        task.cancel();
        at_rest().await;
        assert!(seen.is_empty(), "the lock is contested");

        drop(guard);
        at_rest().await;

        assert_eq!(seen.take(), ["has the lock", "is cancelled"]);
        assert!(task.cancelled());
        assert!(!shared.items.locked());
    });
}

/// The same with a guard that owns the lock.
#[test]
fn case_117_a_wait_with_an_owned_guard_that_is_held_has_the_lock_again() {
    in_every_loop(async || {
        let (lock, changed) = (Arc::new(Lock::new(0)), Arc::new(Condition::new()));
        let task = create_task({
            let (lock, changed) = (Arc::clone(&lock), Arc::clone(&changed));
            async move {
                let guard = lock.acquire_owned().await;
                let mut guard = hold_cancel(changed.wait(guard)).await;
                *guard += 1;
                sleep(SECOND).await;
                *guard += 1;
            }
        });
        at_rest().await;
        task.cancel();
        at_rest().await;
        assert!(!task.done(), "it waits for the notification all the same");

        changed.notify(1, &lock.acquire_owned().await);
        at_rest().await;

        assert!(task.cancelled());
        drop(task);
        assert_eq!(*lock.try_acquire().expect("it is free again"), 1);
    });
}

#[test]
fn case_117_a_wait_that_is_not_held_leaves_without_the_lock() {
    in_every_loop(async || {
        let shared = Arc::new(Items::default());
        let task = shared.consumer().await;
        let guard = shared.items.acquire().await;
        shared.changed.notify(1, &guard);

        task.cancel();
        at_rest().await;

        assert!(task.cancelled(), "although the lock is not free");
        drop(guard);
        assert!(!shared.items.locked());
    });
}

#[test]
fn case_118_a_notification_of_a_consumer_that_is_cancelled_goes_to_the_other() {
    in_every_loop(async || {
        let shared = Arc::new(Items::default());
        let (first, second) = (shared.consumer().await, shared.consumer().await);
        {
            let mut items = shared.items.acquire().await;
            items.push(7);
            shared.changed.notify(1, &items);
            first.cancel();
        }

        assert_eq!(second.await.unwrap(), 7);
        at_rest().await;
        assert!(first.cancelled());
    });
}

#[test]
fn case_119_a_cancel_while_the_lock_is_awaited_passes_the_notification_on() {
    in_every_loop(async || {
        let shared = Arc::new(Items::default());
        let (first, second) = (shared.consumer().await, shared.consumer().await);
        let mut items = shared.items.acquire().await;
        items.push(7);
        shared.changed.notify(1, &items);
        at_rest().await;

        first.cancel();
        at_rest().await;
        assert!(first.cancelled());
        drop(items);

        assert_eq!(second.await.unwrap(), 7);
    });
}

#[test]
fn case_121_conditions_share_a_lock_that_exists() {
    in_every_loop(async || {
        let lock = Arc::new(Lock::new(()));
        let conditions = Arc::new([Condition::new(), Condition::new()]);
        let waiter = |n: usize| {
            let (lock, conditions) = (Arc::clone(&lock), Arc::clone(&conditions));
            create_task(async move {
                let guard = lock.acquire().await;
                drop(conditions[n].wait(guard).await);
                n
            })
        };
        let (first, second) = (waiter(0), waiter(1));
        at_rest().await;
        assert!(!lock.locked(), "waiting with either unlocks it");

        let guard = lock.acquire().await;
        conditions[1].notify(1, &guard);
        conditions[0].notify(1, &guard);
        assert!(lock.locked());
        drop(guard);

        assert_eq!((first.await.unwrap(), second.await.unwrap()), (0, 1));
    });
}

#[test]
fn case_122_tasks_that_acquire_a_permit_twice_take_turns() {
    in_loop(async {
        let (semaphore, seen) = (Arc::new(Semaphore::new(1)), Seen::new());
        let tasks = ["a", "b", "c"].map(|name| {
            let (semaphore, seen) = (Arc::clone(&semaphore), seen.clone());
            create_task(async move {
                for round in 1..=2 {
                    let permit = semaphore.acquire().await;
                    seen.push((name, round));
                    sleep(SECOND).await;
                    drop(permit);
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        let expected = [1, 2].map(|round| ["a", "b", "c"].map(|name| (name, round)));
        assert_eq!(seen.take(), expected.concat());
    });
}

#[test]
fn case_123_a_permit_passes_waiters_that_are_cancelled_and_goes_no_further() {
    in_every_loop(async || {
        let semaphore = Arc::new(Semaphore::new(1));
        let permit = semaphore.acquire().await;
        let mut tasks: Vec<Task<OwnedPermit>> = Vec::new();
        for _ in 0..4 {
            let semaphore = Arc::clone(&semaphore);
            tasks.push(create_task(async move { semaphore.acquire_owned().await }));
            at_rest().await;
        }
        tasks[0].cancel();
        tasks[1].cancel();

        drop(permit);
        at_rest().await;

        let is_done: Vec<_> = tasks.iter().map(Task::done).collect();
        assert_eq!(is_done, [true, true, true, false]);
        assert!(semaphore.locked());
        tasks[3].cancel();
        drop(tasks.remove(2).await.unwrap());
        at_rest().await;
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn case_125_a_newcomer_queues_behind_who_was_given_a_permit_and_has_not_run() {
    in_loop(async {
        let (semaphore, seen) = (Arc::new(Semaphore::new(0)), Seen::new());
        let first = create_task({
            let (semaphore, seen) = (Arc::clone(&semaphore), seen.clone());
            async move {
                semaphore.acquire().await.forget();
                seen.push(1);
            }
        });
        let second = create_task({
            let (semaphore, seen) = (Arc::clone(&semaphore), seen.clone());
            async move {
                for _ in 0..3 {
                    semaphore.release(1).unwrap();
                }
                assert_eq!(semaphore.available_permits(), 2);
                assert!(semaphore.locked(), "the first has not run");
                semaphore.acquire().await.forget();
                seen.push(2);
            }
        });
        let third = create_task({
            let (semaphore, seen) = (Arc::clone(&semaphore), seen.clone());
            async move {
                semaphore.acquire().await.forget();
                assert!(semaphore.locked(), "there are no more");
                seen.push(3);
            }
        });

        for task in [first, second, third] {
            task.await.unwrap();
        }
        assert_eq!(seen.take(), [1, 2, 3]);
    });
}
