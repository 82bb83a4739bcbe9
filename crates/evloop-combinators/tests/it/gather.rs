//! Every output in input order.

use std::future::{Ready, pending, ready};
use std::pin::pin;
use std::task::Poll;

use evloop_combinators::gather;
use evloop_fixtures::{Wakes, watched_with_stack};

use crate::harness::{Census, Door, doors, now, outgrow, poll, poll_with};

#[test]
fn outputs_come_in_input_order_whatever_ends_first() {
    let [a, b] = [Door::new(), Door::new()];
    let mut gathered = pin!(gather([a.child(), b.child()]));

    assert!(poll(gathered.as_mut()).is_pending());
    b.open("b");
    assert!(poll(gathered.as_mut()).is_pending());
    a.open("a");

    assert_eq!(poll(gathered), Poll::Ready(vec!["a", "b"]));
}

#[test]
fn without_children_it_is_ready_at_the_first_poll() {
    assert_eq!(now(gather(Vec::<Ready<u8>>::new())), []);
}

#[test]
fn a_tuple_of_different_futures_gives_a_tuple() {
    let name = Door::new();
    let mut gathered = pin!(gather((ready(1), name.child(), async { Some('c') })));

    assert!(poll(gathered.as_mut()).is_pending());
    name.open(String::from("b"));

    assert_eq!(
        poll(gathered),
        Poll::Ready((1, String::from("b"), Some('c')))
    );
}

#[test]
fn tuples_of_every_length_up_to_twelve_are_taken() {
    assert_eq!(now(gather((ready(1),))), (1,));
    assert_eq!(
        now(evloop_combinators::gather!(ready(1), ready("b"),)),
        (1, "b")
    );
    let r = ready;
    let twelve = (
        r(1),
        r(2),
        r(3),
        r(4),
        r(5),
        r(6),
        r(7),
        r(8),
        r(9),
        r(10),
        r(11),
        r(12),
    );
    assert_eq!(now(gather(twelve)), (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
}

#[test]
fn whatever_iterates_futures_is_taken() {
    assert_eq!(now(gather(vec![ready(1), ready(2)])), [1, 2]);
    assert_eq!(now(gather([ready(1), ready(2)])), [1, 2]);
    assert_eq!(now(gather((1..3).map(ready))), [1, 2]);
    assert_eq!(now(gather(Some(ready(1)))), [1]);
}

#[test]
fn children_start_in_input_order() {
    let started = std::cell::RefCell::new(Vec::new());
    let start = |n| {
        let started = &started;
        async move { started.borrow_mut().push(n) }
    };

    now(gather((0..100).map(start)));

    assert!(started.into_inner().into_iter().eq(0..100));
}

#[test]
fn only_children_that_were_woken_are_polled() {
    let doors = doors(100);
    let mut gathered = pin!(gather(doors.iter().map(Door::child)));
    assert!(poll(gathered.as_mut()).is_pending());

    doors[42].wake();
    assert!(poll(gathered.as_mut()).is_pending());
    assert!(poll(gathered.as_mut()).is_pending());

    for (index, door) in doors.iter().enumerate() {
        let expected = if index == 42 { 2 } else { 1 };
        assert_eq!(door.n_polls(), expected, "child {index}");
        door.open(index);
    }
    assert!(poll(gathered).is_ready());
}

#[test]
fn the_parent_is_woken_once_for_a_batch_of_wakes() {
    let (wakes, waker) = Wakes::new();
    let doors = doors(50);
    let mut gathered = pin!(gather(doors.iter().map(Door::child)));
    assert!(poll_with(gathered.as_mut(), &waker).is_pending());

    doors.iter().for_each(|door| door.open(()));

    assert_eq!(wakes.take(), 1);
    assert!(poll_with(gathered, &waker).is_ready());
}

#[test]
fn a_late_wake_of_a_finished_child_wakes_nobody() {
    let (wakes, waker) = Wakes::new();
    let [a, b] = [Door::new(), Door::<()>::new()];
    let mut gathered = pin!(gather([a.child(), b.child()]));
    outgrow(gathered.as_mut(), &waker);
    let (late, n_polls) = (a.waker().unwrap(), b.n_polls());
    a.open(());
    assert!(poll_with(gathered.as_mut(), &waker).is_pending());
    wakes.take();

    late.wake_by_ref();

    assert_eq!(wakes.take(), 0);
    assert!(poll_with(gathered, &waker).is_pending());
    assert_eq!(b.n_polls(), n_polls);
}

#[test]
fn a_child_is_dropped_as_soon_as_it_is_finished() {
    let census = Census::default();
    let doors = doors(3);
    let child = |door: &Door<()>| {
        let (token, door) = (census.token(), door.child());
        async move {
            door.await;
            drop(token);
        }
    };
    let mut gathered = pin!(gather(doors.iter().map(child)));
    assert!(poll(gathered.as_mut()).is_pending());

    doors[1].open(());
    assert!(poll(gathered).is_pending());

    assert_eq!(census.n_alive(), 2);
}

#[test]
fn dropping_it_drops_children_and_outputs_once() {
    let census = Census::default();
    let doors = doors(3);
    let child = |door: &Door<()>| {
        let (token, output, door) = (census.token(), census.token(), door.child());
        async move {
            door.await;
            drop(token);
            output
        }
    };
    let mut gathered = Box::pin(gather(doors.iter().map(child)));
    assert!(poll(gathered.as_mut()).is_pending());
    doors[2].open(());
    assert!(poll(gathered.as_mut()).is_pending());

    drop(gathered);

    assert_eq!((census.n_alive(), census.n_dropped()), (0, 6));
}

#[test]
#[should_panic(expected = "a gather is not polled again after it was ready")]
fn polling_it_after_its_end_is_an_error_that_says_so() {
    let mut gathered = pin!(gather([ready(1)]));
    assert!(poll(gathered.as_mut()).is_ready());
    let _again = poll(gathered);
}

#[test]
fn debug_shows_how_many_are_pending() {
    let mut gathered = pin!(gather((ready(1), pending::<()>())));
    assert!(poll(gathered.as_mut()).is_pending());
    assert_eq!(
        format!("{gathered:?}"),
        "Gather { children: 2, pending: 1, .. }"
    );
}

#[test]
fn a_million_children_need_no_stack() {
    let sum: u64 = watched_with_stack(128 << 10, || {
        now(gather((0..1_000_000).map(ready))).into_iter().sum()
    });
    assert_eq!(sum, 499_999_500_000);
}

/// Each child finishes the next, a hundred thousand times in one poll.
#[test]
fn a_chain_of_wakes_needs_no_stack() {
    watched_with_stack(128 << 10, || {
        let doors = doors(100_000);
        let child = |index: usize| {
            let (own, next) = (doors[index].child(), doors.get(index + 1).cloned());
            async move {
                own.await;
                if let Some(next) = next {
                    next.open(());
                }
            }
        };
        let mut gathered = Box::pin(gather((0..doors.len()).map(child)));
        assert!(poll(gathered.as_mut()).is_pending());

        doors[0].open(());

        while poll(gathered.as_mut()).is_pending() {}
        drop(gathered);
    });
}

#[test]
fn nested_gathers_pass_wakes_through() {
    let (wakes, waker) = Wakes::new();
    let doors = doors(4);
    let pair = |at: usize| gather([doors[at].child(), doors[at + 1].child()]);
    let mut gathered = pin!(gather((pair(0), pair(2))));
    assert!(poll_with(gathered.as_mut(), &waker).is_pending());

    for (index, door) in doors.iter().enumerate() {
        assert_eq!(wakes.take(), usize::from(index > 0));
        assert!(poll_with(gathered.as_mut(), &waker).is_pending());
        door.open(index);
    }

    assert_eq!(
        poll_with(gathered, &waker),
        Poll::Ready((vec![0, 1], vec![2, 3]))
    );
}
