//! What waits allocates nothing, once the queue has had its size.
//!
//! # Invariants
//!
//! 1. Every request goes to the system's allocator unchanged; the counting beside it allocates nothing.

#![expect(unsafe_code, reason = "an allocator is an unsafe trait to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use evloop_sync::{Barrier, Condition, Event, Lock, RwLock, Semaphore};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static N_ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: (1) the system's allocator keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        N_ALLOCATIONS.set(N_ALLOCATIONS.get() + 1);
        // SAFETY: (1) as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: (1) as promised by our caller.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Does it twice, and gives the allocations of the second time.
fn second_time(mut f: impl FnMut()) -> usize {
    f();
    let before = N_ALLOCATIONS.get();
    f();
    N_ALLOCATIONS.get() - before
}

/// Three that wait, until `give` lets the first go on; the others leave.
macro_rules! waits {
    ($wait:expr, $give:expr) => {
        second_time(|| {
            let mut cx = Context::from_waker(Waker::noop());
            let give = $give;
            let (mut a, mut b, mut c) = (pin!($wait), pin!($wait), pin!($wait));
            assert!(a.as_mut().poll(&mut cx).is_pending());
            assert!(b.as_mut().poll(&mut cx).is_pending());
            assert!(c.as_mut().poll(&mut cx).is_pending());
            give();
            assert!(a.as_mut().poll(&mut cx).is_ready());
        })
    };
}

#[test]
fn a_wait_allocates_nothing() {
    let (lock, rw_lock, semaphore) = (Lock::new(()), RwLock::new(()), Semaphore::new(1));
    let (event, changed) = (Event::new(), Condition::new());

    let n_allocations = [
        waits!(lock.acquire(), {
            let guard = lock.try_acquire();
            || drop(guard)
        }),
        waits!(rw_lock.write(), {
            let guard = rw_lock.try_read();
            || drop(guard)
        }),
        waits!(semaphore.acquire(), {
            let permit = semaphore.try_acquire();
            || drop(permit)
        }),
        waits!(async { changed.wait(lock.acquire().await).await }, || {
            changed.notify(1, &lock.try_acquire().expect("it is free"));
        }),
        waits!(event.wait(), || {
            event.set();
            event.clear();
        }),
    ];

    assert_eq!(n_allocations, [0; 5]);
}

#[test]
fn a_meeting_allocates_nothing() {
    let barrier = Barrier::new(2);
    let meets = || {
        let mut cx = Context::from_waker(Waker::noop());
        let (mut a, mut b) = (pin!(barrier.wait()), pin!(barrier.wait()));
        assert!(a.as_mut().poll(&mut cx).is_pending());
        assert!(b.as_mut().poll(&mut cx).is_ready());
        assert!(a.as_mut().poll(&mut cx).is_ready());
    };
    assert_eq!(second_time(meets), 0);
}
