use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use evloop_blocking::{BlockingPool, Job, Permit, Reserve};
use evloop_fixtures::{Wakes, block_on, watched};

use crate::support::{Gate, occupy, poll};

fn narrow(queue_limit: usize) -> BlockingPool {
    let builder = BlockingPool::builder().max_threads(1);
    builder.queue_limit(queue_limit).build().unwrap()
}

fn waiting(pool: &BlockingPool) -> (Reserve, Arc<Wakes>) {
    let count = Arc::new(Wakes::default());
    let mut reserve = pool.reserve();
    assert!(poll(&mut reserve, &Waker::from(Arc::clone(&count))).is_pending());
    (reserve, count)
}

#[track_caller]
fn granted(reserve: &mut Reserve) -> Permit {
    match poll(reserve, Waker::noop()) {
        Poll::Ready(permit) => permit.unwrap(),
        Poll::Pending => panic!("no place was granted"),
    }
}

#[test]
fn a_full_queue_gives_the_job_back_and_says_what_to_do() {
    watched(|| {
        let pool = narrow(1);
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let queued = pool.spawn(|| ());

        let rejected = pool.try_spawn(|| ()).unwrap_err();

        assert!(rejected.reason().is_queue_full());
        let text = rejected.to_string();
        assert!(
            text.contains("holds its limit of 1 jobs; await `reserve()`"),
            "{text}"
        );
        rejected.into_job().run();
        let error = pool.spawn(|| ()).join().unwrap_err();
        assert!(error.to_string().contains("limit of 1 jobs"), "{error}");
        gate.open();
        running.join().unwrap();
        queued.join().unwrap();
    });
}

#[test]
fn producers_that_reserve_get_every_job_through_a_queue_of_one() {
    watched(|| {
        let pool = narrow(1);

        let total: u32 = block_on(async {
            let mut handles = Vec::new();
            for number in 0..500 {
                let permit = pool.reserve().await.unwrap();
                handles.push(permit.spawn(move || number));
            }
            let mut total = 0;
            for handle in handles {
                total += handle.await.unwrap();
            }
            total
        });

        assert_eq!(total, (0..500).sum());
    });
}

#[test]
fn places_go_to_waiters_in_order_and_nobody_passes_them() {
    watched(|| {
        let pool = narrow(1);
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let queued = pool.spawn(|| ());
        let (mut first, first_count) = waiting(&pool);
        let (mut second, second_count) = waiting(&pool);

        assert!(queued.cancel());

        assert_eq!((first_count.count(), second_count.count()), (1, 0));
        assert!(pool.try_spawn(|| ()).unwrap_err().reason().is_queue_full());
        assert!(poll(&mut pool.reserve(), Waker::noop()).is_pending());
        drop(granted(&mut first));
        assert_eq!(second_count.count(), 1);
        drop(granted(&mut second));
        gate.open();
        running.join().unwrap();
    });
}

#[test]
fn a_waiter_that_was_granted_and_gives_up_passes_the_place_on() {
    watched(|| {
        let pool = narrow(1);
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let queued = pool.spawn(|| ());
        let (first, first_count) = waiting(&pool);
        let (gives_up_early, early_count) = waiting(&pool);
        let (mut third, third_count) = waiting(&pool);

        drop(gives_up_early);
        assert!(queued.cancel());
        assert_eq!(
            (
                first_count.count(),
                early_count.count(),
                third_count.count()
            ),
            (1, 0, 0)
        );
        drop(first);

        assert_eq!(third_count.count(), 1);
        let handle = granted(&mut third).spawn(|| "through");
        gate.open();
        assert_eq!(handle.join().unwrap(), "through");
        running.join().unwrap();
    });
}

#[test]
fn a_place_is_freed_when_a_thread_takes_the_job() {
    watched(|| {
        let pool = narrow(1);
        let (gate, next_gate) = (Gate::default(), Gate::default());
        let running = occupy(&pool, &gate);
        let started = Arc::new(Wakes::default());
        let queued = {
            let (started, next_gate) = (Arc::clone(&started), next_gate.clone());
            pool.spawn(move || {
                Waker::from(started).wake();
                next_gate.wait();
            })
        };
        let reserve = pool.reserve();

        gate.open();
        let permit = block_on(reserve).unwrap();
        let last = permit.spawn(|| ());

        assert_eq!(pool.stats().n_queued, 1);
        next_gate.open();
        for handle in [running, queued, last] {
            handle.join().unwrap();
        }
        assert_eq!(started.count(), 1);
    });
}

#[test]
fn an_unused_permit_returns_its_place_and_a_used_one_does_not_double_it() {
    watched(|| {
        let pool = narrow(2);
        let gate = Gate::default();
        let running = occupy(&pool, &gate);

        drop(block_on(pool.reserve()).unwrap());
        let permits = [(); 2].map(|()| block_on(pool.reserve()).unwrap());
        assert!(pool.try_spawn(|| ()).is_err());
        for permit in permits {
            permit.execute(Job::new(|| ())).unwrap();
        }

        assert_eq!(pool.stats().n_queued, 2);
        assert!(pool.try_spawn(|| ()).is_err());
        gate.open();
        running.join().unwrap();
    });
}

#[test]
fn a_permit_for_a_pool_without_threads_starts_one_and_returns_its_place() {
    watched(|| {
        let pool = narrow(1);
        let permit = block_on(pool.reserve()).unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let pushed = Arc::clone(&order);

        permit
            .spawn(move || pushed.lock().unwrap().push(1))
            .join()
            .unwrap();

        assert_eq!(*order.lock().unwrap(), [1]);
        drop(block_on(pool.reserve()).unwrap());
    });
}

#[test]
fn closing_ends_all_waiting_and_grants_made_before_stay_good() {
    watched(|| {
        let pool = narrow(1);
        let gate = Gate::default();
        let running = occupy(&pool, &gate);
        let queued = pool.spawn(|| ());
        let (mut first, _) = waiting(&pool);
        let (mut second, second_count) = waiting(&pool);
        assert!(queued.cancel());

        pool.close();

        assert_eq!(second_count.count(), 1);
        let Poll::Ready(Err(closed)) = poll(&mut second, Waker::noop()) else {
            panic!("a waiter outlived the pool");
        };
        assert!(
            closed
                .to_string()
                .contains("`evloop-blocking`: it was shut down")
        );
        let error = granted(&mut first).spawn(|| ()).join().unwrap_err();
        assert!(error.to_string().contains("was shut down"), "{error}");
        gate.open();
        running.join().unwrap();
    });
}
