use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use evloop_blocking::BlockingPool;
use evloop_fixtures::{block_on, watched};

use crate::support::{Gate, assert_at_rest, occupy, reporting_ends};

#[test]
fn the_pool_makes_no_thread_before_the_first_job() {
    assert_at_rest(BlockingPool::new().stats());
}

#[test]
fn as_many_jobs_run_at_once_as_there_may_be_threads() {
    watched(|| {
        let pool = BlockingPool::builder().max_threads(8).build().unwrap();
        let barrier = Arc::new(Barrier::new(8));

        let handles = [(); 8].map(|()| {
            let barrier = Arc::clone(&barrier);
            // Passes only when all eight are here at once.
            pool.spawn(move || barrier.wait().is_leader())
        });

        let leaders = handles.into_iter().filter_map(|handle| handle.join().ok());
        assert_eq!(leaders.filter(|is_leader| *is_leader).count(), 1);
        assert_eq!(pool.stats().n_threads, 8);
    });
}

#[test]
fn the_limit_is_never_passed_and_threads_are_named_by_seat() {
    watched(|| {
        let builder = BlockingPool::builder().max_threads(3).thread_name("disk");
        let pool = builder.build().unwrap();
        let (tx, rx) = mpsc::channel();

        for _ in 0..3_000 {
            let tx = tx.clone();
            drop(pool.spawn(move || {
                tx.send(thread::current().name().map(str::to_owned))
                    .unwrap();
            }));
        }
        drop(tx);

        let names: BTreeSet<String> = rx.iter().flatten().collect();
        let allowed = ["disk-0", "disk-1", "disk-2"].map(str::to_owned);
        assert!(names.is_subset(&BTreeSet::from(allowed)), "{names:?}");
        assert!(pool.stats().n_threads <= 3);
    });
}

#[test]
fn idle_threads_end_after_the_keep_alive_time_back_to_none() {
    watched(|| {
        let (builder, ends) = reporting_ends();
        let builder = builder.max_threads(4).keep_alive(Duration::from_millis(1));
        let pool = builder.build().unwrap();
        let gate = Gate::default();

        for _ in 0..3 {
            let handles = [(); 4].map(|()| occupy(&pool, &gate));
            gate.open();
            for handle in handles {
                handle.join().unwrap();
            }
            // The gate is open now: later rounds may use fewer threads.
            while pool.stats().n_threads > 0 {
                ends.recv().unwrap();
            }
            assert_at_rest(pool.stats());
        }

        assert_eq!(pool.spawn(|| 1).join().unwrap(), 1);
    });
}

#[test]
fn a_keep_alive_of_zero_runs_every_job() {
    watched(|| {
        let builder = BlockingPool::builder()
            .max_threads(2)
            .keep_alive(Duration::ZERO);
        let pool = builder.build().unwrap();

        for number in 0..300 {
            assert_eq!(block_on(pool.spawn(move || number)).unwrap(), number);
        }
    });
}

#[test]
fn a_keep_alive_without_end_is_fine() {
    watched(|| {
        let builder = BlockingPool::builder()
            .max_threads(2)
            .keep_alive(Duration::MAX);
        let pool = builder.build().unwrap();

        for number in 0..100 {
            assert_eq!(pool.spawn(move || number).join().unwrap(), number);
        }

        pool.shutdown(Duration::MAX).unwrap();
    });
}

#[test]
fn the_stack_size_is_honoured() {
    fn depth(n_frames: usize) -> u8 {
        let frame = std::hint::black_box([1_u8; 4096]);
        if n_frames == 0 {
            frame[0]
        } else {
            frame[7] & depth(n_frames - 1)
        }
    }
    watched(|| {
        let builder = BlockingPool::builder().max_threads(1).stack_size(64 << 20);
        let pool = builder.build().unwrap();

        assert_eq!(pool.spawn(|| depth(4_000)).join().unwrap(), 1);
    });
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_reason() {
    let check = |builder: evloop_blocking::Builder, text: &str| {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    check(BlockingPool::builder().max_threads(0), "`max_threads` is 0");
    check(BlockingPool::builder().queue_limit(0), "`queue_limit` is 0");
    check(BlockingPool::builder().thread_name("a\0b"), "\"a\\0b\"");
    assert!(
        BlockingPool::builder()
            .max_threads(usize::MAX)
            .queue_limit(usize::MAX)
            .build()
            .is_ok()
    );
}
