//! Bugs that others had.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use evloop_combinators::{
    FirstCompleted, WaitSet, Waitable, as_completed, gather, race, try_gather, wait,
};
use evloop_fixtures::Wakes;

use crate::harness::{Door, DoorHandle, doors, now, poll_with};

#[test]
fn museum_bm61_only_the_waker_of_the_last_poll_is_woken() {
    let ([a, c, d], b) = ([Door::new(), Door::new(), Door::new()], Door::new());
    check_last_waker(gather([a.child()]), || a.open(0));
    check_last_waker(try_gather([b.child()]), || b.open(Ok::<_, ()>(0)));
    check_last_waker(race([c.child()]), || c.open(0));
    check_last_waker(wait([d.handle()]), || d.open(0));

    let doors = doors(2);
    let [mut plain, other] = [0, 1].map(|index: usize| as_completed([doors[index].handle()]));
    check_last_waker(plain.next(), || doors[0].open(0));
    let limit = Door::new();
    let mut limited = other.timeout(limit.child());
    check_last_waker(limited.next(), || limit.open(()));
}

fn check_last_waker(future: impl Future, finish: impl FnOnce()) {
    let mut future = pin!(future);
    let ((first, first_waker), (last, last_waker)) = (Wakes::new(), Wakes::new());
    assert!(poll_with(future.as_mut(), &first_waker).is_pending());
    assert!(poll_with(future.as_mut(), &last_waker).is_pending());

    finish();

    assert_eq!((first.take(), last.take()), (0, 1));
    assert_eq!(Arc::strong_count(&first), 2, "the first one is not kept");
    assert!(poll_with(future, &last_waker).is_ready());
}

/// The long-lived one has one waiter, however often it was waited for.
#[test]
fn museum_bm74_a_wait_on_a_member_that_never_ends_does_not_grow() {
    let forever = Door::new();
    let mut set: WaitSet<DoorHandle<()>> = [forever.handle()].into_iter().collect();
    let (wakes, waker) = Wakes::new();

    for _ in 0..10_000 {
        let door = Door::new();
        set.insert(door.handle());
        let mut waiting = pin!(set.wait().return_when(FirstCompleted));
        assert!(poll_with(waiting.as_mut(), &waker).is_pending());
        door.open(());
        let Poll::Ready(Ok((done, left))) = poll_with(waiting, &waker) else {
            panic!("done")
        };
        assert_eq!((done.len(), left.len()), (1, 1));
        set = left;
    }

    assert_eq!(forever.n_polls(), 1);
    drop(set);
    assert!(Arc::strong_count(&wakes) == 2, "no waiter is left behind");
}

/// Each stream is left after one item, as a loop that breaks does.
#[test]
fn museum_bm74_streams_that_were_left_are_not_kept_by_what_never_ends() {
    let forever = Door::new();
    let mut handle = forever.handle();
    let (wakes, waker) = Wakes::new();

    for _ in 0..10_000 {
        let door: Door<()> = Door::new();
        let mut short = door.handle();
        let mut completed = as_completed([&mut handle, &mut short]).timeout(std::future::pending());
        assert!(poll_with(pin!(completed.next()), &waker).is_pending());
        door.open(());
        assert!(poll_with(pin!(completed.next()), &waker).is_ready());
    }

    assert_eq!(forever.n_polls(), 10_000, "once for each stream");
    forever.wake();
    assert_eq!((wakes.take(), Arc::strong_count(&wakes)), (10_000, 2));
}

#[test]
fn museum_bm21_a_stream_that_is_half_used_is_dropped_whole() {
    let census = crate::harness::Census::default();
    for n_taken in 0..=5 {
        for is_late in [false, true] {
            let handle = |_| Waitable::new(Box::pin(std::future::ready(census.token())));
            let limit = Door::new();
            let mut completed = as_completed((0..5).map(handle)).timeout(limit.child());
            if is_late {
                limit.open(());
            }
            for _ in 0..n_taken {
                assert!(matches!(now(completed.next()), Some(Ok(_))));
            }
            assert_eq!(census.n_alive(), 5 - n_taken);

            drop(completed);

            assert_eq!(census.n_alive(), 0);
        }
    }
}

#[test]
fn museum_bm21_a_set_that_is_half_used_is_dropped_whole() {
    let census = crate::harness::Census::default();
    for n_finished in 0..=5 {
        let doors = doors(5);
        let child = |door: &Door<()>| {
            let (token, door) = (census.token(), door.child());
            async move {
                door.await;
                token
            }
        };
        let mut gathered = Box::pin(gather(doors.iter().map(child)));
        let (_, waker) = Wakes::new();
        assert!(poll_with(gathered.as_mut(), &waker).is_pending());
        doors[..n_finished].iter().for_each(|door| door.open(()));
        assert_eq!(
            poll_with(gathered.as_mut(), &waker).is_ready(),
            n_finished == 5
        );

        drop(gathered);

        assert_eq!(census.n_alive(), 0);
    }
}
