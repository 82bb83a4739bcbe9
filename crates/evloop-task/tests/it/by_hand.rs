//! A scheduler whose queues are run by the test, and which keeps what is reported to it.

use std::collections::VecDeque;
use std::sync::Mutex;

use evloop_task::{
    Callback, ErrorContext, Registry, Runnable, Scheduler, TaskId, TaskRef, enter_scheduler,
};

#[derive(Default)]
pub(crate) struct ByHand {
    steps: Mutex<VecDeque<Runnable>>,
    callbacks: Mutex<VecDeque<Callback>>,
    registry: Registry,
    reports: Mutex<Vec<String>>,
}

impl ByHand {
    /// Lives for ever, as a scheduler must; a leak checker finds it in the list.
    pub(crate) fn new() -> &'static Self {
        static ALL: Mutex<Vec<&ByHand>> = Mutex::new(Vec::new());
        let scheduler: &'static Self = Box::leak(Box::default());
        ALL.lock().unwrap().push(scheduler);
        scheduler
    }

    pub(crate) fn next_step(&self) -> Option<Runnable> {
        self.steps.lock().unwrap().pop_front()
    }

    pub(crate) fn next_callback(&self) -> Option<Callback> {
        self.callbacks.lock().unwrap().pop_front()
    }

    /// Runs steps, then callbacks, until there are none.
    pub(crate) fn run(&'static self) {
        let _entered = enter_scheduler(self);
        loop {
            if let Some(step) = self.next_step() {
                step.run();
            } else if let Some(callback) = self.next_callback() {
                callback();
            } else {
                return;
            }
        }
    }

    pub(crate) fn n_queued(&self) -> usize {
        self.steps.lock().unwrap().len() + self.callbacks.lock().unwrap().len()
    }

    pub(crate) fn tasks(&self) -> Vec<TaskRef> {
        self.registry.tasks()
    }

    pub(crate) fn take_reports(&self) -> Vec<String> {
        std::mem::take(&mut *self.reports.lock().unwrap())
    }
}

impl Scheduler for ByHand {
    fn schedule(&'static self, runnable: Runnable) {
        self.steps.lock().unwrap().push_back(runnable);
    }

    fn call_soon(&'static self, callback: Callback) {
        self.callbacks.lock().unwrap().push_back(callback);
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

    fn report(&'static self, context: &ErrorContext) {
        self.reports.lock().unwrap().push(context.to_string());
    }
}
