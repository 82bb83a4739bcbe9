//! async-executor's `Executor`, turned by threads: alone, and with smol's reactor and timers.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::thread;

use async_executor::Executor;
use futures_lite::future::block_on;

use super::{Clocked, SendRuntime, Smol};
use crate::bell::Bell;

/// Of so many threads.
pub(crate) enum ExecutorThreads<const N: usize> {}

/// With a reactor and timers: each thread turns the executor in `async_io::block_on`.
pub(crate) enum SmolThreads<const N: usize> {}

thread_local! {
    /// What this thread turns.
    static EXECUTOR: Cell<Option<&'static Executor<'static>>> = const { Cell::new(None) };
}

/// Has `turn` poll the executor on so many threads until `main` has ended, as a task.
fn run_on_threads<const N: usize, M, F>(
    main: M,
    turn: impl Fn(Pin<&mut dyn Future<Output = ()>>) + Copy + Send,
) -> F::Output
where
    M: FnOnce(&'static Executor<'static>) -> F,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    // Leaked, because tasks refer to it for as long as they like.
    let executor: &'static Executor<'static> = Box::leak(Box::default());
    let main = executor.spawn(main(executor));
    let ends = [(); N].map(|()| Bell::default());
    thread::scope(|scope| {
        for end in ends.clone() {
            let work = move || {
                EXECUTOR.set(Some(executor));
                turn(std::pin::pin!(executor.run(end.wait())));
            };
            let thread = thread::Builder::new().spawn_scoped(scope, work);
            thread.expect("the system gives a thread");
        }
        let output = block_on(main);
        ends.iter().for_each(Bell::ring);
        output
    })
}

impl<const N: usize> SendRuntime for ExecutorThreads<N> {
    const NAME: &'static str = "async-executor";

    type Join<T: Send + 'static> = async_executor::Task<T>;

    type Handle = &'static Executor<'static>;

    fn run<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        run_on_threads::<N, _, _>(main, |run| block_on(run))
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let executor = EXECUTOR.get();
        executor
            .expect("this thread runs an executor")
            .spawn(future)
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        join.detach();
    }

    #[inline]
    fn spawn_remote<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        handle.spawn(future).detach();
    }

    #[inline]
    fn block_on_task<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        block_on(handle.spawn(future));
    }
}

impl<const N: usize> SendRuntime for SmolThreads<N> {
    const NAME: &'static str = "smol";

    type Join<T: Send + 'static> = async_executor::Task<T>;

    type Handle = &'static Executor<'static>;

    fn run<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        run_on_threads::<N, _, _>(main, |run| async_io::block_on(run))
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        ExecutorThreads::<N>::spawn(future)
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        join.detach();
    }

    #[inline]
    fn spawn_remote<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        handle.spawn(future).detach();
    }

    #[inline]
    fn block_on_task<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        async_io::block_on(handle.spawn(future));
    }
}

impl<const N: usize> Clocked for SmolThreads<N> {
    type Clock = Smol;
}
