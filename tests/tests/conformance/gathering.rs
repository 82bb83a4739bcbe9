//! `gather` and `try_gather`.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evloop::{JoinError, Promise, create_task, gather, sleep, try_gather};
use evloop_tests::{Reports, Seen, Wakes, at_rest, on_every_loop, virtual_loop};

use crate::guarded;

#[test]
fn case_041_the_first_error_ends_a_try_gather_at_once_and_later_outcomes_change_nothing() {
    on_every_loop(|event_loop| {
        let promises: Vec<Promise<u32>> = (0..5).map(|_| event_loop.create_future()).collect();
        let children = promises.clone();
        let outer = event_loop.create_task(async move { try_gather(children).await });

        event_loop
            .run_until_complete(async {
                at_rest().await;
                promises[0].set_result(0).unwrap();
                promises[1].set_exception("the second failed").unwrap();
                sleep(Duration::from_nanos(1)).await;
                assert!(outer.done(), "three children are pending");
                promises[2].set_result(2).unwrap();
                promises[3].set_exception("too late to be heard").unwrap();
                assert!(promises[3].exception().is_ok());
                assert!(promises[4].cancel());
                sleep(Duration::from_nanos(1)).await;
            })
            .unwrap();

        let outcome = event_loop.run_until_complete(outer).unwrap().unwrap();
        assert_eq!(outcome.unwrap_err().to_string(), "the second failed");
    });
}

#[test]
fn case_041_children_that_are_tasks_go_on_after_the_first_error() {
    on_every_loop(|event_loop| {
        let seen = Seen::new();
        let goes_on = seen.pusher("went on");

        let failed: Result<Vec<()>, _> = event_loop
            .run_until_complete(async {
                let slow = create_task(async move {
                    sleep(Duration::from_secs(2)).await;
                    goes_on();
                    Ok(())
                });
                let fails = create_task(async {
                    sleep(Duration::from_secs(1)).await;
                    Err("failed")
                });
                try_gather([slow.flatten(), fails.flatten()]).await
            })
            .unwrap();

        assert!(matches!(failed, Err(evloop::TaskError::Own("failed"))));
        assert_eq!(event_loop.time(), Duration::from_secs(1));
        assert!(seen.is_empty());
        event_loop
            .run_until_complete(sleep(Duration::from_secs(2)))
            .unwrap();
        assert_eq!(seen.take(), ["went on"]);
    });
}

#[test]
fn case_041_a_cancelled_child_is_an_error_and_cancels_nobody_else() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let cancelled = create_task(pending::<u32>());
                let goes_on: Promise<u32> = event_loop.create_future();
                cancelled.cancel_with("only this one");
                let outer = create_task(try_gather((cancelled, goes_on.clone())));

                let error = outer.await.unwrap().unwrap_err();

                assert_eq!(error.to_string(), "cancelled: only this one");
                assert!(!goes_on.done());
            })
            .unwrap();
    });
}

#[test]
fn case_041_a_gather_that_is_dropped_leaves_nobody_to_be_woken() {
    on_every_loop(|event_loop| {
        let promises: [Promise<u32>; 2] = [event_loop.create_future(), event_loop.create_future()];
        let wakes = Wakes::default();
        {
            let waker = wakes.waker();
            let mut cx = Context::from_waker(&waker);
            let (all, first) = (gather(promises.clone()), try_gather(promises.clone()));
            assert!(pin!(all).poll(&mut cx).is_pending());
            assert!(pin!(first).poll(&mut cx).is_pending());
        }

        assert_eq!(wakes.n_wakers(), 0);
        for promise in promises {
            promise.set_result(1).unwrap();
        }
        assert_eq!(wakes.n_wakes(), 0);
    });
}

#[test]
fn case_042_gather_waits_for_all_and_has_errors_in_their_places() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let promises: Vec<Promise<u32>> = (0..4).map(|_| event_loop.create_future()).collect();
        let outer = event_loop.create_task(gather(promises.clone()));

        event_loop
            .run_until_complete(async {
                at_rest().await;
                promises[3].set_exception("last").unwrap();
                promises[1].set_exception("second").unwrap();
                promises[0].set_result(0).unwrap();
                sleep(Duration::from_nanos(1)).await;
                assert!(!outer.done(), "one child is pending");
                promises[2].set_result(2).unwrap();
            })
            .unwrap();
        let list = event_loop.run_until_complete(outer).unwrap().unwrap();

        let texts: Vec<Result<u32, String>> = list
            .into_iter()
            .map(|one| one.map_err(|error| error.to_string()))
            .collect();
        assert_eq!(
            texts,
            [
                Ok(0),
                Err("second".to_owned()),
                Ok(2),
                Err("last".to_owned())
            ]
        );
        drop(promises);
        assert_eq!(
            reports.messages(),
            [""; 0],
            "gathering retrieves the errors"
        );
    });
}

#[test]
fn case_042_a_cancelled_or_panicking_child_is_an_error_in_its_place() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);

        let list = event_loop
            .run_until_complete(async {
                let value = create_task(async { 1 });
                let cancelled = create_task(pending::<u32>());
                let panics = create_task(async { panic!("in a child") });
                cancelled.cancel_with("not this one");
                gather([value, cancelled, panics]).await
            })
            .unwrap();

        assert!(matches!(list[0], Ok(1)));
        assert_eq!(
            list[1].as_ref().unwrap_err().to_string(),
            "cancelled: not this one"
        );
        assert!(list[2].as_ref().is_err_and(JoinError::is_panic));
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn case_043_gathering_nothing_is_an_empty_list_at_once() {
    guarded(|| {
        let nothing: [Promise<u32>; 0] = [];
        let mut cx = Context::from_waker(Waker::noop());

        assert_eq!(
            pin!(gather(nothing.clone()))
                .poll(&mut cx)
                .map(|list| list.len()),
            Poll::Ready(0)
        );
        let tried = pin!(try_gather(nothing.clone())).poll(&mut cx);
        assert!(matches!(tried, Poll::Ready(Ok(list)) if list.is_empty()));

        let inside = virtual_loop().run_until_complete(gather(nothing)).unwrap();
        assert_eq!(inside.len(), 0);
    });
}

#[test]
fn case_043_children_that_are_done_make_a_gather_that_is_done_at_once() {
    on_every_loop(|event_loop| {
        let promise = event_loop.create_future();
        promise.set_result(1).unwrap();
        let task = event_loop.create_task(async { 2 });
        event_loop.run_until_complete(at_rest()).unwrap();
        assert!(task.done());
        let mut cx = Context::from_waker(Waker::noop());

        let all = pin!(gather((promise.clone(), task))).poll(&mut cx);
        assert!(matches!(all, Poll::Ready((Ok(1), Ok(2)))));
        let first = pin!(try_gather([promise.clone(), promise])).poll(&mut cx);
        assert!(matches!(first, Poll::Ready(Ok(list)) if list == [1, 1]));
    });
}

#[test]
fn case_043_ten_thousand_tasks_are_gathered_in_the_order_of_the_list() {
    const N: u64 = 10_000;
    guarded(|| {
        let event_loop = virtual_loop();
        let list = event_loop
            .run_until_complete(async {
                let child = |n| async move {
                    sleep(Duration::from_millis(1 + (n * 7919) % N)).await;
                    n
                };
                gather((0..N).map(|n| create_task(child(n)))).await
            })
            .unwrap();
        let values = list.into_iter().map(|one| one.expect("it ends"));
        assert!(values.eq(0..N));
        assert_eq!(event_loop.time(), Duration::from_millis(N));
    });
}

#[test]
fn case_045_cancelled_children_are_errors_in_the_list_and_the_gather_is_none() {
    on_every_loop(|event_loop| {
        event_loop
            .run_until_complete(async {
                let promises: [Promise<u32>; 4] = [(); 4].map(|()| event_loop.create_future());
                let outer = create_task(gather(promises.clone()));
                at_rest().await;
                promises[0].set_result(0).unwrap();
                assert!(promises[1].cancel());
                assert!(promises[2].cancel());
                promises[3].set_exception("failed").unwrap();

                let list = outer.await.expect("it was not cancelled");

                assert!(matches!(list[0], Ok(0)));
                let is_cancelled: Vec<bool> = list
                    .iter()
                    .map(|one| one.as_ref().is_err_and(JoinError::is_cancelled))
                    .collect();
                assert_eq!(is_cancelled, [false, true, true, false]);
                assert!(list[3].is_err());
            })
            .unwrap();
    });
}

#[test]
fn case_046_what_is_listed_several_times_runs_once_and_is_in_each_place() {
    on_every_loop(|event_loop| {
        let n_runs = Arc::new(AtomicUsize::new(0));
        let (c, d) = (event_loop.create_future(), event_loop.create_future());
        let runs = {
            let (n_runs, c, d) = (Arc::clone(&n_runs), c.clone(), d.clone());
            async move {
                n_runs.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_secs(1)).await;
                c.set_result("c").unwrap();
                d.set_result("d").unwrap();
            }
        };
        event_loop.create_task(runs).detach();

        let list = event_loop
            .run_until_complete(gather([c.clone(), c.clone(), d, c]))
            .unwrap();

        let list: Vec<_> = list.into_iter().map(Result::unwrap).collect();
        assert_eq!(list, ["c", "c", "d", "c"]);
        assert_eq!(n_runs.load(Ordering::Relaxed), 1);
    });
}
