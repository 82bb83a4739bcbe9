//! The persistent set.

use std::future::ready;
use std::pin::pin;
use std::task::Poll;

use evloop_combinators::{Completion, FirstCompleted, WaitSet, Waitable};
use evloop_fixtures::Wakes;

use crate::harness::{Census, Door, DoorHandle, doors, now, outputs, poll, poll_with};

#[test]
fn handles_go_in_and_come_out_again() {
    let mut set = WaitSet::new();
    assert!(set.is_empty());
    for n in 0..10 {
        assert!(set.insert(Waitable::new(ready(n))).is_none());
    }
    set.extend([Waitable::new(ready(10))]);

    assert_eq!(
        (set.len(), set.iter().len(), (&set).into_iter().count()),
        (11, 11, 11)
    );
    assert_eq!(
        format!("{:?}", set.iter())
            .matches("<Waitable pending>")
            .count(),
        11
    );
    assert_eq!(set.into_handles().len(), 11);
}

#[test]
fn a_second_handle_with_the_same_key_comes_back() {
    let door = Door::<u8>::new();
    let mut set: WaitSet<_> = [door.keyed(7)].into_iter().collect();

    assert!(set.insert(door.keyed(7)).is_some());
    assert!(set.insert(door.keyed(8)).is_none());

    assert_eq!(set.len(), 2);
}

#[test]
fn a_key_is_free_again_when_its_handle_is_done() {
    let door = Door::new();
    door.open(1);
    let set: WaitSet<_> = [door.keyed(7)].into_iter().collect();
    let (done, mut set) = now(set.wait()).unwrap();

    for handle in done {
        assert!(set.insert(handle).is_none());
    }

    assert_eq!(outputs(&now(set.wait()).unwrap().0), [1]);
}

#[test]
fn a_handle_is_taken_out_by_its_key() {
    let doors = doors::<u8>(3);
    let keyed = doors.iter().zip(0..).map(|(door, key)| door.keyed(key));
    let mut set: WaitSet<_> = keyed.collect();

    assert_eq!(set.remove(1).and_then(|handle| handle.key()), Some(1));
    assert!(set.remove(1).is_none());

    doors[0].open(0);
    doors[2].open(2);
    let (done, set) = now(set.wait()).unwrap();
    assert_eq!(
        (outputs(&done), set.len(), doors[1].n_polls()),
        (vec![0, 2], 0, 0)
    );
}

#[test]
fn places_of_finished_members_are_used_again() {
    let mut set = WaitSet::new();
    let pending = Door::new();
    set.insert(pending.handle());

    for round in 0..1000 {
        let doors = doors(3);
        set.extend(doors.iter().map(Door::handle));
        let mut waiting = pin!(set.wait().return_when(FirstCompleted));
        assert!(poll(waiting.as_mut()).is_pending());
        doors.iter().for_each(|door| door.open(round));
        let Poll::Ready(Ok((done, left))) = poll(waiting) else {
            panic!("three are done")
        };
        assert_eq!(outputs(&done), [round; 3]);
        set = left;
    }

    assert_eq!(set.len(), 1);
    assert_eq!(pending.n_polls(), 1);
}

#[test]
fn a_set_that_grows_keeps_what_is_registered() {
    let (wakes, waker) = Wakes::new();
    let mut set = WaitSet::new();
    let mut doors = Vec::new();
    for index in 0..1000 {
        doors.push(Door::new());
        set.insert(doors[index].handle());
        let mut waiting = pin!(set.wait().timeout(ready(())));
        let Poll::Ready(Ok((_, left))) = poll(waiting.as_mut()) else {
            panic!("no time")
        };
        set = left;
    }

    for (index, door) in doors.iter().enumerate().rev() {
        let mut waiting = pin!(set.wait().return_when(FirstCompleted));
        assert!(poll_with(waiting.as_mut(), &waker).is_pending());
        door.open(index);
        assert_eq!(wakes.take(), 1);
        let Poll::Ready(Ok((done, left))) = poll_with(waiting, &waker) else {
            panic!("done")
        };
        assert_eq!(outputs(&done), [index]);
        set = left;
    }

    assert!(doors.iter().all(|door| door.n_polls() == 2));
}

/// A waker of a former member, kept by somebody, is woken again and again.
#[test]
fn stale_wakes_cost_a_poll_and_nothing_else() {
    let door = Door::new();
    let mut set: WaitSet<DoorHandle<u8>> = [door.handle()].into_iter().collect();
    let mut waiting = pin!(set.wait().return_when(FirstCompleted));
    assert!(poll(waiting.as_mut()).is_pending());
    let stale = door.waker().unwrap();
    door.open(1);
    let Poll::Ready(Ok((_, left))) = poll(waiting) else {
        panic!("it is done")
    };
    set = left;
    stale.wake_by_ref();

    let [next, after] = [Door::new(), Door::new()];
    set.insert(next.handle());
    stale.wake_by_ref();
    set.insert(after.handle());
    let mut waiting = pin!(set.wait());
    assert!(poll(waiting.as_mut()).is_pending());
    assert_eq!((next.n_polls(), after.n_polls()), (1, 1));
    stale.wake_by_ref();
    assert!(poll(waiting.as_mut()).is_pending());
    assert_eq!((next.n_polls(), after.n_polls()), (2, 1));

    next.open(2);
    after.open(3);
    let Poll::Ready(Ok((done, _))) = poll(waiting) else {
        panic!("both are done")
    };
    assert_eq!(outputs(&done), [2, 3]);
}

#[test]
fn dropping_a_wait_drops_the_handles_once() {
    struct Counted(
        DoorHandle<u8>,
        #[expect(dead_code, reason = "it counts")] crate::harness::Token,
    );
    impl Completion for Counted {
        type Output = u8;
        fn poll_done(&mut self, cx: &mut std::task::Context<'_>) -> Poll<()> {
            self.0.poll_done(cx)
        }
        fn output(&self) -> Option<&u8> {
            self.0.output()
        }
    }
    let census = Census::default();
    let doors = doors(4);
    let handles = doors
        .iter()
        .map(|door| Counted(door.handle(), census.token()));
    let mut waiting = Box::pin(evloop_combinators::wait(handles));
    assert!(poll(waiting.as_mut()).is_pending());
    doors[1].open(1);
    assert!(poll(waiting.as_mut()).is_pending());
    assert_eq!(census.n_alive(), 4, "the finished one is kept for `done`");

    drop(waiting);

    assert_eq!((census.n_alive(), census.n_dropped()), (0, 4));
}

#[test]
fn wakers_of_a_set_that_grew_outlive_it() {
    let (wakes, waker) = Wakes::new();
    let doors = doors::<u8>(100);
    let mut set = WaitSet::new();
    set.extend(doors.iter().map(Door::handle));
    let mut waiting = Box::pin(set.wait());
    assert!(poll_with(waiting.as_mut(), &waker).is_pending());

    drop(waiting);

    for door in doors.iter().rev() {
        let late = door.waker().unwrap();
        late.wake_by_ref();
        door.wake();
        drop(late);
    }
    assert_eq!(wakes.take(), 0);
}
