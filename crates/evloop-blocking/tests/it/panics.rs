use std::panic::{catch_unwind, panic_any};
use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};

use evloop_blocking::{BlockingPool, Job, JobError};
use evloop_fixtures::watched;

use crate::support::{Gate, occupy, poll};

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// A payload whose destructor panics with another such payload.
struct PanicsForEver;

impl Drop for PanicsForEver {
    fn drop(&mut self) {
        panic_any(PanicsForEver);
    }
}

/// Shows that the one thread of the pool lives and the pool has it back.
#[track_caller]
fn assert_usable(pool: &BlockingPool) {
    assert_eq!(pool.spawn(|| "alive").join().unwrap(), "alive");
    assert_eq!(pool.stats().n_threads, 1);
}

fn one_thread() -> BlockingPool {
    BlockingPool::builder().max_threads(1).build().unwrap()
}

#[test]
fn a_panic_reaches_the_awaiter_with_its_payload() {
    watched(|| {
        let pool = one_thread();

        let literal = pool.spawn(|| panic!("literal")).join().unwrap_err();
        let formatted = pool.spawn(|| panic!("number {}", 7)).join().unwrap_err();
        let object = pool.spawn(|| panic_any(7_u32)).join().unwrap_err();

        assert_eq!(
            literal.to_string(),
            "failed to run a blocking job: it panicked: literal"
        );
        assert!(matches!(&formatted, JobError::Panicked(p) if p.message() == Some("number 7")));
        assert!(object.is_panic());
        assert!(object.to_string().contains("not text"));
        assert_eq!(
            *object.try_into_panic().unwrap().downcast::<u32>().unwrap(),
            7
        );
        assert_usable(&pool);
    });
}

#[test]
fn a_bare_job_that_panics_does_not_end_the_thread() {
    watched(|| {
        use evloop_blocking::Executor;
        let pool = one_thread();

        pool.execute(Job::new(|| panic!("bare"))).unwrap();
        pool.execute(Job::new(|| panic_any(PanicsForEver))).unwrap();

        assert_usable(&pool);
    });
}

#[test]
fn hostile_payloads_results_and_closures_of_detached_jobs_are_contained() {
    watched(|| {
        let pool = one_thread();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);

        drop(pool.spawn(|| panic_any(PanicsForEver)));
        drop(pool.spawn(|| PanicsInDrop));
        let captured = PanicsInDrop;
        drop(pool.spawn(move || drop(captured)));

        gate.open();
        running.join().unwrap();
        assert_usable(&pool);
    });
}

#[test]
fn a_hostile_closure_taken_back_is_contained() {
    watched(|| {
        let pool = one_thread();
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let captured = PanicsInDrop;
        let handle = pool.spawn(move || drop(captured));

        assert!(handle.cancel());

        assert!(handle.join().unwrap_err().is_cancelled());
        gate.open();
        running.join().unwrap();
        assert_usable(&pool);
    });
}

#[test]
fn a_payload_whose_drop_panics_is_swallowed_with_the_error() {
    let (job, handle) = Job::with_handle(|| panic_any(PanicsForEver));
    job.run();

    assert!(catch_unwind(move || drop(handle.join())).is_ok());
}

#[test]
fn a_waker_that_panics_when_woken_does_not_end_the_thread() {
    struct PanicsInWake;
    impl Wake for PanicsInWake {
        fn wake(self: Arc<Self>) {
            panic!("woken");
        }
    }
    watched(|| {
        let pool = one_thread();
        let gate = Gate::default();
        let mut running = occupy(&pool, &gate);
        assert!(poll(&mut running, &Waker::from(Arc::new(PanicsInWake))).is_pending());

        gate.open();

        assert!(running.join().is_ok());
        assert_usable(&pool);
    });
}

#[test]
fn a_waker_that_panics_when_cloned_or_dropped_leaves_the_job_intact() {
    struct PanicsInWakerDrop;
    impl Wake for PanicsInWakerDrop {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for PanicsInWakerDrop {
        fn drop(&mut self) {
            panic!("waker dropped");
        }
    }
    const VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("cloned"), |_| {}, |_| {}, |_| {});
    watched(|| {
        let pool = one_thread();
        let gate = Gate::default();
        let mut running = occupy(&pool, &gate);

        let in_clone = catch_unwind(std::panic::AssertUnwindSafe(|| {
            let waker = raw_waker(&VTABLE);
            drop(poll(&mut running, &waker));
        }));
        assert!(in_clone.is_err());
        let waker = Waker::from(Arc::new(PanicsInWakerDrop));
        assert!(poll(&mut running, &waker).is_pending());
        std::mem::forget(waker);
        gate.open();

        assert!(running.join().is_ok());
        assert_usable(&pool);
    });

    #[expect(
        unsafe_code,
        reason = "only a hand-made vtable has a clone that panics"
    )]
    fn raw_waker(vtable: &'static RawWakerVTable) -> Waker {
        // SAFETY: no function of the vtable uses the data pointer.
        unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), vtable)) }
    }
}
