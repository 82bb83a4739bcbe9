//! `next` and `wait` on one set against a queue.

use std::collections::VecDeque;
use std::future::ready;
use std::pin::pin;
use std::task::Poll;

use evloop_combinators::{Completion, WaitSet};
use evloop_fixtures::Wakes;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::harness::{Door, DoorHandle, now, outputs, poll_with};

#[derive(Debug, Clone)]
enum Op {
    /// Adds a member, done already or not.
    Insert(bool),
    /// Finishes a member.
    Open(prop::sample::Index),
    /// Wakes a member, done or not.
    Wake(prop::sample::Index),
    Next,
    /// Takes all that are done.
    Wait,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => any::<bool>().prop_map(Op::Insert),
        4 => any::<prop::sample::Index>().prop_map(Op::Open),
        2 => any::<prop::sample::Index>().prop_map(Op::Wake),
        4 => Just(Op::Next),
        1 => Just(Op::Wait),
    ]
}

/// Members by number: who is in the set, who is done, and who is to be polled, in order.
#[derive(Default)]
struct Model {
    doors: Vec<Door<usize>>,
    is_in: Vec<bool>,
    is_open: Vec<bool>,
    is_registered: Vec<bool>,
    queue: VecDeque<usize>,
}

impl Model {
    fn insert(&mut self, is_open: bool) -> DoorHandle<usize> {
        let member = self.doors.len();
        let door = Door::new();
        if is_open {
            door.open(member);
        }
        let handle = door.handle();
        self.doors.push(door);
        self.is_in.push(true);
        self.is_open.push(is_open);
        self.is_registered.push(false);
        self.queue.push_back(member);
        handle
    }

    /// A wake, which uses the registration up.
    fn wake(&mut self, member: usize) {
        if std::mem::take(&mut self.is_registered[member]) && !self.queue.contains(&member) {
            self.queue.push_back(member);
        }
    }

    fn next(&mut self) -> Option<usize> {
        while let Some(member) = self.queue.pop_front() {
            if self.is_open[member] {
                self.is_in[member] = false;
                return Some(member);
            }
            self.is_registered[member] = true;
        }
        None
    }

    fn len(&self) -> usize {
        self.is_in.iter().filter(|is_in| **is_in).count()
    }
}

fn check(ops: Vec<Op>) {
    let (wakes, waker) = Wakes::new();
    let mut model = Model::default();
    let mut set = WaitSet::new();
    let mut is_parked = false;
    for op in ops {
        let n_queued = model.queue.len();
        match op {
            Op::Insert(is_open) => {
                assert!(set.insert(model.insert(is_open)).is_none());
                continue;
            }
            Op::Open(_) | Op::Wake(_) if model.doors.is_empty() => continue,
            Op::Open(member) => {
                let member = member.index(model.doors.len());
                if !std::mem::replace(&mut model.is_open[member], true) {
                    model.doors[member].open(member);
                    model.wake(member);
                }
            }
            Op::Wake(member) => {
                let member = member.index(model.doors.len());
                model.doors[member].wake();
                model.wake(member);
            }
            Op::Next => {
                let expected = model.next();
                let found = poll_with(pin!(set.next()), &waker);
                is_parked = found.is_pending();
                let found = match found {
                    Poll::Ready(done) => done.and_then(|done| done.output().copied()),
                    Poll::Pending => None,
                };
                assert_eq!(found, expected);
                assert_eq!(is_parked, expected.is_none() && model.len() > 0);
            }
            Op::Wait => {
                if set.is_empty() {
                    continue;
                }
                let expected: Vec<usize> = std::iter::from_fn(|| model.next()).collect();
                let (done, pending) =
                    now(set.wait().timeout(ready(()))).expect("the set is not empty");
                assert_eq!(outputs(&done), expected);
                // It is over, and leaves nobody to be woken.
                is_parked = false;
                set = pending;
            }
        }
        assert_eq!(set.len(), model.len());
        if is_parked && model.queue.len() > n_queued {
            assert_eq!(wakes.take(), 1, "the first wake since it was pending");
            is_parked = false;
        } else {
            assert_eq!(wakes.take(), 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn members_come_in_the_order_of_their_last_wakes(ops in vec(op(), 0..80)) {
        check(ops);
    }
}
