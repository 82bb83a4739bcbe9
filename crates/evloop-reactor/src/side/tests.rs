//! One direction of a source: readiness meets waiters.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
};

use super::{Side, Until};
use crate::{
    readiness::{Readiness, ShortTransfer},
    waiters::Place,
};

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn pending(side: &Side, place: Place<'_>, waker: &Waker) -> bool {
    side.poll(Until::Ready, place, &Context::from_waker(waker))
        .is_pending()
}

#[test]
fn polling_again_with_the_same_waker_keeps_one() {
    let side = Side::new();
    let waker = Waker::from(Arc::new(Counter::default()));
    let mut ticket = None;

    for _ in 0..100 {
        assert!(pending(&side, Place::List(&mut ticket), &waker));
        assert!(pending(&side, Place::Slot, &waker));
    }

    assert_eq!(side.waiters.lock().unwrap().len(), 2);
}

#[test]
fn the_last_poller_wins_the_slot_and_the_one_before_is_not_woken() {
    let side = Side::new();
    let (first, second) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
    assert!(pending(
        &side,
        Place::Slot,
        &Waker::from(Arc::clone(&first))
    ));
    assert!(pending(
        &side,
        Place::Slot,
        &Waker::from(Arc::clone(&second))
    ));

    let mut woken = Vec::new();
    side.deliver(ShortTransfer::MeansEmpty, &mut woken);
    woken.drain(..).for_each(Waker::wake);

    assert_eq!(first.0.load(Ordering::Relaxed), 0);
    assert_eq!(second.0.load(Ordering::Relaxed), 1);
}

#[test]
fn an_operation_that_comes_back_late_costs_no_waiter_its_event() {
    for clear in [Side::clear, Side::clear_after_short] {
        let side = Side::new();
        side.deliver(ShortTransfer::MeansEmpty, &mut Vec::new());
        // Two tasks try at once, and the first one to find nothing waits.
        let seen = side.check().unwrap();
        side.clear(seen);
        assert!(pending(&side, Place::List(&mut None), Waker::noop()));
        clear(&side, seen);
        let mut woken = Vec::new();

        side.deliver(ShortTransfer::MeansEmpty, &mut woken);

        assert_eq!(woken.len(), 1);
    }
}

#[test]
fn whoever_was_woken_waits_at_the_end_of_the_line_again() {
    let side = Side::new();
    let (first, second) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
    let mut tickets = [None, None];
    let mut poll = |n: usize, waker: &Arc<Counter>| {
        let waker = Waker::from(Arc::clone(waker));
        pending(&side, Place::List(&mut tickets[n]), &waker)
    };
    assert!(poll(0, &first));
    assert!(poll(1, &second));
    let mut woken = Vec::new();
    side.deliver(ShortTransfer::MeansEmpty, &mut woken);
    // The second one is slow, and the first one has read all by then.
    assert!(!poll(0, &first));
    side.clear(side.check().unwrap());
    assert!(poll(1, &second));
    assert!(poll(0, &first));

    side.deliver(ShortTransfer::MeansEmpty, &mut woken);
    let wakes = |counter: &Counter| counter.0.load(Ordering::Relaxed);
    let order: Vec<_> = woken
        .into_iter()
        .map(|waker| {
            waker.wake();
            (wakes(&first), wakes(&second))
        })
        .collect();

    assert_eq!(order, [(1, 0), (1, 1), (1, 2), (2, 2)]);
}

#[test]
fn a_stale_clear_at_the_wrap_of_the_generation_leaves_a_waiter_ready() {
    let side = Side::with_readiness(Readiness::close_to_wrapping(1));
    let seen = side.check().unwrap();
    side.deliver(ShortTransfer::MeansEmpty, &mut Vec::new());

    side.clear(seen);

    assert!(!pending(&side, Place::Slot, Waker::noop()));
}

#[test]
fn giving_up_wakes_the_waiters_and_ends_every_later_wait() {
    let side = Side::new();
    assert!(pending(&side, Place::Slot, Waker::noop()));
    let mut woken = Vec::new();

    side.give_up(&mut woken);

    assert_eq!(woken.len(), 1);
    assert!(side.check().is_err());
    assert!(!pending(&side, Place::Slot, Waker::noop()));
}
