//! The list beside a naive one.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Op {
    Push,
    PushDetached,
    Detach,
    Pop,
    Remove(usize),
    TakeAll,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => Just(Op::Push),
        1 => Just(Op::PushDetached),
        2 => Just(Op::Detach),
        2 => Just(Op::Pop),
        6 => any::<usize>().prop_map(Op::Remove),
        1 => Just(Op::TakeAll),
    ];
    prop::collection::vec(op, 0..300)
}

/// Keys with their values: those that queue, in order, and those that do not.
#[derive(Default)]
struct Model {
    queue: VecDeque<(Key, u32)>,
    detached: Vec<(Key, u32)>,
}

impl Model {
    fn remove(&mut self, index: usize) -> (Key, u32) {
        match index.checked_sub(self.queue.len()) {
            None => self
                .queue
                .remove(index)
                .expect("it is less than the length"),
            Some(index) => self.detached.swap_remove(index),
        }
    }

    fn len(&self) -> usize {
        self.queue.len() + self.detached.len()
    }
}

proptest! {
    #[test]
    fn it_does_what_a_deque_with_keys_does(ops in ops()) {
        let mut list = WaitList::new();
        let mut model = Model::default();
        for (value, op) in (0..).zip(ops) {
            match op {
                Op::Push => model.queue.push_back((list.push(value), value)),
                Op::PushDetached => model.detached.push((list.push_detached(value), value)),
                Op::Detach => {
                    let expected = model.queue.pop_front();
                    prop_assert_eq!(list.detach_front().copied(), expected.map(|(_, value)| value));
                    model.detached.extend(expected);
                }
                Op::Pop => {
                    let expected = model.queue.pop_front();
                    prop_assert_eq!(list.pop(), expected.map(|(_, value)| value));
                }
                Op::Remove(n) if model.len() > 0 => {
                    let (key, value) = model.remove(n % model.len());
                    prop_assert_eq!(list.remove(key), value);
                }
                Op::Remove(_) => {}
                Op::TakeAll => {
                    for (key, value) in model.detached.drain(..) {
                        prop_assert_eq!(list.remove(key), value);
                    }
                    let mut taken = mem::replace(&mut list, WaitList::new());
                    for (_, value) in model.queue.drain(..) {
                        prop_assert_eq!(taken.pop(), Some(value));
                    }
                    list.adopt(taken);
                }
            }
            prop_assert_eq!(list.n_queued(), model.queue.len());
            prop_assert_eq!(list.is_unused(), model.len() == 0);
            prop_assert_eq!(list.front_mut().copied(), model.queue.front().map(|(_, value)| *value));
            for (key, value) in model.queue.iter().chain(&model.detached) {
                prop_assert_eq!(list.get(*key), value);
            }
        }
    }
}

#[test]
fn a_list_that_had_its_size_does_not_grow() {
    let mut list = WaitList::new();
    let keys: Vec<_> = (0..100).map(|n| list.push(n)).collect();
    for key in keys {
        list.remove(key);
    }
    let room = list.slots.capacity();

    for n in 0..if cfg!(miri) { 100 } else { 10_000 } {
        let first = list.push(n);
        list.push(n);
        list.remove(first);
        list.pop();
    }

    assert_eq!(list.slots.capacity(), room);
}

#[test]
fn what_a_burst_took_is_given_back() {
    let mut list = WaitList::new();
    let n_waiters = if cfg!(miri) { 2_000 } else { 100_000 };
    let keys: Vec<_> = (0..n_waiters).map(|n| list.push(n)).collect();

    for key in keys {
        list.remove(key);
    }

    assert!(list.slots.capacity() <= KEPT, "{}", list.slots.capacity());
    assert_eq!(list.push(1), Key(0));
    assert_eq!(list.pop(), Some(1));
}
