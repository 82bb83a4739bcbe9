//! Bugs that other pools had, by their number in the bug museum.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use evloop_blocking::{BlockingPool, Executor, Job};
use evloop_fixtures::{block_on, watched};

use crate::support::{Gate, assert_at_rest, occupy, reporting_ends, wait_until};

#[test]
fn museum_bm86_one_idle_thread_was_promised_to_two_jobs() {
    watched(|| {
        let pool = BlockingPool::builder().max_threads(2).build().unwrap();

        for _ in 0..5_000 {
            // One thread is idle or about to be; both jobs must run, at the same time.
            let barrier = Arc::new(Barrier::new(2));
            let other = Arc::clone(&barrier);
            let first = pool.spawn(move || {
                barrier.wait();
            });
            let second = pool.spawn(move || {
                other.wait();
            });
            first.join().unwrap();
            second.join().unwrap();
        }
    });
}

#[test]
fn museum_bm86_two_jobs_with_threads_that_leave_at_once() {
    watched(|| {
        let builder = BlockingPool::builder()
            .max_threads(2)
            .keep_alive(Duration::ZERO);
        let pool = builder.build().unwrap();

        for _ in 0..500 {
            let barrier = Arc::new(Barrier::new(2));
            let other = Arc::clone(&barrier);
            let first = pool.spawn(move || {
                barrier.wait();
            });
            let second = pool.spawn(move || {
                other.wait();
            });
            first.join().unwrap();
            second.join().unwrap();
        }
    });
}

#[test]
fn museum_bm87_counters_are_zero_after_a_shutdown_in_each_state() {
    watched(|| {
        // Idle, timed out, running, starting, and mixed.
        for state in 0..5 {
            let (builder, ends) = reporting_ends();
            let keep_alive = Duration::from_millis(if state == 1 { 1 } else { 10_000 });
            let pool = builder
                .max_threads(3)
                .keep_alive(keep_alive)
                .build()
                .unwrap();
            let gate = Gate::default();
            match state {
                0 => {
                    pool.spawn(|| ()).join().unwrap();
                    wait_until(|| pool.stats().n_idle == 1);
                }
                1 => {
                    pool.spawn(|| ()).join().unwrap();
                    ends.recv().unwrap();
                }
                2 => drop(occupy(&pool, &gate)),
                3 => drop(pool.spawn(|| ())),
                _ => {
                    drop(occupy(&pool, &gate));
                    pool.spawn(|| ()).join().unwrap();
                    drop(pool.spawn(|| ()));
                }
            }

            pool.close();
            gate.open();

            pool.shutdown(Duration::MAX).unwrap();
            assert_at_rest(pool.stats());
        }
    });
}

#[test]
fn museum_bm89_pools_dropped_at_any_point_leave_nothing_running() {
    watched(|| {
        let (tx, ends) = mpsc::channel();
        let n_started = Arc::new(AtomicUsize::new(0));
        for round in 0..300 {
            let (tx, n_started) = (tx.clone(), Arc::clone(&n_started));
            let builder =
                BlockingPool::builder()
                    .max_threads(3)
                    .spawn_with(move |builder, body| {
                        let tx = tx.clone();
                        builder.spawn(move || {
                            body();
                            tx.send(()).unwrap();
                        })?;
                        n_started.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    });
            let pool = builder.build().unwrap();
            for number in 0..round % 7 {
                drop(pool.spawn(move || number));
            }
            if round % 3 == 0 {
                drop(pool.shutdown(Duration::ZERO));
            }
        }
        drop(tx);

        // The channel ends when no thread, and no pool that could start one, is left.
        assert_eq!(ends.iter().count(), n_started.load(Ordering::SeqCst));
    });
}

#[test]
fn museum_bm90_a_job_that_never_ends_does_not_keep_shutdown() {
    watched(|| {
        let pool = BlockingPool::builder().max_threads(1).build().unwrap();
        let never = Gate::default();
        drop(occupy(&pool, &never));

        let abandoned = pool.shutdown(Duration::from_millis(1)).unwrap_err();

        assert_eq!(abandoned.n_running, 1);
        never.open();
    });
}

#[test]
fn museum_bm91_block_on_inside_a_job_is_allowed() {
    watched(|| {
        let pool = BlockingPool::builder().max_threads(2).build().unwrap();
        let inner = pool.clone();

        let outer = pool.spawn(move || block_on(inner.spawn(|| 7)).unwrap());

        assert_eq!(block_on(outer).unwrap(), 7);
    });
}

#[test]
fn museum_bm92_a_pool_full_of_jobs_that_join_their_own_jobs_goes_on() {
    fn nested(pool: &BlockingPool, depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let halves = [(); 2].map(|()| {
            let inner = pool.clone();
            pool.spawn(move || nested(&inner, depth - 1))
        });
        halves.into_iter().map(|half| half.join().unwrap()).sum()
    }
    watched(|| {
        for max_threads in 1..=4 {
            let pool = BlockingPool::builder()
                .max_threads(max_threads)
                .build()
                .unwrap();
            let barrier = Arc::new(Barrier::new(max_threads));

            let handles: Vec<_> = (0..max_threads)
                .map(|_| {
                    let (inner, barrier) = (pool.clone(), Arc::clone(&barrier));
                    pool.spawn(move || {
                        // Every thread of the pool is taken before the first one waits.
                        barrier.wait();
                        nested(&inner, 6)
                    })
                })
                .collect();

            for handle in handles {
                assert_eq!(handle.join().unwrap(), 64);
            }
        }
    });
}

#[test]
fn museum_bm92_other_waits_that_fill_the_pool_are_visible() {
    watched(|| {
        let pool = BlockingPool::builder().max_threads(2).build().unwrap();
        let (tx, rx) = mpsc::channel();
        let gate = Gate::default();
        let stuck = [(); 2].map(|()| occupy(&pool, &gate));
        assert!(!pool.stats().is_saturated());

        drop(pool.spawn(move || tx.send(()).unwrap()));

        assert!(pool.stats().is_saturated());
        gate.open();
        rx.recv().unwrap();
        for handle in stuck {
            handle.join().unwrap();
        }
        assert!(!pool.stats().is_saturated());
    });
}

/// A smaller form of the load: limit 8, one job in a hundred panics, refusals in between.
#[test]
fn load_l13_every_job_ends_exactly_once_within_the_limit() {
    watched(|| {
        let n_attempts = AtomicUsize::new(0);
        let builder = BlockingPool::builder().spawn_with(move |builder, body| {
            match n_attempts.fetch_add(1, Ordering::SeqCst) {
                2..=4 => Err(std::io::Error::from(std::io::ErrorKind::WouldBlock)),
                _ => builder.spawn(body).map(drop),
            }
        });
        let pool = builder
            .max_threads(8)
            .queue_limit(usize::MAX)
            .build()
            .unwrap();
        let n_now = Arc::new(AtomicUsize::new(0));
        let n_ran = Arc::new(AtomicUsize::new(0));

        let handles: Vec<_> = (0..10_000)
            .map(|number| {
                let (n_now, n_ran) = (Arc::clone(&n_now), Arc::clone(&n_ran));
                pool.spawn(move || {
                    let at_once = n_now.fetch_add(1, Ordering::SeqCst) + 1;
                    n_ran.fetch_add(1, Ordering::SeqCst);
                    n_now.fetch_sub(1, Ordering::SeqCst);
                    if number % 1_000 == 999 {
                        // Not `panic!`: the hook would print a line for each.
                        std::panic::resume_unwind(Box::new(number));
                    }
                    at_once
                })
            })
            .collect();
        let outcomes: Vec<_> = handles.into_iter().map(|handle| handle.join()).collect();

        let widest = outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().ok())
            .max();
        assert!(widest.is_some_and(|widest| *widest <= 8));
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_err()).count(),
            10
        );
        assert_eq!(n_ran.load(Ordering::SeqCst), 10_000);
        // Each submission is a chance to start a thread again.
        let gate = Gate::default();
        while pool.stats().n_running < 8 {
            let gate = gate.clone();
            pool.execute(Job::new(move || gate.wait())).unwrap();
        }
        gate.open();
        pool.shutdown(Duration::MAX).unwrap();
        assert_at_rest(pool.stats());
    });
}
