//! What happens to tasks, callbacks and guests when an executor ends.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;

use evloop_executor::{CallHandle, LocalExecutor};
use evloop_fixtures::{Wakes, in_thread, join, watched};
use evloop_task::{Builder, Promise, Scheduler, Task};

use crate::support::{Door, OnDrop, Tally, run_until_idle, survives};

#[test]
fn closing_twice_at_once_leaves_the_next_executor_deaf_to_nobody() {
    // In a process of its own: the block must be the one that the next executor gets.
    survives(
        "closing::closing_twice_at_once_leaves_the_next_executor_deaf_to_nobody",
        || {
            let first = Rc::new(LocalExecutor::new());
            let again = Rc::clone(&first);
            let _task = first.spawn_local(async move {
                let _guard = OnDrop(|| assert!(again.close() <= 1));
                pending::<()>().await;
            });
            run_until_idle(&first);
            first.close();
            drop(first);

            let second = LocalExecutor::new();
            let handle = second.handle();
            let sent = join(in_thread(move || handle.call_soon(|| {}).is_ok()));
            assert!(sent, "the executor is open");
            second.take_arrivals();
            assert_eq!(second.run_ready(1), 1, "what another thread sends arrives");
        },
    );
}

#[test]
fn a_task_that_closes_its_executor_ends_cancelled() {
    watched(|| {
        let executor = Rc::new(LocalExecutor::new());
        let inside = Rc::clone(&executor);
        let tally = Tally::default();
        let guest = tally.guest();
        let task = executor.spawn_local(async move {
            let _guest = guest;
            inside.close();
            pending::<()>().await;
        });

        run_until_idle(&executor);

        assert!(task.cancelled());
        assert_eq!(tally.live(), 0);
        assert!(executor.tasks().is_empty());
    });
}

#[test]
fn a_cancel_of_another_thread_that_is_on_its_way_is_delivered_at_the_end() {
    watched(|| {
        let executor = LocalExecutor::new();
        let task = executor.spawn(pending::<()>());
        run_until_idle(&executor);
        let task = join(in_thread(move || {
            task.cancel_with("from another thread");
            task
        }));

        assert_eq!(executor.close(), 0, "it ends when it is asked to");

        let ended = task.result().expect("it is done");
        let message = ended.as_ref().map_err(|error| error.to_string());
        assert!(
            message.is_err_and(|message| message.contains("from another thread")),
            "{ended:?}"
        );
    });
}

#[test]
fn callbacks_are_dropped_at_the_end_although_their_handles_live() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        let guest = tally.guest();
        let handle = executor.call_soon(move || drop(guest));

        drop(executor);

        assert_eq!(
            tally.live(),
            0,
            "the callback and what it captures are gone"
        );
        assert!(handle.done() && handle.cancelled());
    });
}

#[test]
fn a_callback_that_holds_its_own_handle_is_freed_at_the_end() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        let own = Arc::new(std::sync::Mutex::new(None::<CallHandle>));
        let (guest, place) = (tally.guest(), Arc::clone(&own));
        let handle = executor.call_soon(move || drop((guest, place)));
        *own.lock().unwrap() = Some(handle);
        drop(own);

        drop(executor);

        assert_eq!(tally.live(), 0);
    });
}

#[test]
fn a_callback_sent_to_an_ended_executor_is_dropped() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        let handle = executor.handle();
        drop(executor);

        let guest = tally.guest();
        assert!(handle.call_soon(move || drop(guest)).is_err());
        assert!(join(in_thread(move || handle.call_soon(|| {}).is_err())));
        assert_eq!(tally.live(), 0);
        assert!(!handle.is_open() && !handle.is_home());
    });
}

#[test]
fn a_task_spawned_on_a_closed_executor_ends_at_once() {
    watched(|| {
        let executor = LocalExecutor::new();
        executor.close();
        let tally = Tally::default();
        let guest = tally.guest();

        let task = executor.spawn(async move { drop(guest) });

        assert!(task.cancelled());
        assert_eq!(tally.live(), 0);
        let error = task.result().unwrap().as_ref().unwrap_err().to_string();
        assert!(error.contains("closed"), "{error}");
    });
}

#[test]
fn a_guest_of_a_closed_executor_that_spawns_when_dropped_loses_nothing() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        executor.close();
        let scheduler = executor.scheduler();
        let inner = tally.clone();
        let guest = tally.guest();
        let again = OnDrop(move || {
            let guest = inner.guest();
            Builder::new()
                .spawn(scheduler, async move { drop(guest) })
                .detach();
        });

        executor.spawn(async move { drop((guest, again)) }).detach();

        assert_eq!((tally.made(), tally.live()), (2, 0), "each is dropped");
    });
}

#[test]
fn museum_bm16_destructors_that_spawn_again_are_all_dropped() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        respawn(executor.scheduler(), tally.clone(), 100);
        run_until_idle(&executor);

        drop(executor);

        assert_eq!((tally.made(), tally.live()), (101, 0));
    });
}

#[test]
fn museum_bm16_destructors_that_spawn_for_ever_end_in_bounded_rounds() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        respawn(executor.scheduler(), tally.clone(), usize::MAX);
        run_until_idle(&executor);

        assert!(executor.close() > 0, "it says that not everything ended");

        assert!(tally.made() < 1000, "made {}", tally.made());
        assert!(
            tally.live() <= 1,
            "at most the last one, whose drop would go on, is kept"
        );
    });
}

/// Spawns a task that spawns another one when it is dropped, `n` times.
fn respawn(scheduler: &'static dyn Scheduler, tally: Tally, n: usize) {
    let guest = tally.guest();
    let again = OnDrop(move || {
        if n > 0 {
            respawn(scheduler, tally.clone(), n - 1);
        }
    });
    let coroutine = async move {
        let _both = (guest, again);
        pending::<()>().await;
    };
    Builder::new().spawn(scheduler, coroutine).detach();
}

#[test]
fn lk05_a_task_that_holds_its_own_handle_is_freed_at_the_end() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        let own = Rc::new(RefCell::new(None::<Task<()>>));
        let (place, guest) = (Rc::clone(&own), tally.guest());
        let task = executor.spawn_local(async move {
            let _own = (place, guest);
            pending::<()>().await;
        });
        *own.borrow_mut() = Some(task);
        drop(own);
        run_until_idle(&executor);
        assert_eq!(tally.live(), 1);

        drop(executor);

        assert_eq!(tally.live(), 0);
    });
}

#[test]
fn lk05_a_task_that_holds_its_own_waker_is_freed_at_the_end() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        let door = Door::default();
        let (inside, guest) = (door.clone(), tally.guest());
        let task = executor.spawn(async move {
            // The door keeps the waker, and the task keeps the door.
            let _kept = (inside.clone(), guest);
            inside.await;
        });
        run_until_idle(&executor);
        assert_eq!(door.n_polls(), 1);
        drop((task, door));
        assert_eq!(tally.live(), 1, "a task nobody holds lives on");

        drop(executor);

        assert_eq!(tally.live(), 0);
    });
}

#[test]
fn tasks_are_dropped_before_close_returns_in_every_state() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        let hold = |tally: &Tally| {
            let guest = tally.guest();
            async move {
                let _guest = guest;
                pending::<()>().await;
            }
        };
        let suspended = executor.spawn(hold(&tally));
        let door = Door::default();
        let inside = door.clone();
        let woken_guest = tally.guest();
        let woken = executor.spawn(async move {
            let _guest = woken_guest;
            inside.await;
            pending::<()>().await;
        });
        run_until_idle(&executor);
        door.open();
        let queued = executor.spawn(hold(&tally));
        let local = executor.spawn_local(hold(&tally));
        executor.spawn(hold(&tally)).detach();

        assert_eq!(executor.close(), 0);

        assert_eq!((tally.made(), tally.live()), (5, 0));
        for task in [suspended, woken, queued, local] {
            assert!(task.cancelled(), "{task:?}");
        }
        assert_eq!(executor.close(), 0, "closing again does nothing");
    });
}

#[test]
fn an_awaiter_on_another_thread_learns_of_the_end() {
    watched(|| {
        let executor = LocalExecutor::new();
        let task = executor.spawn(pending::<()>());
        run_until_idle(&executor);
        let awaiter = in_thread(move || evloop_executor::block_on(task));

        drop(executor);

        assert!(join(awaiter).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_waker_called_after_the_end_does_nothing() {
    watched(|| {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let task = executor.spawn(door.clone());
        run_until_idle(&executor);
        let waker = door.waker().unwrap();
        drop(executor);

        waker.wake_by_ref();
        join(in_thread(move || waker.wake()));
        let next = LocalExecutor::new();
        run_until_idle(&next);

        assert!(task.cancelled());
        assert_eq!(door.n_polls(), 1);
    });
}

#[test]
fn the_promise_of_an_ended_executor_does_not_call_back_on_a_stranger() {
    watched(|| {
        let executor = LocalExecutor::new();
        let promise = Promise::<u8>::new_in(executor.scheduler());
        drop(executor);
        // It takes over the block of the one that ended.
        let stranger = LocalExecutor::new();
        let (wakes, waker) = Wakes::new();

        promise.add_done_callback(move |_| waker.wake());
        promise.set_result(1).unwrap();
        run_until_idle(&stranger);

        assert_eq!(wakes.count(), 0);
    });
}

#[test]
fn an_executor_dropped_by_its_own_last_task_hands_its_block_on_untouched() {
    watched(|| {
        let executor = Rc::new(LocalExecutor::new());
        executor.close();
        let scheduler = executor.scheduler();
        let dropped = Rc::new(Cell::new(false));
        let guard = {
            let dropped = Rc::clone(&dropped);
            OnDrop(move || dropped.set(true))
        };

        // The task ends at once, and with it the last handle of the executor.
        let task = Builder::new().spawn_local(scheduler, async move { drop((guard, executor)) });

        assert!(dropped.get());
        assert!(task.cancelled());
        let next = LocalExecutor::new();
        let answer = next.spawn(async { 1 });
        assert_eq!(next.block_on(answer).ok(), Some(1));
    });
}
