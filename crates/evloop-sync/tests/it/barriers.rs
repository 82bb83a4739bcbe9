//! The barrier.

use std::task::Poll;

use evloop_sync::{Barrier, BarrierWait, BrokenBarrier};

use crate::support::{Polled, at_once};

fn waiting(barrier: &Barrier) -> Polled<BarrierWait<'_>> {
    Polled::waiting(barrier.wait())
}

#[test]
fn each_gets_an_index_of_its_own_in_every_round() {
    let barrier = Barrier::new(3);
    for _ in 0..3 {
        let [first, second] = [(); 2].map(|()| waiting(&barrier));
        assert_eq!(barrier.n_waiting(), 2);

        assert_eq!(at_once(barrier.wait()), Some(Ok(2)));

        assert_eq!(barrier.n_waiting(), 0, "they drain");
        assert_eq!((first.woken(), second.woken()), (Ok(0), Ok(1)));
    }
}

#[test]
fn who_leaves_is_counted_no_more_and_indices_stay_distinct() {
    let barrier = Barrier::new(3);
    let [first, second] = [(); 2].map(|()| waiting(&barrier));
    drop(first);
    assert_eq!(barrier.n_waiting(), 1);
    let third = waiting(&barrier);

    assert_eq!(at_once(barrier.wait()), Some(Ok(2)));

    assert_eq!((second.woken(), third.woken()), (Ok(0), Ok(1)));
}

#[test]
fn who_comes_while_others_drain_waits_for_the_next_round() {
    let barrier = Barrier::new(2);
    let first = waiting(&barrier);
    assert_eq!(at_once(barrier.wait()), Some(Ok(1)));
    let next = [(); 3].map(|()| waiting(&barrier));
    assert_eq!(format!("{barrier:?}"), "<Barrier [draining, waiters:0/2]>");

    assert_eq!(first.woken(), Ok(0));

    let [a, b, c] = next;
    assert_eq!((a.woken(), b.woken()), (Ok(0), Ok(1)));
    assert_eq!(c.n_wakes(), 0);
    assert_eq!(format!("{barrier:?}"), "<Barrier [filling, waiters:1/2]>");
}

#[test]
fn who_leaves_after_the_release_has_gone_on() {
    let barrier = Barrier::new(2);
    let first = waiting(&barrier);
    assert_eq!(at_once(barrier.wait()), Some(Ok(1)));

    drop(first);

    let first = waiting(&barrier);
    assert_eq!(at_once(barrier.wait()), Some(Ok(1)));
    assert_eq!(first.woken(), Ok(0));
}

#[test]
fn a_reset_while_others_drain_fails_those_alone() {
    let barrier = Barrier::new(3);
    let [mut gone, drains] = [(); 2].map(|()| waiting(&barrier));
    assert_eq!(at_once(barrier.wait()), Some(Ok(2)));
    assert_eq!(gone.poll(), Poll::Ready(Ok(0)));
    let [a, b] = [(); 2].map(|()| waiting(&barrier));

    barrier.reset();

    assert!(drains.woken().is_err());
    assert_eq!(barrier.n_waiting(), 2);
    assert_eq!(at_once(barrier.wait()), Some(Ok(2)));
    assert_eq!((a.woken(), b.woken()), (Ok(0), Ok(1)));
}

#[test]
fn an_aborted_one_is_broken_for_all_until_it_is_reset() {
    let barrier = Barrier::new(2);
    let drains = waiting(&barrier);
    assert_eq!(at_once(barrier.wait()), Some(Ok(1)));
    let blocked = waiting(&barrier);

    barrier.abort();

    assert!(drains.woken().is_err());
    assert!(blocked.woken().is_err());
    assert!(at_once(barrier.wait()).unwrap().is_err());
    assert_eq!(format!("{barrier:?}"), "<Barrier [broken]>");
    barrier.reset();
    let first = waiting(&barrier);
    assert_eq!(at_once(barrier.wait()), Some(Ok(1)));
    assert_eq!(first.woken(), Ok(0));
}

#[test]
fn a_reset_while_it_fills_fails_those_who_wait() {
    let barrier = Barrier::new(3);
    let first = waiting(&barrier);

    barrier.reset();

    let error: BrokenBarrier = first.woken().unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to meet at the barrier: it was reset or aborted"
    );
    assert!(!barrier.broken());
    assert_eq!(barrier.n_waiting(), 0);
}

#[test]
#[should_panic = "one party or more"]
fn a_barrier_for_nobody_is_refused() {
    drop(Barrier::new(0));
}
