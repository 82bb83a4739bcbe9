//! Children that are finished from outside, and tokens that are counted.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use evloop_combinators::Completion;

/// So many children that a gather polls only those that were woken, from the beginning.
pub(crate) const MANY: usize = 17;

/// Polls a gather of few children, all pending, so often in vain that it goes over to waking them one by
/// one.
pub(crate) fn outgrow<F: Future + ?Sized>(mut gathered: Pin<&mut F>, waker: &Waker) {
    for _ in 0..10 * MANY {
        assert!(poll_with(gathered.as_mut(), waker).is_pending());
    }
}

/// A value that is put in from outside, on any thread, and whoever waits for it.
pub(crate) struct Door<T> {
    state: Arc<Mutex<DoorState<T>>>,
}

struct DoorState<T> {
    value: Option<T>,
    waker: Option<Waker>,
    n_polls: usize,
}

impl<T> Door<T> {
    pub(crate) fn new() -> Self {
        let state = DoorState {
            value: None,
            waker: None,
            n_polls: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Finishes the child.
    pub(crate) fn open(&self, value: T) {
        lock(&self.state).value = Some(value);
        self.wake();
    }

    /// Wakes the child, finished or not.
    pub(crate) fn wake(&self) {
        let waker = lock(&self.state).waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The waker of the child's last poll.
    pub(crate) fn waker(&self) -> Option<Waker> {
        lock(&self.state).waker.clone()
    }

    pub(crate) fn n_polls(&self) -> usize {
        lock(&self.state).n_polls
    }

    /// The child: a future that takes the value.
    pub(crate) fn child(&self) -> Child<T> {
        Child { door: self.clone() }
    }

    /// The child as a handle that keeps the value.
    pub(crate) fn handle(&self) -> DoorHandle<T> {
        DoorHandle {
            door: self.clone(),
            value: None,
            key: None,
        }
    }

    pub(crate) fn keyed(&self, key: u64) -> DoorHandle<T> {
        DoorHandle {
            key: Some(key),
            ..self.handle()
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = lock(&self.state);
        state.n_polls += 1;
        if let Some(value) = state.value.take() {
            return Poll::Ready(value);
        }
        let former = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(former);
        Poll::Pending
    }
}

impl<T> Clone for Door<T> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
        }
    }
}

pub(crate) struct Child<T> {
    door: Door<T>,
}

impl<T> Future for Child<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.door.poll(cx)
    }
}

pub(crate) struct DoorHandle<T> {
    door: Door<T>,
    value: Option<T>,
    key: Option<u64>,
}

impl<T> std::fmt::Debug for DoorHandle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<DoorHandle key={:?}>", self.key)
    }
}

impl<T> Completion for DoorHandle<T> {
    type Output = T;

    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.value.is_none() {
            self.value = Some(std::task::ready!(self.door.poll(cx)));
        }
        Poll::Ready(())
    }

    fn output(&self) -> Option<&T> {
        self.value.as_ref()
    }

    fn key(&self) -> Option<u64> {
        self.key
    }
}

/// Locks what tests share, poisoned or not: some of them panic on purpose.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Doors, and nothing else.
pub(crate) fn doors<T>(n: usize) -> Vec<Door<T>> {
    (0..n).map(|_| Door::new()).collect()
}

/// The outputs of finished handles, in the order given.
pub(crate) fn outputs<H: Completion<Output: Clone>>(handles: &[H]) -> Vec<H::Output> {
    handles
        .iter()
        .map(|handle| handle.output().expect("it is done").clone())
        .collect()
}

pub(crate) fn poll_with<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// The output of a future that is ready at the first poll.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match poll(std::pin::pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is pending"),
    }
}

/// Counts how many of its tokens are alive, and how often one was dropped.
#[derive(Clone, Default)]
pub(crate) struct Census(Rc<RefCell<(usize, usize)>>);

pub(crate) struct Token(Census);

impl Census {
    pub(crate) fn token(&self) -> Token {
        self.0.borrow_mut().0 += 1;
        Token(self.clone())
    }

    pub(crate) fn n_alive(&self) -> usize {
        self.0.borrow().0
    }

    pub(crate) fn n_dropped(&self) -> usize {
        self.0.borrow().1
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let mut counts = self.0.0.borrow_mut();
        counts.0 = counts.0.checked_sub(1).expect("a token is dropped once");
        counts.1 += 1;
    }
}
