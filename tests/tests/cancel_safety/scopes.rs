//! Scopes, clean-up, and what puts it off.

use evloop::{
    CancelScope, Stopped, catch_cancel, create_task, finally_within, hold_cancel, on_cancel, sleep,
};
use evloop_test::{CancelAtEachAwait, End, Fault, Mode};

use crate::{SECOND, State, assert_plain_end, check_plain, is_asked_within};

#[test]
fn a_token_that_is_dropped_passes_the_request_on() {
    let report = check_plain(2, async |state| {
        let caught = catch_cancel(state.work(2)).await;
        sleep(SECOND).await;
        caught.unwrap_or_default()
    });

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn a_token_that_is_kept_passes_the_request_on_at_the_end() {
    let scenario = async |state: &State| {
        let caught = catch_cancel(state.work(2)).await;
        // The clean-up of somebody who forgets to decide.
        sleep(SECOND).await;
        state.seen.push("slept");
        caught.map_or(0, |secs| secs)
    };

    CancelAtEachAwait::new()
        .modes([Mode::Cancel, Mode::CancelWoken])
        .check_with(State::new, scenario, |state, run| {
            assert_plain_end(run, 2);
            let is_in_scope = run.fault().is_none_or(|fault| fault.k() == 1);
            assert_eq!(state.seen.len(), usize::from(is_in_scope));
            state.assert_all_dropped();
        });
}

#[test]
fn a_hold_puts_requests_off_but_no_drop() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            hold_cancel(async {
                state.told(1, "first").await;
                state.told(1, "second").await;
            })
            .await;
        },
        |state, run| {
            assert_plain_end(run, ());
            let seen = state.seen.take();
            if run.fault().is_none() || is_asked_within(run) {
                assert_eq!(seen, ["first", "second"]);
            } else {
                assert!(seen.len() < 2);
            }
            state.assert_all_dropped();
        },
    );

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn clean_up_runs_after_a_request_and_a_second_one_interrupts_it() {
    let report = CancelAtEachAwait::new().twice().check_with(
        State::new,
        async |state: &State| {
            on_cancel(state.work(2), || state.told(1, "cleaned")).await;
        },
        |state, run| {
            let second = run.fault().and_then(Fault::again);
            let is_interrupted = second.is_some_and(|(_, k)| k == 2);
            let is_cleaned = is_asked_within(run) && !is_interrupted;
            assert_eq!(state.seen.len(), usize::from(is_cleaned), "{run:?}");
            assert_eq!(run.end().value().is_some(), run.fault().is_none());
            state.assert_all_dropped();
        },
    );

    assert_eq!(report.n_suspensions, 1);
}

#[test]
fn clean_up_within_a_budget_is_interrupted_by_the_budget_alone() {
    for budget in [1, 3] {
        let test = CancelAtEachAwait::new()
            .modes([Mode::Cancel, Mode::CancelWoken])
            .twice();
        let report = test.check_with(
            State::new,
            async |state: &State| {
                let clean_up = || state.told(2, "cleaned");
                finally_within(SECOND * budget, state.work(2), clean_up).await;
            },
            |state, run| {
                assert_plain_end(run, ());
                let is_cleaned = is_asked_within(run) && budget == 3;
                assert_eq!(state.seen.len(), usize::from(is_cleaned), "{run:?}");
                state.assert_all_dropped();
            },
        );

        assert!(report.n_runs > 3, "{report:?}");
    }
}

#[test]
fn a_request_to_the_task_is_not_one_to_the_scope() {
    let report = check_plain(Ok(2), async |state| {
        CancelScope::new().run(state.work(2)).await
    });

    assert_eq!(report.n_suspensions, 1);
}

#[test]
fn of_two_requests_to_the_scope_and_to_the_task_none_is_lost() {
    let report = check_plain(Err(Stopped), async |state| {
        let scope = CancelScope::new();
        let handle = scope.handle();
        let canceller = async move {
            sleep(SECOND).await;
            handle.cancel();
        };
        create_task(canceller).detach();
        let ended = scope.run(state.work(2)).await;
        sleep(SECOND).await;
        ended
    });

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn a_request_that_is_resumed_ends_the_task() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| match catch_cancel(state.work(2)).await {
            Ok(secs) => secs,
            Err(cancelled) => {
                state.told(1, "cleaned").await;
                match cancelled.resume().await {}
            }
        },
        |state, run| {
            assert_plain_end(run, 2);
            assert_eq!(state.seen.len(), usize::from(is_asked_within(run)));
            assert_eq!(run.end() == &End::Cancelled, run.was_asked());
        },
    );

    assert_eq!(report.n_suspensions, 1);
}
