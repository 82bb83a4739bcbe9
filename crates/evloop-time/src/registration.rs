//! A waker in a wheel, as every timer and future here has one.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use evloop_timer_wheel::TimerKey;

use crate::context::{self, Local};
use crate::delay::nanos;
use crate::handle::TimeHandle;
use crate::inbox::{Order, Shared};
use crate::remote::RemoteTimer;

/// What a timer is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// This long after it is registered.
    After(Duration),
    At(Instant),
}

/// A waker that a driver has been given.
///
/// The way back to the driver is kept beside it, by its owner, who gives the same handle to every
/// method. Dropping it leaves the waker where it is: its owner decides whether there is anything to
/// [cancel](Self::cancel) or [end](Self::end).
pub(crate) struct Registration {
    tick: u64,
    place: Place,
}

/// Where the waker is.
enum Place {
    /// In the wheel itself; inserted by the driver's own thread.
    Wheel(TimerKey),
    /// In a cell that the wheel refers to.
    Cell(Arc<RemoteTimer>),
}

/// The driver was dropped before the deadline.
pub(crate) struct DriverGone;

impl Registration {
    /// Registers with the driver of `handle`. `Err` gives the waker back when it is gone.
    pub(crate) fn with_handle(
        handle: &TimeHandle,
        when: When,
        waker: Waker,
    ) -> Result<Self, Waker> {
        let registered = context::with_current(|local| match local {
            Some(local) if local.is_home_of(handle) => Ok(Self::at_home(local, when, waker)),
            _ => Err(waker),
        });
        registered.or_else(|waker| Self::away(handle, when, waker))
    }

    /// Registers with the current driver of this thread, `local`.
    // Always, so that it is built where it stays.
    #[inline(always)]
    pub(crate) fn at_home(local: &Local, when: When, waker: Waker) -> Self {
        let tick = when.tick(&local.shared, Shared::now_at_home);
        let key = local.wheel.borrow_mut().insert(tick, waker);
        Self {
            tick,
            place: Place::Wheel(key),
        }
    }

    #[cold]
    fn away(handle: &TimeHandle, when: When, waker: Waker) -> Result<Self, Waker> {
        let shared = &handle.shared;
        let tick = when.tick(shared, Shared::now);
        Ok(Self {
            tick,
            place: Place::Cell(RemoteTimer::post(shared, tick, waker)?),
        })
    }

    /// When the waker is woken; `None` is never.
    pub(crate) fn deadline(&self, handle: &TimeHandle) -> Option<Instant> {
        handle.shared.epoch.instant(self.tick)
    }

    /// Takes the waker out and drops it: at once, or, from elsewhere, at the driver's next turn.
    pub(crate) fn cancel(&self, handle: &TimeHandle) {
        let key = match &self.place {
            Place::Wheel(key) => *key,
            Place::Cell(timer) => return timer.cancel(),
        };
        match context::at_home(handle, |local| local.wheel.borrow_mut().cancel(key)) {
            Some(waker) => drop(waker),
            None => {
                handle.shared.post(Order::Cancel(key));
            }
        }
    }

    /// As [`cancel`](Self::cancel), for the last time: the handle goes back to the driver too.
    #[inline]
    pub(crate) fn end(&self, handle: TimeHandle) {
        let key = match &self.place {
            Place::Wheel(key) => *key,
            Place::Cell(timer) => {
                timer.cancel();
                return context::give_back(handle);
            }
        };
        let cancelled = context::with_current(|local| match local {
            Some(local) if local.is_home_of(&handle) => {
                local.give_back(handle);
                Ok(local.wheel.borrow_mut().cancel(key))
            }
            _ => Err(handle),
        });
        match cancelled {
            Ok(waker) => drop(waker),
            Err(handle) => {
                handle.shared.post(Order::Cancel(key));
            }
        }
    }

    /// Moves the deadline and says whether the timer was still waiting.
    #[inline]
    pub(crate) fn reset(&mut self, handle: &TimeHandle, deadline: Instant) -> bool {
        let shared = &handle.shared;
        let tick = shared.epoch.deadline(deadline);
        let was_waiting = match &self.place {
            Place::Cell(timer) => timer.reset(tick),
            Place::Wheel(key) => {
                let at_home =
                    context::at_home(handle, |local| local.wheel.borrow_mut().reset(*key, tick));
                at_home.unwrap_or_else(|| {
                    shared.latest() < self.tick && shared.post(Order::Reset(*key, tick))
                })
            }
        };
        if was_waiting {
            self.tick = tick;
        }
        was_waiting
    }

    /// Whether a timer that was not cancelled has fired.
    pub(crate) fn has_fired(&self, handle: &TimeHandle) -> bool {
        match &self.place {
            Place::Cell(timer) => timer.has_fired(),
            Place::Wheel(key) => {
                let is_waiting =
                    context::at_home(handle, |local| local.wheel.borrow().contains(*key));
                is_waiting != Some(true) && handle.shared.latest() >= self.tick
            }
        }
    }

    /// Waits for the deadline with the waker of `cx`; `Err` when the driver is gone.
    pub(crate) fn poll(
        &mut self,
        handle: &TimeHandle,
        cx: &Context<'_>,
    ) -> Poll<Result<(), DriverGone>> {
        let key = match &self.place {
            Place::Wheel(key) => *key,
            Place::Cell(timer) => {
                return match timer.poll(cx.waker()) {
                    Poll::Ready(()) => Poll::Ready(Ok(())),
                    // Read after the waker was left, so the closing driver wakes it or is seen here.
                    Poll::Pending if handle.is_closed() => Poll::Ready(Err(DriverGone)),
                    Poll::Pending => Poll::Pending,
                };
            }
        };
        let known = context::at_home(handle, |local| {
            // Comparing wakers compares addresses.
            let wheel = local.wheel.borrow();
            wheel.get(key).map(|known| known.will_wake(cx.waker()))
        });
        match known {
            None => self.move_to_cell(handle, key, cx.waker()),
            Some(Some(true)) => Poll::Pending,
            Some(None) if handle.shared.latest() >= self.tick => Poll::Ready(Ok(())),
            Some(_) => {
                self.replace_waker(handle, key, cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Puts a waker in the place of the one the wheel has. Called on the driver's thread.
    fn replace_waker(&mut self, handle: &TimeHandle, key: TimerKey, waker: Waker) {
        let mut waker = Some(waker);
        let moved = context::at_home(handle, |local| {
            let mut wheel = local.wheel.borrow_mut();
            let (known, new) = (wheel.get_mut(key), waker.as_mut()?);
            if let Some(known) = known {
                mem::swap(known, new);
                return None;
            }
            // It fired at an earlier deadline, while a reset to this one was on its way.
            Some(wheel.insert(self.tick, waker.take()?))
        });
        if let Some(key) = moved.flatten() {
            self.place = Place::Wheel(key);
        }
        drop(waker);
    }

    /// The timer is waited for away from its driver: its waker must be within reach there.
    fn move_to_cell(
        &mut self,
        handle: &TimeHandle,
        key: TimerKey,
        waker: &Waker,
    ) -> Poll<Result<(), DriverGone>> {
        let shared = &handle.shared;
        if shared.latest() >= self.tick {
            return Poll::Ready(Ok(()));
        }
        shared.post(Order::Cancel(key));
        match RemoteTimer::post(shared, self.tick, waker.clone()) {
            Ok(timer) => {
                self.place = Place::Cell(timer);
                Poll::Pending
            }
            Err(_) => Poll::Ready(Err(DriverGone)),
        }
    }
}

impl When {
    #[inline]
    fn tick(self, shared: &Shared, now: impl FnOnce(&Shared) -> u64) -> u64 {
        match self {
            Self::After(delay) => now(shared).saturating_add(nanos(delay)),
            Self::At(deadline) => shared.epoch.deadline(deadline),
        }
    }
}
