//! A floor: futures in boxes in a queue. There are no wakers and no outputs: whatever is pending is
//! polled again in its turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::hint::black_box;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::Runtime;
use crate::yielding::yield_once;

pub(crate) enum Boxes {}

type BoxedFuture = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    static QUEUE: RefCell<VecDeque<BoxedFuture>> = const { RefCell::new(VecDeque::new()) };
    static N_UNFINISHED: Cell<usize> = const { Cell::new(0) };
}

/// Ready once everything that was spawned has ended.
pub(crate) struct AllEnded<T>(PhantomData<fn() -> T>);

impl<T> Future for AllEnded<T> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if N_UNFINISHED.get() == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Runtime for Boxes {
    const NAME: &'static str = "floor: Box in VecDeque";

    type Join<T: Send + 'static> = AllEnded<T>;

    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let output = Rc::new(Cell::new(None));
        let place = Rc::clone(&output);
        push(Box::pin(async move { place.set(Some(main.await)) }));
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            if let Some(output) = output.take() {
                return output;
            }
            let next = QUEUE.with_borrow_mut(VecDeque::pop_front);
            let mut next = next.expect("the main future is in the queue until it ends");
            if next.as_mut().poll(&mut cx).is_pending() {
                push(next);
            }
        }
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        N_UNFINISHED.set(N_UNFINISHED.get() + 1);
        push(Box::pin(async move {
            black_box(future.await);
            N_UNFINISHED.set(N_UNFINISHED.get() - 1);
        }));
        AllEnded(PhantomData)
    }

    #[inline]
    fn yield_now() -> impl Future<Output = ()> + 'static {
        // It has none of its own.
        yield_once()
    }

    #[inline]
    fn detach<T: Send + 'static>(_: Self::Join<T>) {}
}

#[inline]
fn push(future: BoxedFuture) {
    QUEUE.with_borrow_mut(|queue| queue.push_back(future));
}
