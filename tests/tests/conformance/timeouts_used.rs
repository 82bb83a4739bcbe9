//! Limits that are moved, and limits around everything else.

use std::future::pending;
use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use evloop::{
    CancelScope, Promise, TaskGroup, TimeLimit, catch_cancel, create_task, finally_within, gather,
    hold_cancel, on_cancel, shield, sleep, timeout, timeout_at, yield_now,
};
use evloop_tests::{Seen, Wakes, at_rest, in_every_loop};

use crate::in_loop;

use crate::timeouts::{ms, now, time};

#[test]
fn the_clean_up_of_a_request_may_use_limits_of_its_own() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let task = create_task(on_cancel(pending::<()>(), || async move {
            let late = timeout(ms(10), pending::<()>()).await;
            told.push(late.is_err());
            let in_time = timeout(ms(10), sleep(ms(1))).await;
            told.push(in_time.is_ok());
        }));
        at_rest().await;
        assert!(task.cancel());

        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!((seen.take(), time()), (vec![true, true], ms(11)));
    });
}

#[test]
fn a_limit_is_moved_later_earlier_away_and_back_and_the_last_one_counts() {
    in_every_loop(async || {
        let limit = TimeLimit::after(ms(20));
        let handle = limit.handle();
        assert_eq!(handle.when(), None, "it counts from its first poll");
        let start = now();
        let task = create_task(limit.run(pending::<()>()));
        at_rest().await;
        assert_eq!(handle.when(), Some(start + ms(20)));

        handle.reschedule(start + ms(100)).unwrap();
        sleep(ms(50)).await;
        handle.reschedule(None).unwrap();
        assert_eq!(handle.when(), None);
        sleep(ms(1000)).await;
        assert!(!task.done());
        handle.reschedule(start + ms(2000)).unwrap();
        handle.reschedule(start + ms(1100)).unwrap();

        assert!(task.await.unwrap().is_err());
        assert_eq!(time(), ms(1100));
        assert_eq!(handle.when(), Some(start + ms(1100)), "readable at the end");
    });
}

#[test]
fn a_limit_moved_into_the_past_ends_its_body_in_the_next_turn() {
    in_loop(async {
        sleep(ms(10)).await;
        let limit = TimeLimit::after(ms(20));
        let handle = limit.handle();
        let task = create_task(limit.run(pending::<()>()));
        yield_now().await;

        handle.reschedule(now() - ms(1)).unwrap();
        assert!(!handle.expired(), "never inside of the call");

        assert!(task.await.unwrap().is_err());
        assert_eq!(time(), ms(10));
    });
}

#[test]
fn without_a_limit_nothing_expires() {
    in_every_loop(async || {
        let body = || async {
            sleep(ms(1_000_000)).await;
            1
        };
        assert_eq!(timeout(None, body()).await, Ok(1));
        assert_eq!(timeout_at(None, body()).await, Ok(1));
        assert_eq!(timeout(Duration::MAX, body()).await, Ok(1));
    });
}

#[test]
fn a_limit_reaches_every_innermost_scope_of_parallel_branches() {
    in_every_loop(async || {
        let seen = Seen::new();
        let branch = |n: u64| {
            let told = seen.clone();
            on_cancel(pending::<()>(), move || async move {
                sleep(ms(n)).await;
                told.push(n);
            })
        };
        let promise: Promise<()> = Promise::new();

        let branches = gather((branch(3), branch(1), branch(2), promise.clone()));
        assert!(timeout(ms(10), branches).await.is_err());

        assert_eq!(seen.take(), [1, 2, 3]);
        assert!(promise.cancelled());
        assert_eq!(time(), ms(13), "it waits for the slowest");
    });
}

#[test]
fn a_limit_around_a_group_ends_its_children_first() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let group = TaskGroup::scope(async |group| {
            let told = told.clone();
            let child = on_cancel(pending::<()>(), || async move {
                sleep(ms(10)).await;
                told.push("the child");
            });
            group.create_task(child).unwrap();
        });

        assert!(timeout(ms(10), group).await.is_err());

        assert_eq!((seen.take(), time()), (vec!["the child"], ms(20)));
    });
}

#[test]
fn held_requests_wait_for_the_end_of_what_holds_them_and_a_budget_ends_it() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let late = timeout(ms(10), async {
            hold_cancel(sleep(ms(100))).await;
            told.push(time());
            yield_now().await;
            unreachable!("the request goes on here");
        });
        assert!(late.await.is_err());
        assert_eq!(seen.take(), [ms(100)]);

        let task = create_task(finally_within(ms(50), pending::<()>(), || async {
            pending::<()>().await;
        }));
        at_rest().await;
        assert!(task.cancel() && task.cancel(), "further requests wait");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(time(), ms(150));
    });
}

#[test]
fn a_scope_asked_to_end_from_elsewhere_is_no_timeout_around_it() {
    in_every_loop(async || {
        let scope = CancelScope::new();
        let handle = scope.handle();
        let task = create_task(timeout(ms(10), scope.run(pending::<()>())));
        at_rest().await;

        assert!(handle.cancel());

        let ended = task.await.unwrap().expect("within the limit");
        assert!(ended.is_err(), "stopped");
        assert_eq!(time(), Duration::ZERO);
    });
}

#[test]
fn museum_bm74_limits_and_shields_that_have_ended_leave_no_waiter_behind() {
    in_loop(async {
        let promise: Promise<()> = Promise::new();
        let mut endless = create_task(pending::<()>());
        let wakes = Wakes::default();
        for _ in 0..10_000 {
            let waker = wakes.waker();
            let mut cx = Context::from_waker(&waker);
            assert!(
                pin!(timeout(ms(1), promise.clone()))
                    .poll(&mut cx)
                    .is_pending()
            );
            assert!(pin!(shield(promise.clone())).poll(&mut cx).is_pending());
            let limited = timeout(ms(1), shield(&mut endless));
            assert!(pin!(catch_cancel(limited)).poll(&mut cx).is_pending());
        }
        assert!(
            wakes.n_wakers() <= 1,
            "the task keeps the last one: {wakes:?}"
        );
        for _ in 0..1_000 {
            assert!(timeout(ms(1), shield(promise.clone())).await.is_err());
        }
        promise.set_result(()).unwrap();
        assert_eq!(wakes.n_wakes(), 0);
    });
}
