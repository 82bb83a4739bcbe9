//! Nobody is starved, and no child keeps its parent in one poll for ever.

use std::cell::Cell;
use std::future::{poll_fn, ready};
use std::pin::pin;
use std::task::{Poll, Waker};

use evloop_combinators::{Waitable, as_completed, gather, race, wait};
use evloop_fixtures::Wakes;

use crate::harness::{Door, doors, now, outgrow, poll, poll_with};

#[test]
fn museum_bm20_children_that_always_wake_themselves_do_not_keep_the_parent() {
    for n in [1, 2, 3, 100] {
        let (wakes, waker) = Wakes::new();
        let n_polls = Cell::new(0);
        let child = |_| {
            poll_fn(|cx| {
                n_polls.set(n_polls.get() + 1);
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            })
        };
        let mut gathered = pin!(gather((0..n).map(child)));

        for _ in 0..10 {
            n_polls.set(0);
            assert!(poll_with(gathered.as_mut(), &waker).is_pending());
            assert!(
                (1..=n + 2).contains(&n_polls.get()),
                "{} polls",
                n_polls.get()
            );
            assert!(wakes.take() > 0, "it asks to be polled again");
        }
    }
}

#[test]
fn museum_bm20_children_that_always_wake_each_other_do_not_keep_the_parent() {
    let (wakes, waker) = Wakes::new();
    let doors = doors::<()>(2);
    let n_polls = Cell::new(0);
    let child = |index: usize| {
        let (own, other) = (doors[index].clone(), doors[1 - index].clone());
        let n_polls = &n_polls;
        let mut own = own.child();
        poll_fn(move |cx| {
            n_polls.set(n_polls.get() + 1);
            assert!(std::pin::Pin::new(&mut own).poll(cx).is_pending());
            other.wake();
            Poll::<()>::Pending
        })
    };
    let mut gathered = pin!(gather([0, 1].map(child)));

    for _ in 0..10 {
        n_polls.set(0);
        assert!(poll_with(gathered.as_mut(), &waker).is_pending());
        assert!((1..=4).contains(&n_polls.get()), "{} polls", n_polls.get());
        assert!(wakes.take() > 0, "it asks to be polled again");
    }
}

#[test]
fn a_wait_is_not_kept_by_members_that_wake_themselves() {
    let (wakes, waker) = Wakes::new();
    let n_polls = Cell::new(0);
    let member = |_| {
        Waitable::new(Box::pin(poll_fn(|cx| {
            n_polls.set(n_polls.get() + 1);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        })))
    };
    let mut waiting = pin!(wait((0..5).map(member)));

    for _ in 0..10 {
        n_polls.set(0);
        assert!(poll_with(waiting.as_mut(), &waker).is_pending());
        assert!((1..=7).contains(&n_polls.get()));
        assert!(wakes.take() > 0);
    }
}

/// Nor do those that are ready keep a stream with those that are not in one poll.
#[test]
fn museum_bm20_handles_that_always_wake_themselves_do_not_keep_a_stream() {
    for n in [1, 2, 3, 100] {
        let (wakes, waker) = Wakes::new();
        let n_polls = Cell::new(0);
        let handle = |index: usize| {
            let n_polls = &n_polls;
            Waitable::new(Box::pin(poll_fn(move |cx| {
                n_polls.set(n_polls.get() + 1);
                if index % 2 == 1 {
                    return Poll::Ready(index);
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })))
        };
        let limit = Door::new();
        let mut completed = as_completed((0..n).map(handle)).timeout(limit.child());
        let mut n_done = 0;
        while poll_with(pin!(completed.next()), &waker).is_ready() {
            n_done += 1;
        }
        assert_eq!(n_done, n / 2, "each that is ready comes");
        assert!(n_polls.get() <= 2 * n + 2, "{} polls", n_polls.get());

        for _ in 0..10 {
            n_polls.set(0);
            wakes.take();
            assert!(poll_with(pin!(completed.next()), &waker).is_pending());
            assert!((1..=n + 2).contains(&n_polls.get()));
            assert!(wakes.take() > 0, "it asks to be polled again");
        }
        limit.open(());
        assert!(matches!(now(completed.next()), Some(Err(_))), "of {n}");
        wakes.take();
        assert!(now(completed.next()).is_none());
        assert_eq!(wakes.take(), 0, "they have had their last look");
    }
}

#[test]
fn a_yielding_child_lets_the_others_go_on() {
    let door = Door::new();
    let opened = door.clone();
    let yielding = async move {
        for _ in 0..1000 {
            yield_now().await;
        }
        opened.open(());
    };
    let n_polls = Cell::new(0);
    let mut gathered = pin!(gather((yielding, door.child())));

    while poll(gathered.as_mut()).is_pending() {
        n_polls.set(n_polls.get() + 1);
    }

    assert!(
        n_polls.get() >= 500,
        "a yield ends the poll: {} polls",
        n_polls.get()
    );
}

#[test]
fn children_are_polled_in_the_order_in_which_they_were_woken() {
    let order = std::cell::RefCell::new(Vec::new());
    let doors = doors(5);
    let child = |index: usize| {
        let (door, order) = (doors[index].child(), &order);
        async move {
            door.await;
            order.borrow_mut().push(index);
        }
    };
    let mut gathered = pin!(gather((0..5).map(child)));
    outgrow(gathered.as_mut(), Waker::noop());

    for index in [3, 0, 4, 1, 2] {
        doors[index].open(());
    }
    assert!(poll(gathered).is_ready());

    assert_eq!(*order.borrow(), [3, 0, 4, 1, 2]);
}

#[test]
fn museum_bm83_no_place_in_a_race_is_better_than_another() {
    const ROUNDS: usize = 100_000;
    for k in [2, 3, 10] {
        let mut wins = vec![0; k];
        for _ in 0..ROUNDS {
            wins[now(race((0..k).map(ready))).unwrap()] += 1;
        }
        let fair = ROUNDS / k;
        for (place, n) in wins.into_iter().enumerate() {
            assert!(
                (fair * 8 / 10..=fair * 12 / 10).contains(&n),
                "place {place} of {k}: {n}"
            );
        }
    }
}

/// A plain counter would give each of two alternating races one parity.
#[test]
fn museum_bm83_alternating_races_are_fair_each() {
    let mut wins = [[0; 2]; 2];
    for round in 0..20_000 {
        wins[round % 2][now(race((ready(0), ready(1))))] += 1;
    }
    for places in wins {
        assert!(
            places.into_iter().all(|n| (4_000..=6_000).contains(&n)),
            "{wins:?}"
        );
    }
}

async fn yield_now() {
    let mut is_first = true;
    poll_fn(|cx| {
        if !is_first {
            return Poll::Ready(());
        }
        is_first = false;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
