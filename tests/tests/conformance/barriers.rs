//! Barriers.

use std::pin::pin;
use std::sync::Arc;

use evloop::create_task;
use evloop::sync::{Barrier, BrokenBarrier};
use evloop_tests::{at_rest, in_every_loop};
use futures_lite::future::poll_once;

/// A task that waits at the barrier.
async fn arrive(barrier: &Arc<Barrier>) -> evloop::Task<Result<usize, BrokenBarrier>> {
    let barrier = Arc::clone(barrier);
    let task = create_task(async move { barrier.wait().await });
    at_rest().await;
    task
}

#[test]
fn case_126_each_has_an_index_of_its_own_in_each_of_two_rounds() {
    in_every_loop(async || {
        const N: usize = 5;
        let barrier = Arc::new(Barrier::new(N));
        let tasks: [_; N] = std::array::from_fn(|_| {
            let barrier = Arc::clone(&barrier);
            create_task(async move { [barrier.wait().await, barrier.wait().await] })
        });

        let mut rounds = [Vec::new(), Vec::new()];
        for task in tasks {
            for (round, met) in rounds.iter_mut().zip(task.await.unwrap()) {
                round.push(met.unwrap());
            }
        }

        for mut round in rounds {
            round.sort_unstable();
            assert_eq!(round, [0, 1, 2, 3, 4]);
        }
        assert_eq!(
            (barrier.parties(), barrier.n_waiting(), barrier.broken()),
            (N, 0, false)
        );
    });
}

#[test]
fn case_127_one_that_is_cancelled_is_counted_no_more() {
    in_every_loop(async || {
        let barrier = Arc::new(Barrier::new(3));
        let (first, second) = (arrive(&barrier).await, arrive(&barrier).await);
        assert_eq!(barrier.n_waiting(), 2);

        first.cancel();
        at_rest().await;
        assert_eq!(barrier.n_waiting(), 1);

        let third = arrive(&barrier).await;
        assert!(!second.done() && !third.done());
        assert_eq!(barrier.wait().await, Ok(2));
        assert_eq!(
            (second.await.unwrap(), third.await.unwrap()),
            (Ok(0), Ok(1))
        );
        assert!(first.cancelled());
    });
}

/// Drained by hand, so that one has gone on and one has not.
#[test]
fn case_129_a_reset_fails_those_who_have_not_gone_on_and_those_behind_wait() {
    in_every_loop(async || {
        let barrier = Barrier::new(3);
        let (mut goes, mut stays) = (pin!(barrier.wait()), pin!(barrier.wait()));
        assert_eq!(poll_once(goes.as_mut()).await, None);
        assert_eq!(poll_once(stays.as_mut()).await, None);
        assert_eq!(barrier.wait().await, Ok(2));
        assert_eq!(goes.await, Ok(0));
        let (mut a, mut b) = (pin!(barrier.wait()), pin!(barrier.wait()));
        assert_eq!(poll_once(a.as_mut()).await, None);
        assert_eq!(poll_once(b.as_mut()).await, None);
        assert_eq!(barrier.n_waiting(), 0, "those behind do not count yet");

        barrier.reset();

        assert!(stays.await.is_err());
        assert!(!barrier.broken());
        assert_eq!(poll_once(a.as_mut()).await, None);
        assert_eq!(barrier.wait().await, Ok(2));
        assert_eq!((a.await, b.await), (Ok(0), Ok(1)));
    });
}

#[test]
fn case_130_an_abort_fails_all_and_lasts_until_the_reset() {
    in_every_loop(async || {
        let barrier = Barrier::new(2);
        let mut drains = pin!(barrier.wait());
        assert_eq!(poll_once(drains.as_mut()).await, None);
        assert_eq!(barrier.wait().await, Ok(1));
        let mut is_blocked = pin!(barrier.wait());
        assert_eq!(poll_once(is_blocked.as_mut()).await, None);

        barrier.abort();

        assert!(drains.await.is_err());
        assert!(is_blocked.await.is_err());
        assert!(barrier.wait().await.is_err(), "also who comes later");
        assert!(barrier.broken());
        barrier.reset();
        assert!(!barrier.broken());
        let mut waits = pin!(barrier.wait());
        assert_eq!(poll_once(waits.as_mut()).await, None);
        assert_eq!((barrier.wait().await, waits.await), (Ok(1), Ok(0)));
    });
}

#[test]
fn case_130_an_abort_fails_tasks_that_wait() {
    in_every_loop(async || {
        let barrier = Arc::new(Barrier::new(3));
        let tasks = [arrive(&barrier).await, arrive(&barrier).await];

        barrier.abort();

        for task in tasks {
            assert!(task.await.unwrap().is_err());
        }
        assert_eq!(barrier.n_waiting(), 0);
    });
}
