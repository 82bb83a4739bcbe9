//! The barrier.

use std::collections::{HashMap, VecDeque};
use std::task::Poll;

use evloop_sync::{Barrier, BarrierWait};
use proptest::prelude::*;

use super::STEPS;
use crate::support::Polled;

/// What one is told who does not know it yet.
type Told = Result<usize, ()>;

#[derive(Default)]
struct Model {
    n_parties: usize,
    is_broken: bool,
    queue: VecDeque<usize>,
    /// Were released, and have not gone on.
    draining: HashMap<usize, usize>,
    broken: Vec<usize>,
}

impl Model {
    fn arrive(&mut self, name: usize) -> Option<Told> {
        if self.is_broken {
            return Some(Err(()));
        }
        self.queue.push_back(name);
        self.fill();
        self.go_on(name)
    }

    /// Releases a round if all are there and nobody drains.
    fn fill(&mut self) {
        if self.draining.is_empty() && self.queue.len() >= self.n_parties {
            let released = self.queue.drain(..self.n_parties);
            self.draining.extend(released.zip(0..));
        }
    }

    fn go_on(&mut self, name: usize) -> Option<Told> {
        if let Some(index) = self.draining.remove(&name) {
            self.fill();
            return Some(Ok(index));
        }
        let place = self.broken.iter().position(|other| *other == name)?;
        self.broken.swap_remove(place);
        Some(Err(()))
    }

    fn leave(&mut self, name: usize) {
        self.queue.retain(|other| *other != name);
        self.go_on(name);
    }

    fn reset(&mut self) {
        if self.draining.is_empty() {
            self.broken.extend(self.queue.drain(..));
        }
        self.broken
            .extend(self.draining.drain().map(|(name, _)| name));
        self.is_broken = false;
        self.fill();
    }

    fn abort(&mut self) {
        self.broken.extend(self.queue.drain(..));
        self.broken
            .extend(self.draining.drain().map(|(name, _)| name));
        self.is_broken = true;
    }
}

#[derive(Clone, Debug)]
enum Op {
    Arrive,
    Poll(usize),
    Leave(usize),
    Reset,
    Abort,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        12 => Just(Op::Arrive),
        10 => any::<usize>().prop_map(Op::Poll),
        3 => any::<usize>().prop_map(Op::Leave),
        1 => Just(Op::Reset),
        1 => Just(Op::Abort),
    ];
    prop::collection::vec(op, STEPS)
}

proptest! {
    #[test]
    fn barriers_do_what_the_model_does(n_parties in 1..5_usize, ops in ops()) {
        let barrier = Barrier::new(n_parties);
        let mut model = Model { n_parties, ..Model::default() };
        let mut waiting: Vec<(usize, Polled<BarrierWait<'_>>)> = Vec::new();
        for (name, op) in (0..).zip(ops) {
            match op {
                Op::Arrive => {
                    let mut waits = Polled::new(barrier.wait());
                    let told = model.arrive(name);
                    match waits.poll() {
                        Poll::Ready(met) => prop_assert_eq!(Some(met.map_err(drop)), told),
                        Poll::Pending => {
                            prop_assert_eq!(told, None);
                            waiting.push((name, waits));
                        }
                    }
                }
                Op::Poll(n) if !waiting.is_empty() => {
                    let n = n % waiting.len();
                    let (name, waits) = &mut waiting[n];
                    let told = model.go_on(*name);
                    match waits.poll() {
                        Poll::Ready(met) => {
                            prop_assert_eq!(Some(met.map_err(drop)), told);
                            waiting.swap_remove(n);
                        }
                        Poll::Pending => prop_assert_eq!(told, None),
                    }
                }
                Op::Leave(n) if !waiting.is_empty() => {
                    let (name, waits) = waiting.swap_remove(n % waiting.len());
                    drop(waits);
                    model.leave(name);
                }
                Op::Reset => {
                    barrier.reset();
                    model.reset();
                }
                Op::Abort => {
                    barrier.abort();
                    model.abort();
                }
                Op::Poll(_) | Op::Leave(_) => {}
            }
            prop_assert_eq!(barrier.broken(), model.is_broken);
            let n_waiting = if model.draining.is_empty() { model.queue.len() } else { 0 };
            prop_assert_eq!(barrier.n_waiting(), n_waiting);
            for (name, waits) in &waiting {
                prop_assert_eq!(waits.n_wakes() == 0, model.queue.contains(name));
            }
        }
    }
}
