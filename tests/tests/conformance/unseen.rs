//! Failures that nobody looks at: asyncio's "exception was never retrieved", for tasks.

use evloop::{
    EventLoop, JoinError, create_task, gather, shield, sleep, try_create_task, wait, yield_now,
};
use evloop_tests::{Reports, virtual_loop};
use std::time::Duration;

use crate::guarded;

async fn fails(steps: usize) -> Result<u8, String> {
    for _ in 0..steps {
        yield_now().await;
    }
    Err("it failed".to_owned())
}

fn run(body: impl AsyncFnOnce(&Reports)) {
    guarded(|| {
        let event_loop: EventLoop = virtual_loop();
        let reports = Reports::of(&event_loop);
        event_loop
            .run_until_complete(async {
                body(&reports).await;
            })
            .expect("nothing stops the loop");
        assert_eq!(reports.messages(), [""; 0], "once is enough");
    });
}

#[test]
fn a_failure_of_a_detached_task_is_reported_once() {
    run(async |reports| {
        for steps in [0, 1, 3] {
            drop(try_create_task(fails(steps)));
            for _ in 0..=steps + 1 {
                yield_now().await;
            }
            let report = reports.only();
            assert!(
                report.message.ends_with("was never retrieved"),
                "{}",
                report.message
            );
            assert_eq!(report.exception.unwrap().to_string(), "it failed");
        }
    });
}

#[test]
fn a_failure_whose_handle_goes_later_is_reported_then() {
    run(async |reports| {
        let task = try_create_task(fails(0));
        yield_now().await;
        assert!(task.done());
        assert!(reports.take().is_empty(), "somebody may still look");
        drop(task);
        assert_eq!(reports.only().exception.unwrap().to_string(), "it failed");
    });
}

#[test]
fn whoever_sees_it_keeps_it_from_the_report() {
    run(async |_| {
        let awaited = try_create_task(fails(1)).await;
        assert!(matches!(awaited, Err(JoinError::Failed(_))));

        let read = try_create_task(fails(0));
        yield_now().await;
        assert_eq!(read.exception().unwrap().unwrap().to_string(), "it failed");
        drop(read);

        let waited = wait([try_create_task(fails(1))]).await.unwrap().0;
        assert!(waited[0].result().unwrap().is_err());
        drop(waited);

        let called_back = try_create_task(fails(1));
        called_back.add_done_callback(|result| assert!(result.is_err()));
        drop(called_back);
        yield_now().await;
        yield_now().await;
        yield_now().await;

        assert!(gather((try_create_task(fails(2)),)).await.0.is_err());
    });
}

#[test]
fn a_value_or_a_cancellation_is_no_failure() {
    run(async |_| {
        drop(try_create_task(async { Ok::<_, String>(7) }));
        let cancelled = try_create_task(fails(5));
        yield_now().await;
        cancelled.cancel();
        drop(cancelled);
        yield_now().await;
        yield_now().await;
    });
}

#[test]
fn a_cancel_that_comes_too_late_counts_as_having_seen_it() {
    run(async |_| {
        let task = try_create_task(fails(0));
        yield_now().await;
        assert!(!task.cancel());
    });
}

#[test]
fn case_067_a_late_failure_behind_shields_is_reported_once_and_a_late_value_not() {
    run(async |reports| {
        let work = try_create_task(async {
            sleep(Duration::from_millis(20)).await;
            fails(0).await
        });
        let fine = try_create_task(async {
            sleep(Duration::from_millis(20)).await;
            Ok::<_, String>(1)
        });
        let waiter = create_task(async move {
            drop(gather((shield(work), shield(fine))).await);
        });
        sleep(Duration::from_millis(10)).await;
        waiter.cancel();
        assert!(waiter.await.unwrap_err().is_cancelled());
        sleep(Duration::from_millis(20)).await;
        assert_eq!(reports.only().exception.unwrap().to_string(), "it failed");
    });
}
