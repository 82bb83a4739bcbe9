//! What the combinators rely on and cannot show.

use std::task::Waker;

use super::slot::Slot;
use super::{Parked, ReadySet, Step, Turn, TurnEnd};

/// The indices visited in one turn, each answered by `answer`.
fn visited(set: &mut ReadySet, answer: impl Fn(usize) -> Step) -> Vec<usize> {
    let mut visited = Vec::new();
    let end = set.take_turn(&mut Turn::new(1000), |index, _| {
        visited.push(index);
        answer(index)
    });
    assert_ne!(end, TurnEnd::Stopped);
    visited
}

/// Visits every child, and leaves a waker of each.
fn wakers(set: &mut ReadySet) -> Vec<Waker> {
    let mut wakers = Vec::new();
    set.take_turn(&mut Turn::new(1000), |_, cx| {
        wakers.push(cx.waker().clone());
        Step::Pending
    });
    wakers
}

#[test]
fn a_slot_takes_eight_bytes() {
    assert_eq!(size_of::<Slot>(), 8);
}

#[test]
fn a_rotated_set_begins_in_the_middle_and_visits_each_child_once() {
    for start in 0..5 {
        let mut set = ReadySet::new(5);
        set.start_at(start);
        let expected: Vec<usize> = (0..5).map(|i| (start + i) % 5).collect();
        assert_eq!(visited(&mut set, |_| Step::Pending), expected);
        assert_eq!(visited(&mut set, |_| Step::Pending), []);
    }
}

#[test]
fn woken_children_are_visited_first_woken_first_across_blocks() {
    let mut set = ReadySet::new(1);
    for index in 1..100 {
        assert_eq!(set.insert(), index);
    }
    let wakers = wakers(&mut set);
    let order: Vec<usize> = (0..100).map(|i| (i * 37) % 100).collect();

    for &index in &order {
        wakers[index].wake_by_ref();
        wakers[index].wake_by_ref();
    }

    assert_eq!(visited(&mut set, |_| Step::Pending), order);
}

#[test]
fn finished_children_are_never_visited_again() {
    let mut set = ReadySet::new(3);
    let wakers = wakers(&mut set);
    wakers[1].wake_by_ref();
    assert_eq!(visited(&mut set, |_| Step::Finished), [1]);

    wakers.iter().for_each(Waker::wake_by_ref);

    assert_eq!(visited(&mut set, |_| Step::Pending), [0, 2]);
}

/// An index that is given to another child while a stale wake has it queued is linked once.
#[test]
fn an_index_that_is_queued_already_is_not_linked_twice() {
    let mut set = ReadySet::new(2);
    let wakers = wakers(&mut set);
    wakers[0].wake_by_ref();
    assert_eq!(visited(&mut set, |_| Step::Left), [0]);
    wakers[0].wake_by_ref();
    wakers[1].wake_by_ref();

    set.requeue(0);
    set.requeue(0);

    assert_eq!(visited(&mut set, |_| Step::Pending), [0, 1]);
    set.requeue(0);
    wakers[0].wake_by_ref();
    assert_eq!(visited(&mut set, |_| Step::Pending), [0]);
}

#[test]
fn a_set_with_woken_children_does_not_park() {
    let mut set = ReadySet::new(2);
    let wakers = wakers(&mut set);
    wakers[1].wake_by_ref();

    assert_eq!(set.park(Waker::noop()), Parked::No);
    assert_eq!(visited(&mut set, |_| Step::Pending), [1]);
    assert_eq!(set.park(Waker::noop()), Parked::Yes);
}

#[test]
fn a_turn_stops_at_its_bound_and_goes_on_where_it_stopped() {
    let mut set = ReadySet::new(10);
    let mut seen = Vec::new();
    loop {
        let end = set.take_turn(&mut Turn::new(1), |index, _| {
            seen.push(index);
            Step::Pending
        });
        match end {
            TurnEnd::Spent => assert_eq!(seen.len() % 3, 0, "one child, so three polls"),
            TurnEnd::Drained | TurnEnd::Stopped => break,
        }
    }
    assert!(seen.into_iter().eq(0..10));
}

/// The list is taken without an exchange, so a slot may be pushed on top of itself, and lists may
/// run into what was taken before.
#[test]
fn whoever_is_woken_again_before_the_set_parks_is_visited_again() {
    let orders: [&[usize]; 16] = [
        &[],
        &[0],
        &[1],
        &[2],
        &[0, 1],
        &[1, 0],
        &[0, 2],
        &[2, 0],
        &[1, 2],
        &[2, 1],
        &[0, 1, 2],
        &[0, 2, 1],
        &[1, 0, 2],
        &[1, 2, 0],
        &[2, 0, 1],
        &[2, 1, 0],
    ];
    for first in orders {
        for second in orders {
            for third in orders {
                let mut set = ReadySet::new(3);
                let wakers = wakers(&mut set);
                for order in [first, second, third] {
                    order.iter().for_each(|&index| wakers[index].wake_by_ref());
                    assert_eq!(visited(&mut set, |_| Step::Pending), order);
                }
                assert_eq!(set.park(Waker::noop()), Parked::Yes);
            }
        }
    }
}

#[test]
fn children_added_before_each_turn_do_not_keep_a_woken_one_waiting() {
    let mut set = ReadySet::new(2);
    let wakers = wakers(&mut set);
    wakers[1].wake_by_ref();
    for _ in 0..3 {
        set.insert();
        set.requeue(0);
        let mut next = None;
        let end = set.take_turn(&mut Turn::new(1000), |index, _| {
            next = Some(index);
            Step::Stop
        });
        assert_eq!(end, TurnEnd::Stopped);
        if next == Some(1) {
            return;
        }
    }
    panic!("the second child was woken first");
}

#[test]
fn a_set_that_is_polled_in_vain_stays_parked_for_the_same_parent() {
    let mut set = ReadySet::new(1);
    let wakers = wakers(&mut set);
    for _ in 0..3 {
        assert_eq!(set.park(Waker::noop()), Parked::Yes);
        assert_eq!(visited(&mut set, |_| Step::Pending), []);
    }
    assert_eq!(set.park(&wakers[0]), Parked::Yes, "another parent");
    assert_eq!(set.insert(), 1);
    assert_eq!(visited(&mut set, |_| Step::Pending), [1]);
    assert_eq!(set.park(Waker::noop()), Parked::Yes);
}
