//! Struck a second time while they clean up: nothing hangs, nothing is left behind, nothing comes out
//! as if nobody had asked.

use std::convert::Infallible;
use std::time::Duration;

use evloop::{
    CancelScope, TaskGroup, as_completed, catch_cancel, create_task, finally_within, gather,
    hold_cancel, on_cancel, race, shield, sleep, timeout, try_gather, wait, wait_for,
};
use evloop_test::CancelAtEachAwait;

use crate::{SECOND, State};

/// Strikes twice; there have to be suspensions after the first strike, or it would show nothing.
#[track_caller]
fn check_twice(scenario: impl AsyncFn(&State)) {
    let test = CancelAtEachAwait::new().twice();
    let report = test.check_with(State::new, scenario, |state, run| {
        state.assert_all_dropped();
        if run.fault().is_some() {
            assert_eq!(run.end().value(), None, "the request is lost: {run:?}");
        }
    });
    let n_once = 2 + 4 * report.n_suspensions;
    assert!(
        report.n_runs > n_once,
        "nothing was struck twice: {report:?}"
    );
}

#[test]
fn clean_up_below_a_combinator() {
    check_twice(async |state| {
        gather((
            state.cleaned(1, "a", "not a"),
            state.cleaned(3, "b", "not b"),
        ))
        .await;
    });
    check_twice(async |state| {
        let fallible = async |secs| Ok::<_, ()>(state.cleaned(secs, "a", "not a").await);
        try_gather([1, 3].map(fallible)).await.expect("none fails");
    });
    check_twice(async |state| {
        race((
            state.cleaned(1, "a", "not a"),
            state.cleaned(3, "b", "not b"),
        ))
        .await;
    });
}

#[test]
fn tasks_that_are_waited_for() {
    let task = |state: &State| create_task(state.cleaned(2, "done", "cleaned"));

    check_twice(async |state| drop(task(state).await));
    check_twice(async |state| drop(gather((task(state), task(state))).await));
    check_twice(async |state| drop(wait_for(task(state), SECOND * 5).await));
    check_twice(async |state| drop(wait_for(task(state), SECOND).await));
    check_twice(async |state| {
        let mut task = task(state);
        sleep(SECOND).await;
        drop(wait_for(&mut task, Duration::ZERO).await);
    });
    check_twice(async |state| {
        let around = create_task(task(state));
        drop(around.await);
    });
}

#[test]
fn groups_in_groups() {
    check_twice(async |state| {
        let outer = TaskGroup::scope(async |outer| {
            let child = state.cleaned(1, "a", "not a");
            let child = async move { assert_eq!(child.await, 1) };
            outer.create_task(child).expect("it is open").detach();
            let inner = TaskGroup::scope(async |inner| {
                let child = state.cleaned(2, "b", "not b");
                let child = async move { assert_eq!(child.await, 2) };
                inner.create_task(child).expect("it is open").detach();
                state.cleaned(1, "body", "not body").await;
                Ok::<_, Infallible>(())
            });
            inner.await
        });
        Box::pin(outer).await.expect("nobody fails");
    });
}

#[test]
fn limits_around_clean_up_that_is_held() {
    for limit in [1, 2, 5] {
        check_twice(async |state| {
            let clean_up = || hold_cancel(state.told(2, "cleaned"));
            let limited = timeout(SECOND * limit, on_cancel(state.work(3), clean_up));
            let _in_time = limited.await;
            sleep(SECOND).await;
        });
        check_twice(async |state| {
            let budgeted =
                finally_within(SECOND * limit, state.work(2), || state.told(2, "cleaned"));
            budgeted.await;
        });
    }
}

#[test]
fn scopes_in_scopes() {
    check_twice(async |state| {
        let inner = on_cancel(state.work(2), || state.told(1, "inner"));
        let outer = on_cancel(CancelScope::new().run(inner), || state.told(1, "outer"));
        outer.await.expect("nobody asks the scope");
    });
    check_twice(async |state| {
        let held = hold_cancel(on_cancel(state.work(1), || state.told(1, "never")));
        on_cancel(held, || state.told(1, "outer")).await;
        sleep(SECOND).await;
    });
    check_twice(async |state| {
        let caught = catch_cancel(state.work(1)).await;
        gather((state.work(1), state.cleaned(2, "a", "not a"))).await;
        drop(caught);
        sleep(SECOND).await;
    });
}

#[test]
fn what_does_not_forward() {
    let task = |state: &State| create_task(state.work(2));

    check_twice(async |state| {
        let shielded = on_cancel(shield(task(state)), || state.told(1, "cleaned"));
        shielded.await.expect("nobody asks the task");
    });
    check_twice(async |state| {
        let waited = on_cancel(wait([task(state)]), || state.told(1, "cleaned"));
        waited.await.expect("there is a task");
    });
    check_twice(async |state| {
        let mut completed = as_completed([task(state), task(state)]);
        while let Some(_done) = on_cancel(completed.next(), || state.told(1, "cleaned")).await {}
    });
}
