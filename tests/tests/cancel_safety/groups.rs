//! Task groups.

use std::convert::Infallible;

use evloop::{FutureGroup, TaskGroup, create_task, sleep, yield_now};
use evloop_test::{CancelAtEachAwait, Fault, Mode};

use crate::{SECOND, State, assert_plain_end, is_asked_within, is_begun};

async fn group_of_two(state: &State) {
    let group = TaskGroup::scope(async |group| {
        let a = state.cleaned(1, "a", "not a");
        let b = state.cleaned(3, "b", "not b");
        group
            .create_task(async move { assert_eq!(a.await, 1) })
            .expect("it is open")
            .detach();
        group
            .create_task(async move { assert_eq!(b.await, 3) })
            .expect("it is open")
            .detach();
        yield_now().await;
        sleep(SECOND * 2).await;
        state.seen.push("body");
        Ok::<_, Infallible>(())
    });
    group.await.expect("nobody fails");
    state.seen.push("left");
}

#[test]
fn no_child_outlives_its_group() {
    let report = CancelAtEachAwait::new().check_with(State::new, group_of_two, |state, run| {
        assert_plain_end(run, ());
        let expected: &[_] = match run.fault().map(|fault| (fault.mode(), fault.k())) {
            _ if !is_begun(run) => &[],
            None => &["a", "body", "b", "left"],
            // The children have not begun.
            Some((Mode::Drop, 1)) => &[],
            // A drop cancels them too, and they end by themselves.
            Some((_, 1) | (Mode::Drop | Mode::Cancel, 2)) => &["not a", "not b"],
            Some((_, 2)) => &["a", "not b"],
            Some((Mode::Drop | Mode::Cancel, 3)) => &["a", "body", "not b"],
            Some(_) => &["a", "body", "b"],
        };
        assert_eq!(state.seen.take(), expected);
        state.assert_all_dropped();
    });

    assert_eq!(report.n_suspensions, 3);
}

#[test]
fn a_second_strike_at_a_group_loses_no_child() {
    let test = CancelAtEachAwait::new().twice();

    let report = test.check_with(State::new, group_of_two, |state, run| {
        let is_left = state.seen.take().contains(&"left");
        assert_eq!(is_left, run.fault().is_none());
        state.assert_all_dropped();
        if let Some((second, _)) = run.fault().and_then(Fault::again) {
            assert_eq!(run.is_dropped(), second.is_drop(), "{run:?}");
        }
    });

    assert!(report.n_runs > 10, "{report:?}");
}

async fn group_of_two_futures(state: &State) {
    let group = FutureGroup::scope(async |group| {
        let a = async { assert_eq!(state.cleaned(1, "a", "not a").await, 1) };
        let b = async { assert_eq!(state.cleaned(3, "b", "not b").await, 3) };
        group.add(a).expect("it is open");
        sleep(SECOND / 2).await;
        group.add(b).expect("it is open");
        sleep(SECOND * 2).await;
        let c = state.told(1, "c");
        group
            .add(async { assert_eq!(c.await, 1) })
            .expect("it is open");
        yield_now().await;
        state.seen.push("body");
        Ok::<_, Infallible>(())
    });
    group.await.expect("nobody fails");
    state.seen.push("left");
}

#[test]
fn no_child_that_borrows_outlives_its_group() {
    let test = CancelAtEachAwait::new().twice();
    let report = test.check_with(State::new, group_of_two_futures, |state, run| {
        let seen = state.seen.take();
        assert_eq!(seen.contains(&"left"), run.fault().is_none());
        assert_eq!(run.end().value().is_some(), run.fault().is_none());
        let n_cleaned = seen.iter().filter(|seen| seen.starts_with("not")).count();
        let is_asked_once =
            is_asked_within(run) && run.fault().is_some_and(|f| f.again().is_none());
        if is_asked_once && seen.contains(&"a") {
            assert_eq!(n_cleaned, usize::from(!seen.contains(&"b")), "{seen:?}");
        }
        state.assert_all_dropped();
    });

    assert!(report.n_suspensions >= 5, "{report:?}");
}

#[test]
fn a_child_that_was_never_polled_is_dropped_with_its_group() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let group = FutureGroup::scope(async |group: FutureGroup<'static>| {
                let (adder, child) = (group.clone(), state.told(2, "child"));
                // Adds it, and wakes the group, between two polls.
                let adding = async move {
                    sleep(SECOND).await;
                    let child = async move { assert_eq!(child.await, 2) };
                    let _closed = adder.add(child);
                };
                create_task(adding).detach();
                sleep(SECOND * 2).await;
                Ok::<_, Infallible>(())
            });
            group.await.expect("nobody fails");
        },
        |state, run| {
            assert_plain_end(run, ());
            assert_eq!(state.seen.len(), usize::from(run.fault().is_none()));
            state.assert_all_dropped();
        },
    );

    assert!(report.n_suspensions >= 3, "{report:?}");
}
