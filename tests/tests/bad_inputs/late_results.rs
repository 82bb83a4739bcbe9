//! F13, F15: results that come when their loop has ended, and failures when nobody can hear of them.

use std::future::pending;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use evloop::{EventLoop, Executor, Handle, Job, Rejected, Runner, create_task, yield_now};
use evloop_tests::{HeldJobs, PanicsInDrop, Reports, deaf_child, virtual_builder, virtual_loop};

use crate::guarded;

#[test]
fn f15_a_promise_of_a_loop_that_closed_first_gets_its_result() {
    guarded(|| {
        let (open, gate) = mpsc::channel::<()>();
        let first = virtual_loop();
        let promise = first.run_in_executor(None, move || {
            gate.recv().unwrap();
            7
        });

        first.close();
        open.send(()).unwrap();

        let second = EventLoop::new().unwrap();
        assert_eq!(second.run_until_complete(&promise).unwrap().ok(), Some(7));
    });
}

#[test]
fn f15_a_result_that_was_on_its_way_when_the_loop_closed_arrives() {
    guarded(|| {
        let first = virtual_loop();
        let threads = HeldJobs::new();
        let promise = first.run_in_executor(Some(&threads), || 7);
        threads.run_all();

        first.close();

        assert_eq!(
            virtual_loop().run_until_complete(promise).unwrap().ok(),
            Some(7)
        );
    });
}

#[test]
fn f12_a_panic_of_work_that_nobody_looks_at_reaches_the_handler() {
    guarded(|| {
        let runner = Runner::with(virtual_builder()).unwrap();
        let reports = Reports::of(&runner);
        let threads = Arc::new(HeldJobs::new());
        let held = Arc::clone(&threads);

        runner
            .run(async move {
                drop(Handle::current().run_in_executor(Some(&held), || panic!("at work")));
                held.run_all();
                yield_now().await;
            })
            .unwrap();

        let report = reports.only();
        assert!(report.message.contains("at work"), "{report:?}");
    });
}

#[test]
fn f13_closing_survives_what_panics_when_it_is_dropped() {
    struct Mine(#[expect(dead_code, reason = "it is there to be dropped")] PanicsInDrop);

    impl Executor for Mine {
        fn execute(&self, job: Job) -> Result<(), Rejected> {
            job.run();
            Ok(())
        }
    }

    guarded(|| {
        let event_loop = virtual_loop();
        event_loop.set_default_executor(Mine(PanicsInDrop("the executor")));
        let (stream, _peer) = UnixStream::pair().unwrap();
        let captured = PanicsInDrop("a captured value");
        event_loop
            .add_reader(&stream, move || {
                let _captured = &captured;
            })
            .unwrap();

        event_loop.close();

        assert!(event_loop.is_closed());
    });
}

#[test]
fn e11_a_descriptor_that_is_given_away_may_remove_itself_when_it_is_dropped() {
    struct Connection(UnixStream, Handle);

    impl AsFd for Connection {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }

    impl Drop for Connection {
        fn drop(&mut self) {
            assert!(self.1.remove_reader(&self.0));
        }
    }

    guarded(|| {
        let event_loop = virtual_loop();
        let (stream, _peer) = UnixStream::pair().unwrap();

        event_loop
            .add_reader(Connection(stream, event_loop.handle()), || {})
            .unwrap();
    });
}

#[test]
fn f16_a_leftover_that_stops_the_loop_does_not_keep_closing_from_waiting_for_work() {
    struct Stops(Handle);

    impl Drop for Stops {
        fn drop(&mut self) {
            self.0.stop();
        }
    }

    guarded(|| {
        let runner = Runner::new().unwrap();
        let has_run = Arc::new(AtomicBool::new(false));
        let runs = Arc::clone(&has_run);
        let (open, gate) = mpsc::channel::<()>();

        runner
            .run(async move {
                let stops = Stops(Handle::current());
                create_task(async move {
                    let _stops = stops;
                    pending::<()>().await;
                });
                let work = move || {
                    gate.recv().unwrap();
                    runs.store(true, Ordering::SeqCst);
                };
                drop(Handle::current().run_in_executor(None, work));
            })
            .unwrap();
        open.send(()).unwrap();
        runner.close();

        assert!(has_run.load(Ordering::SeqCst));
    });
}

#[test]
fn f13_a_broken_standard_error_is_no_reason_to_abort() {
    deaf_child(
        "late_results::f13_a_broken_standard_error_is_no_reason_to_abort",
        || {
            let event_loop = virtual_loop();
            event_loop.call_soon(|| panic!("a callback"));
            drop(event_loop.create_task(async { panic!("a task") }));

            event_loop
                .run_until_complete(async { yield_now().await })
                .unwrap();
        },
    );
}
