//! The ready list, its wakers and the parent's waker under every interleaving.
//!
//! Run with `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test --release --test loom`.
//!
//! The models use the public interface, so what they run is the code that is shipped; only its
//! atomics and allocator are loom's. A lost wake ends in a deadlock, which loom reports; so does it
//! report an access to a parent cell that races with another, and a block that is never freed.

#![cfg(loom)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize as Count, Ordering as CountOrdering};
use std::sync::{Arc as StdArc, Mutex as StdMutex};
use std::task::{Context, Poll, Wake, Waker};

use evloop_combinators::{Completion, FirstCompleted, WaitSet, gather, wait};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;

/// A child that another thread finishes: it leaves its waker once, in its first poll.
///
/// The flag is relaxed and the waker is handed over before the threads start, so that nothing
/// but the ready list orders the flag before the poll that has to see it.
#[derive(Clone)]
struct Child {
    is_open: Arc<AtomicBool>,
    waker: StdArc<StdMutex<Option<Waker>>>,
}

impl Child {
    fn new() -> Self {
        Self {
            is_open: Arc::new(AtomicBool::new(false)),
            waker: StdArc::default(),
        }
    }

    fn waker(&self) -> Waker {
        self.waker
            .lock()
            .unwrap()
            .take()
            .expect("it was polled once")
    }

    fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }
}

impl Future for Child {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_open() {
            return Poll::Ready(());
        }
        self.waker
            .lock()
            .unwrap()
            .get_or_insert_with(|| cx.waker().clone());
        Poll::Pending
    }
}

struct Handle {
    child: Child,
    is_done: bool,
}

impl Completion for Handle {
    type Output = ();

    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_done {
            std::task::ready!(Pin::new(&mut self.child).poll(cx));
            self.is_done = true;
        }
        Poll::Ready(())
    }

    fn output(&self) -> Option<&()> {
        self.is_done.then_some(&())
    }
}

struct Parent(Notify);

impl Wake for Parent {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.0.notify();
    }
}

fn parent() -> (StdArc<Parent>, Waker) {
    let parent = StdArc::new(Parent(Notify::new()));
    let waker = StdArc::clone(&parent).into();
    (parent, waker)
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Polls whenever it is woken; a lost wake is a deadlock.
fn finish<F: Future>(mut future: Pin<&mut F>, parent: &Parent, waker: &Waker) -> F::Output {
    loop {
        parent.0.wait();
        if let Poll::Ready(output) = poll(future.as_mut(), waker) {
            return output;
        }
    }
}

/// Handles of the children, registered by a first `next` that is dropped.
fn registered(children: &[Child], waker: &Waker) -> WaitSet<Handle> {
    let handles = children.iter().map(|child| Handle {
        child: child.clone(),
        is_done: false,
    });
    let mut set: WaitSet<Handle> = handles.collect();
    assert!(poll(pin!(set.next()), waker).is_pending());
    set
}

fn open(child: &Child) -> thread::JoinHandle<()> {
    let (is_open, waker) = (Arc::clone(&child.is_open), child.waker());
    thread::spawn(move || {
        is_open.store(true, Ordering::Relaxed);
        waker.wake();
    })
}

/// Runs a model and checks that it had something to explore.
fn explore(model: impl Fn() + Sync + Send + 'static) {
    let n_iterations = StdArc::new(Count::new(0));
    let counted = StdArc::clone(&n_iterations);
    loom::model(move || {
        counted.fetch_add(1, CountOrdering::Relaxed);
        model();
    });
    assert!(
        n_iterations.load(CountOrdering::Relaxed) > 1,
        "nothing was explored"
    );
}

/// Enqueue against drain against park.
#[test]
fn two_children_finished_by_two_threads_are_both_seen() {
    explore(|| {
        let (parent, waker) = parent();
        let children = [Child::new(), Child::new()];
        let mut gathered = pin!(gather(children.clone()));
        assert!(poll(gathered.as_mut(), &waker).is_pending());
        let threads = children.each_ref().map(open);

        finish(gathered, &parent, &waker);

        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

/// A wake that finds the child queued already must be seen by the poll that it relies on.
#[test]
fn a_wake_that_finds_the_child_queued_is_not_lost() {
    explore(|| {
        let (parent, waker) = parent();
        let child = Child::new();
        let mut gathered = pin!(gather([child.clone()]));
        assert!(poll(gathered.as_mut(), &waker).is_pending());
        let child_waker = child.waker();
        let spurious = {
            let waker = child_waker.clone();
            thread::spawn(move || waker.wake())
        };
        let is_open = Arc::clone(&child.is_open);
        let opener = thread::spawn(move || {
            is_open.store(true, Ordering::Relaxed);
            child_waker.wake();
        });

        finish(gathered, &parent, &waker);

        spurious.join().unwrap();
        opener.join().unwrap();
    });
}

/// Enqueue against drop: the block is freed once, by whoever has the last reference.
#[test]
fn wakers_outlive_a_gather_that_is_dropped_meanwhile() {
    explore(|| {
        let (parent, waker) = parent();
        let children = [Child::new(), Child::new()];
        let mut gathered = Box::pin(gather(children.clone()));
        assert!(poll(gathered.as_mut(), &waker).is_pending());
        let threads = children.each_ref().map(open);

        drop(gathered);

        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        drop(waker);
        assert_eq!(
            StdArc::strong_count(&parent),
            1,
            "the parent's waker was given back"
        );
    });
}

/// The parent moves to another task while a child is being woken.
#[test]
fn a_wake_while_the_parent_changes_reaches_the_last_parent_or_is_seen_by_it() {
    explore(|| {
        let ((_, first), (last, last_waker)) = (parent(), parent());
        let children = [Child::new(), Child::new()];
        let mut gathered = pin!(gather(children.clone()));
        assert!(poll(gathered.as_mut(), &first).is_pending());
        let threads = children.each_ref().map(open);

        if poll(gathered.as_mut(), &last_waker).is_pending() {
            finish(gathered, &last, &last_waker);
        }

        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

/// What finishes between two waits is found by the second.
#[test]
fn the_pending_set_is_passed_on_without_losing_a_wake() {
    explore(|| {
        let (parent, waker) = parent();
        let children = [Child::new(), Child::new()];
        let handles = children.clone().map(|child| Handle {
            child,
            is_done: false,
        });
        let mut waiting = Box::pin(wait(handles).return_when(FirstCompleted));
        assert!(poll(waiting.as_mut(), &waker).is_pending());
        let threads = children.each_ref().map(open);

        let mut n_done = 0;
        loop {
            let (done, pending) = finish(waiting.as_mut(), &parent, &waker).unwrap();
            n_done += done.len();
            if pending.is_empty() {
                break;
            }
            waiting = Box::pin(pending.wait().return_when(FirstCompleted));
            if let Poll::Ready(end) = poll(waiting.as_mut(), &waker) {
                n_done += end.unwrap().0.len();
                break;
            }
        }

        assert_eq!(n_done, 2);
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

/// The list is taken without an exchange, over several polls, and pushed to meanwhile.
#[test]
fn next_gives_every_member_once_and_parks_over_no_push() {
    explore(|| {
        let (parent, waker) = parent();
        let children = [Child::new(), Child::new()];
        let mut set = registered(&children, &waker);
        let threads = children.each_ref().map(open);

        let mut n_done = 0;
        loop {
            let next = match poll(pin!(set.next()), &waker) {
                Poll::Ready(next) => next,
                Poll::Pending => finish(pin!(set.next()), &parent, &waker),
            };
            if next.is_none() {
                break;
            }
            n_done += 1;
        }

        assert_eq!(n_done, 2);
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

/// A member that was visited is pushed again on top of itself while the owner is about to park.
#[test]
fn a_member_that_is_woken_again_and_again_is_seen_each_time() {
    explore(|| {
        let (parent, waker) = parent();
        let child = Child::new();
        let mut set = registered(std::slice::from_ref(&child), &waker);
        let child_waker = child.waker();
        let is_open = Arc::clone(&child.is_open);
        let opener = thread::spawn(move || {
            child_waker.wake_by_ref();
            is_open.store(true, Ordering::Relaxed);
            child_waker.wake();
        });

        assert!(finish(pin!(set.next()), &parent, &waker).is_some());

        opener.join().unwrap();
        assert!(set.is_empty());
    });
}

/// Staying parked, and taking a parked waker back for another parent's.
#[test]
fn next_of_another_task_takes_the_place_of_one_that_is_parked() {
    explore(|| {
        let ((_, first), (last, last_waker)) = (parent(), parent());
        let child = Child::new();
        let mut set = registered(std::slice::from_ref(&child), &first);
        let opener = open(&child);

        let is_done = poll(pin!(set.next()), &last_waker).is_ready()
            || poll(pin!(set.next()), &last_waker).is_ready();
        if !is_done {
            assert!(finish(pin!(set.next()), &last, &last_waker).is_some());
        }

        opener.join().unwrap();
        assert!(set.is_empty());
    });
}
