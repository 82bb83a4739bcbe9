//! How a runner ends the tasks that a program has left behind, and within which limits.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evloop::{EventLoop, ManualClock, Runner, create_task, sleep, yield_now};
use evloop_cancel::catch_cancel;
use evloop_tests::{Reports, Seen, virtual_builder};

use crate::guarded;

const SECOND: Duration = Duration::from_secs(1);

/// Starts a task that is left over, and refuses to be cancelled: it cleans up first.
async fn leave_unmoved(clean_up: impl Future<Output = ()> + Send + 'static) {
    let task = create_task(async move {
        let cancelled = catch_cancel(pending::<()>()).await.expect_err("it pends");
        assert_eq!(cancelled.message(), Some("the program has ended"));
        cancelled.swallow();
        clean_up.await;
    });
    task.set_name("unmoved");
    yield_now().await;
}

fn virtual_runner() -> (Runner, Reports) {
    let runner = Runner::with(virtual_builder()).expect("the system has descriptors");
    let reports = Reports::of(runner.get_loop());
    (runner, reports)
}

#[test]
fn case_161_a_leftover_task_may_take_its_time_to_clean_up() {
    guarded(|| {
        let (runner, reports) = virtual_runner();
        let seen = Seen::new();
        let told = seen.clone();
        runner
            .run(async {
                let clean_up = async move {
                    sleep(9 * SECOND).await;
                    told.push("cleaned up");
                };
                leave_unmoved(clean_up).await;
            })
            .unwrap();

        runner.close();

        assert_eq!(seen.take(), ["cleaned up"]);
        assert_eq!(reports.messages(), [""; 0]);
        assert_eq!(runner.time(), 9 * SECOND);
    });
}

#[test]
fn case_161_a_leftover_task_that_does_not_end_is_abandoned_by_name() {
    guarded(|| {
        for (grace, limit) in [
            (None, "10s"),
            (Some(2 * SECOND), "2s"),
            (Some(Duration::ZERO), "0ns"),
        ] {
            let (mut runner, reports) = virtual_runner();
            if let Some(grace) = grace {
                runner = runner.task_grace(grace);
            }
            runner
                .run(async { leave_unmoved(pending()).await })
                .unwrap();

            runner.close();

            let report = reports.only();
            assert_eq!(
                report.message,
                format!(
                    "closing the event loop: cancelled tasks that would not end (limit {limit}) are \
 abandoned: 1"
                )
            );
            let source = report.source.expect("it names the task");
            assert!(source.contains("name='unmoved'"), "{source}");
            assert!(source.contains("left_over.rs:"), "{source}");
            assert_eq!(runner.time(), grace.unwrap_or(10 * SECOND));
            assert!(runner.is_closed());
        }
    });
}

#[test]
fn what_a_leftover_task_starts_to_clean_up_with_runs_as_long_as_it_does() {
    guarded(|| {
        let (runner, reports) = virtual_runner();
        let seen = Seen::new();
        let (helped, stayed) = (seen.clone(), seen.clone());
        runner
            .run(async {
                let clean_up = async move {
                    let helper = create_task(async move {
                        sleep(SECOND).await;
                        helped.push("helped".to_owned());
                    });
                    let stays = create_task(pending::<()>());
                    stays.add_done_callback(move |end| {
                        stayed.push(end.as_ref().unwrap_err().to_string());
                    });
                    helper.await.unwrap();
                };
                leave_unmoved(clean_up).await;
            })
            .unwrap();

        runner.close();

        assert_eq!(seen.take(), ["helped", "cancelled: the program has ended"]);
        assert_eq!(reports.messages(), [""; 0]);
    });
}

/// Each starts the next one when it is dropped.
struct Respawns {
    n_dropped: Arc<AtomicUsize>,
    clock: ManualClock,
    each_takes: Duration,
}

impl Drop for Respawns {
    fn drop(&mut self) {
        self.n_dropped.fetch_add(1, Ordering::Relaxed);
        self.clock.advance(self.each_takes);
        let next = Self {
            n_dropped: Arc::clone(&self.n_dropped),
            clock: self.clock.clone(),
            each_takes: self.each_takes,
        };
        create_task(async move {
            let _next = next;
            pending::<()>().await;
        })
        .detach();
    }
}

#[test]
fn tasks_that_always_start_others_are_abandoned_in_the_end() {
    guarded(|| {
        // By the time, which the loop's own clock tells; and by their number, if none passes.
        for (each_takes, limit) in [(SECOND, 10), (Duration::ZERO, 64)] {
            let clock = ManualClock::new();
            let n_dropped = Arc::<AtomicUsize>::default();
            let reports = Seen::new();
            let (told, counted) = (reports.clone(), Arc::clone(&n_dropped));
            let builder =
                EventLoop::builder()
                    .clock(clock.clone())
                    .exception_handler(move |_, context| {
                        told.push((context.message.clone(), counted.load(Ordering::Relaxed)));
                    });
            let runner = Runner::with(builder).unwrap();
            let first = Respawns {
                n_dropped,
                clock,
                each_takes,
            };
            runner
                .run(async {
                    create_task(async move {
                        let _first = first;
                        pending::<()>().await;
                    })
                    .detach();
                    yield_now().await;
                })
                .unwrap();

            runner.close();

            // Closing the loop finds them again, and does not say so a second time.
            let reports = reports.take();
            let [(message, n_dropped)] = &reports[..] else {
                panic!("one report, not {reports:?}");
            };
            assert!(message.contains("are abandoned: 1"), "{message}");
            assert_eq!(*n_dropped, limit);
        }
    });
}

#[test]
fn a_task_that_never_waits_is_abandoned_though_the_clock_stands_still() {
    guarded(|| {
        let (runner, reports) = virtual_runner();
        runner
            .run(async {
                let spins = async {
                    loop {
                        yield_now().await;
                    }
                };
                leave_unmoved(spins).await;
            })
            .unwrap();

        runner.close();

        let report = reports.only();
        assert!(report.message.contains("abandoned: 1"), "{report:?}");
        assert_eq!(runner.time(), Duration::ZERO);
    });
}

#[test]
fn case_161_a_leftover_task_that_panics_is_reported_as_one() {
    guarded(|| {
        let (runner, reports) = virtual_runner();
        runner
            .run(async {
                create_task(pending::<()>()).detach();
                leave_unmoved(async { panic!("clean-up failed") }).await;
            })
            .unwrap();
        assert_eq!(reports.messages(), [""; 0]);

        runner.close();

        // The cancelled ones are silent.
        let message = reports.only().message;
        let said = "while the program was ending: task 'unmoved' spawned at ";
        assert!(message.starts_with(said), "{message}");
        assert!(message.contains("clean-up failed"), "{message}");
    });
}

#[test]
fn leftover_tasks_that_stop_the_loop_keep_no_other_from_ending() {
    guarded(|| {
        let (runner, reports) = virtual_runner();
        let seen = Seen::new();
        let told = seen.clone();
        let handle = runner.handle();
        runner
            .run(async {
                let clean_up = async move {
                    for _ in 0..20 {
                        handle.stop();
                        yield_now().await;
                        sleep(SECOND / 10).await;
                    }
                    told.push("cleaned up");
                };
                leave_unmoved(clean_up).await;
            })
            .unwrap();

        runner.close();

        assert_eq!(seen.take(), ["cleaned up"]);
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn a_runner_that_is_dropped_inside_another_loop_ends_its_tasks_without_turning() {
    guarded(|| {
        let seen = Seen::new();
        let told = seen.clone();
        let inner = Runner::with(virtual_builder()).unwrap();
        let reports = Reports::of(inner.get_loop());
        inner
            .run(async {
                let task = create_task(pending::<()>());
                task.add_done_callback(|_| unreachable!("the loop is closed"));
                let dropped = told.pusher("dropped");
                create_task(async move {
                    let _dropped = OnDrop(Some(dropped));
                    pending::<()>().await;
                })
                .detach();
                yield_now().await;
            })
            .unwrap();
        let (outer, _) = virtual_runner();

        outer.run(async { drop(inner) }).unwrap();

        assert_eq!(seen.take(), ["dropped"]);
        assert_eq!(reports.messages(), [""; 0]);
    });
}

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(on_drop) = self.0.take() {
            on_drop();
        }
    }
}
