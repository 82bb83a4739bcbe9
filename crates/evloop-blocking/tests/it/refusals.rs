use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use evloop_blocking::{BlockingPool, Builder, Executor, Job};
use evloop_fixtures::watched;

use crate::support::{Gate, assert_at_rest, occupy, wait_until};

/// Starts threads, except for attempts `from..to`, counted from zero.
fn refusing(from: usize, to: usize) -> (Builder, Arc<AtomicUsize>) {
    let n_attempts = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_attempts);
    let builder = BlockingPool::builder().spawn_with(move |builder, body| {
        let attempt = counter.fetch_add(1, Ordering::SeqCst);
        if (from..to).contains(&attempt) {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        builder.spawn(body).map(drop)
    });
    (builder, n_attempts)
}

#[test]
fn museum_bm88_without_a_thread_the_job_comes_back_with_the_cause() {
    watched(|| {
        let (builder, _) = refusing(0, 2);
        let pool = builder.build().unwrap();

        let rejected = pool.try_spawn(|| 1).unwrap_err();
        assert!(rejected.reason().is_no_threads());
        let text = rejected.to_string();
        assert!(
            text.contains("has no thread and could not start one"),
            "{text}"
        );
        assert!(std::error::Error::source(&rejected).is_some());
        rejected.into_job().run();
        let error = pool.spawn(|| 1).join().unwrap_err();
        assert!(error.to_string().contains("could not start one"), "{error}");
        assert_at_rest(pool.stats());

        assert_eq!(pool.spawn(|| 1).join().unwrap(), 1);
    });
}

#[test]
fn museum_bm88_with_a_thread_a_refused_second_one_only_means_waiting() {
    watched(|| {
        let (builder, n_attempts) = refusing(1, usize::MAX);
        let pool = builder.max_threads(8).build().unwrap();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);

        let handles: Vec<_> = (0..1000).map(|number| pool.spawn(move || number)).collect();
        // Attempts get rare while they fail.
        let n_attempts = n_attempts.load(Ordering::SeqCst);
        assert!((2..100).contains(&n_attempts), "{n_attempts}");
        assert_eq!(pool.stats().n_threads, 1);
        gate.open();

        running.join().unwrap();
        for (number, handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.join().unwrap(), number);
        }
    });
}

#[test]
fn the_full_width_is_back_after_refusals_have_stopped() {
    watched(|| {
        let (builder, _) = refusing(1, 4);
        let pool = builder.max_threads(4).build().unwrap();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        // Each submission is a chance; far more than the attempts that fail.
        let waste: Vec<_> = (0..20).map(|_| pool.spawn(|| ())).collect();
        gate.open();
        running.join().unwrap();
        for handle in waste {
            handle.join().unwrap();
        }

        let barrier = Arc::new(Barrier::new(4));
        let handles = [(); 4].map(|()| {
            let barrier = Arc::clone(&barrier);
            pool.spawn(move || {
                barrier.wait();
            })
        });

        for handle in handles {
            handle.join().unwrap();
        }
        assert_eq!(pool.stats().n_threads, 4);
    });
}

#[test]
fn a_spawner_that_panics_counts_as_a_refusal() {
    watched(|| {
        let builder = BlockingPool::builder().spawn_with(|_, _| panic!("no threads today"));
        let pool = builder.build().unwrap();

        let rejected = pool.execute(Job::new(|| ())).unwrap_err();

        assert!(
            rejected.to_string().contains("`spawn_with` panicked"),
            "{rejected}"
        );
        assert_at_rest(pool.stats());
        pool.shutdown(Duration::MAX).unwrap();
    });
}

#[test]
fn a_spawner_that_loses_the_body_loses_no_result() {
    watched(|| {
        let builder = BlockingPool::builder().spawn_with(|_, body| {
            drop(body);
            Ok(())
        });
        let pool = builder.build().unwrap();

        assert!(pool.spawn(|| ()).join().is_err());

        assert_at_rest(pool.stats());
    });
}

#[test]
fn a_refused_start_wakes_a_thread_that_fell_asleep_meanwhile() {
    watched(|| {
        // The second start is held until the only thread sleeps again with a job queued, and
        // is then refused: that thread must be told.
        let refuse = Gate::default();
        let n_attempts = AtomicUsize::new(0);
        let gate = refuse.clone();
        let builder = BlockingPool::builder().spawn_with(move |builder, body| {
            if n_attempts.fetch_add(1, Ordering::SeqCst) == 0 {
                return builder.spawn(body).map(drop);
            }
            gate.wait();
            Err(io::Error::from(io::ErrorKind::WouldBlock))
        });
        let pool = builder.max_threads(2).build().unwrap();
        let hold = Gate::default();
        let running = occupy(&pool, &hold);
        let submitter = std::thread::Builder::new().spawn({
            let pool = pool.clone();
            // Blocks in the start of the second thread.
            move || pool.spawn(|| "first").join().unwrap()
        });
        wait_until(|| pool.stats().n_threads == 2);
        hold.open();
        running.join().unwrap();
        // "first" was taken by the first thread, which then sleeps; a thread is still coming,
        // so nobody rings for this one.
        wait_until(|| pool.stats().n_idle == 1);
        let second = pool.spawn(|| "second");
        assert_eq!(pool.stats().n_queued, 1);

        refuse.open();

        assert_eq!(second.join().unwrap(), "second");
        assert_eq!(submitter.unwrap().join().unwrap(), "first");
    });
}

#[test]
fn a_refusal_while_another_start_is_under_way_waits_for_its_outcome() {
    watched(|| {
        // The first start is held; the second, for another job, is refused meanwhile. There
        // may be a thread in the end, so that job must not be rejected.
        let hold = Gate::default();
        let gate = hold.clone();
        let n_attempts = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&n_attempts);
        let builder = BlockingPool::builder().spawn_with(move |builder, body| {
            if counter.fetch_add(1, Ordering::SeqCst) == 0 {
                gate.wait();
                return builder.spawn(body).map(drop);
            }
            Err(io::Error::from(io::ErrorKind::WouldBlock))
        });
        let pool = builder.max_threads(4).build().unwrap();
        let submitters = [(); 2].map(|()| {
            let pool = pool.clone();
            let thread = std::thread::Builder::new();
            thread
                .spawn(move || pool.try_spawn(|| ()).map(|handle| handle.join()))
                .unwrap()
        });

        wait_until(|| n_attempts.load(Ordering::SeqCst) == 2);
        hold.open();

        for submitter in submitters {
            assert!(
                submitter
                    .join()
                    .unwrap()
                    .is_ok_and(|outcome| outcome.is_ok())
            );
        }
    });
}
