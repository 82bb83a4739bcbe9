//! Sleeping, limits in time, intervals.

use std::time::Instant;

use evloop::{
    TimeLimit, create_task, create_task_local, deadline, deadline_at, interval, sleep, sleep_secs,
    sleep_until, timeout, timeout_at, wait_for, yield_now,
};
use evloop_test::{CancelAtEachAwait, Mode};
use evloop_tests::Seen;
use evloop_time::TimeHandle;

use crate::lent::Lent;
use crate::{SECOND, State, assert_plain_end, check_plain, is_asked_within, is_begun};

fn now() -> Instant {
    TimeHandle::current().now()
}

#[test]
fn a_sleep_leaves_no_timer() {
    let report = check_plain((), async |_| {
        sleep(SECOND).await;
        sleep_until(now() + SECOND).await;
        sleep_secs(1.5).unwrap().await;
        yield_now().await;
    });

    assert_eq!(report.n_suspensions, 4);
}

#[test]
fn a_limit_drops_what_is_inside_and_its_timer() {
    for limit in [2, 5] {
        let report = check_plain(limit == 5, async |state| {
            let limit = SECOND * limit;
            let mut is_in_time = timeout(limit, state.work(3)).await.is_ok();
            is_in_time &= timeout_at(now() + limit, state.work(3)).await.is_ok();
            is_in_time &= TimeLimit::after(limit).run(state.work(3)).await.is_ok();
            is_in_time &= deadline(limit, state.work(3)).await.is_ok();
            is_in_time &= deadline_at(now() + limit, state.work(3)).await.is_ok();
            is_in_time & wait_for!(state.work(3), limit).await.is_ok()
        });

        assert_eq!(report.n_suspensions, 6);
    }
}

#[test]
fn a_limit_passes_a_request_on_to_code_that_cleans_up() {
    for limit in [2, 5] {
        let report = CancelAtEachAwait::new().check_with(
            State::new,
            async |state: &State| {
                let limited = timeout(SECOND * limit, state.cleaned(3, "done", "cleaned"));
                limited.await.is_ok()
            },
            |state, run| {
                assert_plain_end(run, limit == 5);
                let expected = match run.fault() {
                    // The second one interrupts the clean-up after the limit.
                    Some(fault) if is_asked_within(run) && fault.k() == 2 => vec![],
                    Some(_) if is_asked_within(run) => vec!["cleaned"],
                    None if limit == 5 => vec!["done"],
                    None => vec!["cleaned"],
                    Some(_) => vec![],
                };
                assert_eq!(state.seen.take(), expected);
                state.assert_all_dropped();
            },
        );

        assert!(report.n_suspensions >= 1);
    }
}

#[test]
fn wait_for_forwards_a_request_and_detaches_when_it_is_dropped() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let task = create_task(state.cleaned(3, "done", "cleaned"));
            wait_for(task, SECOND * 5).await.unwrap().unwrap()
        },
        |state, run| {
            assert_plain_end(run, 3);
            let expected = match run.fault().map(|fault| fault.mode()) {
                _ if !is_begun(run) => vec![],
                Some(Mode::Cancel) => vec!["cleaned"],
                // Also woken: the task had ended, and its end stands.
                _ => vec!["done"],
            };
            assert_eq!(state.seen.take(), expected);
            state.assert_all_dropped();
        },
    );

    assert_eq!(report.n_suspensions, 1);
}

#[test]
fn no_tick_is_lost_with_the_call_that_waited_for_it() {
    let report = CancelAtEachAwait::new().check_with(
        Seen::new,
        async |ticks: &Seen<Instant>| {
            let next = ticks.clone();
            let mut interval = Lent::new(interval(SECOND).unwrap(), |mut interval| {
                let rest = async move {
                    while next.len() < 5 {
                        next.push(interval.tick().await);
                    }
                };
                create_task_local(rest).detach();
            });
            for _ in 0..4 {
                ticks.push(interval.tick().await);
            }
        },
        |ticks, run| {
            assert_plain_end(run, ());
            let ticks = ticks.take();
            assert_eq!(ticks.len(), if is_begun(run) { 5 } else { 0 });
            assert!(ticks.windows(2).all(|pair| pair[1] - pair[0] == SECOND));
        },
    );

    assert_eq!(report.n_suspensions, 3);
}
