//! Whoever has taken a request and is dropped before it has decided: the request goes on.

use std::convert::Infallible;
use std::time::Duration;

use evloop::{
    FutureGroup, TaskGroup, create_task, deadline, finally_within, gather, hold_cancel, on_cancel,
    race, sleep, timeout, try_gather, wait_for,
};
use evloop_test::{CancelAtEachAwait, Mode};

use crate::{SECOND, State, assert_plain_end, is_asked_within};

/// Runs `taker` until it is dropped after ten seconds, in the middle of what it does about a request,
/// and sleeps.
#[track_caller]
fn check_taker(taker: impl AsyncFn(&State)) {
    let mut n_taken = 0;
    CancelAtEachAwait::new().modes([Mode::Cancel]).check_with(
        State::new,
        async |state: &State| {
            let _late = deadline(SECOND * 10, taker(state)).await;
            sleep(SECOND).await;
            state.seen.push("past the next await");
        },
        |state, run| {
            assert_plain_end(run, ());
            assert_eq!(state.seen.len(), usize::from(run.fault().is_none()));
            state.assert_all_dropped();
            // From the first poll on: a request that was taken, and lived as long as its taker.
            n_taken += usize::from(is_asked_within(run) && run.elapsed() >= SECOND * 10);
        },
    );
    assert!(n_taken > 0, "nobody took the request");
}

#[test]
fn scopes_that_clean_up() {
    check_taker(async |state| {
        on_cancel(state.work(5), || state.work(50)).await;
    });
    check_taker(async |state| {
        finally_within(SECOND * 100, state.work(5), || state.work(50)).await;
    });
    check_taker(async |state| {
        let limited = timeout(SECOND * 2, on_cancel(state.work(5), || state.work(50)));
        let _late = limited.await;
    });
}

#[test]
fn a_hold() {
    check_taker(async |state| {
        hold_cancel(state.work(50)).await;
    });
    check_taker(async |state| {
        on_cancel(hold_cancel(state.work(50)), || state.work(1)).await;
    });
}

#[test]
fn awaits_that_forward() {
    let slow = |state: &State| create_task(hold_cancel(state.work(50)));

    check_taker(async |state| drop(slow(state).await));
    check_taker(async |state| {
        let mut task = slow(state);
        drop((&mut task).await);
    });
    check_taker(async |state| drop(wait_for(slow(state), SECOND * 100).await));
    check_taker(async |state| {
        let slow = slow(state);
        sleep(SECOND).await;
        drop(wait_for(slow, Duration::ZERO).await);
    });
    check_taker(async |state| drop(gather((slow(state), slow(state))).await));
}

#[test]
fn combinators() {
    let slow = |state: &State| {
        on_cancel(state.work(5), {
            let clean_up = state.work(50);
            || clean_up
        })
    };

    check_taker(async |state| {
        gather((slow(state), slow(state))).await;
    });
    check_taker(async |state| {
        race((slow(state), slow(state))).await;
    });
    check_taker(async |state| {
        let fallible = async || Ok::<_, ()>(slow(state).await);
        try_gather((fallible(), fallible()))
            .await
            .expect("none fails");
    });
}

#[test]
fn groups() {
    let slow = |state: &State| {
        let work = hold_cancel(state.work(50));
        async move { assert_eq!(work.await, 50) }
    };

    check_taker(async |state| {
        let group = TaskGroup::scope(async |group| {
            group.create_task(slow(state)).expect("it is open").detach();
            Ok::<_, Infallible>(())
        });
        group.await.expect("nobody fails");
    });
    check_taker(async |state| {
        let group = FutureGroup::scope(async |group| {
            group.add(slow(state)).expect("it is open");
            state.work(1).await;
            Ok::<_, Infallible>(())
        });
        group.await.expect("nobody fails");
    });
}
