//! The order of steps, left to chance.

use std::collections::HashSet;
use std::time::Duration;

use evloop::{ManualClock, Runtime, create_task, gather, sleep, yield_now};
use evloop_tests::Seen;
use evloop_tests::watchdog::Watchdog;

use crate::LONG;

const WATCHED: Duration = Duration::from_secs(60);

const N_TASKS: usize = 20;
const N_STEPS: usize = 5;

/// The order in which one worker runs the steps of some tasks, a part of them behind timers.
fn order_with(seed: u64) -> Vec<(usize, usize)> {
    let runtime = Runtime::builder()
        .n_workers(1)
        .clock(ManualClock::new().with_auto_jump())
        .shuffle(seed)
        .build()
        .expect("the system has descriptors and threads");
    let seen = Seen::new();
    let told = seen.clone();
    // On the worker, as the rest: what two threads do at the same time is not decided by a seed.
    let main = runtime.create_task(async move {
        let tasks = (0..N_TASKS).map(|n| {
            let told = told.clone();
            create_task(async move {
                for step in 0..N_STEPS {
                    told.push((n, step));
                    match step {
                        2 => sleep(LONG).await,
                        _ => yield_now().await,
                    }
                }
            })
        });
        gather(tasks.collect::<Vec<_>>()).await;
    });
    let ended = runtime.block_on(main).expect("the runtime is open");
    ended.expect("nobody panics");
    seen.take()
}

#[test]
fn with_one_worker_a_seed_gives_the_same_order_each_time_and_another_one_another() {
    let _watchdog = Watchdog::new(WATCHED);
    let orders: Vec<_> = (0..10).map(order_with).collect();
    for (seed, order) in (0..10).zip(&orders) {
        assert_eq!(&order_with(seed), order, "seed {seed}");
        assert_eq!(order.len(), N_TASKS * N_STEPS);
        assert!(!order.is_sorted_by_key(|(_, step)| step), "seed {seed}");
    }
    assert_eq!(orders.iter().collect::<HashSet<_>>().len(), orders.len());
}

#[test]
fn jobs_that_are_passed_over_are_run_and_stolen() {
    let _watchdog = Watchdog::new(WATCHED);
    for seed in 0..20 {
        let runtime = Runtime::builder().n_workers(3).shuffle(seed).build();
        let sum = runtime.unwrap().block_on(async {
            let tasks = (0..2_000_u64).map(|n| {
                create_task(async move {
                    yield_now().await;
                    n
                })
            });
            let results = gather(tasks.collect::<Vec<_>>()).await;
            results.into_iter().map(Result::unwrap).sum::<u64>()
        });
        assert_eq!(sum.unwrap(), 1_999_000);
    }
}
