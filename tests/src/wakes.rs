//! A waker that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

/// How often the wakers of a test were woken, and how many there are.
///
/// ```
/// use evloop_tests::Wakes;
///
/// let wakes = Wakes::default();
/// let waker = wakes.waker();
/// waker.wake_by_ref();
/// assert_eq!((wakes.n_wakes(), wakes.n_wakers()), (1, 1));
/// drop(waker);
/// assert_eq!((wakes.n_wakes(), wakes.n_wakers()), (1, 0));
/// ```
#[derive(Debug, Default)]
pub struct Wakes(Arc<Counter>);

#[derive(Debug, Default)]
struct Counter(AtomicUsize);

impl Wakes {
    /// A waker whose wakes, and those of its clones, are counted.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Arc::clone(&self.0).into()
    }

    /// The number of wakes so far.
    #[must_use]
    pub fn n_wakes(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    /// The number of wakers that somebody keeps.
    #[must_use]
    pub fn n_wakers(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
