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
    /// In the wheel itself; inserted by the driver's own thread, or under the wheel's lock.
    Wheel(TimerKey),
    /// In a cell that a confined wheel refers to.
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
        let registered = context::with_local(|local| match local {
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

    /// As [`with_handle`](Self::with_handle), unless that driver is confined to this thread and
    /// current.
    #[inline(never)]
    pub(crate) fn away(handle: &TimeHandle, when: When, waker: Waker) -> Result<Self, Waker> {
        let shared = &handle.shared;
        let tick = when.tick(shared, Shared::now);
        let place = match &shared.locked {
            Some(locked) => Place::Wheel(locked.insert(tick, waker)?),
            None => Place::Cell(RemoteTimer::post(shared, tick, waker)?),
        };
        Ok(Self { tick, place })
    }

    /// When the waker is woken; `None` is never.
    pub(crate) fn deadline(&self, handle: &TimeHandle) -> Option<Instant> {
        handle.shared.epoch.instant(self.tick)
    }

    /// Takes the waker out and drops it: at once, or, if the wheel is out of reach, at the driver's next
    /// turn.
    pub(crate) fn cancel(&self, handle: &TimeHandle) {
        let key = match &self.place {
            Place::Wheel(key) => *key,
            Place::Cell(timer) => return timer.cancel(),
        };
        match context::with_wheel(handle, |wheel| wheel.cancel(key)) {
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
        let cancelled = context::with_local(|local| match local {
            Some(local) if local.is_home_of(&handle) => {
                local.give_back(handle);
                Ok(local.wheel.borrow_mut().cancel(key))
            }
            _ => Err(handle),
        });
        match cancelled {
            Ok(waker) => drop(waker),
            Err(handle) => Self::cancel_away(&handle, key),
        }
    }

    #[inline(never)]
    fn cancel_away(handle: &TimeHandle, key: TimerKey) {
        match &handle.shared.locked {
            Some(locked) => drop(locked.with(|wheel| wheel.cancel(key))),
            None => {
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
                at_home.unwrap_or_else(|| self.reset_away(shared, key, tick))
            }
        };
        if was_waiting {
            self.tick = tick;
        }
        was_waiting
    }

    /// Apart, so that it takes nothing from those who have a confined wheel.
    #[inline(never)]
    fn reset_away(&self, shared: &Shared, key: &TimerKey, tick: u64) -> bool {
        match &shared.locked {
            Some(locked) => locked.with(|wheel| wheel.reset(*key, tick)) == Some(true),
            None => shared.latest() < self.tick && shared.post(Order::Reset(*key, tick)),
        }
    }

    /// Whether a timer that was not cancelled has fired.
    pub(crate) fn has_fired(&self, handle: &TimeHandle) -> bool {
        match &self.place {
            Place::Cell(timer) => timer.has_fired(),
            Place::Wheel(key) => {
                let is_waiting = context::with_wheel(handle, |wheel| wheel.contains(*key));
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
        let known = context::with_wheel(handle, |wheel| {
            // Comparing wakers compares addresses.
            wheel.get(key).map(|known| known.will_wake(cx.waker()))
        });
        match known {
            None => self.move_to_cell(handle, key, cx.waker()),
            Some(Some(true)) => Poll::Pending,
            Some(None) if handle.shared.latest() >= self.tick => Poll::Ready(Ok(())),
            Some(_) => self.replace_waker(handle, key, cx),
        }
    }

    /// Puts the waker of `cx` in the place of the one the wheel has.
    fn replace_waker(
        &mut self,
        handle: &TimeHandle,
        key: TimerKey,
        cx: &Context<'_>,
    ) -> Poll<Result<(), DriverGone>> {
        // User code, so before the wheel is reached for.
        let mut waker = Some(cx.waker().clone());
        let replaced = context::with_wheel(handle, |wheel| {
            match (wheel.get_mut(key), &mut waker) {
                (Some(known), Some(new)) => mem::swap(known, new),
                // Another thread has had it fire since it was looked for.
                (None, _) if handle.shared.latest() >= self.tick => return Poll::Ready(Ok(())),
                // It fired at an earlier deadline, while a reset to this one was on its way.
                (None, new) => {
                    let new = new.take().map(|waker| wheel.insert(self.tick, waker));
                    self.place = new.map_or(Place::Wheel(key), Place::Wheel);
                }
                (Some(_), None) => unreachable!("the waker is given away once"),
            }
            Poll::Pending
        });
        // The one before, or the new one if it is not needed.
        drop(waker);
        // Out of reach now: cloning a waker may close the driver, and other threads may.
        replaced.unwrap_or_else(|| self.move_to_cell(handle, key, cx.waker()))
    }

    /// The timer is waited for away from the driver it is confined to: its waker must be within reach
    /// there. A locked wheel is out of reach only when its driver is closed, and takes no orders.
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
