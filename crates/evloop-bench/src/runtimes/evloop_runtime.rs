//! evloop's runtime of several threads, with timers and I/O, from the facade.

use std::future::Future;

use super::{Clocked, EventLoop, N_WORKERS, SendRuntime};

pub(crate) enum EvloopRuntime {}

impl SendRuntime for EvloopRuntime {
    const NAME: &'static str = "evloop";

    type Join<T: Send + 'static> = evloop::Task<T>;

    type Handle = evloop::Handle;

    fn run<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let builder = evloop::Runtime::builder().n_workers(N_WORKERS);
        let runtime = builder.build().expect("the system gives threads");
        let main = runtime.create_task(main(runtime.handle()));
        let ended = runtime.block_on(main).expect("the runtime is open");
        ended.expect("the main task ends by itself")
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        evloop::create_task(future)
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        drop(join);
    }

    #[inline]
    fn spawn_remote<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        drop(handle.create_task(future));
    }

    #[inline]
    fn block_on_task<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        let ended = handle.block_on(handle.create_task(future));
        ended
            .expect("the runtime is open")
            .expect("the task ends by itself");
    }
}

impl Clocked for EvloopRuntime {
    type Clock = EventLoop;
}
