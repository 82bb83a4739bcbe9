//! A floor: async-task with a thread-local queue and nothing else.

#![expect(
    unsafe_code,
    reason = "tasks that need not be Send, without async-task's thread check"
)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use async_task::Runnable;

use super::Runtime;
use crate::yielding::yield_once;

pub(crate) enum BareAsyncTask {}

thread_local! {
    static QUEUE: RefCell<VecDeque<Runnable>> = const { RefCell::new(VecDeque::new()) };
}

/// Without captures, so that async-task takes no reference around the call.
#[inline]
fn schedule(runnable: Runnable) {
    QUEUE.with_borrow_mut(|queue| queue.push_back(runnable));
}

impl Runtime for BareAsyncTask {
    const NAME: &'static str = "floor: async-task";

    type Join<T: Send + 'static> = async_task::Task<T>;

    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let task = Self::spawn(main);
        while !task.is_finished() {
            let next = QUEUE.with_borrow_mut(VecDeque::pop_front);
            next.expect("the main task goes on by itself").run();
        }
        match pin!(task).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => unreachable!("it is finished"),
        }
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        // SAFETY: the future and the function are `'static`, and the function is `Send + Sync`. The
        // future is made, polled and dropped on this thread: no waker leaves it in any row.
        let (runnable, task) = unsafe { async_task::spawn_unchecked(future, schedule) };
        runnable.schedule();
        task
    }

    #[inline]
    fn yield_now() -> impl Future<Output = ()> + 'static {
        // It has none of its own.
        yield_once()
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        join.detach();
    }
}
