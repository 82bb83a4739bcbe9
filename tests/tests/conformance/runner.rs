//! Whole programs: `run` and `Runner`.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evloop::{RunError, Runner, create_task, sleep, yield_now};
use evloop_tests::{
    PanicsInDrop, Reports, Seen, panic_text, virtual_builder, virtual_loop, witness,
};

use crate::guarded;

#[test]
fn case_161_a_leftover_task_is_cancelled_and_gone_before_run_returns() {
    guarded(|| {
        let seen = Seen::new();
        let (captured, dropped) = witness();
        let told = seen.clone();

        let value = evloop::run(async move {
            let left = create_task(async move {
                pending::<()>().await;
                drop(captured);
            });
            left.add_done_callback(move |result| {
                told.push(result.as_ref().unwrap_err().to_string())
            });
            yield_now().await;
            "main's value"
        });

        assert_eq!(value, "main's value");
        assert!(dropped.is_dropped());
        assert_eq!(seen.take(), ["cancelled: the program has ended"]);
    });
}

#[test]
fn case_161_a_leftover_task_runs_no_step_between_the_end_of_main_and_its_cancellation() {
    guarded(|| {
        let seen = Seen::new();
        let (captured, dropped) = witness();
        let told = seen.clone();

        evloop::run(async {
            // Its first step is queued when main ends, and runs in the turn with which it leaves.
            create_task(async move {
                told.push("first step");
                let never_starts = told.pusher("first step of what it started");
                create_task(async { never_starts() }).detach();
                yield_now().await;
                told.push("second step");
                drop(captured);
            })
            .detach();
        });

        assert!(dropped.is_dropped());
        assert_eq!(seen.take(), ["first step"]);
    });
}

#[test]
fn case_161_a_leftover_task_whose_destructor_panics_is_reported() {
    guarded(|| {
        let runner = Runner::with(virtual_builder()).unwrap();
        let reports = Reports::of(runner.get_loop());
        runner
            .run(async {
                create_task(async {
                    let _clean_up = PanicsInDrop("clean-up failed");
                    pending::<()>().await;
                })
                .detach();
                yield_now().await;
            })
            .unwrap();
        assert_eq!(reports.messages(), [""; 0]);

        runner.close();

        let report = reports.only();
        assert!(report.message.contains("clean-up failed"), "{report:?}");
        assert!(runner.is_closed());
    });
}

#[test]
fn case_161_tasks_that_destructors_start_are_ended_as_well() {
    struct Respawns(Arc<AtomicUsize>, usize);

    impl Drop for Respawns {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
            if self.1 > 0 {
                let next = Self(Arc::clone(&self.0), self.1 - 1);
                create_task(async move {
                    pending::<()>().await;
                    drop(next);
                })
                .detach();
            }
        }
    }

    guarded(|| {
        let n_drops = Arc::new(AtomicUsize::new(0));
        let first = Respawns(Arc::clone(&n_drops), 5);

        evloop::run(async {
            create_task(async move {
                pending::<()>().await;
                drop(first);
            })
            .detach();
        });

        assert_eq!(n_drops.load(Ordering::Relaxed), 6);
    });
}

#[test]
fn case_161_tasks_are_ended_when_the_main_future_panics() {
    guarded(|| {
        let (captured, dropped) = witness();

        let panicked = catch_unwind(AssertUnwindSafe(|| {
            evloop::run(async {
                create_task(async move {
                    pending::<()>().await;
                    drop(captured);
                })
                .detach();
                yield_now().await;
                panic!("main failed");
            })
        }));

        assert_eq!(panic_text(&*panicked.unwrap_err()), "main failed");
        assert!(dropped.is_dropped());
        assert!(evloop::get_running_loop().is_err());
    });
}

#[test]
fn case_162_run_inside_a_running_loop_is_refused_before_main_starts() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        event_loop
            .run_until_complete(async {
                let main = seen.pusher("main");
                let refused = catch_unwind(AssertUnwindSafe(|| evloop::run(async { main() })));
                let text = panic_text(&*refused.unwrap_err());
                assert!(
                    text.contains("one is running on this thread already"),
                    "{text}"
                );

                let runner = Runner::with(virtual_builder()).unwrap();
                let main = seen.pusher("main");
                assert!(matches!(
                    runner.run(async { main() }),
                    Err(RunError::Nested)
                ));
                drop(runner);

                sleep(Duration::from_secs(1)).await;
            })
            .unwrap();

        assert!(seen.is_empty());
        assert_eq!(
            event_loop.time(),
            Duration::from_secs(1),
            "the outer loop went on"
        );
        assert_eq!(evloop::run(async { 1 }), 1, "and afterwards one may run");
    });
}
