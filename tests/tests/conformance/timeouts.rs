//! `timeout`, `timeout_at` and limits that are moved.

use std::future::pending;
use std::time::{Duration, Instant};

use evloop::{
    EventLoop, Handle, ManualClock, NotActive, TimeLimit, TimeoutState, catch_cancel, create_task,
    current_task, on_cancel, sleep, timeout, timeout_at, yield_now,
};
use evloop_tests::{Seen, at_rest, in_every_loop, witness};

use crate::{guarded, in_loop};

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// In whole milliseconds: waiting until all is at rest takes less.
pub(crate) fn time() -> Duration {
    let passed = Handle::current().time().as_millis();
    ms(u64::try_from(passed).expect("no test is so long"))
}

pub(crate) fn now() -> Instant {
    Handle::current().now()
}

#[test]
fn case_081_of_nested_limits_due_together_the_outer_one_reports_and_both_are_expired() {
    in_every_loop(async || {
        let (outer, inner) = (TimeLimit::after(ms(20)), TimeLimit::after(ms(20)));
        let (outer_is, inner_is) = (outer.handle(), inner.handle());
        let seen = Seen::new();
        let (asked, between) = (seen.clone(), seen.pusher("between the two"));
        let body = on_cancel(pending::<()>(), || async move { asked.push("the body") });

        let late = outer.run(async move {
            let _never = inner.run(body).await;
            between();
        });
        assert!(late.await.is_err());

        assert!(outer_is.expired() && inner_is.expired());
        assert_eq!(seen.take(), ["the body"], "asked once");
        assert_eq!(time(), ms(20));
        assert_eq!(current_task().unwrap().cancelling(), 0);
    });
}

#[test]
fn case_081_an_inner_limit_that_is_due_alone_is_reported_inside_of_the_outer_one() {
    in_every_loop(async || {
        let outer = TimeLimit::after(ms(50));
        let outer_is = outer.handle();
        let late = outer.run(async {
            assert!(timeout(ms(10), pending::<()>()).await.is_err());
            assert_eq!((time(), outer_is.expired()), (ms(10), false));
            pending::<()>().await;
        });

        assert!(late.await.is_err());
        assert_eq!((time(), outer_is.expired()), (ms(50), true));
    });
}

#[test]
fn case_081_an_outer_limit_that_is_due_in_the_clean_up_of_the_inner_one_reports() {
    in_every_loop(async || {
        let inner = TimeLimit::after(ms(10));
        let inner_is = inner.handle();
        let late = timeout(ms(20), async {
            let clean_up = || async { sleep(ms(100)).await };
            let _never = inner.run(on_cancel(pending::<()>(), clean_up)).await;
            unreachable!("between the two");
        });

        assert!(late.await.is_err());
        assert_eq!((time(), inner_is.expired()), (ms(20), true));
    });
}

#[test]
fn case_082_a_limit_of_zero_or_in_the_past_ends_what_suspends_once() {
    in_loop(async {
        sleep(ms(1)).await;
        let (start, before) = (time(), now() - ms(1));

        assert!(
            timeout(Duration::ZERO, sleep(Duration::ZERO))
                .await
                .is_err()
        );
        assert!(timeout(Duration::ZERO, yield_now()).await.is_err());
        assert!(timeout_at(before, sleep(Duration::ZERO)).await.is_err());
        let limit = TimeLimit::at(before);
        let handle = limit.handle();
        assert!(limit.run(sleep(Duration::ZERO)).await.is_err());

        assert!(handle.expired());
        assert_eq!(time(), start);
    });
}

#[test]
fn case_082_what_never_suspends_succeeds_whatever_the_limit() {
    in_every_loop(async || {
        let limit = TimeLimit::after(Duration::ZERO);
        let handle = limit.handle();

        assert_eq!(limit.run(async { 1 }).await, Ok(1));
        assert_eq!(timeout_at(now() - ms(1), async { 2 }).await, Ok(2));

        assert!(!handle.expired());
        assert_eq!(handle.state(), TimeoutState::Finished);
    });
}

#[test]
fn case_083_an_error_of_the_body_before_the_limit_is_given_as_it_is() {
    in_every_loop(async || {
        let limit = TimeLimit::after(ms(100));
        let handle = limit.handle();
        let fails = async {
            sleep(ms(1)).await;
            Err::<(), _>("its own")
        };

        assert_eq!(limit.run(fails).await, Ok(Err("its own")));

        assert!(!handle.expired());
        assert_eq!(handle.state(), TimeoutState::Finished);
        let panics = create_task(timeout(ms(100), async { panic!("its own") }));
        assert!(panics.await.unwrap_err().is_panic());
    });
}

#[test]
fn case_083_an_error_of_the_body_while_it_expires_is_given_and_the_limit_has_expired() {
    in_every_loop(async || {
        let limit = TimeLimit::after(ms(100));
        let handle = limit.handle();
        let fails = async {
            let caught = catch_cancel(pending::<()>()).await;
            Err::<(), _>(caught.unwrap_err().into_err("its own"))
        };

        assert_eq!(limit.run(fails).await, Ok(Err("its own")));

        assert!(handle.expired());
    });
}

#[test]
fn case_085_a_request_from_outside_before_the_limit_is_no_timeout() {
    in_every_loop(async || {
        let limit = TimeLimit::after(ms(100));
        let handle = limit.handle();
        let seen = Seen::new();
        let behind = seen.pusher("behind it");
        let task = create_task(async move {
            let _never = limit.run(pending::<()>()).await;
            behind();
        });
        sleep(ms(10)).await;

        assert!(task.cancel_with("from outside"));

        let error = task.await.unwrap_err();
        assert_eq!(error.to_string(), "cancelled: from outside");
        assert!(!handle.expired() && seen.is_empty());
        assert_eq!(time(), ms(10));
        assert_refused(handle.reschedule(None), TimeoutState::Finished, "finished");
    });
}

#[test]
fn case_085_a_request_from_outside_in_the_clean_up_of_a_limit_wins() {
    in_every_loop(async || {
        let limit = TimeLimit::after(ms(100));
        let handle = limit.handle();
        let clean_up = || async { sleep(ms(100)).await };
        let task = create_task(limit.run(on_cancel(pending::<()>(), clean_up)));
        sleep(ms(150)).await;
        assert!(handle.expired());
        assert_eq!(handle.state(), TimeoutState::Expiring);

        assert!(task.cancel_with("from outside"));

        let error = task.await.unwrap_err();
        assert_eq!(error.to_string(), "cancelled: from outside");
        assert_eq!(time(), ms(150));
    });
}

#[test]
fn case_085_a_request_from_outside_in_the_turn_of_the_limit_wins() {
    in_loop(async {
        let limit = TimeLimit::after(ms(100));
        let handle = limit.handle();
        let asked = Seen::new();
        let (ask, told) = (asked.clone(), asked.clone());
        let task = create_task(async move {
            told.push(current_task().unwrap());
            limit.run(pending::<()>()).await
        });
        let ask = move || {
            assert!(ask.take()[0].cancel_with("from outside"));
        };
        // Due at the same time, and in front of the limit, which is not entered yet.
        Handle::current().call_later(ms(100), ask);

        let error = task.await.unwrap_err();

        assert_eq!(error.to_string(), "cancelled: from outside");
        assert!(handle.expired(), "it was due as well");
        assert_refused(handle.reschedule(None), TimeoutState::Finished, "finished");
    });
}

#[test]
fn case_085_a_request_in_the_turn_of_a_limit_around_a_clean_up_wins() {
    in_loop(async {
        let asked = Seen::new();
        let (ask, told) = (asked.clone(), asked.clone());
        let seen = Seen::new();
        let behind = seen.pusher("behind the limit");
        let task = create_task(async move {
            told.push(current_task().unwrap());
            // Expires at 30 ms, and is cleaned up for until the outer limit and the request are due.
            let clean_up = || async { sleep(ms(20)).await };
            let inner = timeout(ms(30), on_cancel(pending::<()>(), clean_up));
            let _never = timeout(ms(50), inner).await;
            behind();
        });
        Handle::current().call_later(ms(50), move || {
            assert!(ask.take()[0].cancel_with("from outside"));
        });

        let error = task.await.unwrap_err();

        assert_eq!(
            (error.to_string(), time()),
            ("cancelled: from outside".to_owned(), ms(50))
        );
        assert!(seen.is_empty(), "not even the error of the limit");
    });
}

#[test]
fn case_086_a_limit_that_expires_inside_of_a_task_does_not_cancel_the_task() {
    in_every_loop(async || {
        let mut task = create_task(async {
            assert!(timeout(ms(1), pending::<()>()).await.is_err());
            let me = current_task().unwrap();
            assert!(!me.cancelled() && me.cancelling() == 0);
            sleep(ms(1)).await;
            "goes on"
        });

        assert_eq!((&mut task).await.unwrap(), "goes on");
        assert!(!task.cancelled());
    });
}

#[test]
fn case_086_a_task_that_expires_counts_no_request_either() {
    in_every_loop(async || {
        let (captured, dropped) = witness();
        let limited = timeout(ms(1), async move {
            let me = current_task().unwrap();
            let asked = on_cancel(pending::<()>(), || async move {
                assert_eq!(me.cancelling(), 0, "nobody asked the task");
            });
            asked.await;
            drop(captured);
        });

        assert!(limited.await.is_err());
        assert!(dropped.is_dropped());
    });
}

/// Runs `program` on a loop whose clock it can move while the loop is busy.
fn with_clock<F: Future<Output = ()>>(program: impl FnOnce(ManualClock) -> F) {
    guarded(|| {
        let clock = ManualClock::new().with_auto_jump();
        let event_loop = EventLoop::builder().clock(clock.clone()).build();
        let event_loop = event_loop.expect("the system has descriptors for a loop");
        event_loop
            .run_until_complete(program(clock))
            .expect("it ends");
    });
}

#[test]
fn case_087_a_busy_loop_finds_both_limits_due_and_the_outer_one_reports() {
    with_clock(|clock| async move {
        let seen = Seen::new();
        let (asked, between) = (seen.clone(), seen.pusher("between the two"));
        let late = timeout(ms(100), async {
            let busy = async {
                yield_now().await;
                clock.advance(ms(100));
                sleep(ms(1000)).await;
            };
            let _never = timeout(ms(10), on_cancel(busy, || async { asked.push("asked") })).await;
            between();
        });

        assert_eq!(late.await.unwrap_err().limit(), Some(ms(100)));

        assert_eq!((time(), seen.take()), (ms(100), vec!["asked"]));
    });
}

#[test]
fn case_087_an_inner_limit_delivered_a_turn_earlier_is_caught_and_the_outer_one_ends_the_rest() {
    with_clock(|clock| async move {
        let seen = Seen::new();
        let caught = seen.pusher("caught");
        let late = timeout(ms(100), async {
            let clean_up = || async { clock.advance(ms(90)) };
            let inner = timeout(ms(10), on_cancel(pending::<()>(), clean_up)).await;
            assert_eq!(inner.unwrap_err().limit(), Some(ms(10)));
            caught();
            sleep(ms(10_000)).await;
        });

        assert_eq!(late.await.unwrap_err().limit(), Some(ms(100)));

        assert_eq!((time(), seen.take()), (ms(100), vec!["caught"]));
    });
}

/// What moving a limit says when it is in `state`.
#[track_caller]
fn assert_refused(moved: Result<(), NotActive>, state: TimeoutState, name: &str) {
    let refused = moved.expect_err("it is refused");
    assert_eq!(refused.state(), state);
    let text = format!("failed to move a time limit: it is {name}");
    assert_eq!(refused.to_string(), text);
}

#[test]
fn case_089_a_limit_that_is_not_active_cannot_be_moved_and_says_why() {
    in_every_loop(async || {
        let soon = || Some(now() + ms(1));
        let limit = TimeLimit::after(ms(10));
        let handle = limit.handle();
        assert_refused(
            handle.reschedule(soon()),
            TimeoutState::Unentered,
            "not entered",
        );
        assert_eq!(limit.run(async { 1 }).await, Ok(1));
        assert_refused(
            handle.reschedule(soon()),
            TimeoutState::Finished,
            "finished",
        );

        let limit = TimeLimit::after(ms(10));
        let handle = limit.handle();
        let expiring = handle.clone();
        let body = on_cancel(pending::<()>(), || async move {
            assert_refused(
                expiring.reschedule(None),
                TimeoutState::Expiring,
                "expiring",
            );
        });
        assert!(limit.run(body).await.is_err());
        assert_refused(handle.reschedule(soon()), TimeoutState::Expired, "expired");
    });
}

#[test]
fn case_089_a_body_that_refuses_leaves_a_limit_that_cannot_be_moved() {
    in_every_loop(async || {
        let limit = TimeLimit::after(ms(10));
        let handle = limit.handle();
        let inside = handle.clone();
        let body = async move {
            catch_cancel(pending::<()>()).await.unwrap_err().swallow();
            assert!(inside.expired(), "from the moment it was due");
            assert_refused(inside.reschedule(None), TimeoutState::Expiring, "expiring");
            sleep(ms(100)).await;
            "refused"
        };

        assert_eq!(limit.run(body).await, Ok("refused"));

        assert!(handle.expired());
        assert_refused(handle.reschedule(None), TimeoutState::Finished, "finished");
        assert_eq!(time(), ms(110), "it does not fire again");
    });
}

#[test]
fn case_090_after_a_swallowed_request_a_new_limit_still_works() {
    in_every_loop(async || {
        let task = create_task(async {
            catch_cancel(pending::<()>()).await.unwrap_err().swallow();
            assert_eq!(current_task().unwrap().cancelling(), 1);
            let late = timeout(ms(10), pending::<()>()).await;
            assert_eq!(current_task().unwrap().cancelling(), 1);
            late
        });
        at_rest().await;
        assert!(task.cancel());

        assert!(task.await.unwrap().is_err());
    });
}

#[test]
fn case_090_a_request_swallowed_inside_of_a_limit_does_not_disturb_it() {
    in_every_loop(async || {
        let task = create_task(timeout(ms(10), async {
            catch_cancel(pending::<()>()).await.unwrap_err().swallow();
            pending::<()>().await;
        }));
        at_rest().await;
        assert!(task.cancel());

        // asyncio lets the request through here, since its count is above the one at entry.
        assert!(task.await.unwrap().is_err());
    });
}
