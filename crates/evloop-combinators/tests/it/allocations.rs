//! The number of allocations does not depend on the number of children.

#![expect(
    unsafe_code,
    reason = "a counting allocator implements an unsafe trait"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Ready, pending, ready};
use std::hint::black_box;

use evloop_combinators::{
    Completion, FirstCompleted, WaitSet, Waitable, as_completed, gather, race, try_gather, wait,
};

use crate::harness::{MANY, now};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static N_ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        N_ALLOCATIONS.set(N_ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(ptr, layout) }
    }
}

fn count<T>(f: impl FnOnce() -> T) -> usize {
    let before = N_ALLOCATIONS.get();
    black_box(f());
    N_ALLOCATIONS.get() - before
}

#[test]
fn a_gather_takes_three_for_any_number_of_children_and_two_for_few() {
    for n in [1, 2, 10, 16, 17, 1000, 100_000] {
        let expected = if n < MANY { 2 } else { 3 };
        let gathered = count(|| now(gather((0..n).map(ready))));
        assert_eq!(gathered, expected, "gather of {n}");
        assert_eq!(
            count(|| now(try_gather((0..n).map(|n| ready(Ok::<_, ()>(n)))))),
            3
        );
        assert_eq!(count(|| now(race((0..n).map(ready)))), 2, "race of {n}");
    }
}

#[test]
fn a_tuple_takes_none_or_one() {
    assert_eq!(count(|| now(gather((ready(1), ready("b"), ready('c'))))), 0);
    assert_eq!(count(|| now(race((ready(1), ready(2))))), 1);
}

struct Keyed(Waitable<Ready<u64>>, u64);

impl Completion for Keyed {
    type Output = u64;

    fn poll_done(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        self.0.poll_done(cx)
    }

    fn output(&self) -> Option<&u64> {
        self.0.output()
    }

    fn key(&self) -> Option<u64> {
        Some(self.1)
    }
}

/// `done` grows by doubling; the set itself is three, and one more with keys.
#[test]
fn a_wait_takes_three_and_those_of_done() {
    for n in [1, 2, 10, 1000] {
        let handles = (0..n).map(|n| Waitable::new(ready(n)));
        let waiting = std::cell::RefCell::new(None);
        assert_eq!(
            count(|| waiting.replace(Some(wait(handles)))),
            3,
            "wait for {n}"
        );

        let policy = |_: &u64| true;
        let done = count(|| {
            waiting
                .take()
                .map(|waiting| now(waiting.return_when(policy)))
        });
        assert!(done <= 1 + 10, "{done} for {n}");
    }
    let one = wait([Keyed(Waitable::new(ready(1)), 1)]);
    assert_eq!(count(|| now(one.return_when(FirstCompleted))), 1, "`done`");
}

#[test]
fn the_next_member_takes_none() {
    for n in [1, 10, 1000] {
        let mut set: WaitSet<_> = (0..n).map(|n| Waitable::new(ready(n))).collect();
        let mut n_done = 0;
        let next_ones = || {
            while let Some(done) = now(set.next()) {
                n_done += done.into_output().map_or(0, |_| 1);
            }
        };
        assert_eq!(count(next_ones), 0);
        assert_eq!(n_done, n);
    }
}

/// Those of the set, and none for each item. What is done when the time is over is put in a
/// queue, which grows by doubling.
#[test]
fn as_completed_takes_three() {
    for n in [1, 10, 1000] {
        let handles = || (0..n).map(|n| Waitable::new(ready(n)));
        let all = count(|| {
            let mut completed = as_completed(handles());
            while now(completed.next()).is_some() {}
        });
        let in_time = count(|| {
            let mut completed = as_completed(handles()).timeout(pending());
            while now(completed.next()).is_some() {}
        });
        assert_eq!((all, in_time), (3, 3), "as completed, of {n}");
    }
    let keyed = |n| Keyed(Waitable::new(ready(n)), n);
    for n in [1, 10, 1000] {
        let keyed = || (0..n).map(keyed);
        assert_eq!(count(|| as_completed(keyed()).len()), 4, "{n} with keys");
    }

    let at_the_limit = count(|| {
        let handles = (0..1000).map(|n| Waitable::new(ready(n)));
        let mut completed = as_completed(handles).timeout(ready(()));
        while now(completed.next()).is_some() {}
    });
    assert!(at_the_limit <= 3 + 10, "{at_the_limit} for a thousand");
}
