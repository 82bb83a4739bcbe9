//! Which driver is current on this thread.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use evloop_timer_wheel::TimerWheel;

use crate::driver::TimeDriver;
use crate::epoch::START;
use crate::handle::TimeHandle;
use crate::inbox::{Order, Shared};

/// Enough for the timers that end and start within a turn; more would only hold memory.
const MAX_SPARE_HANDLES: usize = 64;

/// The part of a driver that only its own thread touches.
pub(crate) struct Local {
    pub(crate) shared: Arc<Shared>,
    /// Borrowed for single operations only, never while a waker is cloned, woken or dropped: these
    /// are user code, which may come back here.
    pub(crate) wheel: RefCell<TimerWheel<Waker>>,
    /// Where collected orders are kept while they are carried out.
    spare_orders: Cell<Vec<Order>>,
    /// Handles of timers that have ended here, for those that start: a handle that changes hands
    /// on one thread needs no atomic operation, which would cost more than the wheel does.
    spare_handles: RefCell<Vec<TimeHandle>>,
    /// The driver is gone; a forgotten guard may still lead here.
    pub(crate) closed: Cell<bool>,
}

impl Local {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            wheel: RefCell::new(TimerWheel::new(START)),
            spare_orders: Cell::default(),
            spare_handles: RefCell::default(),
            closed: Cell::new(false),
        }
    }

    pub(crate) fn handle(&self) -> TimeHandle {
        let spare = self.spare_handles.borrow_mut().pop();
        spare.unwrap_or_else(|| TimeHandle::new(Arc::clone(&self.shared)))
    }

    /// Takes back a handle to this driver that is needed no more.
    pub(crate) fn give_back(&self, handle: TimeHandle) {
        debug_assert!(self.is_home_of(&handle));
        let mut spare_handles = self.spare_handles.borrow_mut();
        if spare_handles.len() < MAX_SPARE_HANDLES {
            spare_handles.push(handle);
        }
    }

    pub(crate) fn is_home_of(&self, handle: &TimeHandle) -> bool {
        Arc::ptr_eq(&self.shared, &handle.shared)
    }

    /// Carries out what other threads have posted so far.
    #[inline]
    pub(crate) fn carry_out_orders(&self) {
        if self.shared.has_orders() {
            self.carry_out_posted();
        }
    }

    #[cold]
    fn carry_out_posted(&self) {
        let mut orders = self.shared.collect(self.spare_orders.take());
        let cancelled = self.carry_out(&mut orders);
        self.spare_orders.set(orders);
        // User code, and it may panic, so last.
        drop(cancelled);
    }

    /// Carries out these orders; returns the wakers that are to be dropped.
    pub(crate) fn carry_out(&self, orders: &mut Vec<Order>) -> Vec<Waker> {
        let mut cancelled = Vec::new();
        let mut wheel = self.wheel.borrow_mut();
        for order in orders.drain(..) {
            match order {
                Order::Cancel(key) => cancelled.extend(wheel.cancel(key)),
                Order::Reset(key, tick) => {
                    wheel.reset(key, tick);
                }
                Order::Sync(timer) => timer.sync(&mut wheel),
            }
        }
        cancelled
    }
}

thread_local! {
    /// The entered drivers, the current one last, each with the number of its guard.
    static ENTERED: RefCell<Vec<(u64, Rc<Local>)>> = const { RefCell::new(Vec::new()) };
    static NEXT_GUARD: Cell<u64> = const { Cell::new(0) };
}

/// Runs `f` with the current driver of this thread.
///
/// No user code may run in `f`, not even a waker may be cloned or dropped: it could enter another
/// driver meanwhile.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(&Rc<Local>) -> R) -> Option<R> {
    // While the thread ends there is none.
    let result = ENTERED.try_with(|entered| {
        let entered = entered.borrow();
        let mut open = entered.iter().filter(|(_, local)| !local.closed.get());
        open.next_back().map(|(_, local)| f(local))
    });
    result.ok().flatten()
}

/// The current driver of this thread.
#[inline]
pub(crate) fn current() -> Option<Rc<Local>> {
    with_current(Rc::clone)
}

/// Runs `f` with the current driver of this thread, if it is the one the handle leads to.
///
/// The rule of [`with_current`] holds.
#[inline]
pub(crate) fn at_home<R>(handle: &TimeHandle, f: impl FnOnce(&Local) -> R) -> Option<R> {
    with_current(|local| local.is_home_of(handle).then(|| f(local))).flatten()
}

/// Keeps a driver current on this thread, until it is dropped.
///
/// Made by [`TimeDriver::enter`]. Guards may be dropped in any order: current is always the driver
/// entered last of those that are still entered.
#[must_use = "the driver is current only while the guard lives"]
pub struct TimeGuard<'a> {
    number: u64,
    /// Ties the guard to the driver, and, as `Rc` is not `Send`, to the thread.
    _driver: PhantomData<(&'a TimeDriver, Rc<()>)>,
}

impl TimeGuard<'_> {
    pub(crate) fn new(local: &Rc<Local>) -> Self {
        let number = NEXT_GUARD.replace(NEXT_GUARD.get() + 1);
        // While the thread ends there is no place to enter: the driver works, and is not current.
        let _gone = ENTERED.try_with(|entered| {
            entered.borrow_mut().push((number, Rc::clone(local)));
        });
        Self {
            number,
            _driver: PhantomData,
        }
    }
}

impl Drop for TimeGuard<'_> {
    fn drop(&mut self) {
        let left = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            let place = entered
                .iter()
                .rposition(|(number, _)| *number == self.number)?;
            Some(entered.remove(place))
        });
        // Not under the borrow, although the driver, which outlives its guards, holds another.
        drop(left);
    }
}

impl fmt::Debug for TimeGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeGuard").finish_non_exhaustive()
    }
}
