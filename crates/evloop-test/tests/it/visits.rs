//! Which moments are visited, and what an oracle is told of them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use evloop_cancel::{catch_cancel, on_cancel};
use evloop_task::{create_task_local, yield_now};
use evloop_test::{CancelAtEachAwait, End, Fault, Mode, at_each_await};
use evloop_time::sleep;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn each_suspension_is_struck_in_each_mode() {
    let faults = RefCell::new(Vec::new());

    let report = at_each_await(
        async || {
            yield_now().await;
            sleep(MINUTE).await;
        },
        |run| faults.borrow_mut().push(run.fault()),
    );

    let all = |k| Mode::ALL.map(|mode| Some(mode.at(k)));
    let mut expected = vec![None, Some(Mode::Drop.at(0)), Some(Mode::Cancel.at(0))];
    expected.extend([1, 2].into_iter().flat_map(all));
    assert_eq!(faults.into_inner(), expected);
    assert_eq!((report.n_suspensions, report.n_runs), (2, 10));
    assert_eq!((report.n_dropped, report.n_cancelled), (5, 5));
    assert_eq!((report.n_values, report.n_panicked), (0, 0));
}

#[test]
fn a_scenario_that_never_suspends_is_struck_before_its_first_poll() {
    let report = at_each_await(
        async || 7,
        |run| {
            if run.fault().is_none() {
                assert_eq!(run.end(), &End::Value(7));
            }
        },
    );

    assert_eq!((report.n_suspensions, report.n_runs), (0, 2));
    assert_eq!((report.n_dropped, report.n_cancelled), (1, 1));
}

#[test]
fn a_strike_finds_the_scenario_at_its_moment() {
    let steps = || RefCell::new(Vec::new());
    let scenario = async |steps: &RefCell<Vec<usize>>| {
        for n in 1..=3 {
            steps.borrow_mut().push(n);
            sleep(MINUTE).await;
        }
    };

    CancelAtEachAwait::new().check_with(steps, scenario, |steps, run| {
        let n_begun = run.fault().map_or(3, Fault::k);
        assert_eq!(*steps.borrow(), (1..=n_begun).collect::<Vec<_>>());
        let n_slept = match run.fault().map(Fault::mode) {
            None => 3,
            Some(Mode::DropWoken | Mode::CancelWoken) => n_begun,
            Some(_) => n_begun.saturating_sub(1),
        };
        let slept = MINUTE * u32::try_from(n_slept).unwrap();
        assert_eq!(run.elapsed(), slept, "{run:?}");
    });
}

#[test]
fn code_that_cleans_up_is_let_to_its_end() {
    let log = || RefCell::new(Vec::new());
    let scenario = async |log: &RefCell<Vec<&str>>| {
        let clean_up = || async {
            sleep(MINUTE).await;
            log.borrow_mut().push("cleaned up");
        };
        on_cancel(sleep(MINUTE), clean_up).await;
    };

    let report = CancelAtEachAwait::new().check_with(log, scenario, |log, run| {
        let is_cleaned_up = run.was_asked() && run.fault().is_some_and(|fault| fault.k() > 0);
        assert_eq!(log.borrow().len(), usize::from(is_cleaned_up));
        assert_eq!(run.was_asked(), *run.end() == End::Cancelled);
    });

    assert_eq!(report.n_cancelled, 3);
}

#[test]
fn code_that_refuses_ends_with_its_value() {
    let report = CancelAtEachAwait::new().modes([Mode::Cancel]).check(
        async || match catch_cancel(sleep(MINUTE)).await {
            Ok(()) => "slept",
            Err(cancelled) => {
                cancelled.swallow();
                "refused"
            }
        },
        |run| match run.fault().map(Fault::k) {
            None => assert_eq!(run.end().value(), Some(&"slept")),
            Some(0) => assert_eq!(run.end(), &End::Cancelled),
            Some(_) => assert_eq!(run.end().value(), Some(&"refused")),
        },
    );

    assert_eq!((report.n_values, report.n_cancelled), (1, 1));
}

#[test]
fn what_a_scenario_spawned_runs_on_until_it_settles() {
    let log = || Rc::new(RefCell::new(Vec::new()));
    let scenario = async |log: &Rc<RefCell<Vec<&'static str>>>| {
        let shared = Rc::clone(log);
        let child = create_task_local(async move {
            sleep(MINUTE * 60).await;
            shared.borrow_mut().push("child");
        });
        child.detach();
        yield_now().await;
    };

    CancelAtEachAwait::new().check_with(log, scenario, |log, run| {
        let is_begun = run.fault().is_none_or(|fault| fault.k() > 0);
        assert_eq!(log.borrow().len(), usize::from(is_begun));
    });
}

#[test]
fn a_second_strike_interrupts_the_clean_up() {
    let seconds = RefCell::new(Vec::new());
    let scenario = async || {
        on_cancel(yield_now(), || async {
            yield_now().await;
            yield_now().await;
        })
        .await;
    };

    let report = CancelAtEachAwait::new()
        .modes([Mode::Cancel])
        .twice()
        .check(scenario, |run| {
            if let Some((mode, k)) = run.fault().and_then(Fault::again) {
                seconds.borrow_mut().push((mode, k));
            }
            assert_eq!(run.fault().is_none(), *run.end() == End::Value(()));
        });

    assert_eq!(seconds.into_inner(), [(Mode::Cancel, 2), (Mode::Cancel, 3)]);
    assert_eq!(report.n_runs, 4);
}
