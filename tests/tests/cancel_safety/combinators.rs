//! Many futures at a time.

use evloop::{
    Cancelled, FirstCompleted, WaitSet, Waitable, as_completed, catch_cancel, create_task,
    create_task_local, gather, race, race_staggered, sleep, try_gather, wait,
};
use evloop_test::{CancelAtEachAwait, Mode, Run};

use crate::lent::Lent;
use crate::{SECOND, State, assert_plain_end, check_plain, is_asked_within, is_begun};

#[test]
fn futures_below_a_combinator_are_dropped_with_it() {
    let report = check_plain((vec![1, 2], Ok(vec![1, 2]), 1), async |state| {
        let gathered = gather([1, 2].map(|secs| state.work(secs))).await;
        let fallible = async |secs| Ok::<_, ()>(state.work(secs).await);
        let tried = try_gather([1, 2].map(fallible)).await;
        let first = race((state.work(2), state.work(1))).await;
        (gathered, tried, first)
    });

    // A gather is woken for each child.
    assert_eq!(report.n_suspensions, 5);
}

#[test]
fn an_error_ends_the_others_whatever_happens_then() {
    let report = check_plain(Err("failed"), async |state| {
        let fails = async {
            state.work(1).await;
            Err("failed")
        };
        let works = async { Ok(state.work(3).await) };
        let tried = try_gather((fails, works)).await.map(|((), _)| ());
        sleep(SECOND).await;
        tried
    });

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn each_child_below_a_combinator_cleans_up() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let gathered = gather((
                state.cleaned(1, "a", "not a"),
                state.cleaned(3, "b", "not b"),
            ));
            gathered.await
        },
        |state, run| {
            assert_plain_end(run, (1, 3));
            let mut seen = state.seen.take();
            seen.sort_unstable();
            let expected: &[_] = match run.fault().map(|fault| (fault.mode(), fault.k())) {
                None => &["a", "b"],
                Some((Mode::Cancel, 1)) => &["not a", "not b"],
                // The first child has been woken: it has ended, and is not asked any more.
                Some((Mode::CancelWoken, 1)) => &["not a", "not b"],
                Some((Mode::Cancel | Mode::CancelWoken, 2)) => &["a", "not b"],
                Some((Mode::Drop | Mode::DropWoken, 2)) => &["a"],
                Some(_) => &[],
            };
            assert_eq!(seen, expected);
            state.assert_all_dropped();
        },
    );

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn a_race_is_not_won_by_clean_up() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            race((
                state.cleaned(2, "a", "not a"),
                state.cleaned(2, "b", "not b"),
            ))
            .await
        },
        |state, run| {
            assert_plain_end(run, 2);
            let n_cleaned = state
                .seen
                .take()
                .iter()
                .filter(|seen| seen.len() > 1)
                .count();
            assert_eq!(n_cleaned, if is_asked_within(run) { 2 } else { 0 });
            state.assert_all_dropped();
        },
    );

    assert_eq!(report.n_suspensions, 1);
}

/// What became of two tasks of 1 and 3 seconds whose awaiter forwards requests.
#[track_caller]
fn assert_forwarded<T>(state: &State, run: &Run<T>) {
    let expected: &[_] = match run.fault().map(|fault| (fault.mode(), fault.k())) {
        Some((_, 0)) => &[],
        Some((Mode::Cancel, 1)) => &["not a", "not b"],
        Some((Mode::CancelWoken, 1) | (Mode::Cancel, 2)) => &["a", "not b"],
        // Detached, or had ended.
        _ => &["a", "b"],
    };
    assert_eq!(state.seen.take(), expected);
    state.assert_all_dropped();
}

#[test]
fn a_gather_of_tasks_forwards_a_request_and_detaches_when_it_is_dropped() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let a = create_task(state.cleaned(1, "a", "not a"));
            let b = create_task(state.cleaned(3, "b", "not b"));
            gather((a, b)).await.1.unwrap()
        },
        |state, run| {
            assert_plain_end(run, 3);
            assert_forwarded(state, run);
        },
    );

    assert_eq!(report.n_suspensions, 2);
}

/// Two tasks that nobody may ask to end.
fn two_tasks(state: &State) -> [evloop::Task<u32>; 2] {
    [
        create_task(state.cleaned(1, "a", "not a")),
        create_task(state.cleaned(3, "b", "not b")),
    ]
}

#[track_caller]
fn assert_both_done<T>(state: &State, run: &Run<T>) {
    let expected: &[_] = if is_begun(run) { &["a", "b"] } else { &[] };
    assert_eq!(state.seen.take(), expected);
    state.assert_all_dropped();
}

#[test]
fn a_wait_asks_nobody_to_end() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let first = wait(two_tasks(state)).return_when(FirstCompleted);
            let (done, pending) = first.timeout(sleep(SECOND * 5)).await.unwrap();
            let (rest, _) = pending.wait().timeout(sleep(SECOND * 5)).await.unwrap();
            done.len() + rest.len()
        },
        |state, run| {
            assert_plain_end(run, 2);
            assert_both_done(state, run);
        },
    );

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn who_waits_for_borrowed_handles_keeps_them() {
    CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let seen = state.seen.clone();
            let mut tasks = Lent::new(two_tasks(state), |tasks: [_; 2]| {
                let rest = async move {
                    for task in tasks {
                        task.await.expect("nobody has cancelled it");
                        seen.push("awaited");
                    }
                };
                create_task_local(rest).detach();
            });
            wait(tasks.iter_mut()).await.unwrap();
        },
        |state, run| {
            assert_plain_end(run, ());
            let seen = state.seen.take();
            let n_awaited = seen.iter().filter(|seen| **seen == "awaited").count();
            assert_eq!(n_awaited, if is_begun(run) { 2 } else { 0 });
        },
    );
}

#[test]
fn no_member_of_a_set_is_lost_with_the_call_that_waited_for_it() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let seen = state.seen.clone();
            let set: WaitSet<_> = two_tasks(state).into_iter().collect();
            let mut set = Lent::new(set, |mut set: WaitSet<_>| {
                let rest = async move {
                    while let Some(task) = set.next().await {
                        task.await.expect("nobody has cancelled it");
                        seen.push("next");
                    }
                };
                create_task_local(rest).detach();
            });
            while let Some(_done) = set.next().await {
                state.seen.push("next");
            }
        },
        |state, run| {
            assert_plain_end(run, ());
            let expected: &[_] = match is_begun(run) {
                true => &["a", "next", "b", "next"],
                false => &[],
            };
            assert_eq!(state.seen.take(), expected);
        },
    );

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn what_completes_is_not_lost_with_the_call_that_waited_for_it() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let seen = state.seen.clone();
            let completed = as_completed(two_tasks(state)).timeout(sleep(SECOND * 2));
            let mut completed = Lent::new(completed, |mut completed| {
                let rest = async move {
                    while let Some(next) = completed.next().await {
                        seen.push(next.map_or("late", |_| "next"));
                    }
                };
                create_task_local(rest).detach();
            });
            while let Some(next) = completed.next().await {
                state.seen.push(next.map_or("late", |_| "next"));
            }
        },
        |state, run| {
            assert_plain_end(run, ());
            let expected: &[_] = match is_begun(run) {
                true => &["a", "next", "late", "b"],
                false => &[],
            };
            assert_eq!(state.seen.take(), expected);
        },
    );

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn what_was_found_late_is_not_lost_with_the_slow_user_who_found_it() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let seen = state.seen.clone();
            let times = [1, 2, 3].map(|secs| create_task(state.work(secs)));
            let completed = as_completed(times).timeout(sleep(SECOND * 5));
            let mut completed = Lent::new(completed, |mut completed| {
                let rest = async move {
                    while let Some(next) = completed.next().await {
                        seen.push(next.map_or("late", |_| "next"));
                    }
                };
                create_task_local(rest).detach();
            });
            while let Some(next) = completed.next().await {
                state.seen.push(next.map_or("late", |_| "next"));
                sleep(SECOND * 10).await;
            }
        },
        |state, run| {
            assert_plain_end(run, ());
            let expected: &[_] = if is_begun(run) { &["next"; 3] } else { &[] };
            assert_eq!(state.seen.take(), expected);
        },
    );

    // What completes while it sleeps wakes it too.
    assert!(report.n_suspensions >= 4, "{report:?}");
}

/// Works for so long, and refuses to end before.
async fn refuse(state: &State, secs: u32) -> &'static str {
    match catch_cancel(state.work(secs))
        .await
        .map_err(Cancelled::swallow)
    {
        Ok(_) => "slept",
        Err(()) => "refused",
    }
}

#[test]
fn a_request_ends_with_a_gather_whose_children_all_refuse() {
    CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| gather((refuse(state, 1), refuse(state, 2))).await,
        |state, run| {
            let ended = run.end().value().copied();
            let expected = match run.fault().map(|fault| (fault.mode(), fault.k())) {
                None => Some(("slept", "slept")),
                Some((Mode::Cancel | Mode::CancelWoken, 1)) => Some(("refused", "refused")),
                Some((Mode::Cancel | Mode::CancelWoken, 2)) => Some(("slept", "refused")),
                Some(_) => None,
            };
            assert_eq!(ended, expected);
            state.assert_all_dropped();
        },
    );
}

#[test]
fn a_request_goes_on_from_a_gather_of_which_one_child_refuses() {
    let report = check_plain(("slept", 2), async |state| {
        gather((refuse(state, 1), state.work(2))).await
    });

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn who_refuses_wins_a_race() {
    CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let works = async {
                state.work(2).await;
                "worked"
            };
            race((refuse(state, 1), works)).await
        },
        |state, run| {
            let expected = match is_asked_within(run) {
                true => Some("refused"),
                false => run.fault().is_none().then_some("slept"),
            };
            assert_eq!(run.end().value().copied(), expected);
            state.assert_all_dropped();
        },
    );
}

#[test]
fn attempts_one_after_another_are_dropped_with_their_race() {
    let report = check_plain(3, async |state| {
        let attempts = [(4, false), (1, false), (3, true)].map(async |(secs, succeeds)| {
            let secs = state.work(secs).await;
            if succeeds { Ok(secs) } else { Err(secs) }
        });
        let won = race_staggered(attempts, || sleep(2 * SECOND)).await;
        won.expect("the last succeeds")
    });

    // The second begins after two seconds, the third after three, the first fails after four.
    assert_eq!(report.n_suspensions, 4);
}

#[test]
fn attempts_that_have_begun_clean_up() {
    let report = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let attempts = [("a", "not a"), ("b", "not b")]
                .map(async |(done, cleaned)| Ok::<_, ()>(state.cleaned(5, done, cleaned).await));
            race_staggered(attempts, || sleep(2 * SECOND)).await
        },
        |state, run| {
            assert_plain_end(run, Ok(5));
            let expected: &[_] = match run.fault().map(|fault| (fault.mode(), fault.k())) {
                None => &["a"],
                Some((Mode::Cancel, 1)) => &["not a"],
                Some((Mode::CancelWoken, 1)) => &["not a"],
                Some((Mode::Cancel | Mode::CancelWoken, 2)) => &["not a", "not b"],
                Some(_) => &[],
            };
            assert_eq!(state.seen.take(), expected);
            state.assert_all_dropped();
        },
    );

    assert_eq!(report.n_suspensions, 2);
}

#[test]
fn futures_that_are_waited_for_clean_up() {
    let handles = |state: &State| {
        [(1, "a", "not a"), (3, "b", "not b")].map(|(secs, done, cleaned)| {
            Waitable::new(Box::pin(state.cleaned(secs, done, cleaned)))
        })
    };
    let check = |state: &State, run: &Run<usize>| {
        assert_plain_end(run, 2);
        let seen = state.seen.take();
        let n_cleaned = seen.iter().filter(|seen| seen.len() > 1).count();
        let n_done = seen.len() - n_cleaned;
        if is_asked_within(run) {
            assert_eq!((n_done + n_cleaned, n_cleaned > 0), (2, true), "{seen:?}");
        } else {
            assert_eq!(n_cleaned, 0);
        }
        state.assert_all_dropped();
    };

    let waited = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let (done, _) = wait(handles(state)).await.expect("there are handles");
            done.len()
        },
        check,
    );
    let completed = CancelAtEachAwait::new().check_with(
        State::new,
        async |state: &State| {
            let mut completed = as_completed(handles(state));
            let mut n_done = 0;
            while let Some(_done) = completed.next().await {
                n_done += 1;
            }
            n_done
        },
        check,
    );

    assert_eq!((waited.n_suspensions, completed.n_suspensions), (2, 2));
}
