//! Wakers, children and policies that panic or re-enter.

#![expect(
    unsafe_code,
    reason = "a waker whose clone or drop panics has a vtable of its own"
)]

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use evloop_combinators::{FirstCompleted, gather, is_child_waker, wait};
use evloop_fixtures::Wakes;

use crate::harness::{Child, Door, MANY, doors, lock, outgrow, outputs, poll, poll_with};

/// Which operation of a waker panics.
struct Mines {
    clone: AtomicBool,
    wake: AtomicBool,
    drop: AtomicBool,
    n_wakes: AtomicUsize,
}

impl Mines {
    const fn new() -> Self {
        let [clone, wake, drop] = [const { AtomicBool::new(false) }; 3];
        Self {
            clone,
            wake,
            drop,
            n_wakes: AtomicUsize::new(0),
        }
    }

    fn waker(&'static self) -> Waker {
        let data = std::ptr::from_ref(self).cast();
        // SAFETY: the vtable's functions only read atomics of a value that lives for ever.
        unsafe { Waker::new(data, &MINED) }
    }
}

static MINED: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let mines = mines(data);
        assert!(!mines.clone.load(Ordering::SeqCst), "mine in clone");
        RawWaker::new(data, &MINED)
    },
    |data| step_on_wake(mines(data)),
    |data| step_on_wake(mines(data)),
    |data| assert!(!mines(data).drop.load(Ordering::SeqCst), "mine in drop"),
);

fn mines(data: *const ()) -> &'static Mines {
    // SAFETY: every mined waker is made from a reference that lives for ever.
    unsafe { &*data.cast::<Mines>() }
}

fn step_on_wake(mines: &Mines) {
    mines.n_wakes.fetch_add(1, Ordering::SeqCst);
    if mines.wake.load(Ordering::SeqCst) {
        panic_any(PayloadThatPanics);
    }
}

/// A payload whose destructor panics too.
struct PayloadThatPanics;

impl Drop for PayloadThatPanics {
    fn drop(&mut self) {
        panic!("mine in the payload");
    }
}

fn panics<T>(f: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn a_parent_that_panics_when_woken_does_not_reach_whoever_wakes_a_child() {
    static MINES: Mines = Mines::new();
    let (mines, waker) = (&MINES, MINES.waker());
    let doors = doors(2);
    let mut gathered = pin!(gather(doors.iter().map(Door::child)));
    outgrow(gathered.as_mut(), &waker);
    mines.wake.store(true, Ordering::SeqCst);

    assert!(!panics(|| doors[0].open(0)), "by value");
    assert!(
        !panics(|| doors[1].waker().unwrap().wake_by_ref()),
        "by reference"
    );
    assert_eq!(
        mines.n_wakes.load(Ordering::SeqCst),
        1,
        "once for the batch"
    );

    mines.wake.store(false, Ordering::SeqCst);
    doors[1].open(1);
    assert_eq!(poll_with(gathered, &waker), Poll::Ready(vec![0, 1]));
}

#[test]
fn a_parent_that_panics_when_cloned_or_dropped_leaves_the_set_usable() {
    static MINES: Mines = Mines::new();
    let (mines, waker) = (&MINES, MINES.waker());
    let doors = doors(MANY);
    let mut gathered = Box::pin(gather(doors.iter().map(Door::child)));
    mines.clone.store(true, Ordering::SeqCst);
    assert!(panics(|| poll_with(gathered.as_mut(), &waker)));
    mines.clone.store(false, Ordering::SeqCst);
    assert!(poll_with(gathered.as_mut(), &waker).is_pending());

    mines.drop.store(true, Ordering::SeqCst);
    let (wakes, quiet) = Wakes::new();
    assert!(
        panics(|| poll_with(gathered.as_mut(), &quiet)),
        "the former waker is dropped"
    );
    doors[0].open(0);
    assert_eq!(wakes.take(), 1, "and the present one is in place");
    assert!(poll_with(gathered.as_mut(), &quiet).is_pending());
    (1..MANY).for_each(|index| doors[index].open(index));
    assert_eq!(
        poll_with(gathered.as_mut(), &quiet),
        Poll::Ready((0..MANY).collect())
    );
    mines.drop.store(false, Ordering::SeqCst);
}

#[test]
fn a_parent_that_panics_when_dropped_with_the_gather_leaks_no_child() {
    static MINES: Mines = Mines::new();
    let (mines, waker) = (&MINES, MINES.waker());
    let door = Door::<u8>::new();
    let alive = Arc::new(());
    let child = |alive: Arc<()>, child: Child<u8>| async move {
        let _alive = alive;
        child.await
    };
    let mut gathered = Box::pin(gather([child(Arc::clone(&alive), door.child())]));
    outgrow(gathered.as_mut(), &waker);

    mines.drop.store(true, Ordering::SeqCst);
    assert!(panics(|| drop(gathered)));
    mines.drop.store(false, Ordering::SeqCst);

    assert_eq!(Arc::strong_count(&alive), 1);
    door.wake();
}

/// What a waker re-enters from each of its operations: the set it belongs to.
static REENTERED: Mutex<Vec<Door<usize>>> = Mutex::new(Vec::new());

static REENTRANT: RawWakerVTable = RawWakerVTable::new(
    |data| {
        reenter();
        RawWaker::new(data, &REENTRANT)
    },
    |_| reenter(),
    |_| reenter(),
    |_| reenter(),
);

fn reenter() {
    let doors = lock(&REENTERED).clone();
    for door in doors {
        if let Some(waker) = door.waker() {
            let other = waker.clone();
            waker.wake_by_ref();
            other.wake();
        }
    }
}

#[test]
fn museum_bm78_a_waker_that_reenters_the_set_does_not_deadlock() {
    evloop_fixtures::watched(|| {
        let doors = doors(MANY);
        lock(&REENTERED).clone_from(&doors);
        // SAFETY: the vtable's functions use no data.
        let waker = unsafe { Waker::new(std::ptr::null(), &REENTRANT) };
        let mut gathered = Box::pin(gather(doors.iter().map(Door::child)));

        for (index, door) in doors.iter().enumerate() {
            assert!(poll_with(gathered.as_mut(), &waker).is_pending());
            door.open(index);
        }
        while poll_with(gathered.as_mut(), &waker).is_pending() {}
        drop(gathered);

        let doors = std::mem::take(&mut *lock(&REENTERED));
        let mut waiting = Box::pin(wait(doors.iter().map(Door::handle)));
        lock(&REENTERED).clone_from(&doors);
        assert!(poll_with(waiting.as_mut(), &waker).is_pending());
        doors[1].open(1);
        assert!(poll_with(waiting.as_mut(), &waker).is_pending());
        drop(waiting);
        lock(&REENTERED).clear();
    });
}

#[test]
fn a_panic_in_a_child_goes_through_and_the_others_are_dropped_once() {
    let census = crate::harness::Census::default();
    let child = |index| {
        let token = census.token();
        async move {
            let _token = token;
            assert_ne!(index, 1, "the child panics");
            std::future::pending::<()>().await;
        }
    };
    let mut gathered = Box::pin(gather((0..3).map(child)));

    assert!(panics(|| poll(gathered.as_mut())));
    drop(gathered);

    assert_eq!((census.n_alive(), census.n_dropped()), (0, 3));
}

#[test]
fn polling_on_after_a_panic_ends_in_a_panic_and_not_in_a_hang() {
    let mut gathered = pin!(gather([async { panic!("the child panics") }]));
    assert!(panics(|| poll(gathered.as_mut())));
    assert!(panics(|| poll(gathered.as_mut())));
}

#[test]
fn museum_bm18_a_child_that_panics_in_drop_does_not_disturb_the_others() {
    struct PanicsInDrop<'a>(Child<u8>, &'a Cell<bool>);
    impl Future for PanicsInDrop<'_> {
        type Output = u8;
        fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u8> {
            std::pin::Pin::new(&mut self.0).poll(cx)
        }
    }
    impl Drop for PanicsInDrop<'_> {
        fn drop(&mut self) {
            assert!(!self.1.get(), "panic in drop");
        }
    }
    let armed = [false, true, false].map(Cell::new);
    let doors = doors(3);
    let children = doors
        .iter()
        .zip(&armed)
        .map(|(door, armed)| PanicsInDrop(door.child(), armed));
    let mut gathered = pin!(gather(children));
    assert!(poll(gathered.as_mut()).is_pending());
    doors[1].open(1);
    assert!(panics(|| poll(gathered.as_mut())));

    doors[0].open(0);
    doors[2].open(2);

    assert_eq!(poll(gathered), Poll::Ready(vec![0, 1, 2]));
}

#[test]
fn a_policy_that_panics_costs_no_handle() {
    let doors = doors(3);
    let is_armed = Cell::new(true);
    let mut waiting = pin!(
        wait(doors.iter().map(Door::handle)).return_when(|_: &usize| {
            assert!(!is_armed.replace(false), "the policy panics");
            false
        })
    );
    assert!(poll(waiting.as_mut()).is_pending());
    doors[0].open(0);
    assert!(panics(|| poll(waiting.as_mut())));

    doors[1].open(1);
    doors[2].open(2);

    let Poll::Ready(Ok((done, _))) = poll(waiting) else {
        panic!("all are done")
    };
    assert_eq!(outputs(&done), [0, 1, 2]);
}

#[test]
fn f14_wakes_during_the_own_poll_cost_one_more_poll() {
    let n_polls = Cell::new(0);
    let last = |cx: &mut Context<'_>| {
        n_polls.set(n_polls.get() + 1);
        if n_polls.get() == 2 {
            return Poll::Ready(());
        }
        for _ in 0..1_000_000 {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    };
    let child = |index| {
        poll_fn(move |cx| {
            if index + 1 < MANY {
                return Poll::Ready(());
            }
            last(cx)
        })
    };
    let mut gathered = pin!(gather((0..MANY).map(child)));
    let (wakes, waker) = Wakes::new();

    assert!(poll_with(gathered.as_mut(), &waker).is_pending());
    assert_eq!(wakes.take(), 1);
    assert!(poll_with(gathered.as_mut(), &waker).is_ready());

    assert_eq!(n_polls.get(), 2);
}

#[test]
fn f14_a_child_that_wakes_in_its_destructor_reaches_nobody() {
    struct WakesInDrop(Option<Waker>);
    impl Future for WakesInDrop {
        type Output = ();
        fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            self.0 = Some(cx.waker().clone());
            Poll::Pending
        }
    }
    impl Drop for WakesInDrop {
        fn drop(&mut self) {
            if let Some(waker) = self.0.take() {
                waker.wake();
            }
        }
    }
    let (wakes, waker) = Wakes::new();
    let mut gathered = Box::pin(gather([WakesInDrop(None), WakesInDrop(None)]));
    outgrow(gathered.as_mut(), &waker);

    drop(gathered);

    assert_eq!(wakes.take(), 0);
    assert_eq!(
        Arc::strong_count(&wakes),
        2,
        "the parent's waker was given back"
    );
}

#[test]
fn child_wakers_are_recognised() {
    assert!(!is_child_waker(Waker::noop()));
    let door = Door::new();
    let mut gathered = pin!(gather([door.child()]));
    outgrow(gathered.as_mut(), Waker::noop());
    assert!(is_child_waker(&door.waker().unwrap()));
    let mut waiting = pin!(wait([door.handle()]).return_when(FirstCompleted));
    assert!(poll(waiting.as_mut()).is_pending());
    assert!(is_child_waker(&door.waker().unwrap()));
    door.open(());
}
