//! Code that is wrong in one way each: the harness says in which.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::mem::ManuallyDrop;
use std::task::Poll;
use std::time::Duration;

use evloop_cancel::{Cancelled, catch_cancel};
use evloop_task::{Promise, Task, create_task, create_task_local, yield_now};
use evloop_test::{CancelAtEachAwait, End, Failure, Fault, Mode};
use evloop_time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// The failure of a scenario that passes when it is left alone.
fn failure_of<T>(scenario: impl AsyncFn() -> T) -> Failure {
    let tested = CancelAtEachAwait::new().try_check(scenario, |_| {});
    let failure = tested.expect_err("the harness finds it");
    assert!(failure.fault().is_some(), "{failure}");
    failure
}

#[test]
fn a_value_that_is_lost_by_a_drop_is_found() {
    // Takes the message out, and only then waits.
    let scenario = async |(queue, got): &(RefCell<Vec<u32>>, Cell<u32>)| {
        let message = queue.borrow_mut().pop().expect("it is filled");
        yield_now().await;
        got.set(message);
    };
    let state = || (RefCell::new(vec![7]), Cell::new(0));

    let tested = CancelAtEachAwait::new().try_check_with(state, scenario, |(queue, got), _| {
        let kept = queue.borrow().iter().sum::<u32>() + got.get();
        assert_eq!(kept, 7, "a message is lost");
    });

    let failure = tested.unwrap_err();
    assert!(failure.is_refused());
    assert_eq!(failure.fault(), Some(Mode::Drop.at(1)));
}

#[test]
fn a_request_that_is_swallowed_is_found() {
    let scenario = async || {
        let _refused = catch_cancel(sleep(SECOND))
            .await
            .map_err(Cancelled::swallow);
    };

    let tested = CancelAtEachAwait::new().try_check(scenario, |run| {
        if run.was_asked() {
            assert_eq!(run.end(), &End::Cancelled, "the request is swallowed");
        }
    });

    let failure = tested.unwrap_err();
    assert!(failure.is_refused());
    assert_eq!(failure.fault(), Some(Mode::Cancel.at(1)));
}

#[test]
fn clean_up_that_is_never_woken_again_is_found() {
    let failure = failure_of(async || {
        if let Err(_request) = catch_cancel(sleep(SECOND)).await {
            pending::<()>().await;
        }
    });

    assert!(failure.is_hang());
    assert_eq!(failure.fault(), Some(Mode::Cancel.at(1)));
    assert!(failure.to_string().contains("will never be woken again"));
}

#[test]
fn clean_up_that_wakes_itself_for_ever_is_found() {
    let failure = failure_of(async || {
        if let Err(_request) = catch_cancel(sleep(SECOND)).await {
            loop {
                yield_now().await;
            }
        }
    });

    assert!(failure.is_hang());
    assert!(failure.to_string().contains("woken ever again"));
}

#[test]
fn clean_up_that_sleeps_for_ever_is_found() {
    let failure = failure_of(async || {
        if let Err(_request) = catch_cancel(sleep(SECOND)).await {
            loop {
                sleep(SECOND).await;
            }
        }
    });

    assert!(failure.is_hang());
}

#[test]
fn a_scenario_that_hangs_by_itself_is_found() {
    let tested = CancelAtEachAwait::new().try_check(async || pending::<()>().await, |_| {});

    let failure = tested.unwrap_err();
    assert!(failure.is_hang());
    assert_eq!(failure.fault(), None);
}

#[test]
fn a_task_that_is_left_behind_is_found() {
    let failure = failure_of(async || {
        let promise = Promise::new();
        let child = create_task(promise.clone());
        yield_now().await;
        promise.set_result(1).unwrap();
        child.await.unwrap().unwrap();
    });

    assert!(failure.is_leak());
    assert_eq!(failure.fault(), Some(Mode::Drop.at(1)));
    assert!(failure.to_string().contains("Task pending"), "{failure}");
}

#[test]
fn a_task_that_is_busy_for_ever_is_found() {
    let failure = failure_of(async || {
        let ticker = create_task(async {
            loop {
                sleep(SECOND).await;
            }
        });
        yield_now().await;
        ticker.cancel();
    });

    assert!(failure.is_leak());
    assert!(failure.to_string().contains("still busy"), "{failure}");
}

#[test]
fn a_timer_that_is_left_behind_is_found() {
    // Given back by hand, which a drop skips.
    let failure = failure_of(async || {
        let mut nap = ManuallyDrop::new(Box::pin(sleep(SECOND)));
        let is_slept = poll_fn(|cx| Poll::Ready(nap.as_mut().poll(cx).is_ready())).await;
        assert!(!is_slept);
        yield_now().await;
        drop(ManuallyDrop::into_inner(nap));
    });

    assert!(failure.is_leak());
    assert_eq!(failure.fault(), Some(Mode::Drop.at(1)));
    assert!(failure.to_string().contains("timers"), "{failure}");
}

struct PanicsUnlessDone(bool);

impl Drop for PanicsUnlessDone {
    fn drop(&mut self) {
        assert!(self.0, "it was not done");
    }
}

/// Asks its task to end, and looks at it no more.
struct CancelledByDrop(Task<()>);

impl Drop for CancelledByDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[test]
fn a_destructor_that_panics_is_found() {
    let failure = failure_of(async || {
        let mut guard = PanicsUnlessDone(false);
        yield_now().await;
        guard.0 = true;
    });

    assert!(failure.is_panic());
    assert!(failure.to_string().contains("it was not done"), "{failure}");
}

#[test]
fn a_panic_that_nobody_received_is_found() {
    let failure = failure_of(async || {
        let child = create_task_local(async {
            let mut guard = PanicsUnlessDone(false);
            yield_now().await;
            guard.0 = true;
        });
        let mut child = CancelledByDrop(child);
        (&mut child.0).await.expect("it is not cancelled");
    });

    assert!(failure.is_panic());
}

#[test]
fn a_scenario_that_does_not_repeat_itself_is_found() {
    let n_runs = Cell::new(0);

    let tested = CancelAtEachAwait::new().try_check(
        async || {
            n_runs.set(n_runs.get() + 1);
            if n_runs.get() == 1 {
                yield_now().await;
            }
        },
        |_| {},
    );

    let failure = tested.unwrap_err();
    assert!(failure.is_different());
    assert_eq!(failure.fault().map(Fault::k), Some(1));
}

#[test]
fn a_failure_tells_all_that_is_needed_to_see_it_again() {
    let scenario = async || {
        yield_now().await;
        if let Err(_request) = catch_cancel(sleep(SECOND)).await {
            sleep(SECOND).await;
            pending::<()>().await;
        }
    };

    let failure = CancelAtEachAwait::new()
        .try_check(scenario, |_| {})
        .unwrap_err();

    assert_eq!(
        failure.to_string(),
        "cancelled at suspension 2 of 2: it is pending and will never be woken again\n\
         what happened:\n  \
         0ns: suspends (1)\n  \
         0ns: suspends (2)\n  \
         0ns: is asked to end\n  \
         0ns: suspends (3)\n  \
         1s: suspends (4)\n\
         this run alone: `.only(Mode::Cancel.at(2))`"
    );
    let again = CancelAtEachAwait::new().only(Mode::Cancel.at(2));
    let again = again.try_check(scenario, |_| {}).unwrap_err();
    assert_eq!(again.to_string(), failure.to_string());
}
