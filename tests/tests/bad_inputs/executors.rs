//! E22, E23 and F10: shutting executors down, their limits, and systems without threads.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use evloop::{BlockingPool, gather, to_thread};
use evloop_tests::{HeldJobs, virtual_builder, virtual_loop};

use crate::guarded;

#[test]
fn e22_shutting_down_what_was_never_used_is_immediate_for_any_limit() {
    guarded(|| {
        for limit in [Duration::ZERO, Duration::MAX] {
            let event_loop = virtual_loop();
            let ended = event_loop.run_until_complete(event_loop.shutdown_default_executor(limit));
            assert!(ended.unwrap().is_ok());
            assert_eq!(event_loop.time(), Duration::ZERO);
        }
    });
}

#[test]
fn e22_shutting_down_twice_and_at_once_is_fine() {
    guarded(|| {
        let event_loop = virtual_loop();
        let work = event_loop.run_in_executor(None, || 1);
        assert!(event_loop.run_until_complete(work).unwrap().is_ok());

        let shut_down = || event_loop.shutdown_default_executor(Duration::MAX);
        let both = event_loop
            .run_until_complete(gather((shut_down(), shut_down())))
            .unwrap();
        let third = event_loop.run_until_complete(shut_down()).unwrap();

        assert!(both.0.is_ok() && both.1.is_ok() && third.is_ok());
    });
}

#[test]
fn e22_a_limit_of_zero_does_not_wait_for_running_work() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (release, blocked) = mpsc::channel::<()>();
        let (started_tx, started_rx) = mpsc::channel();
        let work = event_loop.run_in_executor(None, move || {
            started_tx.send(()).unwrap();
            blocked.recv().is_ok()
        });
        started_rx.recv().unwrap();

        let ended = event_loop
            .run_until_complete(event_loop.shutdown_default_executor(Duration::ZERO))
            .unwrap();

        assert_eq!(ended.unwrap_err().n_running, 1);
        assert_eq!(event_loop.time(), Duration::ZERO);
        release.send(()).unwrap();
        // What was abandoned still ends, and is heard.
        assert!(event_loop.run_until_complete(work).unwrap().unwrap());
    });
}

#[test]
fn e23_work_after_the_shutdown_is_refused_by_an_error() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                event_loop
                    .shutdown_default_executor(Duration::ZERO)
                    .await
                    .unwrap();
                let promised = event_loop.run_in_executor(None, || 1).await.unwrap_err();
                let threaded = to_thread(|| 1).await.unwrap_err();
                for error in [promised, threaded] {
                    assert!(error.to_string().contains("shut down"), "{error}");
                    assert!(!error.is_cancelled() && !error.is_panic());
                }
            })
            .unwrap();
    });
}

#[test]
fn e23_a_full_queue_is_an_error_and_a_reservation_waits() {
    guarded(|| {
        let event_loop = virtual_loop();
        let pool = BlockingPool::builder()
            .max_threads(1)
            .queue_limit(1)
            .build()
            .unwrap();
        let (release, blocked) = mpsc::channel::<()>();
        let (started_tx, started_rx) = mpsc::channel();
        let running = event_loop.run_in_executor(Some(&pool), move || {
            started_tx.send(()).unwrap();
            blocked.recv().is_ok()
        });
        started_rx.recv().unwrap();
        let queued = event_loop.run_in_executor(Some(&pool), || "queued");

        let refused = event_loop.run_in_executor(Some(&pool), || "refused");
        let error = refused.exception().unwrap().unwrap().to_string();
        assert!(error.contains("limit of 1 jobs"), "{error}");

        event_loop
            .run_until_complete(async {
                release.send(()).unwrap();
                let permit = pool.reserve().await.unwrap();
                assert_eq!(permit.spawn(|| "reserved").await.unwrap(), "reserved");
                assert!(running.await.unwrap());
                assert_eq!(queued.await.unwrap(), "queued");
            })
            .unwrap();
    });
}

#[test]
fn e23_ten_thousand_jobs_at_once_are_queued() {
    guarded(|| {
        const MANY: usize = 10_000;
        let event_loop = virtual_loop();
        let n_run = Arc::new(AtomicUsize::new(0));
        let promises = (0..MANY).map(|_| {
            let n_run = Arc::clone(&n_run);
            event_loop.run_in_executor(None, move || n_run.fetch_add(1, Ordering::Relaxed))
        });
        let promises: Vec<_> = promises.collect();

        let results = event_loop.run_until_complete(gather(promises)).unwrap();

        assert_eq!(results.into_iter().filter(Result::is_ok).count(), MANY);
        assert_eq!(n_run.load(Ordering::Relaxed), MANY);
    });
}

#[test]
fn e23_an_executor_that_loses_its_jobs_cancels_their_promises() {
    guarded(|| {
        let event_loop = virtual_loop();
        let threads = HeldJobs::new();
        let promise = event_loop.run_in_executor(Some(&threads), || 1);

        drop(threads);
        let error = event_loop.run_until_complete(promise).unwrap().unwrap_err();

        assert!(error.is_cancelled());
        assert!(error.to_string().contains("without running it"), "{error}");
    });
}

#[test]
fn f10_a_system_without_threads_is_an_error_and_heals() {
    guarded(|| {
        let refuse = Arc::new(AtomicBool::new(true));
        let refused = Arc::clone(&refuse);
        let pool = BlockingPool::builder()
            .spawn_with(move |builder, body| {
                if refused.load(Ordering::SeqCst) {
                    return Err(io::Error::from(io::ErrorKind::WouldBlock));
                }
                builder.spawn(body).map(drop)
            })
            .build()
            .unwrap();
        let event_loop = virtual_builder().default_executor(pool).build().unwrap();

        event_loop
            .run_until_complete(async {
                for _ in 0..3 {
                    let promised = event_loop.run_in_executor(None, || 1).await.unwrap_err();
                    let threaded = to_thread(|| 1).await.unwrap_err();
                    for error in [promised, threaded] {
                        assert!(error.to_string().contains("could not start one"), "{error}");
                    }
                }
                refuse.store(false, Ordering::SeqCst);
                assert_eq!(event_loop.run_in_executor(None, || 2).await.unwrap(), 2);
                assert_eq!(to_thread(|| 3).await.unwrap(), 3);
            })
            .unwrap();
    });
}
