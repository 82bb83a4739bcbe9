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

use evloop_sync::{
    Barrier, Condition, Event, Fifo, Lifo, Lock, LowestFirst, Order, OrderedQueue, Queue, RwLock,
    Semaphore,
};

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

fn n_allocations(f: impl FnOnce()) -> usize {
    let before = N_ALLOCATIONS.get();
    f();
    N_ALLOCATIONS.get() - before
}

/// Does it twice, and gives the allocations of the second time.
fn second_time(mut f: impl FnMut()) -> usize {
    f();
    n_allocations(f)
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

fn check_queue<O: Order<u32>>() {
    let bounded = OrderedQueue::<u32, O>::bounded(64).expect("there is room");
    let unbounded = OrderedQueue::<u32, O>::unbounded();
    let full = OrderedQueue::<u32, O>::bounded(1).expect("there is room");
    full.put_nowait(0).expect("there is room");

    let passes = |queue: &OrderedQueue<u32, O>| {
        for n in 0..64 {
            queue.put_nowait(n).expect("there is room");
        }
        for _ in 0..64 {
            queue.get_nowait().expect("it was put");
            queue.task_done().expect("it was put");
        }
    };
    let n_allocations = [
        second_time(|| passes(&bounded)),
        second_time(|| passes(&unbounded)),
        waits!(bounded.get(), || bounded
            .put_nowait(1)
            .expect("there is room")),
        waits!(full.put(1), || drop(full.get_nowait())),
        waits!(full.join(), {
            full.get_nowait().expect("it is full");
            full.put_nowait(2).expect("there is room");
            || while full.task_done().is_ok() {}
        }),
    ];

    // The three that join are woken together, from one list.
    assert_eq!(n_allocations, [0, 0, 0, 0, 1]);
}

#[test]
fn a_queue_allocates_nothing_once_it_has_had_its_size() {
    check_queue::<Fifo>();
    check_queue::<Lifo>();
    check_queue::<LowestFirst>();
}

/// What it costs a queue to have had its size: the list of the waiters, which is kept, and the items.
#[test]
fn the_first_to_wait_allocates_once() {
    let queue = Queue::<u8>::unbounded();
    let mut cx = Context::from_waker(Waker::noop());
    let mut waits = [(); 4].map(|()| Box::pin(queue.get()));

    let of_each = waits
        .each_mut()
        .map(|wait| n_allocations(|| assert!(wait.as_mut().poll(&mut cx).is_pending())));

    assert_eq!(of_each, [1, 0, 0, 0]);
    assert_eq!(n_allocations(|| queue.put_nowait(1).unwrap()), 1);
    assert_eq!(n_allocations(|| queue.put_nowait(2).unwrap()), 0);
}
