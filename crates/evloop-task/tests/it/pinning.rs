//! The promise of `Pin`: memory of a pinned future is not used for anything else before its
//! destructor ran. An allocator watches over it.
//!
//! # Invariants
//!
//! 1. Every request goes to the system's allocator unchanged; the watching beside it allocates
//!    nothing.

#![expect(unsafe_code, reason = "an allocator is an unsafe trait to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use evloop_fixtures::{in_thread, join, watched};
use evloop_task::{Builder, Runnable};

use crate::by_hand::ByHand;

struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

static WATCHED: AtomicUsize = AtomicUsize::new(0);
static FREED: AtomicBool = AtomicBool::new(false);

// SAFETY: (1) the system's allocator keeps the contract.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: (1) as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let watched = WATCHED.load(Ordering::Relaxed);
        if (block.addr()..block.addr() + layout.size()).contains(&watched) {
            FREED.store(true, Ordering::SeqCst);
        }
        // SAFETY: (1) as promised by our caller.
        unsafe { System.dealloc(block, layout) }
    }
}

/// A future that, as one in an intrusive list does, relies on its destructor.
struct Listed {
    place: Arc<AtomicUsize>,
    is_gone: Arc<AtomicBool>,
    _pinned: PhantomPinned,
}

impl Future for Listed {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        self.place
            .store(std::ptr::from_ref(&*self).addr(), Ordering::SeqCst);
        Poll::Pending
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.is_gone.store(true, Ordering::SeqCst);
    }
}

/// Plays a local task whose second step another thread gets hold of.
fn check(other_thread: fn(Runnable)) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Arc::new(AtomicUsize::new(0));
    let is_gone = Arc::new(AtomicBool::new(false));
    let scheduler = ByHand::new();
    let listed = Listed {
        place: Arc::clone(&place),
        is_gone: Arc::clone(&is_gone),
        _pinned: PhantomPinned,
    };
    let task = Builder::new().spawn_local(scheduler, listed);
    scheduler.run();
    FREED.store(false, Ordering::SeqCst);
    WATCHED.store(place.load(Ordering::SeqCst), Ordering::SeqCst);

    scheduler.tasks()[0].wake();
    let step = scheduler.next_step().expect("the task was woken");
    join(in_thread(move || other_thread(step)));
    drop(task);

    let is_gone = is_gone.load(Ordering::SeqCst);
    let is_freed = FREED.load(Ordering::SeqCst);
    assert!(is_gone || !is_freed, "freed under a pinned future");
}

#[test]
fn a_local_task_dropped_elsewhere_keeps_the_promise_of_pin() {
    watched(|| check(drop));
}

#[test]
fn a_local_task_run_elsewhere_keeps_the_promise_of_pin() {
    watched(|| check(Runnable::run));
}
