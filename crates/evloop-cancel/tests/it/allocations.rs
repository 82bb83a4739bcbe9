//! Scopes that nobody asks anything of allocate nothing, and deliveries leave nothing behind.
//!
//! # Invariants
//!
//! 1. Every request goes to the system's allocator unchanged; the counting beside it allocates
//!    nothing.

#![expect(unsafe_code, reason = "an allocator is an unsafe trait to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::task::{Context, Waker};

use evloop_cancel::{
    CancelScope, Cancelled, catch_cancel, finally_within, hold_cancel, host, on_cancel,
    timeout_scope,
};
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::support::{End, Task, yield_once};

/// Counts the allocations of each thread, and the bytes it has in use.
struct Counting;

thread_local! {
    static N_ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static N_BYTES: Cell<isize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: (1) the system's allocator keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        N_ALLOCATIONS.set(N_ALLOCATIONS.get() + 1);
        N_BYTES.set(N_BYTES.get() + layout.size().cast_signed());
        // SAFETY: (1) as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        N_BYTES.set(N_BYTES.get() - layout.size().cast_signed());
        // SAFETY: (1) as promised by our caller.
        unsafe { System.dealloc(block, layout) }
    }
}

fn count<T>(f: impl FnOnce() -> T) -> usize {
    let before = N_ALLOCATIONS.get();
    let result = f();
    let after = N_ALLOCATIONS.get();
    drop(result);
    after - before
}

/// The allocations of a task's first `n_polls` polls of `future`, which it has to end with.
fn count_polls<T>(n_polls: usize, future: impl Future<Output = T>) -> usize {
    let mut future = pin!(future);
    let waker = Waker::noop();
    count(|| {
        for n in 1..=n_polls {
            let step = || future.as_mut().poll(&mut Context::from_waker(waker));
            let (polled, _is_open) = host::step(&(), Some(waker), step, drop);
            assert_eq!(polled.is_ready(), n == n_polls);
        }
    })
}

#[test]
fn an_unused_scope_allocates_nothing() {
    assert_eq!(count_polls(1, catch_cancel(ready(()))), 0);
    assert_eq!(count_polls(2, catch_cancel(yield_once())), 0);
    assert_eq!(count_polls(2, on_cancel(yield_once(), pending::<()>)), 0);
    assert_eq!(count_polls(2, hold_cancel(yield_once())), 0);
    let budget = pending::<()>();
    let finally = finally_within(budget, yield_once(), pending::<()>);
    assert_eq!(count_polls(2, finally), 0);
    let limited = timeout_scope(pending::<()>(), yield_once());
    assert_eq!(count_polls(2, limited), 0);
    let nested = catch_cancel(timeout_scope(pending::<()>(), hold_cancel(yield_once())));
    assert_eq!(count_polls(2, nested), 0);
}

#[test]
fn a_thousand_scopes_one_after_the_other_allocate_nothing() {
    let opens = async {
        for _ in 0..1_000 {
            let _done = catch_cancel(catch_cancel(ready(()))).await;
        }
    };
    assert_eq!(count_polls(1, opens), 0);
}

#[test]
fn a_cancel_scope_is_one_allocation() {
    assert_eq!(count(CancelScope::new), 1);
    let scope = CancelScope::new();
    assert_eq!(count_polls(2, scope.run(yield_once())), 0);
}

#[test]
fn an_expiry_that_nobody_catches_allocates_nothing() {
    let timer = yield_once();
    assert_eq!(count_polls(2, timeout_scope(timer, pending::<()>())), 0);
}

/// Bytes that stay in use when `round` is run once more, after a warm-up.
fn growth(mut round: impl FnMut()) -> isize {
    for _ in 0..100 {
        round();
    }
    let before = N_BYTES.get();
    for _ in 0..1_000 {
        round();
    }
    N_BYTES.get() - before
}

/// One request for ever: its token is dropped into one fresh scope after the other.
#[test]
fn a_long_lived_delivery_does_not_grow() {
    let mut n_bytes = Vec::with_capacity(16);
    let mut task = Task::new(async {
        let mut token = catch_cancel(pending::<()>()).await.unwrap_err();
        for n in 0..10_000 {
            let again = catch_cancel(timeout_scope(pending::<()>(), async {
                drop(token);
                pending::<()>().await;
            }));
            token = again.await.unwrap_err();
            if n % 1_000 == 999 {
                n_bytes.push(N_BYTES.get());
            }
        }
        token.swallow();
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(())));
    drop(task);
    assert!(
        n_bytes.windows(2).all(|two| two[0] == two[1]),
        "{n_bytes:?}"
    );
}

/// The same below a token that stays undecided, in scopes that return.
#[test]
fn a_delivery_with_an_undecided_token_does_not_grow() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut task = Task::new(scope.run(async {
        let _parked = catch_cancel(pending::<()>()).await.unwrap_err();
        loop {
            let refused = catch_cancel(pending::<()>()).await.unwrap_err();
            refused.swallow();
        }
    }));
    let _: Option<End<Result<(), _>>> = task.run();
    let grown = growth(|| {
        handle.cancel();
        assert!(task.run().is_none());
    });
    assert_eq!(grown, 0);
}

#[test]
fn remote_scopes_that_come_and_go_leave_nothing_behind() {
    let mut task = Task::new(async {
        loop {
            let mut set = FuturesUnordered::new();
            set.push(catch_cancel(pending::<()>()));
            let _polled = futures_util::poll!(set.next());
            drop(set);
            yield_once().await;
        }
    });
    let grown = growth(|| {
        let end: Option<End<()>> = task.step();
        assert!(end.is_none());
    });
    assert_eq!(grown, 0);
}

#[test]
fn a_refused_request_leaves_nothing_behind() {
    let mut task = Task::new(async {
        loop {
            let caught: Result<(), Cancelled> = catch_cancel(pending()).await;
            caught.unwrap_err().swallow();
        }
    });
    let end: Option<End<()>> = task.run();
    assert!(end.is_none());
    let grown = growth(|| {
        task.cancel();
        assert!(task.run().is_none());
    });
    assert_eq!(grown, 0);
}

#[test]
fn a_poll_that_waits_for_others_does_not_grow() {
    let mut task = Task::new(async {
        let _token = catch_cancel(pending::<()>()).await.unwrap_err();
        loop {
            catch_cancel(yield_once()).await.unwrap();
        }
    });
    let end: Option<End<()>> = task.run();
    assert!(end.is_none());
    task.cancel();
    let grown = growth(|| {
        let end: Option<End<()>> = task.step();
        assert!(end.is_none());
    });
    assert_eq!(grown, 0);
}
