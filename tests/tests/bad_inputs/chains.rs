//! F26: long chains on small stacks. What overflows a stack ends the process, so these have their
//! own.

use std::time::Duration;

use evloop::{CallHandle, EventLoop, Promise, Task, create_task, sleep};
use evloop_tests::{Seen, on_stack_of, survives_in_child, virtual_loop};

use crate::guarded;

/// What is not optimised gets a tenth of it, in order that the time is enough.
const MILLION: usize = if cfg!(debug_assertions) {
    100_000
} else {
    1_000_000
};
const SMALL_STACK: usize = 128 * 1024;

/// Runs `body` in a process of its own, on a small stack.
fn on_small_stack(test: &str, body: fn()) {
    survives_in_child(test, || guarded(|| on_stack_of(SMALL_STACK, body)));
}

/// Promises of which each sets the next by a done callback.
fn linked_by_callbacks(
    event_loop: &EventLoop,
    n_promises: usize,
) -> (Promise<usize>, Promise<usize>) {
    let first: Promise<usize> = event_loop.create_future();
    let mut last = first.clone();
    for n in 1..n_promises {
        let next: Promise<usize> = event_loop.create_future();
        let set = next.clone();
        last.add_done_callback(move |_| set.set_result(n).expect("set once"));
        last = next;
    }
    (first, last)
}

#[test]
fn f26_a_million_promises_complete_one_another_by_callbacks() {
    on_small_stack(
        "chains::f26_a_million_promises_complete_one_another_by_callbacks",
        || {
            let event_loop = virtual_loop();
            let (first, last) = linked_by_callbacks(&event_loop, MILLION);
            first.set_result(0).unwrap();
            drop(first);

            assert_eq!(
                event_loop.run_until_complete(last).unwrap().unwrap(),
                MILLION - 1
            );
        },
    );
}

#[test]
fn f26_a_pending_chain_of_a_million_promises_is_dropped() {
    on_small_stack(
        "chains::f26_a_pending_chain_of_a_million_promises_is_dropped",
        || {
            let event_loop = virtual_loop();
            let (first, last) = linked_by_callbacks(&event_loop, MILLION);
            drop(last);
            drop(first);
            event_loop
                .run_until_complete(sleep(Duration::from_secs(1)))
                .unwrap();
        },
    );
}

#[test]
fn f26_a_pending_chain_owned_by_a_task_is_dropped_with_the_task() {
    on_small_stack(
        "chains::f26_a_pending_chain_owned_by_a_task_is_dropped_with_the_task",
        || {
            let event_loop = virtual_loop();
            let (first, last) = linked_by_callbacks(&event_loop, MILLION);
            drop(last);
            let mut owner = event_loop.create_task(async move { first.await.is_ok() });
            event_loop
                .run_until_complete(sleep(Duration::from_secs(1)))
                .unwrap();

            owner.cancel();
            assert!(event_loop.run_until_complete(&mut owner).unwrap().is_err());
        },
    );
}

/// Tasks of which each awaits the one before it.
fn linked_by_joins(n_tasks: usize, first: Promise<usize>) -> Task<usize> {
    let mut last = create_task(async move { first.await.map_or(0, |value| value) });
    for _ in 1..n_tasks {
        let before = last;
        last = create_task(async move { before.await.map_or(0, |value| value + 1) });
    }
    last
}

#[test]
fn f26_a_hundred_thousand_tasks_join_one_another() {
    on_small_stack(
        "chains::f26_a_hundred_thousand_tasks_join_one_another",
        || {
            let event_loop = virtual_loop();
            let joined = event_loop.run_until_complete(async {
                let gate = event_loop.create_future();
                let last = linked_by_joins(100_000, gate.clone());
                sleep(Duration::from_secs(1)).await;
                gate.set_result(0).unwrap();
                last.await
            });
            assert_eq!(joined.unwrap().unwrap(), 99_999);
        },
    );
}

#[test]
fn f26_a_hundred_thousand_tasks_that_join_one_another_are_dropped_with_their_loop() {
    const NAME: &str =
        "chains::f26_a_hundred_thousand_tasks_that_join_one_another_are_dropped_with_their_loop";
    on_small_stack(NAME, || {
        let event_loop = virtual_loop();
        let last = event_loop.run_until_complete(async {
            let last = linked_by_joins(100_000, event_loop.create_future());
            sleep(Duration::from_secs(1)).await;
            [last]
        });
        event_loop.close();
        let [last] = last.unwrap();
        assert!(last.cancelled());
    });
}

#[test]
fn f26_a_hundred_thousand_tasks_wake_one_another() {
    const NAME: &str = "chains::f26_a_hundred_thousand_tasks_wake_one_another";
    on_small_stack(NAME, || {
        let event_loop = virtual_loop();
        let chain = event_loop.run_until_complete(async {
            let mut gate: Promise<()> = event_loop.create_future();
            let first = gate.clone();
            for _ in 0..100_000 {
                let next = event_loop.create_future();
                let set = next.clone();
                // A task that waits for one promise and sets the next: wakes, one inside another.
                create_task(async move {
                    gate.await.unwrap();
                    set.set_result(()).unwrap();
                })
                .detach();
                gate = next;
            }
            sleep(Duration::from_secs(1)).await;
            first.set_result(()).unwrap();
            gate.await
        });
        assert!(chain.unwrap().is_ok());
    });
}

#[test]
fn f26_a_million_callbacks_queue_one_another() {
    fn again(handle: &evloop::Handle, left: usize, seen: Seen<usize>) -> CallHandle {
        let own = handle.clone();
        handle.call_soon(move || {
            if left == 0 {
                seen.push(left);
            } else {
                again(&own, left - 1, seen);
            }
        })
    }

    on_small_stack("chains::f26_a_million_callbacks_queue_one_another", || {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        again(&event_loop.handle(), MILLION, seen.clone());
        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();
        assert_eq!(seen.take(), [0]);
    });
}
