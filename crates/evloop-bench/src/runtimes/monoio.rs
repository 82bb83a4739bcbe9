//! monoio with its epoll driver and timers.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use monoio::{LegacyDriver, RuntimeBuilder};

use super::{Runtime, Timers};
use crate::yielding::yield_once;

pub(crate) enum Monoio {}

impl Runtime for Monoio {
    const NAME: &'static str = "monoio";

    type Join<T: Send + 'static> = monoio::task::JoinHandle<T>;

    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
        let mut runtime = builder.build().expect("the system gives a descriptor");
        runtime.block_on(async { monoio::spawn(main).await })
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        monoio::spawn(future)
    }

    #[inline]
    fn yield_now() -> impl Future<Output = ()> + 'static {
        // It has none of its own.
        yield_once()
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        drop(join);
    }
}

impl Timers for Monoio {
    type Sleep = monoio::time::Sleep;

    #[inline]
    fn sleep(delay: Duration) -> Self::Sleep {
        monoio::time::sleep(delay)
    }

    #[inline]
    fn reset(sleep: Pin<&mut Self::Sleep>, deadline: Instant) {
        sleep.reset(deadline.into());
    }

    #[inline]
    fn limit<F: Future + 'static>(limit: Duration, future: F) -> impl Future + 'static {
        monoio::time::timeout(limit, future)
    }
}
