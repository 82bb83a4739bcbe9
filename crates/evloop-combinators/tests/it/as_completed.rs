//! Handles as they complete, with and without a limit.

use std::cell::Cell;
use std::future::{Ready, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use evloop_combinators::{
    AsCompleted, Completion, FirstCompleted, TimedOut, WaitSet, Waitable, as_completed, wait,
};
use evloop_fixtures::{Wakes, watched};
use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::harness::{Door, DoorHandle, doors, now, outputs, poll, poll_with};

fn completed_of<T>(doors: &[Door<T>]) -> AsCompleted<DoorHandle<T>> {
    as_completed(doors.iter().map(Door::handle))
}

/// What the stream gives at once: outputs, and how many were late.
fn drain<S, H>(mut stream: Pin<&mut S>) -> Vec<Result<H::Output, usize>>
where
    S: Stream<Item = Result<H, TimedOut>>,
    H: Completion<Output: Clone>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut found = Vec::new();
    while let Poll::Ready(Some(item)) = stream.as_mut().poll_next(&mut cx) {
        let output = |done: H| done.output().expect("it is done").clone();
        found.push(item.map(output).map_err(|error| error.n_pending()));
        assert!(found.len() <= 1000, "it has an end");
    }
    found
}

fn next_of<H: Completion<Output: Clone>>(completed: &mut AsCompleted<H>) -> Option<H::Output> {
    now(completed.next()).map(|done| done.output().expect("it is done").clone())
}

#[test]
fn handles_come_in_the_order_in_which_they_complete() {
    let doors = doors(4);
    let mut completed = completed_of(&doors);

    for (n_come, index) in [2, 0, 3, 1].into_iter().enumerate() {
        assert!(poll(pin!(completed.next())).is_pending());
        assert_eq!(completed.size_hint(), (4 - n_come, Some(4 - n_come)));
        doors[index].open(index);
        assert_eq!(next_of(&mut completed), Some(index));
    }

    assert!(completed.is_empty() && completed.is_terminated());
    for _ in 0..3 {
        assert_eq!(next_of(&mut completed), None);
    }
    assert!(
        doors.iter().all(|door| door.n_polls() == 2),
        "only the woken are polled"
    );
}

#[test]
fn handles_that_are_done_already_come_first_in_the_order_given() {
    let doors = doors(4);
    for index in [3, 1] {
        doors[index].open(index);
    }
    let mut completed = completed_of(&doors);

    assert_eq!(next_of(&mut completed), Some(1));
    assert_eq!(next_of(&mut completed), Some(3));
    assert!(poll(pin!(completed.next())).is_pending());
}

#[test]
fn no_handles_give_nothing() {
    let nothing: [DoorHandle<u8>; 0] = [];
    let mut completed = as_completed(nothing);
    assert!(completed.is_terminated());
    assert_eq!(completed.size_hint(), (0, Some(0)));
    assert!(now(completed.next()).is_none());

    let polled = Cell::new(false);
    let timer = Box::pin(poll_fn(|_| {
        polled.set(true);
        Poll::Ready(())
    }));
    let mut completed = as_completed(WaitSet::<DoorHandle<u8>>::new()).timeout(timer);
    assert!(now(completed.next()).is_none());
    assert!(!polled.get(), "nothing is late");
}

#[test]
fn handles_with_the_same_key_come_once() {
    let [a, b] = [Door::new(), Door::new()];
    let mut completed = as_completed([a.keyed(1), b.keyed(2), a.keyed(1), a.keyed(1)]);
    assert_eq!(completed.len(), 2);
    assert!(poll(pin!(completed.next())).is_pending());
    b.open('b');
    a.open('a');

    assert_eq!(next_of(&mut completed), Some('b'));
    assert_eq!(next_of(&mut completed), Some('a'));
    assert_eq!(next_of(&mut completed), None);
}

#[test]
fn the_handle_that_comes_is_the_one_that_went_in() {
    let handles: Vec<Box<Waitable<Ready<u8>>>> =
        (0..3).map(|n| Box::new(Waitable::new(ready(n)))).collect();
    let addresses: Vec<*const _> = handles.iter().map(|handle| &raw const **handle).collect();
    let mut completed = as_completed(handles);

    for address in addresses {
        let done = now(completed.next()).unwrap();
        assert!(std::ptr::eq(&raw const *done, address));
    }
}

/// Case 63.
#[test]
fn a_loop_that_was_left_is_gone_on_with() {
    let doors = doors(4);
    let mut completed = completed_of(&doors);
    for index in [1, 3] {
        assert!(poll(pin!(completed.next())).is_pending());
        doors[index].open(index);
        assert_eq!(next_of(&mut completed), Some(index));
    }

    doors[2].open(2);
    doors[0].open(0);

    assert_eq!(next_of(&mut completed), Some(2));
    assert_eq!(next_of(&mut completed), Some(0));
    assert_eq!(next_of(&mut completed), None);
}

#[test]
fn what_is_left_can_be_taken_and_waited_for_in_another_way() {
    let doors = doors(4);
    let mut completed = completed_of(&doors);
    assert!(poll(pin!(completed.next())).is_pending());
    doors[0].open(0);
    assert_eq!(next_of(&mut completed), Some(0));
    doors[3].open(3);

    let set = completed.into_wait_set();
    let (done, set) = now(set.wait().return_when(FirstCompleted)).unwrap();
    assert_eq!(outputs(&done), [3]);

    let mut completed = as_completed(set);
    doors[2].open(2);
    assert_eq!(next_of(&mut completed), Some(2));
    assert_eq!(completed.len(), 1);
    assert_eq!(doors[1].n_polls(), 1, "nothing is registered again");
}

#[test]
fn dropping_the_stream_leaves_nobody_to_be_woken() {
    let (wakes, waker) = Wakes::new();
    let doors = doors(3);
    let mut completed = completed_of(&doors);
    assert!(poll_with(pin!(completed.next()), &waker).is_pending());
    let mut limited = completed.timeout(pending());
    assert!(poll_with(pin!(limited.next()), &waker).is_pending());

    drop(limited);

    doors.iter().for_each(|door| door.open(1));
    assert_eq!(wakes.take(), 0);
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1, "nobody keeps the waker");
}

#[test]
fn borrowed_handles_survive_the_stream() {
    let doors = doors(2);
    let mut handles: Vec<_> = doors.iter().map(Door::handle).collect();
    doors[1].open(1);
    {
        let mut completed = as_completed(&mut handles);
        assert!(now(completed.next()).is_some());
    }
    doors[0].open(0);

    assert_eq!(outputs(&now(wait(handles)).unwrap().0), [0, 1]);
}

/// Case 62.
#[test]
fn a_limit_gives_one_error_and_the_pending_handles_go_on() {
    let limit = Door::new();
    let doors = doors(3);
    let mut completed = pin!(completed_of(&doors).timeout(limit.child()));
    assert_eq!(drain(completed.as_mut()), []);
    assert_eq!(completed.size_hint(), (1, Some(3)));
    doors[0].open('a');
    assert_eq!(drain(completed.as_mut()), [Ok('a')]);

    limit.open(());

    assert_eq!(drain(completed.as_mut()), [Err(2)]);
    assert_eq!(completed.size_hint(), (0, Some(0)));
    assert!(completed.is_terminated() && !completed.is_empty());
    doors[1].open('b');
    assert_eq!(drain(completed.as_mut()), [], "it has ended");
}

#[test]
fn what_is_done_when_the_time_is_over_comes_before_the_error() {
    let limit = Door::new();
    let doors = doors(5);
    let mut completed = completed_of(&doors).timeout(limit.child());
    assert!(poll(pin!(completed.next())).is_pending());
    doors[4].open(4);
    limit.open(());
    doors[2].open(2);

    let first = now(completed.next()).unwrap().unwrap();
    assert_eq!(first.output(), Some(&4));
    assert_eq!((completed.len(), completed.size_hint()), (4, (2, Some(2))));
    doors[0].open(0);

    assert_eq!(drain(Pin::new(&mut completed)), [Ok(2), Err(3)]);
    let (done, pending) = now(completed.into_wait_set().wait().timeout(ready(()))).unwrap();
    assert_eq!((outputs(&done), pending.len()), (vec![0], 2));
}

/// One that is done each time it asks must not carry a consumer past the limit.
#[test]
fn a_slow_consumer_reaches_the_limit() {
    let limit = Door::new();
    let doors = doors(10);
    let mut completed = completed_of(&doors).timeout(limit.child());
    doors[0].open(0);
    assert!(now(completed.next()).unwrap().is_ok());
    limit.open(());

    let mut n_come = 0;
    for (index, door) in doors.iter().enumerate().skip(1) {
        door.open(index);
        match now(completed.next()) {
            Some(Ok(_)) => n_come += 1,
            Some(Err(error)) => {
                assert_eq!((n_come, error.n_pending()), (1, 8));
                return;
            }
            None => break,
        }
    }
    panic!("the limit was never reached");
}

#[test]
fn a_limit_that_is_over_at_once_looks_at_every_handle_once() {
    let doors = doors(100);
    doors[99].open(99);
    let mut completed = pin!(completed_of(&doors).timeout(ready(())));

    assert_eq!(drain(completed.as_mut()), [Ok(99), Err(99)]);
    assert!(doors.iter().all(|door| door.n_polls() == 1));
}

#[test]
fn there_is_no_error_when_all_are_done_in_time_or_at_the_last_look() {
    let dropped = Arc::new(());
    let doors = doors(2);
    let limit: Door<()> = Door::new();
    let timer = {
        let (held, child) = (Arc::clone(&dropped), limit.child());
        Box::pin(async move {
            child.await;
            drop(held);
        })
    };
    let mut completed = pin!(completed_of(&doors).timeout(timer));
    assert_eq!(drain(completed.as_mut()), []);
    doors[1].open(1);
    doors[0].open(0);
    assert_eq!(drain(completed.as_mut()), [Ok(1), Ok(0)]);
    assert_eq!(Arc::strong_count(&dropped), 1, "the timer is dropped");

    let mut completed = pin!(as_completed([Waitable::new(ready(1))]).timeout(ready(())));
    assert_eq!(drain(completed.as_mut()), [Ok(1)]);
    assert!(completed.is_terminated());
}

#[test]
fn after_the_limit_nobody_is_woken() {
    let (wakes, waker) = Wakes::new();
    let limit = Door::new();
    let doors = doors(2);
    let mut completed = completed_of(&doors).timeout(limit.child());
    assert!(poll_with(pin!(completed.next()), &waker).is_pending());
    assert!(
        limit.waker().unwrap().will_wake(&waker),
        "the timer wakes the consumer itself"
    );
    limit.open(());
    assert_eq!(wakes.take(), 1);
    assert!(poll_with(pin!(completed.next()), &waker).is_ready());

    doors.iter().for_each(|door| door.open(1));

    assert_eq!(wakes.take(), 0);
    assert_eq!(completed.into_wait_set().len(), 2);
}

#[test]
fn what_was_found_late_and_not_asked_for_is_among_what_is_left() {
    let doors = doors(4);
    let mut completed =
        as_completed([0, 1, 2, 3].map(|n: usize| doors[n].keyed(n as u64))).timeout(ready(()));
    for index in [1, 2, 3] {
        doors[index].open(index);
    }
    assert!(now(completed.next()).unwrap().is_ok());

    let mut left = as_completed(completed.into_wait_set());

    assert_eq!(left.len(), 3);
    assert_eq!(next_of(&mut left), Some(2));
    assert_eq!(next_of(&mut left), Some(3));
    assert!(poll(pin!(left.next())).is_pending());
}

#[test]
fn a_handle_that_panics_at_the_last_look_is_looked_at_again() {
    struct Fragile<'a>(&'a Cell<bool>, u8);
    impl Completion for Fragile<'_> {
        type Output = u8;
        fn poll_done(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
            assert!(self.1 != 1 || !self.0.get(), "not today");
            Poll::Ready(())
        }
        fn output(&self) -> Option<&u8> {
            Some(&self.1)
        }
    }
    let fragile = Cell::new(true);
    let mut completed =
        pin!(as_completed([0, 1, 2].map(|n| Fragile(&fragile, n))).timeout(ready(())));
    for _ in 0..2 {
        catch_unwind(AssertUnwindSafe(|| drain(completed.as_mut()))).expect_err("it panics");
        assert_eq!((completed.len(), completed.size_hint()), (3, (2, Some(3))));
    }
    fragile.set(false);

    assert_eq!(drain(completed.as_mut()), [Ok(0), Ok(1), Ok(2)]);
}

#[test]
fn a_hundred_thousand_handles_take_two_polls_each() {
    watched(|| {
        let doors = doors(100_000);
        let mut completed = completed_of(&doors).timeout(pending());
        assert!(poll(pin!(completed.next())).is_pending());
        let order: Vec<usize> = (0..doors.len()).map(|i| (i * 7919) % doors.len()).collect();

        for &index in &order {
            doors[index].open(index);
            let done = now(completed.next()).unwrap().unwrap();
            assert_eq!(done.output(), Some(&index));
        }

        assert!(now(completed.next()).is_none());
        assert!(doors.iter().all(|door| door.n_polls() == 2));
    });
}

#[test]
fn both_streams_and_their_futures_say_what_they_wait_for() {
    let handle = || [Waitable::new(ready(1))];
    let mut completed = as_completed(handle());
    assert_eq!(
        format!("{completed:?}"),
        "AsCompleted { pending: {<Waitable pending>} }"
    );
    assert_eq!(
        format!("{:?}", completed.next()),
        "Next { set: {<Waitable pending>} }"
    );
    let mut limited = as_completed(handle()).timeout(pending::<()>());
    let text =
        "AsCompletedInTime { done: [], pending: {<Waitable pending>}, has_timed_out: false, .. }";
    assert_eq!(format!("{limited:?}"), text);
    assert_eq!(
        format!("{:?}", limited.next()),
        format!("NextInTime {{ completed: {text} }}")
    );
    let mut late = as_completed([Waitable::new(pending::<u8>())]).timeout(ready(()));
    assert!(now(late.next()).unwrap().is_err());
    assert!(format!("{late:?}").contains("has_timed_out: true"));
}
