//! Awaiting tasks and promises.

use evloop::{
    JoinError, Promise, Task, catch_cancel, create_task, create_task_local, shield, sleep, wait_for,
};
use evloop_test::{CancelAtEachAwait, End, Mode, Run};

use crate::lent::Lent;
use crate::{SECOND, State, assert_plain_end, is_asked_within, is_begun};

fn mode<T>(run: &Run<T>) -> Option<Mode> {
    run.fault()
        .filter(|fault| fault.k() > 0)
        .map(|fault| fault.mode())
}

#[test]
fn an_await_of_a_task_forwards_a_request_and_detaches_when_it_is_dropped() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let task = create_task(state.cleaned(2, "done", "cleaned"));
            task.await.unwrap()
        },
        |state, run| {
            assert_plain_end(run, 2);
            let expected: &[_] = match mode(run) {
                _ if !is_begun(run) => &[],
                Some(Mode::Cancel) => &["cleaned"],
                _ => &["done"],
            };
            assert_eq!(state.seen.take(), expected);
            state.assert_all_dropped();
        },
    );

    assert_eq!(report.n_suspensions, 1);
}

#[test]
fn a_task_that_refuses_spends_the_request() {
    let refuses = || async {
        match catch_cancel(sleep(SECOND)).await {
            Ok(()) => "slept",
            Err(cancelled) => {
                cancelled.swallow();
                "refused"
            }
        }
    };

    let check = |run: &Run<&str>| match mode(run) {
        Some(Mode::Cancel) => assert_eq!(run.end(), &End::Value("refused")),
        _ => assert_plain_end(run, "slept"),
    };

    let test = CancelAtEachAwait::new();
    test.check(async || create_task(refuses()).await.unwrap(), check);
    test.check(
        async || {
            let limited = wait_for(create_task(refuses()), SECOND * 5);
            limited.await.unwrap().unwrap()
        },
        check,
    );
}

/// What a task gave to who awaited it after the one that was struck.
fn told(result: &Result<u32, JoinError>) -> &'static str {
    match result {
        Ok(_) => "value",
        Err(JoinError::Cancelled(_)) => "cancelled",
        Err(_) => "taken",
    }
}

#[test]
fn a_borrowed_task_can_be_awaited_again() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let seen = state.seen.clone();
            let mut task = Lent::new(create_task(state.work(2)), |task: Task<_>| {
                create_task_local(async move { seen.push(told(&task.await)) }).detach();
            });
            (&mut *task).await.unwrap()
        },
        |state, run| {
            assert_plain_end(run, 2);
            let expected: &[_] = match mode(run) {
                _ if !is_begun(run) => &[],
                None => &["taken"],
                Some(Mode::Cancel) => &["cancelled"],
                Some(_) => &["value"],
            };
            assert_eq!(state.seen.take(), expected);
            state.assert_all_dropped();
        },
    );

    assert_eq!(report.n_suspensions, 1);
}

#[test]
fn an_await_of_a_promise_loses_nothing_and_a_request_cancels_the_promise() {
    let set_later = |promise: &Promise<u32>| {
        let promise = promise.clone();
        let setter = async move {
            sleep(SECOND).await;
            // Refused when it is cancelled.
            let _refused = promise.set_result(7);
        };
        create_task(setter).detach();
    };
    let check = |promise: &Promise<u32>, run: &Run<u32>| {
        assert_plain_end(run, 7);
        match mode(run) {
            _ if !is_begun(run) => assert!(!promise.done()),
            Some(Mode::Cancel) => assert!(promise.cancelled()),
            _ => assert_eq!(promise.result().unwrap().as_ref().ok(), Some(&7)),
        }
    };

    let by_value = CancelAtEachAwait::new().check_with(
        Promise::new,
        async |promise: &Promise<u32>| {
            set_later(promise);
            promise.clone().await.unwrap()
        },
        check,
    );
    let by_reference = CancelAtEachAwait::new().check_with(
        Promise::new,
        async |promise: &Promise<u32>| {
            set_later(promise);
            *promise.wait().await.as_ref().unwrap()
        },
        check,
    );

    assert_eq!((by_value.n_suspensions, by_reference.n_suspensions), (1, 1));
}

#[test]
fn a_shield_keeps_requests_from_the_task() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let task = create_task(state.cleaned(2, "done", "cleaned"));
            shield(task).await.unwrap()
        },
        |state, run| {
            assert_plain_end(run, 2);
            let expected: &[_] = if is_begun(run) { &["done"] } else { &[] };
            assert_eq!(state.seen.take(), expected);
            state.assert_all_dropped();
        },
    );

    assert_eq!(report.n_suspensions, 1);
}

#[test]
fn a_flattened_task_is_awaited_as_the_task_is() {
    CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let work = state.cleaned(2, "done", "cleaned");
            let task = create_task(async move { Ok::<_, std::fmt::Error>(work.await) });
            task.flatten().await.unwrap()
        },
        |state, run| {
            assert_plain_end(run, 2);
            let cleaned = is_asked_within(run) && mode(run) == Some(Mode::Cancel);
            let expected: &[_] = match cleaned {
                _ if !is_begun(run) => &[],
                true => &["cleaned"],
                false => &["done"],
            };
            assert_eq!(state.seen.take(), expected);
        },
    );
}
