use std::sync::{Arc, mpsc};
use std::task::Waker;

use evloop_blocking::{BlockingPool, Job, JobError};
use evloop_fixtures::{Wakes, watched};

use crate::support::{Gate, occupy, poll};

#[test]
fn cancelling_succeeds_before_the_start_and_not_after() {
    watched(|| {
        let pool = BlockingPool::builder().max_threads(1).build().unwrap();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let (tx, rx) = mpsc::channel::<()>();
        let queued = pool.spawn(move || drop(tx));

        assert!(!running.cancel());
        assert!(queued.cancel());

        // The closure is gone at once, and so is its place.
        assert_eq!(rx.try_recv(), Err(mpsc::TryRecvError::Disconnected));
        assert_eq!(pool.stats().n_queued, 0);
        assert!(!queued.cancel());
        assert!(matches!(queued.join(), Err(JobError::Cancelled)));
        gate.open();
        assert!(running.join().is_ok());
    });
}

#[test]
fn cancelling_frees_the_place_in_the_queue_for_who_waits() {
    watched(|| {
        let pool = BlockingPool::builder()
            .max_threads(1)
            .queue_limit(1)
            .build()
            .unwrap();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let queued = pool.spawn(|| ());
        let count = Arc::new(Wakes::default());
        let mut reserve = pool.reserve();
        assert!(poll(&mut reserve, &Waker::from(Arc::clone(&count))).is_pending());

        assert!(queued.cancel());

        assert_eq!(count.count(), 1);
        assert!(poll(&mut reserve, Waker::noop()).is_ready());
        gate.open();
        running.join().unwrap();
    });
}

#[test]
fn many_cancelled_jobs_leave_the_queue_usable() {
    watched(|| {
        let pool = BlockingPool::builder()
            .max_threads(1)
            .queue_limit(10)
            .build()
            .unwrap();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);

        for _ in 0..20_000 {
            let handles = [(); 8].map(|()| pool.try_spawn(|| ()).unwrap());
            assert!(handles.iter().all(|handle| handle.cancel()));
        }

        let last = pool.spawn(|| "ran");
        gate.open();
        assert_eq!(last.join().unwrap(), "ran");
        running.join().unwrap();
    });
}

#[test]
fn a_cancelled_task_wakes_the_one_that_polled_it() {
    let (_job, mut handle) = Job::with_handle(|| ());
    let count = Arc::new(Wakes::default());
    assert!(poll(&mut handle, &Waker::from(Arc::clone(&count))).is_pending());

    assert!(handle.cancel());

    assert_eq!(count.count(), 1);
}
