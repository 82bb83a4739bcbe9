//! evloop: the whole loop, with timers and I/O, from the facade.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::{Runtime, SendRuntime, Timers};
use crate::send::AssertSend;

pub(crate) enum EventLoop {}

impl Runtime for EventLoop {
    const NAME: &'static str = "evloop";

    type Join<T: Send + 'static> = evloop::Task<T>;

    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        // It runs the main future as a task.
        let event_loop = evloop::EventLoop::new().expect("the system gives a descriptor");
        event_loop
            .run_until_complete(main)
            .expect("nothing stops the loop")
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        evloop::create_task(AssertSend::new(future))
    }

    #[inline]
    fn yield_now() -> impl Future<Output = ()> + 'static {
        evloop::yield_now()
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        drop(join);
    }
}

impl Timers for EventLoop {
    type Sleep = evloop_time::Sleep;

    #[inline]
    fn sleep(delay: Duration) -> Self::Sleep {
        evloop::sleep(delay)
    }

    #[inline]
    fn reset(sleep: Pin<&mut Self::Sleep>, deadline: Instant) {
        sleep.get_mut().reset(deadline);
    }

    #[inline]
    fn limit<F: Future + 'static>(limit: Duration, future: F) -> impl Future + 'static {
        evloop::timeout(limit, future)
    }
}

impl SendRuntime for EventLoop {
    const NAME: &'static str = <Self as Runtime>::NAME;

    type Join<T: Send + 'static> = <Self as Runtime>::Join<T>;

    type Handle = evloop::Handle;

    fn run<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let event_loop = evloop::EventLoop::new().expect("the system gives a descriptor");
        let main = main(event_loop.handle());
        event_loop
            .run_until_complete(main)
            .expect("nothing stops the loop")
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
        evloop::block_on(handle.create_task(future)).expect("the task ends by itself");
    }
}
