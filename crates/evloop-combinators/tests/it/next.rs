//! The next member that finishes.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll};
use std::thread::{Builder, scope};

use evloop_combinators::{Completion, FirstCompleted, WaitSet, Waitable};
use evloop_fixtures::{Wakes, block_on, watched};

use crate::harness::{Door, DoorHandle, doors, now, outputs, poll, poll_with};

/// What `next` gives at once, until it is pending or the set is empty.
fn drain<H: Completion<Output: Clone>>(set: &mut WaitSet<H>) -> Vec<H::Output> {
    let mut found = Vec::new();
    while let Poll::Ready(Some(done)) = poll(pin!(set.next())) {
        found.push(done.output().expect("it is done").clone());
    }
    found
}

fn set_of<T>(doors: &[Door<T>]) -> WaitSet<DoorHandle<T>> {
    doors.iter().map(Door::handle).collect()
}

#[test]
fn members_come_in_the_order_in_which_they_finish() {
    let doors = doors(4);
    let mut set = set_of(&doors);
    assert_eq!(drain(&mut set), []);

    for index in [2, 0, 3] {
        doors[index].open(index);
    }
    assert_eq!(drain(&mut set), [2, 0, 3]);
    doors[1].open(1);
    assert_eq!(drain(&mut set), [1]);

    assert!(now(set.next()).is_none());
    assert!(
        doors.iter().all(|door| door.n_polls() == 2),
        "nothing is registered again"
    );
}

#[test]
fn members_that_are_done_already_come_in_the_order_of_insertion() {
    let mut set: WaitSet<_> = (0..5).map(|n| Waitable::new(ready(n))).collect();
    assert_eq!(drain(&mut set), [0, 1, 2, 3, 4]);
}

#[test]
fn an_empty_set_gives_none_again_and_again_and_can_be_filled() {
    let mut set: WaitSet<Waitable<Ready<u8>>> = WaitSet::new();
    assert!(now(set.next()).is_none());
    assert!(now(set.next()).is_none());

    set.insert(Waitable::new(ready(1)));

    assert_eq!(drain(&mut set), [1]);
    assert!(now(set.next()).is_none());
}

#[test]
fn a_call_finds_one_member_and_polls_no_other() {
    let doors = doors(3);
    let mut set = set_of(&doors);
    doors.iter().for_each(|door| door.open(7));

    assert!(now(set.next()).is_some());

    let n_polls: Vec<usize> = doors.iter().map(Door::n_polls).collect();
    assert_eq!((n_polls, set.len()), (vec![1, 0, 0], 2));
}

/// Dropped before its first poll, while it is pending, and after a wake that it did not see.
#[test]
fn dropping_the_future_loses_nothing() {
    let (wakes, waker) = Wakes::new();
    let doors = doors(3);
    let mut set = set_of(&doors);

    drop(set.next());
    assert!(poll_with(pin!(set.next()), &waker).is_pending());
    doors[1].open(1);
    doors[0].open(0);
    assert_eq!(wakes.take(), 1);
    drop(set.next());

    assert_eq!(set.len(), 3);
    assert_eq!(drain(&mut set), [1, 0]);
    doors[2].open(2);
    assert_eq!(drain(&mut set), [2]);
}

#[test]
fn the_future_is_woken_once_for_members_that_finish_together() {
    let (wakes, waker) = Wakes::new();
    let doors = doors(3);
    let mut set = set_of(&doors);
    assert!(poll_with(pin!(set.next()), &waker).is_pending());

    doors.iter().for_each(|door| door.open(1));

    assert_eq!(wakes.take(), 1);
    for _ in 0..3 {
        assert!(poll_with(pin!(set.next()), &waker).is_ready());
    }
    assert_eq!(wakes.take(), 0);
}

#[test]
fn the_task_that_called_last_is_woken() {
    let ((first, first_waker), (last, last_waker)) = (Wakes::new(), Wakes::new());
    let doors = doors(1);
    let mut set = set_of(&doors);
    assert!(poll_with(pin!(set.next()), &first_waker).is_pending());
    assert!(poll_with(pin!(set.next()), &first_waker).is_pending());
    assert!(poll_with(pin!(set.next()), &last_waker).is_pending());

    doors[0].open(1);

    assert_eq!((first.take(), last.take()), (0, 1));
    assert_eq!(drain(&mut set), [1]);
}

#[test]
fn a_wait_gets_what_was_not_handed_out() {
    let doors = doors(5);
    let mut set = set_of(&doors);
    assert_eq!(drain(&mut set), []);
    for index in [4, 1, 3] {
        doors[index].open(index);
    }
    assert_eq!(
        now(set.next()).and_then(|done| done.output().copied()),
        Some(4)
    );

    let (done, mut set) = now(set.wait().return_when(FirstCompleted)).unwrap();

    assert_eq!(outputs(&done), [1, 3]);
    doors[0].open(0);
    assert_eq!(drain(&mut set), [0]);
    assert_eq!((set.len(), doors[2].n_polls()), (1, 1));
}

#[test]
fn a_member_that_comes_twice_is_handed_out_once() {
    let doors = doors(2);
    let keyed = [0, 1, 0].map(|index: usize| doors[index].keyed(index as u64));
    let mut set: WaitSet<_> = keyed.into_iter().collect();
    doors[0].open(0);
    doors[1].open(1);

    let first = now(set.next()).expect("two are done");
    assert!(set.insert(first).is_none(), "its key is free again");

    assert_eq!(drain(&mut set), [1, 0]);
    assert!(now(set.next()).is_none());
}

#[test]
fn members_that_are_added_all_the_time_do_not_starve_the_others() {
    let door = Door::new();
    let mut set: WaitSet<DoorHandle<usize>> = [door.handle()].into_iter().collect();
    assert_eq!(drain(&mut set), []);
    door.open(0);
    let finished = |value| {
        let door = Door::new();
        door.open(value);
        door.handle()
    };

    let mut found = Vec::new();
    for value in 1..10 {
        set.extend([finished(value), finished(value)]);
        found.extend(now(set.next()).and_then(|done| done.output().copied()));
    }

    assert_eq!(found[..3], [0, 1, 1]);
}

#[test]
fn a_member_that_was_removed_does_not_come() {
    let doors = doors(2);
    let mut set: WaitSet<_> = doors
        .iter()
        .zip(0..)
        .map(|(door, key)| door.keyed(key))
        .collect();
    assert!(poll(pin!(set.next())).is_pending());
    doors[0].open(0);
    doors[1].open(1);

    assert!(set.remove(0).is_some());

    assert_eq!(drain(&mut set), [1]);
    assert!(now(set.next()).is_none());
}

#[test]
fn a_member_that_panics_stays_and_is_polled_first_again() {
    struct Fragile<'a>(&'a Cell<bool>, DoorHandle<u8>);
    impl Completion for Fragile<'_> {
        type Output = u8;
        fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            assert!(!self.0.get(), "not today");
            self.1.poll_done(cx)
        }
        fn output(&self) -> Option<&u8> {
            self.1.output()
        }
    }
    let (fragile, solid) = (Cell::new(false), Cell::new(false));
    let doors = doors(3);
    let flags = [&solid, &fragile, &solid];
    let handles = doors.iter().zip(flags);
    let mut set: WaitSet<_> = handles
        .map(|(door, flag)| Fragile(flag, door.handle()))
        .collect();
    assert_eq!(drain(&mut set), []);
    for index in [1, 0, 2] {
        doors[usize::from(index)].open(index);
    }
    fragile.set(true);

    for _ in 0..2 {
        catch_unwind(AssertUnwindSafe(|| poll(pin!(set.next())).is_ready()))
            .expect_err("it panics");
        assert_eq!(set.len(), 3);
    }
    fragile.set(false);

    assert_eq!(drain(&mut set), [1, 0, 2]);
}

/// A member that always asks for another poll does not keep the caller in one.
#[test]
fn a_member_that_yields_for_ever_lets_the_caller_go() {
    let (wakes, waker) = Wakes::new();
    let mut set = WaitSet::new();
    set.insert(Waitable::new(Box::pin(std::future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    }))));
    for _ in 0..3 {
        assert!(poll_with(pin!(set.next()), &waker).is_pending());
        assert!(wakes.take() > 0, "it asks to be polled again");
    }
}

#[test]
fn a_hundred_thousand_members_take_two_polls_each() {
    watched(|| {
        let doors = doors(100_000);
        let mut set = set_of(&doors);
        assert_eq!(drain(&mut set), []);
        let order = (0..doors.len()).map(|i| (i * 7919) % doors.len());

        let (ones, batch): (Vec<usize>, Vec<usize>) = order.partition(|index| index % 2 == 0);
        for index in ones {
            doors[index].open(index);
            assert_eq!(drain(&mut set), [index]);
        }
        batch.iter().for_each(|&index| doors[index].open(index));
        assert_eq!(drain(&mut set), batch);

        assert!(now(set.next()).is_none());
        assert!(doors.iter().all(|door| door.n_polls() == 2));
    });
}

#[test]
fn members_finished_by_many_threads_all_come() {
    const CHILDREN: usize = 64;
    watched(|| {
        for _ in 0..200 {
            let doors = doors(CHILDREN);
            let mut set = set_of(&doors);
            let mut finished = Vec::new();
            scope(|scope| {
                for (t, part) in doors.chunks(CHILDREN / 4).enumerate() {
                    let open = move || {
                        for (i, door) in part.iter().enumerate() {
                            door.open(t * part.len() + i);
                        }
                    };
                    Builder::new()
                        .name("opener".into())
                        .spawn_scoped(scope, open)
                        .unwrap();
                }
                block_on(async {
                    while let Some(done) = set.next().await {
                        finished.push(*done.output().unwrap());
                    }
                });
            });
            finished.sort_unstable();
            assert!(finished.into_iter().eq(0..CHILDREN));
        }
    });
}

#[test]
fn the_future_says_what_it_waits_for() {
    let mut set: WaitSet<_> = [Waitable::new(ready(1))].into_iter().collect();
    assert_eq!(
        format!("{:?}", set.next()),
        "Next { set: {<Waitable pending>} }"
    );
}
