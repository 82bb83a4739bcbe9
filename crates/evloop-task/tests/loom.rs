//! Model checks of the protocols between threads, on the shipped code: what a task's shell, its
//! handle and its cancellers do at once, and what setters and waiters of a promise do.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p evloop-task --release --test loom`
//!
//! async-task is not interleaved from inside: each of its operations is one step here.
#![cfg(loom)]
#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use evloop_cancel::catch_cancel;
use evloop_fixtures::models::{block_on, explore};
use evloop_task::{
    Builder, Callback, Promise, Registry, Runnable, Scheduler, Task, TaskGroup, TaskId, TaskRef,
    enter_scheduler, loom_models, yield_now,
};
use loom::thread;

/// A scheduler whose queues are run by the model. Its locks are std's: no thread of a model ever
/// stops while it holds one.
#[derive(Default)]
struct ByHand {
    steps: std::sync::Mutex<VecDeque<Runnable>>,
    callbacks: std::sync::Mutex<VecDeque<Callback>>,
    registry: Registry,
}

impl ByHand {
    fn new() -> &'static Self {
        Box::leak(Box::default())
    }

    /// Runs what is queued until nothing is.
    fn run(&self) {
        loop {
            let step = self.steps.lock().unwrap().pop_front();
            if let Some(step) = step {
                step.run();
                continue;
            }
            let callback = self.callbacks.lock().unwrap().pop_front();
            let Some(callback) = callback else { return };
            callback();
        }
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
}

/// Counts calls; outside of loom, since only the number at the end counts.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn a_cancel_request_meets_the_adoption() {
    explore(loom_models::a_cancel_request_meets_the_adoption);
}

#[test]
fn sharing_meets_the_end() {
    explore(loom_models::sharing_meets_the_end);
}

#[test]
fn requests_taken_back_leave_the_rest_due() {
    explore(loom_models::requests_taken_back_leave_the_rest_due);
}

#[test]
fn a_cancel_request_meets_the_end() {
    explore(loom_models::a_cancel_request_meets_the_end);
}

/// LM-05: the awaiter always sees the result.
#[test]
fn an_awaiter_gets_the_value_of_a_task_that_ends_meanwhile() {
    explore(|| {
        let scheduler = ByHand::new();
        let task = Builder::new().spawn(scheduler, async { 7 });
        let runner = thread::spawn(|| scheduler.run());

        assert_eq!(block_on(task).ok(), Some(7));

        runner.join().unwrap();
    });
}

/// LM-05 and LM-06 at once: callbacks first, then the awaiter gets the value.
#[test]
fn an_awaiter_gets_the_value_behind_the_callbacks() {
    explore(|| {
        let scheduler = ByHand::new();
        let called = Count::default();
        let task = Builder::new().spawn(scheduler, async { 7 });
        let count = called.clone();
        task.add_done_callback(move |result| {
            assert_eq!(result.as_ref().ok(), Some(&7));
            count.add();
        });
        let runner = thread::spawn(|| scheduler.run());

        let ended = block_on(task);

        assert_eq!(ended.ok(), Some(7), "the awaiter gets the value");
        assert_eq!(called.get(), 1, "after the callbacks");
        runner.join().unwrap();
    });
}

/// The same for a handle that is polled once, at any moment, and then read.
#[test]
fn a_result_read_while_callbacks_run_is_there_for_the_awaiter() {
    explore(|| {
        let scheduler = ByHand::new();
        let mut task = Builder::new().spawn(scheduler, async { 7 });
        task.add_done_callback(|_| {});
        let runner = thread::spawn(|| scheduler.run());

        let early = Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop()));
        let value = match early {
            Poll::Ready(result) => result,
            Poll::Pending => block_on(&mut task),
        };

        assert_eq!(value.ok(), Some(7));
        runner.join().unwrap();
    });
}

/// LM-06: added while the task ends, a callback is called once.
#[test]
fn a_done_callback_added_while_the_task_ends_is_called_once() {
    explore(|| {
        let scheduler = ByHand::new();
        let called = Count::default();
        let task = Builder::new().spawn(scheduler, async { 7 });
        let runner = thread::spawn(|| scheduler.run());

        for _ in 0..2 {
            let count = called.clone();
            task.add_done_callback(move |_| count.add());
        }

        runner.join().unwrap();
        scheduler.run();
        assert_eq!(called.get(), 2);
        assert_eq!(block_on(task).ok(), Some(7));
    });
}

/// Somebody else looks at the result of the task while a callback is added.
#[test]
fn a_done_callback_added_while_another_thread_reads_is_called_once() {
    explore(|| {
        let scheduler = ByHand::new();
        let called = Count::default();
        let task = Arc::new(Builder::new().spawn(scheduler, async { 7 }));
        let step = scheduler.steps.lock().unwrap().pop_front().unwrap();
        let runner = thread::spawn(move || step.run());
        let theirs = Arc::clone(&task);
        let reader = thread::spawn(move || theirs.result().is_ok());

        let count = called.clone();
        task.add_done_callback(move |_| count.add());

        runner.join().unwrap();
        reader.join().unwrap();
        scheduler.run();
        assert_eq!(called.get(), 1);
        assert!(matches!(task.result(), Ok(Ok(7))));
    });
}

/// A cancel from another thread while the task is polled for the first time ends it.
#[test]
fn a_task_cancelled_during_its_first_poll_ends() {
    explore(|| {
        let scheduler = ByHand::new();
        let task: Task<()> = Builder::new().spawn(scheduler, pending());
        let canceller = {
            let step = scheduler.steps.lock().unwrap().pop_front().unwrap();
            let reference = step.task();
            scheduler.schedule(step);
            thread::spawn(move || reference.cancel())
        };

        scheduler.run();

        assert!(canceller.join().unwrap());
        scheduler.run();
        assert!(task.cancelled());
    });
}

/// A setter finds the waker, or the awaiter finds the value.
#[test]
fn a_request_taken_back_meets_its_delivery() {
    explore(loom_models::a_request_taken_back_meets_its_delivery);
}

#[test]
fn an_admission_meets_the_end_of_the_group() {
    explore(loom_models::an_admission_meets_the_end_of_the_group);
}

#[test]
fn the_last_child_meets_the_group_that_waits() {
    explore(loom_models::the_last_child_meets_the_group_that_waits);
}

#[test]
fn a_child_suspended_while_its_group_is_cancelled_ends() {
    explore(|| {
        let scheduler = ByHand::new();
        let _entered = enter_scheduler(scheduler);
        let group = TaskGroup::new();
        let asker = group.clone();
        let mut running = pin!(group.run(async |group| {
            drop(group.create_task(pending::<()>()).unwrap());
        }));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(running.as_mut().poll(&mut cx).is_pending());
        let canceller = thread::spawn(move || asker.cancel());

        // The first step of the child, if it comes to that.
        scheduler.run();

        canceller.join().unwrap();
        scheduler.run();
        assert!(running.poll(&mut cx).is_ready(), "nobody asked the child");
    });
}

#[test]
fn a_request_meets_the_opening_of_a_scope() {
    explore(|| {
        let scheduler = ByHand::new();
        let task = Builder::new().spawn(scheduler, async {
            yield_now().await;
            let caught = catch_cancel(pending::<()>()).await;
            caught.unwrap_err().swallow();
            7
        });
        let step = scheduler.steps.lock().unwrap().pop_front().unwrap();
        step.run();
        let asked = scheduler.registry.tasks().pop().unwrap();
        let canceller = thread::spawn(move || asked.cancel());

        // The step that opens it.
        scheduler.run();

        assert!(canceller.join().unwrap());
        scheduler.run();
        assert!(task.done(), "nobody has it polled");
        match task.result().unwrap() {
            Ok(value) => assert_eq!(*value, 7),
            Err(error) => assert!(error.is_cancelled(), "it came before the scope was open"),
        }
    });
}

#[test]
fn an_awaiter_of_a_promise_meets_the_setter() {
    explore(|| {
        let promise = Promise::new();
        let theirs = promise.clone();
        let setter = thread::spawn(move || theirs.set_result(7).is_ok());

        assert_eq!(block_on(promise).ok(), Some(7));

        assert!(setter.join().unwrap());
    });
}

/// LM-06 of a promise: one call for each callback, whoever comes first.
#[test]
fn a_done_callback_of_a_promise_meets_the_setter() {
    explore(|| {
        let scheduler = ByHand::new();
        let called = Count::default();
        let promise = Promise::new_in(scheduler);
        let theirs = promise.clone();
        let setter = thread::spawn(move || theirs.set_result(7).is_ok());

        let count = called.clone();
        promise.add_done_callback(move |result| {
            assert_eq!(result.as_ref().ok(), Some(&7));
            count.add();
        });

        assert!(setter.join().unwrap());
        scheduler.run();
        assert_eq!(called.get(), 1);
    });
}

/// An await that is given up while the promise is set leaves the other awaiter alone.
#[test]
fn an_await_given_up_meets_the_setter() {
    explore(|| {
        let promise = Promise::new();
        let mut given_up = Some(promise.clone());
        let noop = &mut Context::from_waker(Waker::noop());
        let first = given_up.as_mut().unwrap();
        assert!(Pin::new(first).poll(noop).is_pending());
        let mut stays = promise.clone();
        let setter = thread::spawn(move || promise.set_result(7).is_ok());

        let ended = block_on(poll_fn(|cx| {
            let polled = Pin::new(&mut stays).poll(cx);
            drop(given_up.take());
            polled
        }));

        assert_eq!(ended.ok(), Some(7));
        assert!(setter.join().unwrap());
    });
}

/// Of two setters one wins, and both kinds of waiter see its value.
#[test]
fn two_setters_agree() {
    explore(|| {
        let promise = Promise::new();
        let theirs = promise.clone();
        let canceller = thread::spawn(move || theirs.cancel());

        let was_set = promise.set_result(7).is_ok();

        assert_ne!(canceller.join().unwrap(), was_set);
        assert_eq!(promise.cancelled(), !was_set);
        assert_eq!(block_on(promise).is_ok(), was_set);
    });
}
