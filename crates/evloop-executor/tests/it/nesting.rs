//! Executors inside executors, and waiting inside waiting.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use evloop_executor::{LocalExecutor, RootEnd, block_on};
use evloop_fixtures::{in_thread, join, watched};
use evloop_task::{current_task, yield_now};

use crate::support::{Door, OnDrop, Tally, run_until_idle, survives};

#[test]
fn closing_an_inner_executor_leaves_the_task_it_is_closed_in_alone() {
    watched(|| {
        let outer = LocalExecutor::new();
        let task = outer.spawn_local(async {
            let inner = LocalExecutor::new();
            let suspended = inner.spawn(pending::<()>());
            run_until_idle(&inner);
            drop(inner);
            assert!(suspended.cancelled());
            yield_now().await;
            "still here"
        });

        let ended = outer.block_on(task);

        assert_eq!(ended.ok(), Some("still here"));
    });
}

#[test]
fn an_inner_executor_does_not_list_the_task_it_is_asked_in() {
    watched(|| {
        let outer = LocalExecutor::new();
        let task = outer.spawn_local(async {
            let inner = LocalExecutor::new();
            let _suspended = inner.spawn(pending::<()>());
            run_until_idle(&inner);
            let by_handle = inner.handle().tasks().map(|tasks| tasks.len());
            (inner.tasks().len(), by_handle)
        });

        assert_eq!(outer.block_on(task).ok(), Some((1, Some(1))));
    });
}

#[test]
fn the_running_task_is_listed_once_by_its_own_executor() {
    watched(|| {
        let executor = Rc::new(LocalExecutor::new());
        let inside = Rc::clone(&executor);
        let task = executor.spawn_local(async move {
            let first_step = inside.tasks().len();
            yield_now().await;
            (first_step, inside.tasks().len())
        });

        // The task, and the one that `block_on` runs its future as.
        assert_eq!(executor.block_on(task).ok(), Some((2, 2)));
    });
}

#[test]
fn museum_bm91_waiting_inside_of_waiting_leaves_the_outer_wait_awake() {
    watched(|| {
        let executor = Rc::new(LocalExecutor::new());
        let inner = Rc::clone(&executor);
        let door = Door::default();
        let waits = executor.spawn_local({
            let door = door.clone();
            async move {
                // A nested wait may be refused, but neither hang nor deafen the outer one.
                let nested = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    inner.block_on(async { 1 })
                }));
                door.await;
                nested.unwrap_or(1)
            }
        });
        let opener = in_thread({
            let door = door.clone();
            move || {
                while door.waker().is_none() {
                    std::thread::yield_now();
                }
                // Gives the executor the time to park; either order must work.
                (0..1000).for_each(|_| std::thread::yield_now());
                door.open();
            }
        });

        let ended = executor.block_on(waits);

        assert_eq!(ended.ok(), Some(1));
        join(opener);
    });
}

#[test]
fn museum_bm91_a_plain_block_on_inside_a_task_ends_when_another_thread_wakes_it() {
    watched(|| {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let opener = in_thread({
            let door = door.clone();
            move || {
                while door.waker().is_none() {
                    std::thread::yield_now();
                }
                door.open();
            }
        });
        let task = executor.spawn(async move { block_on(door) });

        assert!(executor.block_on(task).is_ok());
        join(opener);
    });
}

#[test]
fn a_task_that_blocks_on_itself_gets_an_error() {
    watched(|| {
        let executor = LocalExecutor::new();
        let own = Rc::new(Cell::new(None));
        let place = Rc::clone(&own);
        let task = executor.spawn_local(async move {
            let own: evloop_task::Task<()> = place.take().unwrap();
            let ended = block_on(own);
            assert!(ended.unwrap_err().is_invalid_state());
        });
        own.set(Some(task));

        run_until_idle(&executor);

        assert!(executor.tasks().is_empty());
    });
}

#[test]
fn current_task_is_that_of_the_innermost_executor() {
    watched(|| {
        let outer = LocalExecutor::new();
        let task = outer.spawn_local(async {
            let own = current_task().unwrap();
            let inner = LocalExecutor::new();
            let inner_task = inner.spawn(async { current_task().map(|task| task.id()) });
            let id = inner_task.id();
            let root = inner.block_on(async { current_task() });
            assert!(root.is_some_and(|root| root != own));
            assert_eq!(inner.block_on(inner_task).unwrap(), Some(id));
            assert_eq!(current_task(), Some(own));
        });

        assert!(outer.block_on(task).is_ok());
    });
}

#[test]
fn a_root_is_dropped_when_its_driver_panics() {
    watched(|| {
        let executor = LocalExecutor::new();
        let tally = Tally::default();
        let mut borrowed = 0;

        let guest = tally.guest();
        let future = async {
            let _guest = guest;
            borrowed += 1;
            pending::<()>().await;
        };
        let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            executor.run_root(future, |_| {
                run_until_idle(&executor);
                panic!("the driver gives up");
            })
        }));

        assert!(unwound.is_err());
        assert_eq!(tally.live(), 0);
        assert_eq!(borrowed, 1);
    });
}

#[test]
fn a_root_whose_driver_returns_early_is_dropped_before_its_borrows() {
    watched(|| {
        let executor = LocalExecutor::new();
        let dropped = Cell::new(false);

        let end = executor.run_root(
            async {
                let _guard = OnDrop(|| dropped.set(true));
                pending::<()>().await;
            },
            |_| run_until_idle(&executor),
        );

        assert!(matches!(end, RootEnd::Unfinished), "{end:?}");
        assert!(dropped.get());
    });
}

fn a_root_step_that_is_kept_away() {
    let executor = LocalExecutor::new();
    let mut kept = None;

    let end = executor.run_root(pending::<()>(), |_| kept = executor.next_step());

    assert!(!matches!(end, RootEnd::Finished(())));
    drop(kept);
}

#[test]
fn a_root_step_that_the_driver_keeps_is_no_reason_to_hang() {
    survives(
        "nesting::a_root_step_that_the_driver_keeps_is_no_reason_to_hang",
        a_root_step_that_is_kept_away,
    );
}

#[test]
fn a_root_on_a_closed_executor_is_unfinished() {
    watched(|| {
        let executor = LocalExecutor::new();
        executor.close();

        let end = executor.run_root(async { 1 }, |main| assert!(main.done()));

        assert!(matches!(end, RootEnd::Unfinished), "{end:?}");
    });
}
