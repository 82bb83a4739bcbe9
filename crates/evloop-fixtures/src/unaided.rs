//! Futures without a runtime.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Counts how often it was woken.
#[derive(Debug, Default)]
pub struct Wakes(AtomicUsize);

impl Wakes {
    /// One, and its waker.
    #[must_use]
    pub fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        let waker = Arc::clone(&wakes).into();
        (wakes, waker)
    }

    /// How often, since it was made or taken from.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// The same, and it begins at zero again.
    pub fn take(&self) -> usize {
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

/// Runs a future on this thread, which sleeps while it waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Runs a future with the turns of a driver in between.
///
/// `turn` is told whether the future has been woken, so that the turn must not wait; `notify` ends a turn that
/// waits, from any thread.
pub fn drive<F: Future>(
    future: F,
    notify: impl Fn() + Send + Sync + 'static,
    mut turn: impl FnMut(bool),
) -> F::Output {
    struct Woken<N> {
        flag: AtomicBool,
        notify: N,
    }
    impl<N: Fn() + Send + Sync> Wake for Woken<N> {
        fn wake(self: Arc<Self>) {
            self.flag.store(true, Ordering::Release);
            (self.notify)();
        }
    }
    let woken = Arc::new(Woken {
        flag: AtomicBool::new(true),
        notify,
    });
    let waker = Waker::from(Arc::clone(&woken));
    let mut future = pin!(future);
    loop {
        if woken.flag.swap(false, Ordering::AcqRel)
            && let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
        {
            return output;
        }
        turn(woken.flag.load(Ordering::Acquire));
    }
}
