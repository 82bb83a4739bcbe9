//! Promises: asyncio's futures.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use evloop::{CallbackId, EventLoop, Executor, JoinError, Promise, TaskResult, gather, wait};
use evloop_tests::{HeldJobs, Reports, Seen, at_rest, on_every_loop, virtual_loop};

use crate::guarded;

#[derive(Debug, PartialEq)]
struct Broken(u32);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}", self.0)
    }
}

impl Error for Broken {}

#[test]
fn case_001_cancelling_a_pending_promise_cancels_it_at_once() {
    guarded(|| {
        let event_loop = virtual_loop();
        let promise: Promise<u32> = event_loop.create_future();
        let seen = Seen::new();
        let told = seen.clone();
        promise.add_done_callback(move |result| told.push(result.clone().unwrap_err().to_string()));

        assert!(promise.cancel_with("no longer needed"));

        assert!(promise.done());
        assert!(promise.cancelled());
        assert!(seen.is_empty(), "callbacks are scheduled, not run");
        let error = promise.result().unwrap().as_ref().unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.to_string(), "cancelled: no longer needed");
        assert!(
            promise
                .exception()
                .unwrap()
                .is_some_and(JoinError::is_cancelled)
        );
        assert!(promise.set_result(42).is_err());
        assert!(promise.set_exception(Broken(1)).is_err());
        assert!(!promise.cancel_with("again"), "a second cancel is refused");

        let awaited = event_loop.run_until_complete(&promise).unwrap();

        assert_eq!(
            awaited.unwrap_err().to_string(),
            "cancelled: no longer needed"
        );
        assert_eq!(seen.take(), ["cancelled: no longer needed"]);
    });
}

#[test]
fn case_002_a_result_is_an_error_before_it_is_set_and_final_afterwards() {
    guarded(|| {
        let promise = virtual_loop().create_future();

        let early = promise.result().unwrap_err();
        assert_eq!(
            early.to_string(),
            "result is not set: the operation has not finished yet"
        );
        assert!(promise.exception().is_err());
        assert!(!promise.done() && !promise.cancelled());

        promise.set_result(42).unwrap();

        for _ in 0..3 {
            assert_eq!(promise.result().unwrap().as_ref().unwrap(), &42);
            assert!(promise.exception().unwrap().is_none());
        }
        assert!(promise.set_result(43).is_err());
        assert!(promise.set_exception(Broken(1)).is_err());
        assert!(!promise.cancel());
        assert!(promise.done() && !promise.cancelled());
        assert_eq!(
            promise.result().unwrap().as_ref().unwrap(),
            &42,
            "nothing changed it"
        );
    });
}

#[test]
fn case_003_a_failed_promise_gives_that_very_error_to_everyone() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let promise: Promise<u32> = event_loop.create_future();

        promise.set_exception(Broken(7)).unwrap();

        let Ok(Some(JoinError::Failed(stored))) = promise.exception() else {
            panic!("{promise:?}")
        };
        assert_eq!(stored.downcast_ref::<Broken>(), Some(&Broken(7)));
        let Ok(Err(JoinError::Failed(read))) = promise.result() else {
            panic!("{promise:?}")
        };
        assert!(Arc::ptr_eq(stored, read));
        let awaited = event_loop.run_until_complete(&promise).unwrap();
        let Err(JoinError::Failed(awaited)) = awaited else {
            panic!("{awaited:?}")
        };
        assert!(Arc::ptr_eq(stored, &awaited));
        assert!(!promise.cancel());
        assert!(!promise.cancelled());
        assert!(promise.set_exception(Broken(8)).is_err());

        drop((awaited, promise));
        assert_eq!(reports.messages(), [""; 0], "it was retrieved");
    });
}

#[test]
fn case_005_callbacks_run_in_order_and_never_inline_when_an_error_is_set() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let promise: Promise<u32> = event_loop.create_future();
        let seen = Seen::new();
        let note = |name: &'static str| {
            let seen = seen.clone();
            move |result: &TaskResult<u32>| {
                seen.push(format!("{name}: {}", result.as_ref().unwrap_err()));
            }
        };
        promise.add_done_callback(note("first"));
        promise.add_done_callback(|_| panic!("callback in the middle"));
        promise.add_done_callback(note("last"));

        promise.set_exception(Broken(5)).unwrap();
        assert!(seen.is_empty(), "setting it runs none");
        promise.add_done_callback(note("late"));
        assert!(
            seen.is_empty(),
            "adding one to a finished promise does not run it"
        );
        run_one_turn(&event_loop);

        assert_eq!(
            seen.take(),
            ["first: broken: 5", "last: broken: 5", "late: broken: 5"]
        );
        let report = reports.only();
        assert!(
            report.message.contains("callback in the middle"),
            "{report:?}"
        );
    });
}

#[test]
fn case_006_removing_a_callback_removes_all_its_registrations_and_no_other() {
    guarded(|| {
        let event_loop = virtual_loop();
        let promise = event_loop.create_future();
        let seen = Seen::new();
        let (many, unknown) = (CallbackId::new(), CallbackId::new());
        for _ in 0..6 {
            let seen = seen.clone();
            promise.add_done_callback_as(many, move |_| seen.push("many"));
        }
        let other = seen.clone();
        let other = promise.add_done_callback(move |_| other.push("other"));

        assert_eq!(promise.remove_done_callback(many), 6);
        assert_eq!(promise.remove_done_callback(many), 0);
        assert_eq!(promise.remove_done_callback(unknown), 0);
        promise.set_result(1).unwrap();
        assert_eq!(
            promise.remove_done_callback(other),
            0,
            "what is scheduled stays scheduled"
        );
        run_one_turn(&event_loop);

        assert_eq!(seen.take(), ["other"]);
    });
}

#[test]
fn case_006_removing_a_callback_of_a_task_removes_all_its_registrations_and_no_other() {
    guarded(|| {
        let event_loop = virtual_loop();
        let mut task = event_loop.create_task(async { 1 });
        let seen = Seen::new();
        let many = CallbackId::new();
        for _ in 0..6 {
            let seen = seen.clone();
            task.add_done_callback_as(many, move |_| seen.push("many"));
        }
        let other = seen.clone();
        task.add_done_callback(move |_| other.push("other"));

        assert_eq!(task.remove_done_callback(many), 6);
        assert_eq!(task.remove_done_callback(CallbackId::new()), 0);
        assert_eq!(
            event_loop.run_until_complete(&mut task).unwrap().unwrap(),
            1
        );

        assert_eq!(seen.take(), ["other"]);
    });
}

#[test]
fn case_006_a_task_whose_callbacks_were_all_removed_gives_its_value() {
    guarded(|| {
        let event_loop = virtual_loop();
        let task = event_loop.create_task(async { 1 });
        let id = task.add_done_callback(|_| panic!("removed"));
        assert_eq!(task.remove_done_callback(id), 1);

        assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), 1);
    });
}

#[test]
fn case_007_an_error_that_nobody_retrieved_is_reported_when_the_last_handle_is_dropped() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let promise: Promise<u32> = event_loop.create_future();
        let clone = promise.clone();
        promise.set_exception(Broken(9)).unwrap();
        assert!(
            promise.done(),
            "asking whether it is done retrieves nothing"
        );

        drop(promise);
        assert_eq!(reports.messages(), [""; 0], "a handle is left");
        drop(clone);

        let report = reports.only();
        assert!(report.message.contains("never retrieved"), "{report:?}");
        let Some(JoinError::Failed(error)) = report.exception else {
            panic!("{report:?}")
        };
        assert_eq!(error.downcast_ref::<Broken>(), Some(&Broken(9)));
    });
}

#[test]
fn case_009_an_error_counts_as_retrieved_after_cancel() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let promise: Promise<u32> = event_loop.create_future();
        promise.set_exception(Broken(1)).unwrap();

        assert!(!promise.cancel());
        drop(promise);

        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn case_009_every_way_of_looking_at_an_error_counts_as_retrieving_it() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let failed = || {
            let promise: Promise<u32> = event_loop.create_future();
            promise.set_exception(Broken(1)).unwrap();
            promise
        };

        assert!(failed().result().is_ok());
        assert!(failed().exception().is_ok());
        assert!(event_loop.run_until_complete(failed()).unwrap().is_err());
        let gathered = event_loop.run_until_complete(gather([failed()])).unwrap();
        assert!(gathered[0].is_err());
        let waiting = async { wait([failed()]).await.unwrap().0[0].result().is_ok() };
        assert!(event_loop.run_until_complete(waiting).unwrap());
        failed().add_done_callback(|_| {});
        event_loop.run_until_complete(at_rest()).unwrap();

        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn case_010_awaiting_a_finished_promise_again_does_not_suspend() {
    guarded(|| {
        let event_loop = virtual_loop();
        let promise = event_loop.create_future();
        let setter = promise.clone();
        event_loop.call_soon(move || setter.set_result("value").unwrap());
        let seen = Seen::new();
        let queued = seen.pusher("a callback that was queued");

        event_loop
            .run_until_complete(async {
                assert_eq!((&promise).await.unwrap(), "value");
                evloop::call_soon(queued);
                assert_eq!((&promise).await.unwrap(), "value");
                assert_eq!(promise.wait().await.as_ref().unwrap(), &"value");
                assert!(seen.is_empty(), "no other step ran in between");
            })
            .unwrap();

        assert_eq!(seen.take(), ["a callback that was queued"]);
    });
}

#[test]
fn case_011_cancelling_the_promise_of_a_job_cancels_the_job_unless_it_has_run() {
    guarded(|| {
        let event_loop = virtual_loop();
        let threads = HeldJobs::new();
        let seen = Seen::new();
        let (early, late) = (seen.clone(), seen.clone());
        let never_starts = event_loop.run_in_executor(Some(&threads), move || early.push("early"));
        let has_run = event_loop.run_in_executor(Some(&threads), move || late.push("late"));

        assert!(never_starts.cancel());
        threads.run_all();
        assert_eq!(
            seen.take(),
            ["late"],
            "the job of the cancelled promise is skipped"
        );
        assert!(!has_run.done(), "it is the loop that sets it");
        assert!(has_run.cancel());
        run_one_turn(&event_loop);

        assert!(never_starts.cancelled());
        assert!(
            has_run.cancelled(),
            "the value that came too late is dropped"
        );
    });
}

#[test]
fn case_011_the_result_of_a_job_for_a_closed_loop_reaches_who_still_waits() {
    guarded(|| {
        let event_loop = virtual_loop();
        let threads = HeldJobs::new();
        let promise = event_loop.run_in_executor(Some(&threads), || 1);

        event_loop.close();
        threads.run_all();

        // asyncio drops it, and an awaiter on another loop would wait for ever.
        assert_eq!(
            virtual_loop().run_until_complete(promise).unwrap().ok(),
            Some(1)
        );
        assert!(threads.execute(evloop::Job::new(|| {})).is_ok());
    });
}

fn run_one_turn(event_loop: &EventLoop) {
    event_loop.stop();
    event_loop.run_forever().expect("the loop is open");
}
