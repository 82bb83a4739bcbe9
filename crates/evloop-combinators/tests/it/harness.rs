//! Children that are finished from outside, wakers that count, and a watchdog.

use std::cell::RefCell;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Builder, Thread, current, park};
use std::time::Duration;

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

/// Counts how often it was woken.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        let waker = Arc::clone(&wakes).into();
        (wakes, waker)
    }

    /// The number of wakes since the last `take`.
    pub(crate) fn peek(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// The number of wakes since the last call.
    pub(crate) fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
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

/// Runs a future on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(current())));
    let mut future = std::pin::pin!(future);
    loop {
        match poll_with(future.as_mut(), &waker) {
            Poll::Ready(output) => return output,
            Poll::Pending => park(),
        }
    }
}

/// Runs a test on a thread of its own, and fails if it is not over in ten seconds.
pub(crate) fn watched<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    watched_with_stack(2 << 20, test)
}

pub(crate) fn watched_with_stack<T: Send + 'static>(
    stack_size: usize,
    test: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (tx, rx) = channel();
    let thread = Builder::new()
        .name("watched".into())
        .stack_size(stack_size)
        .spawn(move || tx.send(test()))
        .expect("a test may start a thread");
    match rx.recv_timeout(patience()) {
        Ok(output) => output,
        Err(RecvTimeoutError::Timeout) => panic!("the test hangs: no end in good time"),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(payload) => resume_unwind(payload),
            Ok(_) => panic!("the test ended without a result"),
        },
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

/// How long a test may take, in seconds: more under a checker that slows everything down.
fn patience() -> Duration {
    let given = std::env::var("EVLOOP_TEST_PATIENCE").ok();
    let seconds = given.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}
