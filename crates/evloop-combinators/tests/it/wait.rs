//! Waiting for handles: policies, limits, what is done and what is pending.

use std::future::{pending, ready};
use std::pin::pin;
use std::task::Poll;

use evloop_combinators::{
    AllCompleted, Completion, EmptyWait, FirstCompleted, ReturnWhen, WaitSet, Waitable, wait,
};
use evloop_fixtures::Wakes;

use crate::harness::{Door, DoorHandle, doors, now, outputs, poll, poll_with};

type Handle = DoorHandle<usize>;

fn handles(doors: &[Door<usize>]) -> Vec<Handle> {
    doors.iter().map(Door::handle).collect()
}

#[test]
fn all_members_are_done_by_default() {
    let doors = doors(3);
    let mut waiting = pin!(wait(handles(&doors)));

    for index in [2, 0, 1] {
        assert!(poll(waiting.as_mut()).is_pending());
        doors[index].open(index);
    }

    let Poll::Ready(Ok((done, pending))) = poll(waiting) else {
        panic!("all are done")
    };
    assert_eq!(outputs(&done), [2, 0, 1], "in completion order");
    assert!(pending.is_empty());
}

/// Case 51: waiting again on what is done takes no time; listing one twice changes nothing.
#[test]
fn waiting_for_finished_handles_returns_at_the_first_poll() {
    let doors = doors(2);
    doors
        .iter()
        .enumerate()
        .for_each(|(index, door)| door.open(index));

    let (done, _) = now(wait(handles(&doors))).unwrap();
    let (done, pending) = now(wait(done)).unwrap();

    assert_eq!(outputs(&done), [0, 1]);
    assert!(pending.is_empty());
}

/// Case 51, second half.
#[test]
fn handles_with_the_same_key_are_merged() {
    let [a, b] = [Door::new(), Door::new()];
    let mut waiting = pin!(wait([a.keyed(1), b.keyed(2), a.keyed(1)]));
    assert!(poll(waiting.as_mut()).is_pending());

    a.open(1);
    b.open(2);

    let Poll::Ready(Ok((done, _))) = poll(waiting) else {
        panic!("all are done")
    };
    assert_eq!(outputs(&done), [1, 2]);
}

#[test]
fn handles_without_a_key_are_distinct() {
    let door = Door::new();
    let mut waiting = pin!(wait([door.handle(), door.handle()]).return_when(FirstCompleted));
    assert!(poll(waiting.as_mut()).is_pending());

    door.open(1);

    let Poll::Ready(Ok((done, pending))) = poll(waiting) else {
        panic!("one is done")
    };
    assert_eq!((done.len(), pending.len()), (1, 1));
}

/// Case 53.
#[test]
fn an_empty_wait_is_an_error() {
    let error: EmptyWait = now(wait(Vec::<Handle>::new())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to wait: the set of handles is empty"
    );

    let with_limit = wait(WaitSet::<Handle>::new())
        .return_when(FirstCompleted)
        .timeout(pending());
    assert!(now(with_limit).is_err());
}

/// Case 54.
#[test]
fn first_completed_gives_the_short_one_and_the_long_one_is_still_pending() {
    let [long, short] = [Door::new(), Door::new()];
    let mut waiting = pin!(wait([long.handle(), short.handle()]).return_when(FirstCompleted));
    assert!(poll(waiting.as_mut()).is_pending());

    short.open(1);

    let Poll::Ready(Ok((done, pending))) = poll(waiting) else {
        panic!("one is done")
    };
    assert_eq!(outputs(&done), [1]);
    assert_eq!(pending.len(), 1);
    assert!(pending.iter().all(|handle| handle.output().is_none()));
    long.open(0);
    assert_eq!(outputs(&now(pending.wait()).unwrap().0), [0]);
}

/// Case 55: both that finish before the waiter resumes are in `done`.
#[test]
fn done_has_all_that_are_finished_at_resumption() {
    let (wakes, waker) = Wakes::new();
    let doors = doors(3);
    let mut waiting = pin!(wait(handles(&doors)).return_when(FirstCompleted));
    assert!(poll_with(waiting.as_mut(), &waker).is_pending());

    doors[1].open(1);
    doors[0].open(0);
    assert_eq!(wakes.take(), 1);

    let Poll::Ready(Ok((done, pending))) = poll_with(waiting, &waker) else {
        panic!("done")
    };
    assert_eq!(outputs(&done), [1, 0]);
    assert_eq!(pending.len(), 1);
}

#[test]
fn a_closure_sees_each_finished_output_once_until_it_says_yes() {
    let mut seen = Vec::new();
    let doors = doors(5);
    let mut waiting = Box::pin(wait(handles(&doors)).return_when(|n: &usize| {
        seen.push(*n);
        *n == 3
    }));
    assert!(poll(waiting.as_mut()).is_pending());
    for index in [1, 2] {
        doors[index].open(index);
        assert!(poll(waiting.as_mut()).is_pending());
    }
    doors[3].open(3);
    doors[4].open(4);

    let Poll::Ready(Ok((done, pending))) = poll(waiting.as_mut()) else {
        panic!("it is met")
    };
    assert_eq!(outputs(&done), [1, 2, 3, 4]);
    assert_eq!(pending.len(), 1);
    drop(waiting);
    assert_eq!(seen, [1, 2, 3]);
}

#[test]
fn a_policy_may_be_a_type_of_ones_own() {
    struct Count(usize);
    impl<H: Completion> ReturnWhen<H> for Count {
        fn is_met(&mut self, _finished: &H) -> bool {
            self.0 -= 1;
            self.0 == 0
        }
    }
    let doors = doors(3);
    let mut waiting = pin!(wait(handles(&doors)).return_when(Count(2)));
    for (index, door) in doors.iter().enumerate().take(2) {
        assert!(poll(waiting.as_mut()).is_pending());
        door.open(index);
    }
    assert!(poll(waiting).is_ready());
}

/// Case 58, bad input E06.
#[test]
fn a_limit_neither_raises_nor_cancels() {
    let limit = Door::new();
    let doors = doors(2);
    let mut waiting = pin!(wait(handles(&doors)).timeout(limit.child()));
    assert!(poll(waiting.as_mut()).is_pending());
    doors[0].open(0);
    assert!(poll(waiting.as_mut()).is_pending());

    limit.open(());

    let Poll::Ready(Ok((done, pending))) = poll(waiting) else {
        panic!("the time is over")
    };
    assert_eq!((outputs(&done), pending.len()), (vec![0], 1));
    doors[1].open(1);
    assert_eq!(outputs(&now(wait(pending)).unwrap().0), [1]);
}

#[test]
fn a_limit_that_is_over_at_once_polls_every_member_once() {
    let doors = doors(100);
    doors[99].open(99);

    let (done, pending) = now(wait(handles(&doors)).timeout(ready(()))).unwrap();

    assert_eq!((outputs(&done), pending.len()), (vec![99], 99));
    assert!(doors.iter().all(|door| door.n_polls() == 1));
}

#[test]
fn a_limit_wakes_the_waiter_itself() {
    let (wakes, waker) = Wakes::new();
    let limit = Door::new();
    let mut waiting = pin!(wait(handles(&doors(1))).timeout(limit.child()));
    assert!(poll_with(waiting.as_mut(), &waker).is_pending());

    assert!(limit.waker().unwrap().will_wake(&waker));
    limit.open(());

    assert_eq!(wakes.take(), 1);
    assert!(poll_with(waiting, &waker).is_ready());
}

#[test]
fn the_pending_set_is_passed_on_without_polling_its_members_again() {
    let doors = doors(100);
    let mut set: WaitSet<Handle> = handles(&doors).into_iter().collect();

    for (index, door) in doors.iter().enumerate() {
        let mut waiting = pin!(wait(set).return_when(FirstCompleted));
        assert!(poll(waiting.as_mut()).is_pending());
        door.open(index);
        let Poll::Ready(Ok((done, pending))) = poll(waiting) else {
            panic!("one is done")
        };
        assert_eq!(outputs(&done), [index]);
        set = pending;
    }

    assert!(set.is_empty());
    assert!(doors.iter().all(|door| door.n_polls() == 2));
}

#[test]
fn what_finishes_between_two_waits_is_done_in_the_second() {
    let doors = doors(3);
    let mut waiting = pin!(wait(handles(&doors)).return_when(FirstCompleted));
    assert!(poll(waiting.as_mut()).is_pending());
    doors[0].open(0);
    let Poll::Ready(Ok((_, pending))) = poll(waiting) else {
        panic!("one is done")
    };

    doors[2].open(2);

    let (done, pending) = now(pending.wait().return_when(FirstCompleted)).unwrap();
    assert_eq!((outputs(&done), pending.len()), (vec![2], 1));
}

#[test]
fn borrowed_handles_survive_a_wait_that_is_given_up() {
    let door = Door::new();
    let mut handle = door.handle();
    {
        let mut waiting = pin!(wait([&mut handle]));
        assert!(poll(waiting.as_mut()).is_pending());
    }
    door.open(1);

    assert_eq!(outputs(&now(wait([handle])).unwrap().0), [1]);
}

#[test]
fn boxed_handles_of_different_kinds_are_waited_for_together() {
    let door = Door::new();
    door.open(2_u8);
    let both: [Box<dyn Completion<Output = u8>>; 2] =
        [Box::new(Waitable::new(ready(1))), Box::new(door.handle())];

    let (done, _) = now(wait(both).return_when(AllCompleted)).unwrap();

    let done: Vec<_> = done
        .iter()
        .map(|handle| *handle.output().unwrap())
        .collect();
    assert_eq!(done, [1, 2]);
}

#[test]
fn a_waitable_gives_its_output_by_value_once_done() {
    let waitable = Waitable::new(ready(String::from("a")));
    let waitable = waitable.into_output().expect_err("it was not polled");
    assert_eq!(format!("{waitable:?}"), "<Waitable pending>");

    let (mut done, _) = now(wait([waitable])).unwrap();

    assert_eq!(format!("{done:?}"), "[<Waitable finished result=\"a\">]");
    assert_eq!(done.remove(0).into_output().unwrap(), "a");
}
