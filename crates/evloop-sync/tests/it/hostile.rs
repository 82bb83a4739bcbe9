//! Wakers that use the primitive they wait for, whenever they are cloned, woken or dropped; and that panic.
//!
//! # Invariants
//!
//! 1. The data of a hostile waker is an `Arc<Hostile>` turned into a raw pointer; each waker owns one
//!    count.

#![expect(
    unsafe_code,
    reason = "a waker whose clone and drop do something has a table of its own"
)]

use std::cell::Cell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use std::time::Duration;

use evloop_sync::{Barrier, Condition, Event, Lock, Queue, RwLock, Semaphore, Shutdown};

use crate::support::{Polled, at_once};

/// How long a test may take that ends at once, unless it hangs.
const LIMIT: Duration = Duration::from_secs(10);

thread_local! {
    /// What is called from inside is not called again from there.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// What a waker does in each of its functions.
struct Hostile {
    act: Box<dyn Fn() + Send + Sync>,
    n_acts: AtomicUsize,
}

impl Hostile {
    fn act(&self) {
        if !IS_INSIDE.replace(true) {
            self.n_acts.fetch_add(1, Ordering::SeqCst);
            let result = catch_unwind(AssertUnwindSafe(&self.act));
            IS_INSIDE.set(false);
            if let Err(payload) = result {
                std::panic::resume_unwind(payload);
            }
        }
    }

    fn waker(self: &Arc<Self>) -> Waker {
        let data = Arc::into_raw(Arc::clone(self)).cast();
        // SAFETY: (1) the count that was just made is the waker's.
        unsafe { Waker::new(data, &HOSTILE) }
    }
}

static HOSTILE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let own = borrowed(data);
        own.act();
        RawWaker::new(Arc::into_raw(Arc::clone(&own)).cast(), &HOSTILE)
    },
    |data| {
        let own = owned(data);
        own.act();
    },
    |data| borrowed(data).act(),
    |data| owned(data).act(),
);

fn owned(data: *const ()) -> Arc<Hostile> {
    // SAFETY: (1) the waker is consumed, and its count goes with it.
    unsafe { Arc::from_raw(data.cast::<Hostile>()) }
}

fn borrowed(data: *const ()) -> ManuallyDrop<Arc<Hostile>> {
    ManuallyDrop::new(owned(data))
}

/// A future that is polled by hand.
type Waits<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One primitive, for which there is nothing to have at first.
struct Subject {
    /// Uses it in all ways that do not change for long whether there is something.
    act: Box<dyn Fn() + Send + Sync>,
    /// Waits for something.
    wait: Box<dyn Fn() -> Waits<'static> + Send>,
    /// Gives whoever waits something.
    give: Box<dyn FnOnce() + Send>,
}

/// Runs a test that must end soon.
fn guarded(test: impl FnOnce() + Send + 'static) {
    let (ends, end) = channel();
    let thread = thread::Builder::new().spawn(move || {
        test();
        ends.send(()).ok();
    });
    let thread = thread.expect("there is room for a thread");
    let result = end.recv_timeout(LIMIT);
    assert!(result.is_ok() || thread.is_finished(), "it hangs");
    if let Err(payload) = thread.join() {
        std::panic::resume_unwind(payload);
    }
}

/// Clones, wakes, replaces and drops hostile wakers in the queue of a primitive.
fn survives(subject: impl FnOnce() -> Subject + Send + 'static) {
    guarded(|| {
        let Subject { act, wait, give } = subject();
        let n_acts = AtomicUsize::new(0);
        let [first, second] = {
            let act = Arc::new(act);
            [(); 2].map(|()| {
                let act = Arc::clone(&act);
                Arc::new(Hostile {
                    act: Box::new(move || act()),
                    n_acts: AtomicUsize::new(0),
                })
            })
        };
        let (first_waker, second_waker) = (first.waker(), second.waker());
        let poll = |waits: &mut Waits<'static>, waker: &Waker| {
            waits.as_mut().poll(&mut Context::from_waker(waker))
        };

        let mut waiting = [(); 3].map(|()| wait());
        for waits in &mut waiting {
            assert!(poll(waits, &first_waker).is_pending());
        }
        assert!(poll(&mut waiting[1], &first_waker).is_pending(), "again");
        assert!(poll(&mut waiting[1], &second_waker).is_pending(), "moved");
        let [stays, leaves, _] = &mut waiting;
        drop(std::mem::replace(leaves, wait()));
        give();

        assert!(poll(stays, &first_waker).is_ready());
        drop(waiting);
        drop((first_waker, second_waker));
        n_acts.fetch_add(first.n_acts.load(Ordering::SeqCst), Ordering::SeqCst);
        assert!(n_acts.into_inner() > 3, "it was as hostile as it can be");
    });
}

#[test]
fn museum_bm78_wakers_that_use_their_lock_do_not_deadlock() {
    survives(|| {
        let lock = Arc::new(Lock::new(()));
        let guard = lock.try_acquire_owned();
        let (acts, waits) = (Arc::clone(&lock), Arc::clone(&lock));
        Subject {
            act: Box::new(move || {
                drop(at_once(acts.acquire()));
                drop(acts.try_acquire());
                drop(format!("{acts:?}"));
            }),
            wait: Box::new(move || {
                let acquire = waits.acquire_owned();
                Box::pin(async { drop(acquire.await) })
            }),
            give: Box::new(|| drop(guard)),
        }
    });
}

#[test]
fn museum_bm78_wakers_that_use_their_lock_for_readers_do_not_deadlock() {
    survives(|| {
        let lock = Arc::new(RwLock::new(()));
        let guard = lock.try_write_owned();
        let (acts, waits) = (Arc::clone(&lock), Arc::clone(&lock));
        Subject {
            act: Box::new(move || {
                drop(at_once(acts.read()));
                drop(at_once(acts.write()));
                drop(format!("{acts:?}"));
            }),
            wait: Box::new(move || {
                let read = waits.read_owned();
                Box::pin(async { drop(read.await) })
            }),
            give: Box::new(|| drop(guard)),
        }
    });
}

#[test]
fn museum_bm78_wakers_that_use_their_semaphore_do_not_deadlock() {
    survives(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let (acts, waits) = (Arc::clone(&semaphore), Arc::clone(&semaphore));
        Subject {
            act: Box::new(move || {
                drop(at_once(acts.acquire_many(2)));
                acts.release(0).expect("it changes nothing");
                drop(format!("{acts:?}"));
            }),
            wait: Box::new(move || {
                let acquire = waits.acquire_owned();
                Box::pin(async { drop(acquire.await) })
            }),
            give: Box::new(move || semaphore.release(2).expect("there are few")),
        }
    });
}

#[test]
fn museum_bm78_wakers_that_use_their_event_do_not_deadlock() {
    survives(|| {
        let event = Arc::new(Event::new());
        let (acts, waits) = (Arc::clone(&event), Arc::clone(&event));
        Subject {
            act: Box::new(move || {
                at_once(acts.wait());
                acts.clear();
                drop(format!("{acts:?}"));
            }),
            wait: Box::new(move || {
                let waits = Arc::clone(&waits);
                Box::pin(async move { waits.wait().await })
            }),
            give: Box::new(move || event.set()),
        }
    });
}

#[test]
fn museum_bm78_wakers_that_use_their_condition_do_not_deadlock() {
    survives(|| {
        let both = Arc::new((Lock::new(()), Condition::new()));
        let (acts, waits) = (Arc::clone(&both), Arc::clone(&both));
        Subject {
            act: Box::new(move || {
                if let Some(guard) = acts.0.try_acquire() {
                    drop(at_once(acts.1.wait(guard)));
                }
                drop(format!("{acts:?}"));
            }),
            wait: Box::new(move || {
                let waits = Arc::clone(&waits);
                Box::pin(async move {
                    let guard = waits.0.acquire().await;
                    drop(waits.1.wait(guard).await);
                })
            }),
            give: Box::new(move || {
                let guard = both.0.try_acquire().expect("who waits has unlocked");
                both.1.notify(1, &guard);
                both.1.notify_all(&guard);
            }),
        }
    });
}

#[test]
fn museum_bm78_wakers_that_use_their_barrier_do_not_deadlock() {
    survives(|| {
        let barrier = Arc::new(Barrier::new(4));
        let (acts, waits) = (Arc::clone(&barrier), Arc::clone(&barrier));
        Subject {
            act: Box::new(move || {
                // One that is always the last would end it.
                if acts.n_waiting() < 3 {
                    at_once(async { acts.wait().await.ok() });
                }
                drop(format!("{acts:?}"));
            }),
            wait: Box::new(move || {
                let waits = Arc::clone(&waits);
                Box::pin(async move {
                    waits.wait().await.ok();
                })
            }),
            give: Box::new(move || barrier.reset()),
        }
    });
}

#[test]
fn museum_bm78_wakers_that_use_their_queue_to_get_do_not_deadlock() {
    survives(|| {
        let queue = Arc::new(Queue::unbounded());
        let (acts, waits) = (Arc::clone(&queue), Arc::clone(&queue));
        Subject {
            act: Box::new(move || {
                at_once(async { acts.get().await.ok() });
                at_once(acts.join());
                acts.task_done().ok();
                drop(format!("{acts:?}"));
            }),
            wait: Box::new(move || {
                let waits = Arc::clone(&waits);
                Box::pin(async move { assert_eq!(waits.get().await, Ok(1)) })
            }),
            give: Box::new(move || {
                // Whoever is woken may take one.
                IS_INSIDE.set(true);
                queue.put_nowait(1).expect("there is room");
                queue.put_nowait(1).expect("there is room");
                IS_INSIDE.set(false);
            }),
        }
    });
}

#[test]
fn museum_bm78_wakers_that_use_their_queue_to_put_do_not_deadlock() {
    survives(|| {
        let queue = Arc::new(Queue::bounded(1).expect("it is not 0"));
        queue.put_nowait(0).expect("there is room");
        let (acts, waits) = (Arc::clone(&queue), Arc::clone(&queue));
        Subject {
            act: Box::new(move || {
                at_once(async { acts.put(2).await.ok() });
                acts.put_nowait(3).ok();
                drop(format!("{acts:?}"));
            }),
            wait: Box::new(move || {
                let waits = Arc::clone(&waits);
                Box::pin(async move { drop(waits.put(1).await) })
            }),
            give: Box::new(move || {
                queue.get_nowait().expect("there is an item");
                queue.shutdown(Shutdown::Immediate);
            }),
        }
    });
}

/// Panics when it is woken, with something that panics when it is dropped.
fn mined() -> Arc<Hostile> {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("mine in the payload");
        }
    }
    Arc::new(Hostile {
        act: Box::new(|| std::panic::panic_any(Payload)),
        n_acts: AtomicUsize::new(0),
    })
}

/// Polls once with a waker that panics when it is woken, and at no other time.
fn poll_mined<F: Future>(waits: Pin<&mut F>, hostile: &Arc<Hostile>) -> Poll<F::Output> {
    IS_INSIDE.set(true);
    let waker = hostile.waker();
    let poll = waits.poll(&mut Context::from_waker(&waker));
    drop(waker);
    IS_INSIDE.set(false);
    poll
}

#[test]
fn a_waker_that_panics_reaches_neither_who_wakes_nor_who_is_woken_next() {
    guarded(|| {
        let (event, semaphore) = (Event::new(), Semaphore::new(0));
        let mined = mined();
        let mut waits = Box::pin(event.wait());
        let mut acquires = Box::pin(semaphore.acquire());
        assert!(poll_mined(waits.as_mut(), &mined).is_pending());
        assert!(poll_mined(acquires.as_mut(), &mined).is_pending());
        let next = (
            Polled::waiting(event.wait()),
            Polled::waiting(semaphore.acquire()),
        );

        event.set();
        semaphore.release(2).expect("there are few");

        assert_eq!(mined.n_acts.load(Ordering::SeqCst), 2);
        next.0.woken();
        drop(next.1.woken());
        assert!(at_once(waits).is_some());
        assert!(at_once(acquires).is_some());
    });
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_the_primitive_as_it_was() {
    guarded(|| {
        let lock = Lock::new(());
        let guard = lock.try_acquire();
        let mined = mined();
        let waker = ManuallyDrop::new(mined.waker());
        let mut acquires = Box::pin(lock.acquire());

        let poll = AssertUnwindSafe(|| {
            acquires
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready()
        });
        let payload = catch_unwind(poll).expect_err("its clone panics");
        std::mem::forget(payload);

        assert_eq!(format!("{lock:?}"), "<Lock [locked]>");
        drop(guard);
        assert!(at_once(acquires).is_some());
        IS_INSIDE.set(true);
        drop(ManuallyDrop::into_inner(waker));
    });
}
