//! What a test may allow, and what the settings refuse.

use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use evloop_cancel::on_cancel;
use evloop_task::{create_task, yield_now};
use evloop_test::{CancelAtEachAwait, End, Mode, at_each_await};
use evloop_time::sleep;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn allowed_tasks_are_shown_to_the_oracle() {
    let scenario = async || {
        create_task(pending::<()>()).detach();
        yield_now().await;
    };

    let report = CancelAtEachAwait::new()
        .may_leave_tasks()
        .check(scenario, |run| {
            let is_begun = run.fault().is_none_or(|fault| fault.k() > 0);
            assert_eq!(run.left_tasks().len(), usize::from(is_begun));
        });

    assert_eq!(report.n_runs, 6);
}

#[test]
fn allowed_tasks_may_be_busy_for_ever() {
    let scenario = async || {
        let ticker = create_task(async {
            loop {
                sleep(SECOND).await;
            }
        });
        ticker.detach();
        yield_now().await;
    };

    let test = CancelAtEachAwait::new().may_leave_tasks().max_steps(100);
    let report = test.check(scenario, |_| {});

    assert_eq!(report.n_runs, 6);
}

#[test]
fn allowed_timers_are_shown_to_the_oracle() {
    let scenario = async || {
        let mut nap = Box::pin(sleep(SECOND));
        std::future::poll_fn(|cx| {
            assert!(nap.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        std::mem::forget(nap);
    };

    let report = CancelAtEachAwait::new()
        .may_leave_timers()
        .check(scenario, |run| {
            assert_eq!(run.has_left_timers(), run.fault().is_none());
        });

    assert_eq!(report.n_suspensions, 0);
}

#[test]
fn allowed_panics_are_shown_to_the_oracle() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }

    let scenario = async || {
        let panics = Panics;
        yield_now().await;
        std::mem::forget(panics);
    };

    let report = CancelAtEachAwait::new()
        .may_panic()
        .modes([Mode::Drop])
        .check(scenario, |run| {
            if run.fault().is_some_and(|fault| fault.k() > 0) {
                assert_eq!(run.end(), &End::Panicked("in the destructor".to_owned()));
            }
        });

    assert_eq!((report.n_panicked, report.n_dropped), (1, 1));
}

#[test]
fn only_one_run_is_done_where_that_is_asked() {
    let n_checked = Cell::new(0);
    let scenario = async || {
        on_cancel(sleep(SECOND), || async { sleep(SECOND).await }).await;
    };

    let only = Mode::Cancel.at(1).then(Mode::DropWoken, 2);
    let report = CancelAtEachAwait::new().only(only).check(scenario, |run| {
        n_checked.set(n_checked.get() + 1);
        assert_eq!(run.fault(), (n_checked.get() > 1).then_some(only));
    });

    assert_eq!((n_checked.get(), report.n_runs), (2, 1));
}

#[test]
fn a_run_that_is_asked_for_and_does_not_exist_is_a_failure() {
    let only = CancelAtEachAwait::new().only(Mode::Drop.at(2));

    let failure = only.try_check(yield_now, |_| {}).unwrap_err();

    assert!(failure.is_different());
}

#[test]
fn a_failed_test_panics_with_the_failure() {
    let test = || {
        at_each_await(
            async || yield_now().await,
            |run| assert!(run.fault().is_none()),
        )
    };

    let payload = catch_unwind(AssertUnwindSafe(test)).unwrap_err();

    let message = payload.downcast_ref::<String>().unwrap();
    assert!(
        message.starts_with("dropped at the start of 1: "),
        "{message}"
    );
}

#[test]
#[should_panic(expected = "not struck again")]
fn what_is_dropped_is_not_struck_again() {
    let _none = Mode::Drop.at(1).then(Mode::Cancel, 2);
}
