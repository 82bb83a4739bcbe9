//! An executor of your own for evloop tasks: a queue, a registry, and a loop.
//!
//! Run it with `cargo run -p own_executor`.

#![expect(clippy::print_stdout, reason = "the example shows what it does")]

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use evloop_task::{
    Builder, Callback, Promise, Registry, Runnable, Scheduler, TaskId, TaskRef, enter_scheduler,
    yield_now,
};

struct Executor {
    /// Steps of tasks and callbacks, first in, first out.
    ready: Mutex<VecDeque<Callback>>,
    registry: Registry,
}

static EXECUTOR: Executor = Executor {
    ready: Mutex::new(VecDeque::new()),
    registry: Registry::new(),
};

impl Executor {
    fn next(&self) -> Option<Callback> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.pop_front()
    }

    fn run(&'static self) {
        let _entered = enter_scheduler(self);
        while let Some(callback) = self.next() {
            callback();
        }
    }
}

impl Scheduler for Executor {
    fn schedule(&'static self, step: Runnable) {
        self.call_soon(Box::new(move || step.run()));
    }

    fn call_soon(&'static self, callback: Callback) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.push_back(callback);
    }

    fn adopt(&'static self, task: TaskRef) -> u32 {
        self.registry.adopt(task)
    }

    fn release(&'static self, key: u32, id: TaskId) {
        self.registry.release(key, id);
    }

    fn poke(&'static self, key: u32) {
        self.registry.poke(key);
    }
}

fn main() {
    let promise = Promise::new_in(&EXECUTOR);
    let setter = promise.clone();
    let task = Builder::new().name("adder").spawn(&EXECUTOR, async move {
        yield_now().await;
        promise.await.map(|n: u32| n + 1)
    });
    task.add_done_callback(|result| println!("callback: {result:?}"));
    EXECUTOR.run();
    println!("{task:?}");

    setter.set_result(41).expect("it is set once");
    EXECUTOR.run();
    println!("{task:?}");
    assert!(matches!(task.result(), Ok(Ok(Ok(42)))));
}
