//! The condition, and the lock it is used with.

use std::collections::VecDeque;
use std::task::Poll;

use evloop_sync::{AcquireLock, Condition, ConditionWait, Lock, LockGuard};
use proptest::prelude::*;

use super::STEPS;
use crate::support::Polled;

/// Two queues, and who has the lock or was handed it.
#[derive(Default)]
struct Model {
    owner: Option<usize>,
    /// Who was handed the lock, and does not know yet.
    handed: bool,
    locking: VecDeque<usize>,
    waiting: VecDeque<usize>,
    /// Were notified, and have not had the lock since.
    notified: Vec<usize>,
}

impl Model {
    fn lock(&mut self, name: usize) {
        self.locking.push_back(name);
        self.hand_over();
    }

    fn unlock(&mut self) {
        self.owner = None;
        self.hand_over();
    }

    fn hand_over(&mut self) {
        if self.owner.is_none() {
            self.owner = self.locking.pop_front();
            self.handed = self.owner.is_some();
        }
    }

    fn notify(&mut self) {
        if let Some(name) = self.waiting.pop_front() {
            self.notified.push(name);
            self.lock(name);
        }
    }

    /// True if it takes the lock that it was handed.
    fn take(&mut self, name: usize) -> bool {
        let takes = self.owner == Some(name) && self.handed;
        if takes {
            self.handed = false;
            self.notified.retain(|other| *other != name);
        }
        takes
    }

    fn leave(&mut self, name: usize) {
        self.waiting.retain(|other| *other != name);
        if self.notified.contains(&name) {
            self.notified.retain(|other| *other != name);
            self.notify();
        }
        self.locking.retain(|other| *other != name);
        if self.owner == Some(name) {
            self.unlock();
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Lock,
    Unlock,
    Wait,
    Notify(usize),
    Poll(usize),
    Leave(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => Just(Op::Lock),
        4 => Just(Op::Unlock),
        5 => Just(Op::Wait),
        3 => (0..4_usize).prop_map(Op::Notify),
        8 => any::<usize>().prop_map(Op::Poll),
        3 => any::<usize>().prop_map(Op::Leave),
    ];
    prop::collection::vec(op, STEPS)
}

enum Waits<'a> {
    ToLock(Polled<AcquireLock<'a, ()>>),
    Notification(Polled<ConditionWait<'a, LockGuard<'a, ()>>>),
}

impl<'a> Waits<'a> {
    fn poll(&mut self) -> Poll<LockGuard<'a, ()>> {
        match self {
            Self::ToLock(waits) => waits.poll(),
            Self::Notification(waits) => waits.poll(),
        }
    }

    fn n_wakes(&self) -> usize {
        match self {
            Self::ToLock(waits) => waits.n_wakes(),
            Self::Notification(waits) => waits.n_wakes(),
        }
    }
}

proptest! {
    /// Each notification is had by one who waits, as long as somebody does, and each goes on with the lock.
    #[test]
    fn conditions_do_what_the_model_does(ops in ops()) {
        let (lock, changed) = (Lock::new(()), Condition::new());
        let mut model = Model::default();
        let mut waiting: Vec<(usize, Waits<'_>)> = Vec::new();
        let mut guard: Option<LockGuard<'_, ()>> = None;
        for (name, op) in (0..).zip(ops) {
            match op {
                Op::Lock => {
                    let mut waits = Waits::ToLock(Polled::new(lock.acquire()));
                    model.lock(name);
                    match waits.poll() {
                        Poll::Ready(taken) => {
                            prop_assert!(model.take(name));
                            guard = Some(taken);
                        }
                        Poll::Pending => waiting.push((name, waits)),
                    }
                }
                Op::Unlock => {
                    if guard.take().is_some() {
                        model.unlock();
                    }
                }
                Op::Wait => {
                    if let Some(guard) = guard.take() {
                        waiting.push((name, Waits::Notification(Polled::waiting(changed.wait(guard)))));
                        model.waiting.push_back(name);
                        model.unlock();
                    }
                }
                Op::Notify(n) => {
                    if let Some(guard) = &guard {
                        changed.notify(n, guard);
                        (0..n).for_each(|_| model.notify());
                    }
                }
                Op::Poll(n) if !waiting.is_empty() => {
                    let n = n % waiting.len();
                    let (name, waits) = &mut waiting[n];
                    let poll = waits.poll();
                    prop_assert_eq!(poll.is_ready(), model.take(*name));
                    if let Poll::Ready(taken) = poll {
                        waiting.swap_remove(n);
                        prop_assert!(guard.replace(taken).is_none(), "two have the lock");
                    }
                }
                Op::Leave(n) if !waiting.is_empty() => {
                    let (name, waits) = waiting.swap_remove(n % waiting.len());
                    drop(waits);
                    model.leave(name);
                }
                Op::Poll(_) | Op::Leave(_) => {}
            }
            prop_assert_eq!(lock.locked(), model.owner.is_some());
            prop_assert_eq!(format!("{changed:?}"), format!("<Condition [waiters:{}]>", model.waiting.len()));
            for (name, waits) in &waiting {
                let is_handed = model.handed && model.owner == Some(*name);
                prop_assert_eq!(waits.n_wakes(), usize::from(is_handed));
            }
        }
    }
}
