//! A gather of few children: all are polled with the waker of its caller, until that costs too much.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use evloop_cancel::{CancelScope, Stopped, catch_cancel, on_cancel};
use evloop_combinators::{gather, is_child_waker};
use evloop_fixtures::Wakes;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::harness::{Door, MANY, doors, outgrow, poll, poll_with};

type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Polls in vain that the documentation allows to each child.
const IN_VAIN: usize = 8;

#[test]
fn children_get_the_waker_of_the_caller_until_it_has_polled_in_vain_too_often() {
    let (_, waker) = Wakes::new();
    let doors = doors::<()>(3);
    let mut gathered = pin!(gather(doors.iter().map(Door::child)));
    let is_shared = || {
        doors
            .iter()
            .all(|door| door.waker().unwrap().will_wake(&waker))
    };

    for _ in 0..=IN_VAIN {
        assert!(poll_with(gathered.as_mut(), &waker).is_pending());
        assert!(is_shared());
    }

    assert!(poll_with(gathered.as_mut(), &waker).is_pending());
    assert!(
        doors
            .iter()
            .all(|door| is_child_waker(&door.waker().unwrap()))
    );
}

#[test]
fn a_child_that_is_woken_for_ever_costs_the_others_a_few_polls() {
    let doors = doors(4);
    let mut gathered = pin!(gather(doors.iter().map(Door::child)));
    assert!(poll(gathered.as_mut()).is_pending());

    for _ in 0..1000 {
        doors[2].wake();
        assert!(poll(gathered.as_mut()).is_pending());
    }

    let n_polls = doors.iter().map(Door::n_polls).collect::<Vec<_>>();
    assert_eq!(n_polls, [10, 10, 1001, 10]);
    doors.iter().for_each(|door| door.open(()));
    assert!(poll(gathered).is_ready());
}

#[test]
fn the_most_that_are_few_end_one_by_one_without_a_waker_of_their_own() {
    let (_, waker) = Wakes::new();
    let doors = doors(MANY - 1);
    let mut gathered = pin!(gather(doors.iter().map(Door::child)));
    assert!(poll_with(gathered.as_mut(), &waker).is_pending());

    for (index, door) in doors.iter().enumerate() {
        let last = doors.last().unwrap();
        assert!(last.waker().unwrap().will_wake(&waker));
        door.open(index);
        let is_ready = poll_with(gathered.as_mut(), &waker).is_ready();
        assert_eq!(is_ready, index + 2 == MANY);
    }
}

#[test]
fn only_the_last_of_several_callers_is_woken_before_and_after() {
    for n_polls in [1, 12] {
        let ((first, first_waker), (last, last_waker)) = (Wakes::new(), Wakes::new());
        let doors = doors(3);
        let mut gathered = pin!(gather(doors.iter().map(Door::child)));
        for _ in 0..n_polls {
            assert!(poll_with(gathered.as_mut(), &first_waker).is_pending());
        }
        assert!(poll_with(gathered.as_mut(), &last_waker).is_pending());
        assert_eq!(Arc::strong_count(&first), 2, "the first is not kept");

        for door in &doors {
            door.open(());
            assert_eq!((first.take(), last.take()), (0, 1));
            let _poll = poll_with(gathered.as_mut(), &last_waker);
        }
    }
}

/// Also when the panic comes in the poll that gives them wakers of their own.
#[test]
fn a_panic_that_is_caught_loses_no_wake_of_the_others() {
    for n_polls in [0, 1, 8, 9, 10] {
        for panicking in 0..3 {
            for opens_at in [None, Some(0), Some(1), Some(9)] {
                check_panic(n_polls, panicking, opens_at);
            }
        }
    }
}

/// One panics after so many polls of the gather; the first has a scope inside from the given poll on.
fn check_panic(n_polls: usize, panicking: usize, opens_at: Option<usize>) {
    let (wakes, waker) = Wakes::new();
    let doors = doors(3);
    let is_armed = Cell::new(false);
    let child = |index: usize| {
        let mut door = child(&doors[index], opens_at.filter(|_| index == 0));
        let is_armed = &is_armed;
        poll_fn(move |cx| {
            assert!(index != panicking || !is_armed.take(), "the child panics");
            door.as_mut().poll(cx)
        })
    };
    let mut gathered = pin!(gather((0..3).map(child)));
    for _ in 0..n_polls {
        assert!(poll_with(gathered.as_mut(), &waker).is_pending());
    }
    doors[panicking].wake();
    is_armed.set(true);
    let caught = catch_unwind(AssertUnwindSafe(|| poll_with(gathered.as_mut(), &waker)));
    assert!(caught.is_err());

    assert!(poll_with(gathered.as_mut(), &waker).is_pending());
    for (index, door) in doors.iter().enumerate() {
        wakes.take();
        door.open(index);
        assert!(
            wakes.take() > 0,
            "{index} after {n_polls} polls, open at {opens_at:?}"
        );
        let is_ready = poll_with(gathered.as_mut(), &waker).is_ready();
        assert_eq!(
            is_ready,
            index == 2,
            "{index} after {n_polls}, open at {opens_at:?}"
        );
    }
}

/// The request finds the scopes inside of all, however often they have been polled.
#[test]
fn a_request_reaches_every_child_before_and_after() {
    for n_polls in [1, 2, 9, 12] {
        for opened_at in [0, 1, 5, 20] {
            let log = RefCell::new(Vec::new());
            let gates = doors::<()>(3);
            let child = |index: usize| -> Local<'_, ()> {
                if index == 1 {
                    // Nothing inside of it can be asked.
                    return Box::pin(pending());
                }
                let (gate, log) = (gates[index].child(), &log);
                Box::pin(async move {
                    polls(opened_at).await;
                    on_cancel(pending::<()>(), || async move {
                        log.borrow_mut().push((index, "begins"));
                        gate.await;
                        log.borrow_mut().push((index, "ends"));
                    })
                    .await;
                })
            };
            let (wakes, waker) = Wakes::new();
            let scope = CancelScope::new();
            let handle = scope.handle();
            let mut running = pin!(scope.run(gather((0..3).map(child))));
            for _ in 0..n_polls {
                assert!(poll_with(running.as_mut(), &waker).is_pending());
            }
            let is_open = opened_at < n_polls;
            wakes.take();
            handle.cancel();
            assert!(wakes.take() > 0);
            let first = poll_with(running.as_mut(), &waker);
            if !is_open && first.is_ready() {
                assert_eq!((first, log.take()), (Poll::Ready(Err(Stopped)), vec![]));
                continue;
            }
            assert!(first.is_pending());
            while wakes.take() > 0 {
                assert!(poll_with(running.as_mut(), &waker).is_pending());
            }
            gates[2].open(());
            assert!(wakes.take() > 0);
            assert!(poll_with(running.as_mut(), &waker).is_pending());
            gates[0].open(());
            while poll_with(running.as_mut(), &waker).is_pending() {
                assert!(
                    wakes.take() > 0,
                    "after {n_polls} polls, open at {opened_at}"
                );
            }
            assert_eq!(
                *log.borrow(),
                [(0, "begins"), (2, "begins"), (2, "ends"), (0, "ends")]
            );
        }
    }
}

/// The gather is polled in the delivering poll, since a scope beside it has a voice. It has none of its own:
/// it goes on if that scope refuses, and ends with the code around it if not.
#[test]
fn a_gather_beside_a_scope_that_is_asked_goes_on_or_ends_with_it() {
    for refuses in [true, false] {
        for n_polls in [1, 12] {
            let (wakes, waker) = Wakes::new();
            let doors = doors::<u8>(2);
            let mut gathered = Box::pin(gather(doors.iter().map(Door::child)));
            let mut scope: Local<'_, ()> = Box::pin(async {
                let Err(cancelled) = catch_cancel(pending::<()>()).await else {
                    return;
                };
                if refuses {
                    cancelled.swallow();
                } else {
                    drop(cancelled);
                }
                pending::<()>().await;
            });
            let both = poll_fn(|cx| {
                assert!(poll_in(scope.as_mut(), cx).is_pending());
                poll_in(gathered.as_mut(), cx)
            });
            let target = CancelScope::new();
            let handle = target.handle();
            let mut running = pin!(target.run(both));
            for _ in 0..n_polls {
                assert!(poll_with(running.as_mut(), &waker).is_pending());
            }
            handle.cancel();
            let mut end = Poll::Pending;
            while end.is_pending() && wakes.take() > 0 {
                end = poll_with(running.as_mut(), &waker);
            }
            if !refuses {
                assert_eq!(end, Poll::Ready(Err(Stopped)));
                continue;
            }
            assert!(end.is_pending());
            for (index, door) in doors.iter().enumerate() {
                door.open(7);
                assert!(wakes.take() > 0);
                end = poll_with(running.as_mut(), &waker);
                assert_eq!(end.is_ready(), index == 1);
            }
            assert_eq!(end, Poll::Ready(Ok(vec![7, 7])));
        }
    }
}

/// Pending for so many polls, without asking for any.
async fn polls(n: usize) {
    let mut n_left = n;
    poll_fn(|_| {
        if n_left == 0 {
            return Poll::Ready(());
        }
        n_left -= 1;
        Poll::Pending
    })
    .await;
}

#[test]
fn a_child_that_yields_is_polled_again_before_and_after() {
    let (wakes, waker) = Wakes::new();
    let n_polls = Cell::new(0);
    let yields = poll_fn(|cx| {
        n_polls.set(n_polls.get() + 1);
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    let mut gathered = pin!(gather((yields, pending::<()>())));

    for n in 1..=30 {
        assert!(poll_with(gathered.as_mut(), &waker).is_pending());
        assert_eq!((n_polls.get(), wakes.take()), (n, 1));
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Wake(usize),
    Open(usize),
    Poll,
    PollByAnother,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => any::<usize>().prop_map(Act::Wake),
        1 => any::<usize>().prop_map(Act::Open),
        4 => Just(Act::Poll),
        1 => Just(Act::PollByAnother),
    ];
    vec(act, 0..120)
}

/// A child that has a scope open inside, from this poll on.
fn child(door: &Door<usize>, opens_at: Option<usize>) -> Local<'_, usize> {
    let mut child = door.child();
    let Some(opens_at) = opens_at else {
        return Box::pin(child);
    };
    let mut n_polls = 0;
    let mut scope = Box::pin(catch_cancel(pending::<()>()));
    Box::pin(poll_fn(move |cx: &mut Context<'_>| {
        n_polls += 1;
        if n_polls > opens_at {
            assert!(poll_in(scope.as_mut(), cx).is_pending());
        }
        poll_in(Pin::new(&mut child), cx)
    }))
}

fn poll_in<F: Future + ?Sized>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(cx)
}

proptest! {
    #![proptest_config(Config { cases: 512, failure_persistence: None, ..Config::default() })]

    /// Whoever was woken is polled in the next poll, of which the last caller was told; and of the
    /// others, not more than they may be.
    #[test]
    fn no_wake_is_lost_and_polls_in_vain_are_bounded(
        opens in vec(prop_oneof![4 => Just(None), 1 => (0..12_usize).prop_map(Some)], 1..20),
        acts in acts(),
    ) {
        let n = opens.len();
        let doors = doors::<usize>(n);
        let children = doors.iter().zip(&opens).map(|(door, opens_at)| child(door, *opens_at));
        let mut gathered = pin!(gather(children));
        let (mut wakes, mut waker) = Wakes::new();
        let (mut is_woken, mut is_open) = (vec![false; n], vec![false; n]);
        let (mut n_in_vain, mut has_begun) = (0, false);

        for act in acts.into_iter().chain((0..n).map(Act::Open)).chain([Act::Poll]) {
            match act {
                Act::Wake(index) | Act::Open(index) => {
                    let index = index % n;
                    if is_open[index] {
                        continue;
                    }
                    let has_waker = doors[index].waker().is_some();
                    if matches!(act, Act::Open(_)) {
                        is_open[index] = true;
                        doors[index].open(index);
                    } else {
                        doors[index].wake();
                    }
                    is_woken[index] |= has_waker;
                    if is_woken.contains(&true) {
                        prop_assert!(wakes.count() > 0, "the caller is told");
                    }
                    continue;
                }
                Act::Poll => {}
                Act::PollByAnother => (wakes, waker) = Wakes::new(),
            }
            wakes.take();
            let before: Vec<_> = doors.iter().map(Door::n_polls).collect();
            let poll = poll_with(gathered.as_mut(), &waker);
            for index in 0..n {
                let n_polls = doors[index].n_polls() - before[index];
                let is_due = is_woken[index] || !has_begun;
                prop_assert!(n_polls >= usize::from(is_due), "{} was woken", index);
                prop_assert!(n_polls <= 2);
                n_in_vain += n_polls - usize::from(is_due);
                is_woken[index] = false;
            }
            has_begun = true;
            if let Poll::Ready(outputs) = poll {
                prop_assert_eq!(outputs, (0..n).collect::<Vec<_>>());
                break;
            }
            prop_assert!(is_open.contains(&false));
            prop_assert_eq!(wakes.count(), 0, "nothing is left to do");
        }
        prop_assert!(is_open.iter().all(|is_open| *is_open), "all have ended");
        // Those of the poll that spends the rest, and of the one that gives each its own waker.
        prop_assert!(n_in_vain <= (IN_VAIN + 2) * n, "{} polls in vain of {}", n_in_vain, n);
        if n >= MANY {
            prop_assert_eq!(n_in_vain, 0);
        }
    }
}

#[test]
fn an_outgrown_gather_polls_only_those_that_are_woken() {
    let doors = doors(5);
    let mut gathered = pin!(gather(doors.iter().map(Door::child)));
    doors[1].open(1);
    outgrow(gathered.as_mut(), Waker::noop());
    let before: Vec<_> = doors.iter().map(Door::n_polls).collect();

    doors[3].wake();
    assert!(poll(gathered.as_mut()).is_pending());

    let after: Vec<_> = doors.iter().map(Door::n_polls).collect();
    assert_eq!(after, [before[0], 1, before[2], before[3] + 1, before[4]]);
    for index in [4, 0, 2, 3] {
        doors[index].open(index);
    }
    assert_eq!(poll(gathered), Poll::Ready((0..5).collect()));
}
