//! Blocking work on threads.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use evloop::{BlockingPool, Runner, sleep, to_thread};
use evloop_tests::{HeldJobs, Reports, on_every_loop, virtual_builder, virtual_loop};

use crate::guarded;

#[test]
fn case_155_a_blocking_function_runs_on_another_thread_and_its_value_arrives() {
    on_every_loop(|event_loop| {
        let work = || (thread::current().id(), "yo");

        let (worker, value) = event_loop
            .run_until_complete(event_loop.run_in_executor(None, work))
            .unwrap()
            .unwrap();
        assert_eq!(value, "yo");
        assert_ne!(worker, thread::current().id());

        let pool = BlockingPool::builder()
            .thread_name("of-the-user")
            .build()
            .unwrap();
        let name = || thread::current().name().map(str::to_owned);
        let promise = event_loop.run_in_executor(Some(&pool), name);
        let name = event_loop
            .run_until_complete(promise)
            .unwrap()
            .unwrap()
            .unwrap();
        assert!(name.starts_with("of-the-user"), "{name}");

        let (worker, value) = event_loop
            .run_until_complete(to_thread(work))
            .unwrap()
            .unwrap();
        assert_eq!(value, "yo");
        assert_ne!(worker, thread::current().id());
    });
}

#[test]
fn case_155_the_promise_is_pending_until_the_loop_runs() {
    guarded(|| {
        let event_loop = virtual_loop();
        let threads = HeldJobs::new();
        let promise = event_loop.run_in_executor(Some(&threads), || 111);

        threads.run_all();
        assert!(
            !promise.done(),
            "the work is over, but no turn has brought its result"
        );
        assert!(promise.result().is_err());

        assert_eq!(
            event_loop.run_until_complete(&promise).unwrap().unwrap(),
            111
        );
        assert_eq!(promise.result().unwrap().as_ref().unwrap(), &111);
    });
}

#[test]
fn case_155_a_panic_of_the_work_is_the_promises_error() {
    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let promise =
            event_loop.run_in_executor(None, || -> u32 { panic!("blocking work failed") });

        let error = event_loop.run_until_complete(promise).unwrap().unwrap_err();

        assert!(error.is_panic());
        assert!(error.to_string().contains("blocking work failed"));
        drop(error);
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn case_157_shutting_down_with_a_limit_returns_and_says_who_does_not_end() {
    on_every_loop(|event_loop| {
        let release = block_a_worker(&event_loop);

        let ended = event_loop
            .run_until_complete(event_loop.shutdown_default_executor(Duration::from_millis(10)))
            .unwrap();

        assert_eq!(event_loop.time(), Duration::from_millis(10));
        let abandoned = ended.unwrap_err();
        assert_eq!((abandoned.n_running, abandoned.n_queued), (1, 0));
        let refused = event_loop.run_in_executor(None, || 1);
        let error = refused.exception().unwrap().unwrap().to_string();
        assert!(error.contains("shut down"), "{error}");
        release.send(()).unwrap();
    });
}

#[test]
fn case_157_shutting_down_waits_for_work_that_ends() {
    on_every_loop(|event_loop| {
        let release = block_a_worker(&event_loop);
        release.send(()).unwrap();

        let ended = event_loop
            .run_until_complete(event_loop.shutdown_default_executor(Duration::MAX))
            .unwrap();

        assert!(ended.is_ok());
        assert_eq!(event_loop.time(), Duration::ZERO);
    });
}

#[test]
fn case_157_closing_a_runner_reports_work_that_does_not_end() {
    guarded(|| {
        let runner = Runner::with(virtual_builder())
            .unwrap()
            .executor_grace(Duration::from_millis(10));
        let reports = Reports::of(runner.get_loop());
        let release = block_a_worker(runner.get_loop());
        runner.run(sleep(Duration::from_secs(1))).unwrap();

        runner.close();

        assert_eq!(runner.time(), Duration::from_millis(1_010));
        let message = reports.only().message;
        assert!(message.contains("1 "), "{message}");
        release.send(()).unwrap();
    });
}

/// Keeps a thread of the default executor busy until something is sent, or the sender is dropped.
fn block_a_worker(event_loop: &evloop::Handle) -> mpsc::Sender<()> {
    let (release, blocked) = mpsc::channel();
    let (started_tx, started_rx) = mpsc::channel();
    drop(event_loop.run_in_executor(None, move || {
        started_tx.send(()).expect("the test waits for this");
        // An error is a sender that is gone, which ends the work as well.
        blocked.recv().is_ok()
    }));
    started_rx.recv().expect("the work starts");
    release
}
