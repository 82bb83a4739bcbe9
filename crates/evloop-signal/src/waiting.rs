//! Who is woken when a signal has arrived.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// The wakers of the process, by the key of their place. No waker is cloned, woken or dropped under the lock,
/// which is why they are shared: foreign code may use signals itself.
struct Waiting {
    next_key: u64,
    wakers: BTreeMap<u64, Arc<Waker>>,
}

static WAITING: Mutex<Waiting> = Mutex::new(Waiting {
    next_key: 0,
    wakers: BTreeMap::new(),
});

fn lock() -> MutexGuard<'static, Waiting> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place for one waker.
pub(crate) struct Place(u64);

impl Place {
    pub(crate) fn new() -> Self {
        let mut waiting = lock();
        waiting.next_key += 1;
        Self(waiting.next_key)
    }

    /// Each signal from now on wakes `waker`, in the place of a former one.
    pub(crate) fn set(&self, waker: &Waker) {
        let is_there = |there: &Arc<Waker>| there.will_wake(waker);
        if lock().wakers.get(&self.0).is_some_and(is_there) {
            return;
        }
        let waker = Arc::new(waker.clone());
        let former = lock().wakers.insert(self.0, waker);
        drop(former);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let former = lock().wakers.remove(&self.0);
        drop(former);
    }
}

/// Wakes everybody. A panic of a waker goes on after the others are woken.
#[cfg_attr(not(unix), expect(dead_code, reason = "no signal arrives there"))]
pub(crate) fn wake_all() {
    let wakers: Vec<Arc<Waker>> = lock().wakers.values().cloned().collect();
    let mut panic = None;
    for waker in wakers {
        if let Err(one) = catch_unwind(AssertUnwindSafe(|| waker.wake_by_ref())) {
            panic = Some(one);
        }
    }
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}
