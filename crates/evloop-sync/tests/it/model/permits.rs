//! Semaphores, and locks for readers and writers, which are semaphores with a value.

use std::collections::VecDeque;
use std::task::Poll;

use evloop_sync::{
    AcquirePermit, AcquireRead, AcquireWrite, Permit, ReadGuard, RwLock, Semaphore, WriteGuard,
};
use proptest::prelude::*;

use super::STEPS;
use crate::support::Polled;

/// First come, first served: the whole of it.
#[derive(Default)]
struct Model {
    n_free: u32,
    queue: VecDeque<(usize, u32)>,
    /// Were given permits, and have not come for them.
    granted: Vec<(usize, u32)>,
}

impl Model {
    /// Has the permits at once, or queues.
    fn acquire(&mut self, name: usize, n_permits: u32) -> bool {
        if n_permits == 0 {
            return true;
        }
        if self.is_idle() && self.n_free >= n_permits {
            self.n_free -= n_permits;
            return true;
        }
        self.queue.push_back((name, n_permits));
        self.hand_out();
        false
    }

    /// Nobody queues, and nobody has something to come for.
    fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.granted.is_empty()
    }

    fn release(&mut self, n_permits: u32) {
        self.n_free += n_permits;
        self.hand_out();
    }

    fn leave(&mut self, name: usize) {
        self.queue.retain(|(other, _)| *other != name);
        if let Some(n_permits) = self.take(name) {
            self.n_free += n_permits;
        }
        self.hand_out();
    }

    fn take(&mut self, name: usize) -> Option<u32> {
        let place = self.granted.iter().position(|(other, _)| *other == name)?;
        Some(self.granted.swap_remove(place).1)
    }

    fn hand_out(&mut self) {
        while let Some((name, n_permits)) = self.queue.front().copied() {
            if n_permits > self.n_free {
                break;
            }
            self.n_free -= n_permits;
            self.granted.push((name, n_permits));
            self.queue.pop_front();
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Acquire(u32),
    Poll(usize),
    /// Drops a future in whatever state.
    Leave(usize),
    GiveBack(usize),
    Release(u32),
    Forget(usize),
    Try(u32),
    /// Polls it as another task.
    Move(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => (0..5_u32).prop_map(Op::Acquire),
        6 => any::<usize>().prop_map(Op::Poll),
        3 => any::<usize>().prop_map(Op::Leave),
        5 => any::<usize>().prop_map(Op::GiveBack),
        1 => (0..3_u32).prop_map(Op::Release),
        1 => any::<usize>().prop_map(Op::Forget),
        2 => (0..4_u32).prop_map(Op::Try),
        2 => any::<usize>().prop_map(Op::Move),
    ];
    prop::collection::vec(op, STEPS)
}

/// One element, or none if there is none.
fn pick<T>(of: &mut Vec<T>, n: usize) -> Option<T> {
    (!of.is_empty()).then(|| of.swap_remove(n % of.len()))
}

/// A semaphore and its model.
struct Beside<'a> {
    semaphore: &'a Semaphore,
    model: Model,
    waiting: Vec<(usize, Polled<AcquirePermit<'a>>)>,
    held: Vec<Permit<'a>>,
    n_all: u32,
}

impl<'a> Beside<'a> {
    fn step(&mut self, name: usize, op: &Op) {
        match *op {
            Op::Acquire(n) => {
                let mut acquires = Polled::new(self.semaphore.acquire_many(n));
                let expected = self.model.acquire(name, n).then_some(n);
                let poll = acquires.poll();
                self.has_polled(name, acquires, poll, expected);
            }
            Op::Poll(n) | Op::Move(n) => {
                let Some((name, mut acquires)) = pick(&mut self.waiting, n) else {
                    return;
                };
                let poll = match op {
                    Op::Move(_) => acquires.move_to_other_task(),
                    _ => acquires.poll(),
                };
                let expected = self.model.take(name);
                self.has_polled(name, acquires, poll, expected);
            }
            Op::Leave(n) => {
                if let Some((name, acquires)) = pick(&mut self.waiting, n) {
                    drop(acquires);
                    self.model.leave(name);
                }
            }
            Op::GiveBack(n) => {
                if let Some(permit) = pick(&mut self.held, n) {
                    self.model.release(permit.n_permits());
                    drop(permit);
                }
            }
            Op::Release(n) => {
                self.semaphore.release(n).expect("there are few");
                self.n_all += n;
                self.model.release(n);
            }
            Op::Forget(n) => {
                if let Some(permit) = pick(&mut self.held, n) {
                    self.n_all -= permit.n_permits();
                    permit.forget();
                }
            }
            Op::Try(n) => {
                let has = self.semaphore.try_acquire_many(n).is_some();
                assert_eq!(
                    has,
                    n == 0 || self.model.is_idle() && self.model.n_free >= n
                );
            }
        }
    }

    fn has_polled(
        &mut self,
        name: usize,
        acquires: Polled<AcquirePermit<'a>>,
        poll: Poll<Permit<'a>>,
        expected: Option<u32>,
    ) {
        match poll {
            Poll::Ready(permit) => {
                assert_eq!(expected, Some(permit.n_permits()));
                self.held.push(permit);
            }
            Poll::Pending => {
                assert_eq!(expected, None);
                self.waiting.push((name, acquires));
            }
        }
    }

    fn check(&self) {
        assert_eq!(self.semaphore.available_permits(), self.model.n_free);
        let n_held: u32 = self.held.iter().map(Permit::n_permits).sum();
        let n_granted: u32 = self.model.granted.iter().map(|(_, n)| n).sum();
        assert_eq!(self.model.n_free + n_granted + n_held, self.n_all);
        for (name, acquires) in &self.waiting {
            let is_granted = self.model.granted.iter().any(|(other, _)| other == name);
            assert_eq!(acquires.n_wakes(), usize::from(is_granted));
        }
    }
}

proptest! {
    /// The permits that are free, granted and held are all there are, and who goes on is who the model
    /// says.
    #[test]
    fn semaphores_do_what_the_model_does(n_permits in 0..4_u32, ops in ops()) {
        let semaphore = Semaphore::new(n_permits);
        let mut beside = Beside {
            semaphore: &semaphore,
            model: Model { n_free: n_permits, ..Model::default() },
            waiting: Vec::new(),
            held: Vec::new(),
            n_all: n_permits,
        };
        for (name, op) in ops.iter().enumerate() {
            beside.step(name, op);
            beside.check();
        }
        let n_all = beside.n_all;
        drop(beside);
        prop_assert!(semaphore.try_acquire_many(n_all).is_some(), "all are back");
    }
}

/// A guard, or what waits for one.
enum Guard<'a> {
    Reads(ReadGuard<'a, u32>),
    Writes(WriteGuard<'a, u32>),
}

enum Waits<'a> {
    ToRead(Polled<AcquireRead<'a, u32>>),
    ToWrite(Polled<AcquireWrite<'a, u32>>),
}

impl<'a> Waits<'a> {
    fn poll(&mut self) -> Option<Guard<'a>> {
        let poll = match self {
            Self::ToRead(waits) => waits.poll().map(Guard::Reads),
            Self::ToWrite(waits) => waits.poll().map(Guard::Writes),
        };
        match poll {
            Poll::Ready(guard) => Some(guard),
            Poll::Pending => None,
        }
    }
}

const ALL: u32 = u32::MAX;

fn cost(guard: &Guard<'_>) -> u32 {
    match guard {
        Guard::Reads(_) => 1,
        Guard::Writes(_) => ALL,
    }
}

proptest! {
    /// A lock for readers and writers is a semaphore of which a writer takes all; a writer becomes a
    /// reader by giving back all but one.
    #[test]
    fn museum_bm80_locks_for_readers_do_what_the_model_does(ops in ops()) {
        let lock = RwLock::new(0);
        let mut model = Model { n_free: ALL, ..Model::default() };
        let mut waiting: Vec<(usize, Waits<'_>)> = Vec::new();
        let mut held: Vec<Guard<'_>> = Vec::new();
        let mut n_writes = 0;
        for (name, op) in (0..).zip(ops) {
            match op {
                Op::Acquire(n) => {
                    let (mut waits, cost) = match n {
                        0..=2 => (Waits::ToRead(Polled::new(lock.read())), 1),
                        _ => (Waits::ToWrite(Polled::new(lock.write())), ALL),
                    };
                    let guard = waits.poll();
                    prop_assert_eq!(guard.is_some(), model.acquire(name, cost));
                    match guard {
                        Some(guard) => held.push(guard),
                        None => waiting.push((name, waits)),
                    }
                }
                Op::Poll(n) | Op::Move(n) => {
                    let Some((name, mut waits)) = pick(&mut waiting, n) else { continue };
                    let guard = waits.poll();
                    prop_assert_eq!(guard.as_ref().map(cost), model.take(name));
                    match guard {
                        Some(guard) => held.push(guard),
                        None => waiting.push((name, waits)),
                    }
                }
                Op::Leave(n) => {
                    if let Some((name, waits)) = pick(&mut waiting, n) {
                        drop(waits);
                        model.leave(name);
                    }
                }
                Op::GiveBack(n) => {
                    if let Some(mut guard) = pick(&mut held, n) {
                        if let Guard::Writes(value) = &mut guard {
                            **value += 1;
                            n_writes += 1;
                        }
                        model.release(cost(&guard));
                        drop(guard);
                    }
                }
                Op::Forget(n) => match pick(&mut held, n) {
                    Some(Guard::Writes(writer)) => {
                        held.push(Guard::Reads(WriteGuard::downgrade(writer)));
                        model.release(ALL - 1);
                    }
                    other => held.extend(other),
                },
                Op::Try(_) | Op::Release(_) => {
                    prop_assert_eq!(lock.try_read().is_some(), model.is_idle() && model.n_free > 0);
                    prop_assert_eq!(lock.try_write().is_some(), model.is_idle() && model.n_free == ALL);
                }
            }
            let n_writers = held.iter().filter(|guard| matches!(guard, Guard::Writes(_))).count();
            prop_assert!(n_writers == 0 || held.len() == 1, "a writer is alone");
            for guard in &held {
                if let Guard::Reads(value) = guard {
                    prop_assert_eq!(**value, n_writes);
                }
            }
        }
        drop((held, waiting));
        prop_assert!(lock.try_write().is_some(), "all are back");
    }
}
