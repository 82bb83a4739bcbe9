use std::sync::{Arc, mpsc};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use evloop_blocking::{BlockingPool, Executor, Job, JobError};
use evloop_fixtures::{Wakes, block_on, watched};

use crate::support::{Gate, assert_at_rest, occupy, poll, reporting_ends, wait_until};

fn one_thread() -> BlockingPool {
    BlockingPool::builder().max_threads(1).build().unwrap()
}

#[test]
fn shutdown_waits_for_running_and_queued_jobs() {
    watched(|| {
        let pool = one_thread();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let queued: Vec<_> = (0..10).map(|number| pool.spawn(move || number)).collect();
        gate.open();

        pool.shutdown(Duration::MAX).unwrap();

        assert!(running.is_finished());
        assert!(queued.iter().all(|handle| handle.is_finished()));
        assert_at_rest(pool.stats());
    });
}

#[test]
fn case_157_a_shutdown_that_runs_out_of_time_says_what_it_abandoned() {
    watched(|| {
        let builder = BlockingPool::builder().max_threads(2).thread_name("files");
        let pool = builder.build().unwrap();
        let gate = Gate::default();
        let running = [(); 2].map(|()| occupy(&pool, &gate));
        let queued = [(); 3].map(|()| pool.spawn(|| ()));

        let abandoned = pool.shutdown(Duration::from_millis(10)).unwrap_err();

        assert_eq!((abandoned.n_running, abandoned.n_queued), (2, 3));
        assert_eq!(abandoned.names, ["files-0", "files-1"]);
        assert_eq!(
            abandoned.to_string(),
            "failed to shut a blocking pool down in time: 2 running and 3 queued jobs were \
             abandoned (running on files-0, files-1); allow more time, or make the jobs end sooner"
        );
        for handle in queued {
            assert!(matches!(handle.join(), Err(JobError::ShutDown)));
        }
        gate.open();
        for handle in running {
            handle.join().unwrap();
        }
        pool.shutdown(Duration::MAX).unwrap();
        assert_at_rest(pool.stats());
    });
}

#[test]
fn after_a_shutdown_every_way_in_is_refused_with_the_job_given_back() {
    watched(|| {
        let pool = one_thread();
        pool.shutdown(Duration::ZERO).unwrap();
        pool.shutdown(Duration::MAX).unwrap();

        let rejected = pool.execute(Job::new(|| ())).unwrap_err();
        assert!(rejected.reason().is_shut_down());
        assert!(
            rejected
                .to_string()
                .contains("`evloop-blocking` was shut down")
        );
        assert!(pool.try_spawn(|| ()).unwrap_err().reason().is_shut_down());
        let error = pool.spawn(|| ()).join().unwrap_err();
        assert!(matches!(error, JobError::Rejected(reason) if reason.is_shut_down()));
        assert!(block_on(pool.reserve()).is_err());
        assert!(pool.is_closed());
    });
}

#[test]
fn shutdown_of_a_resting_pool_with_idle_threads_abandons_nothing() {
    watched(|| {
        for timeout in [Duration::ZERO, Duration::MAX] {
            let (builder, ends) = reporting_ends();
            let pool = builder.max_threads(3).build().unwrap();
            let gate = Gate::default();
            let handles = [(); 3].map(|()| occupy(&pool, &gate));
            gate.open();
            for handle in handles {
                handle.join().unwrap();
            }
            wait_until(|| pool.stats().n_idle == 3);

            pool.shutdown(timeout).unwrap();

            // They are woken rather than left to their keep-alive time of ten seconds.
            for _ in 0..3 {
                ends.recv().unwrap();
            }
            assert_at_rest(pool.stats());
        }
    });
}

#[test]
fn concurrent_shutdowns_all_return_and_one_of_them_reports_the_queue() {
    watched(|| {
        let pool = one_thread();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let queued = pool.spawn(|| ());
        let patient = thread::Builder::new().spawn({
            let pool = pool.clone();
            move || pool.shutdown(Duration::MAX)
        });

        let abandoned = [(); 2].map(|()| pool.shutdown(Duration::ZERO).unwrap_err());

        assert_eq!(
            abandoned.map(|left| (left.n_running, left.n_queued)),
            [(1, 1), (1, 0)]
        );
        assert!(queued.join().is_err());
        gate.open();
        running.join().unwrap();
        assert_eq!(patient.unwrap().join().unwrap(), Ok(()));
    });
}

#[test]
fn dropping_the_last_handle_runs_what_was_accepted_and_then_ends_the_threads() {
    watched(|| {
        let (builder, ends) = reporting_ends();
        let pool = builder.max_threads(1).build().unwrap();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let queued = pool.clone().spawn(|| "ran");

        drop(pool);
        gate.open();

        running.join().unwrap();
        assert_eq!(queued.join().unwrap(), "ran");
        ends.recv().unwrap();
    });
}

#[test]
fn shutdown_inside_a_job_returns_instead_of_waiting_for_itself() {
    watched(|| {
        let pool = one_thread();
        let inner = pool.clone();

        let (blocking, polled) = pool
            .spawn(move || {
                let polled = block_on(inner.shutdown_async());
                (inner.shutdown(Duration::MAX), polled)
            })
            .join()
            .unwrap();

        assert_eq!(blocking.unwrap_err().names, ["evloop-blocking-0"]);
        assert_eq!(polled.unwrap_err().n_running, 1);
        pool.shutdown(Duration::MAX).unwrap();
    });
}

#[test]
fn the_last_handle_may_be_dropped_inside_a_job() {
    watched(|| {
        let (builder, ends) = reporting_ends();
        let pool = builder.build().unwrap();
        let gate = Gate::default();
        let inner = (pool.clone(), gate.clone());

        let handle = pool.spawn(move || {
            inner.1.wait();
            drop(inner.0);
        });
        drop(pool);
        gate.open();

        handle.join().unwrap();
        ends.recv().unwrap();
    });
}

#[test]
fn shutdown_can_be_awaited_and_given_up() {
    watched(|| {
        let pool = one_thread();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let (given_up, last) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));

        let mut first = pool.shutdown_async();
        let mut second = pool.shutdown_async();
        assert!(pool.try_spawn(|| ()).is_err());
        assert!(poll(&mut first, &Waker::from(Arc::clone(&given_up))).is_pending());
        assert!(poll(&mut second, &Waker::from(Arc::clone(&given_up))).is_pending());
        assert!(poll(&mut second, &Waker::from(Arc::clone(&last))).is_pending());
        drop(first);
        gate.open();
        running.join().unwrap();

        wait_until(|| last.count() == 1);
        assert_eq!(given_up.count(), 0);
        assert!(poll(&mut second, Waker::noop()).is_ready());
        assert_eq!(block_on(pool.shutdown_async()), Ok(()));
    });
}

#[test]
fn thread_locals_of_jobs_are_dropped_when_their_thread_ends() {
    struct Tells(mpsc::Sender<&'static str>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send("thread-local dropped").unwrap();
        }
    }
    std::thread_local! {
        static TELLS: std::cell::RefCell<Option<Tells>> = const { std::cell::RefCell::new(None) };
    }
    watched(|| {
        let pool = one_thread();
        let (tx, rx) = mpsc::channel();

        pool.spawn(move || TELLS.set(Some(Tells(tx))))
            .join()
            .unwrap();
        pool.shutdown(Duration::MAX).unwrap();

        assert_eq!(rx.recv(), Ok("thread-local dropped"));
    });
}
