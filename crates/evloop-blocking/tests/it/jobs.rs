use std::sync::{Arc, Mutex, mpsc};
use std::task::Waker;
use std::thread;

use evloop_blocking::{BlockingPool, Executor, Job, JobHandle};
use evloop_fixtures::{Wakes, block_on, watched};

use crate::support::{Gate, occupy, poll, wait_until};

#[test]
fn case_155_the_value_of_a_function_arrives_from_another_thread() {
    watched(|| {
        let pool = BlockingPool::new();

        let (value, id) = block_on(pool.spawn(|| (111, thread::current().id()))).unwrap();

        assert_eq!(value, 111);
        assert_ne!(id, thread::current().id());
    });
}

#[test]
fn work_starts_at_submission_and_not_at_the_first_poll() {
    watched(|| {
        let pool = BlockingPool::new();
        let (tx, rx) = mpsc::channel();

        let handle = pool.spawn(move || tx.send("started").unwrap());

        assert_eq!(rx.recv(), Ok("started"));
        assert_eq!(handle.join().ok(), Some(()));
    });
}

#[test]
fn jobs_start_in_the_order_of_their_submission() {
    watched(|| {
        let pool = BlockingPool::builder().max_threads(1).build().unwrap();
        let gate = Gate::default();
        let first = occupy(&pool, &gate);
        let order = Arc::new(Mutex::new(Vec::new()));

        let handles: Vec<JobHandle<()>> = (0..100)
            .map(|number| {
                let order = Arc::clone(&order);
                pool.spawn(move || order.lock().unwrap().push(number))
            })
            .collect();
        gate.open();
        first.join().unwrap();
        for handle in handles {
            handle.join().unwrap();
        }

        assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn dropping_the_handle_lets_the_job_run_and_drops_its_result() {
    watched(|| {
        struct Tells(mpsc::Sender<thread::ThreadId>);
        impl Drop for Tells {
            fn drop(&mut self) {
                self.0.send(thread::current().id()).unwrap();
            }
        }
        let pool = BlockingPool::new();
        let gate = Gate::default();
        let (tx, rx) = mpsc::channel();

        let handle = pool.spawn({
            let gate = gate.clone();
            move || {
                gate.wait();
                Tells(tx)
            }
        });
        drop(handle);
        gate.open();

        assert_ne!(rx.recv().unwrap(), thread::current().id());
    });
}

#[test]
fn the_last_waker_is_woken_and_the_earlier_one_is_not() {
    watched(|| {
        let pool = BlockingPool::new();
        let gate = Gate::default();
        let mut handle = occupy(&pool, &gate);
        let (earlier, last) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));

        for waker in [&earlier, &last, &last] {
            assert!(poll(&mut handle, &Waker::from(Arc::clone(waker))).is_pending());
        }
        gate.open();
        wait_until(|| last.count() == 1);

        assert!(poll(&mut handle, Waker::noop()).is_ready());
        assert_eq!((earlier.count(), last.count()), (0, 1));
    });
}

#[test]
#[should_panic = "polled again"]
fn polling_again_after_the_result_says_so() {
    let (job, mut handle) = Job::with_handle(|| 1);
    job.run();
    assert!(poll(&mut handle, Waker::noop()).is_ready());

    drop(poll(&mut handle, Waker::noop()));
}

#[test]
fn a_job_dropped_by_a_foreign_executor_ends_its_handle() {
    watched(|| {
        let (job, handle) = Job::with_handle(|| 1);

        drop(job);

        assert!(handle.is_finished());
        let error = handle.join().unwrap_err();
        assert!(
            error.to_string().contains("before the job started"),
            "{error}"
        );
    });
}

#[test]
fn an_executor_may_be_borrowed_shared_or_boxed() {
    fn run_on(executor: impl Executor) -> thread::ThreadId {
        let (job, handle) = Job::with_handle(|| thread::current().id());
        executor.execute(job).unwrap();
        handle.join().unwrap()
    }
    watched(|| {
        let pool = BlockingPool::new();
        let here = thread::current().id();

        assert_ne!(run_on(&pool), here);
        assert_ne!(run_on(Arc::new(pool.clone())), here);
        assert_ne!(run_on(Box::new(pool.clone()) as Box<dyn Executor>), here);
        let shared: Arc<dyn Executor> = Arc::new(pool);
        assert_ne!(run_on(&shared), here);
    });
}

#[test]
fn debug_shows_state_and_numbers() {
    watched(|| {
        let pool = BlockingPool::builder().max_threads(1).build().unwrap();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let queued = pool.spawn(|| ());

        assert_eq!(
            format!("{running:?} {queued:?}"),
            "<JobHandle running> <JobHandle queued>"
        );
        assert_eq!(
            format!("{pool:?}"),
            "BlockingPool { name: \"evloop-blocking\", stats: Stats { n_threads: 1, n_idle: 0, \
             n_running: 1, n_queued: 1, max_threads: 1 }, is_closed: false }"
        );
        assert_eq!(format!("{:?}", Job::new(|| ())), "Job(closure)");
        gate.open();
        wait_until(|| queued.is_finished());
        assert_eq!(format!("{queued:?}"), "<JobHandle finished>");
    });
}

#[test]
fn public_types_cross_threads_and_errors_convert() {
    fn shared<T: Send + Sync + 'static>() {}
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    shared::<BlockingPool>();
    shared::<JobHandle<String>>();
    shared::<evloop_blocking::Reserve>();
    shared::<evloop_blocking::Permit>();
    shared::<evloop_blocking::Shutdown>();
    error::<evloop_blocking::JobError>();
    error::<evloop_blocking::Rejected>();
    error::<evloop_blocking::RejectedReason>();
    error::<evloop_blocking::Abandoned>();
    error::<evloop_blocking::BuildError>();
    error::<evloop_blocking::Closed>();
}
