//! A timer that was inserted, or is waited for, away from its driver's thread.
//!
//! What is wanted of the timer (a waker and a tick) lives in a cell that any thread may change;
//! what the wheel holds is a proxy waker that leads to the cell. After every change the cell is
//! posted to the driver once, and the driver brings the wheel in line with it. The orders carry no
//! content, so their sequence and number do not matter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Wake, Waker};

use evloop_timer_wheel::{TimerKey, TimerWheel};

use crate::inbox::{Order, Shared};

#[derive(Debug)]
pub(crate) struct RemoteTimer {
    shared: Arc<Shared>,
    wanted: Mutex<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    tick: u64,
    /// Who waits; `None` once fired or cancelled: then the wheel should hold nothing.
    waker: Option<Waker>,
    /// Where the wheel has the proxy. Written by the driver's thread only.
    key: Option<TimerKey>,
    /// An order for this cell is in the inbox.
    is_posted: bool,
}

impl RemoteTimer {
    /// Creates the cell and posts it. `Err` gives the waker back when the driver is gone.
    pub(crate) fn post(shared: &Arc<Shared>, tick: u64, waker: Waker) -> Result<Arc<Self>, Waker> {
        let timer = Arc::new(Self {
            shared: Arc::clone(shared),
            wanted: Mutex::new(Wanted {
                tick,
                waker: Some(waker),
                key: None,
                is_posted: true,
            }),
        });
        if shared.post(Order::Sync(Arc::clone(&timer))) {
            return Ok(timer);
        }
        match timer.wanted().waker.take() {
            Some(waker) => Err(waker),
            // It was taken by nobody, for nobody else knows the cell.
            None => unreachable!("the driver never saw this timer"),
        }
    }

    /// Whether the deadline has passed; if not, `waker` is the one to be woken.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<()> {
        // User code, so before the lock.
        let waker = waker.clone();
        let mut wanted = self.wanted();
        let (poll, outdated) = match self.shared.latest() >= wanted.tick {
            // The proxy leaves the wheel at the driver's next turn, and finds nobody to wake.
            true => (Poll::Ready(()), wanted.waker.take()),
            false => (Poll::Pending, wanted.waker.replace(waker)),
        };
        drop(wanted);
        drop(outdated);
        poll
    }

    /// Whether the deadline has passed.
    pub(crate) fn has_fired(&self) -> bool {
        self.shared.latest() >= self.wanted().tick
    }

    /// Drops the waker now and has the wheel forget the timer.
    pub(crate) fn cancel(self: &Arc<Self>) {
        let mut wanted = self.wanted();
        let waker = wanted.waker.take();
        drop(wanted);
        if waker.is_some() {
            self.post_change();
        }
        drop(waker);
    }

    /// Moves the timer if it is still waiting.
    pub(crate) fn reset(self: &Arc<Self>, tick: u64) -> bool {
        let mut wanted = self.wanted();
        if wanted.waker.is_none() {
            return false;
        }
        wanted.tick = tick;
        drop(wanted);
        self.post_change();
        true
    }

    fn post_change(self: &Arc<Self>) {
        let mut wanted = self.wanted();
        let was_posted = std::mem::replace(&mut wanted.is_posted, true);
        drop(wanted);
        if !was_posted {
            self.shared.post(Order::Sync(Arc::clone(self)));
        }
    }

    /// Brings the wheel in line with the cell. Called on the driver's thread.
    pub(crate) fn sync(self: &Arc<Self>, wheel: &mut TimerWheel<Waker>) {
        let mut wanted = self.wanted();
        // Before the rest is read: whatever changes later is posted again.
        wanted.is_posted = false;
        let key = wanted.key.filter(|key| wheel.contains(*key));
        match (key, wanted.waker.is_some()) {
            (None, true) => {
                wanted.key = Some(wheel.insert(wanted.tick, Waker::from(Arc::clone(self))));
            }
            (Some(key), true) if wheel.deadline(key) != Some(wanted.tick) => {
                wheel.reset(key, wanted.tick);
            }
            (Some(key), false) => {
                // The proxy holds no user value, only a count of this cell.
                drop(wheel.cancel(key));
            }
            (Some(_), true) | (None, false) => {}
        }
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        // No user code runs under this lock, so a panic cannot leave it half changed.
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The proxy in the wheel: the timer has expired, or the driver is gone.
impl Wake for RemoteTimer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut wanted = self.wanted();
        // A move to a later tick may have been asked for after the wheel let go. It is in the inbox
        // then, and the driver inserts the timer again.
        let is_due = self.shared.latest() >= wanted.tick || self.shared.is_closed();
        let waker = match is_due {
            true => wanted.waker.take(),
            false => None,
        };
        drop(wanted);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
