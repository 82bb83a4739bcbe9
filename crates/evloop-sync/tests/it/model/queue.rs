//! Queues, with cancellations at any time.

use std::collections::VecDeque;
use std::task::Poll;

use evloop_sync::{Fifo, Get, Put, Queue, QueueShutDown, Shutdown};
use proptest::prelude::*;

use super::STEPS;
use crate::support::Polled;

#[derive(Clone, Debug)]
enum Op {
    Put,
    PutNowait,
    Get,
    GetNowait,
    PollPut(usize),
    PollGet(usize),
    LeavePut(usize),
    LeaveGet(usize),
    MovePut(usize),
    MoveGet(usize),
    Shutdown(Shutdown),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        60 => Just(Op::Put),
        20 => Just(Op::PutNowait),
        60 => Just(Op::Get),
        20 => Just(Op::GetNowait),
        40 => any::<usize>().prop_map(Op::PollPut),
        40 => any::<usize>().prop_map(Op::PollGet),
        30 => any::<usize>().prop_map(Op::LeavePut),
        30 => any::<usize>().prop_map(Op::LeaveGet),
        10 => any::<usize>().prop_map(Op::MovePut),
        10 => any::<usize>().prop_map(Op::MoveGet),
        1 => Just(Op::Shutdown(Shutdown::Drain)),
        1 => Just(Op::Shutdown(Shutdown::Immediate)),
    ];
    prop::collection::vec(op, STEPS)
}

/// Who waits, and whether it was given a right, and whether it was woken.
struct Waiter<F> {
    future: Polled<F>,
    item: u32,
    is_granted: bool,
    is_woken: bool,
}

struct Model<'a> {
    queue: &'a Queue<u32>,
    limit: usize,
    items: VecDeque<u32>,
    getters: Vec<Waiter<Get<'a, u32, Fifo>>>,
    putters: Vec<Waiter<Put<'a, u32, Fifo>>>,
    n_unfinished: usize,
    is_shut_down: bool,
}

fn n_granted<F>(waiters: &[Waiter<F>]) -> usize {
    waiters.iter().filter(|waiter| waiter.is_granted).count()
}

fn grant<F>(waiters: &mut [Waiter<F>], n: usize) {
    let mut n_free = n.saturating_sub(n_granted(waiters));
    for waiter in waiters.iter_mut().filter(|waiter| !waiter.is_woken) {
        if n_free == 0 {
            return;
        }
        n_free -= 1;
        (waiter.is_granted, waiter.is_woken) = (true, true);
    }
}

impl Model<'_> {
    fn settle(&mut self) {
        grant(&mut self.getters, self.items.len());
        if !self.is_shut_down {
            grant(&mut self.putters, self.limit - self.items.len());
        }
    }

    fn has_item(&self) -> bool {
        self.items.len() > n_granted(&self.getters)
    }

    fn has_room(&self) -> bool {
        !self.is_shut_down && self.limit - self.items.len() > n_granted(&self.putters)
    }

    /// What a getter has that comes now.
    fn take(&mut self) -> Option<u32> {
        let item = if self.has_item() {
            self.items.pop_front()
        } else {
            None
        };
        self.settle();
        item
    }

    fn put(&mut self, item: u32) {
        self.items.push_back(item);
        self.n_unfinished += 1;
        self.settle();
    }

    fn shut_down(&mut self, shutdown: Shutdown) {
        if shutdown == Shutdown::Immediate {
            self.n_unfinished -= self.items.len();
            self.items.clear();
        }
        self.is_shut_down = true;
        self.getters
            .iter_mut()
            .for_each(|waiter| waiter.is_woken = true);
        self.putters
            .iter_mut()
            .for_each(|waiter| waiter.is_woken = true);
    }

    fn poll_put(&mut self, n: usize, moves: bool) -> Result<(), TestCaseError> {
        let n = n % self.putters.len();
        let waiter = &mut self.putters[n];
        let poll = if moves {
            waiter.future.move_to_other_task()
        } else {
            waiter.future.poll()
        };
        prop_assert_eq!(poll.is_ready(), waiter.is_woken);
        let Poll::Ready(output) = poll else {
            return Ok(());
        };
        let waiter = self.putters.remove(n);
        if self.is_shut_down {
            prop_assert_eq!(output, Err(QueueShutDown(waiter.item)));
        } else {
            prop_assert_eq!(output, Ok(()));
            self.put(waiter.item);
        }
        Ok(())
    }

    fn poll_get(&mut self, n: usize, moves: bool) -> Result<(), TestCaseError> {
        let n = n % self.getters.len();
        let waiter = &mut self.getters[n];
        let poll = if moves {
            waiter.future.move_to_other_task()
        } else {
            waiter.future.poll()
        };
        prop_assert_eq!(poll.is_ready(), waiter.is_woken);
        let Poll::Ready(output) = poll else {
            return Ok(());
        };
        self.getters.remove(n);
        prop_assert_eq!(output, self.take().ok_or(QueueShutDown(())));
        Ok(())
    }

    fn begin_put(&mut self, item: u32) -> Result<(), TestCaseError> {
        let mut future = Polled::new(self.queue.put(item));
        let poll = future.poll();
        if self.is_shut_down {
            prop_assert_eq!(poll, Poll::Ready(Err(QueueShutDown(item))));
        } else if self.has_room() {
            prop_assert_eq!(poll, Poll::Ready(Ok(())));
            self.put(item);
        } else {
            prop_assert!(poll.is_pending());
            self.putters.push(Waiter::new(future, item));
        }
        Ok(())
    }

    fn begin_get(&mut self) -> Result<(), TestCaseError> {
        let mut future = Polled::new(self.queue.get());
        let poll = future.poll();
        if self.has_item() || self.is_shut_down {
            prop_assert_eq!(poll, Poll::Ready(self.take().ok_or(QueueShutDown(()))));
        } else {
            prop_assert!(poll.is_pending());
            self.getters.push(Waiter::new(future, 0));
        }
        Ok(())
    }

    fn step(&mut self, item: u32, op: Op) -> Result<(), TestCaseError> {
        match op {
            Op::PutNowait => {
                prop_assert_eq!(self.queue.put_nowait(item).is_ok(), self.has_room());
                if self.has_room() {
                    self.put(item);
                }
            }
            Op::GetNowait => prop_assert_eq!(self.queue.get_nowait().ok(), self.take()),
            Op::Put => self.begin_put(item)?,
            Op::Get => self.begin_get()?,
            Op::PollPut(n) if !self.putters.is_empty() => self.poll_put(n, false)?,
            Op::PollGet(n) if !self.getters.is_empty() => self.poll_get(n, false)?,
            Op::MovePut(n) if !self.putters.is_empty() => self.poll_put(n, true)?,
            Op::MoveGet(n) if !self.getters.is_empty() => self.poll_get(n, true)?,
            Op::LeavePut(n) if !self.putters.is_empty() => {
                self.putters.remove(n % self.putters.len());
                self.settle();
            }
            Op::LeaveGet(n) if !self.getters.is_empty() => {
                self.getters.remove(n % self.getters.len());
                self.settle();
            }
            Op::Shutdown(shutdown) => {
                self.queue.shutdown(shutdown);
                self.shut_down(shutdown);
            }
            // Nobody is there to do it.
            _ => {}
        }
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.queue.qsize(), self.items.len());
        for waiter in &self.getters {
            prop_assert_eq!(waiter.future.n_wakes(), usize::from(waiter.is_woken));
        }
        for waiter in &self.putters {
            prop_assert_eq!(waiter.future.n_wakes(), usize::from(waiter.is_woken));
        }
        Ok(())
    }
}

impl<F> Waiter<F> {
    fn new(future: Polled<F>, item: u32) -> Self {
        Self {
            future,
            item,
            is_granted: false,
            is_woken: false,
        }
    }
}

proptest! {
    /// Each item comes out once, in order, whoever leaves, and nobody sleeps while there is something for
    /// it.
    #[test]
    fn museum_bm69_queues_do_what_the_model_does(limit in 1..4_usize, ops in ops()) {
        let queue = Queue::bounded(limit).unwrap();
        let mut model = Model {
            queue: &queue,
            limit,
            items: VecDeque::new(),
            getters: Vec::new(),
            putters: Vec::new(),
            n_unfinished: 0,
            is_shut_down: false,
        };

        for (item, op) in (0..).zip(ops) {
            model.step(item, op)?;
            model.check()?;
        }

        let n_unfinished = model.n_unfinished;
        drop((model.getters, model.putters));
        for item in model.items {
            prop_assert_eq!(queue.get_nowait(), Ok(item));
        }
        prop_assert_eq!((0..).take_while(|_| queue.task_done().is_ok()).count(), n_unfinished);
    }
}
