//! Waiters that are given something: only a strike between the gift and the next poll shows whether
//! they pass it on.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use evloop_task::{create_task_local, yield_now};
use evloop_test::{CancelAtEachAwait, Failure, Mode, Report};

/// A lock that is handed over to the first waiter.
#[derive(Default)]
struct Lock {
    is_taken: Cell<bool>,
    waiters: RefCell<VecDeque<Rc<Waiter>>>,
}

struct Waiter {
    waker: RefCell<Waker>,
    is_granted: Cell<bool>,
}

/// Whether a waiter that is dropped looks at what it was given.
#[derive(Clone, Copy, PartialEq)]
enum Drops {
    PassOn,
    Forget,
}

struct Waiting<'a> {
    lock: &'a Lock,
    waiter: Option<Rc<Waiter>>,
    drops: Drops,
}

impl Lock {
    fn release(&self) {
        match self.waiters.borrow_mut().pop_front() {
            None => self.is_taken.set(false),
            Some(first) => {
                first.is_granted.set(true);
                first.waker.borrow().wake_by_ref();
            }
        }
    }

    async fn acquire(&self, drops: Drops) {
        let mut waiting = Waiting {
            lock: self,
            waiter: None,
            drops,
        };
        poll_fn(|cx| {
            let Some(waiter) = &waiting.waiter else {
                if !self.is_taken.replace(true) {
                    return Poll::Ready(());
                }
                let waiter = Rc::new(Waiter {
                    waker: RefCell::new(cx.waker().clone()),
                    is_granted: Cell::new(false),
                });
                self.waiters.borrow_mut().push_back(Rc::clone(&waiter));
                waiting.waiter = Some(waiter);
                return Poll::Pending;
            };
            match waiter.is_granted.get() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        waiting.waiter = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter.take() else {
            return;
        };
        let mut waiters = self.lock.waiters.borrow_mut();
        waiters.retain(|other| !Rc::ptr_eq(other, &waiter));
        drop(waiters);
        if waiter.is_granted.get() && self.drops == Drops::PassOn {
            self.lock.release();
        }
    }
}

/// Somebody else holds the lock for a while; afterwards it must be free.
fn test(drops: Drops) -> Result<Report, Failure> {
    let scenario = async |lock: &Rc<Lock>| {
        lock.acquire(drops).await;
        let other = Rc::clone(lock);
        create_task_local(async move { other.release() }).detach();
        lock.acquire(drops).await;
        lock.release();
    };
    let mut is_begun = false;
    CancelAtEachAwait::new().try_check_with(Rc::<Lock>::default, scenario, |lock, run| {
        is_begun |= run.n_suspensions() > 0;
        assert!(!lock.is_taken.get(), "nobody holds it, and it is taken");
    })
}

#[test]
fn a_waiter_that_passes_on_what_it_was_given_is_right() {
    let report = test(Drops::PassOn).unwrap();

    assert_eq!((report.n_suspensions, report.n_runs), (1, 6));
}

#[test]
fn a_waiter_that_loses_what_it_was_given_is_found() {
    let failure = test(Drops::Forget).unwrap_err();

    assert!(failure.is_refused(), "{failure}");
    assert_eq!(failure.fault(), Some(Mode::DropWoken.at(1)));
}

#[test]
fn a_wake_up_that_comes_after_a_drop_harms_nobody() {
    let report = CancelAtEachAwait::new().check(
        async || {
            let lock = Rc::new(Lock::default());
            lock.acquire(Drops::PassOn).await;
            let other = Rc::clone(&lock);
            let releaser = create_task_local(async move {
                yield_now().await;
                other.release();
            });
            lock.acquire(Drops::PassOn).await;
            releaser.await.unwrap();
        },
        |_| {},
    );

    assert_eq!(report.n_suspensions, 1);
}
