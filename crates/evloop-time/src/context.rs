//! Which driver is current on this thread.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use evloop_timer_wheel::TimerWheel;

use crate::epoch::START;
use crate::handle::TimeHandle;
use crate::inbox::{Order, Shared};

/// Enough for the timers that end and start within a turn; more would only hold memory.
const MAX_SPARE_HANDLES: usize = 64;

/// The part of a driver that only its own thread touches, if it is confined to one.
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
    closed: Cell<bool>,
}

impl Local {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            wheel: RefCell::new(TimerWheel::new(START)),
            spare_orders: Cell::default(),
            spare_handles: RefCell::new(Vec::with_capacity(MAX_SPARE_HANDLES)),
            closed: Cell::new(false),
        }
    }

    #[inline]
    pub(crate) fn handle(&self) -> TimeHandle {
        let spare = self.spare_handles.borrow_mut().pop();
        spare.unwrap_or_else(|| TimeHandle::new(Arc::clone(&self.shared)))
    }

    /// Takes back a handle to this driver that is needed no more. `self` holds another, so nothing is
    /// dropped with it.
    #[inline]
    pub(crate) fn give_back(&self, handle: TimeHandle) {
        debug_assert!(self.is_home_of(&handle));
        let mut spare_handles = self.spare_handles.borrow_mut();
        // Never grows.
        if spare_handles.len() < spare_handles.capacity() {
            spare_handles.push(handle);
        }
    }

    /// Marks the driver as closed and leaves it, however often it is entered. `false` if it was
    /// closed before.
    pub(crate) fn close(&self) -> bool {
        if self.closed.replace(true) {
            return false;
        }
        // A guard may have been forgotten, and those that live find nothing to leave.
        ENTERED.with(|entered| {
            let mut entered = entered.borrow_mut();
            entered.retain(|entry| match &entry.driver {
                Current::Confined(local) => !std::ptr::eq(&**local, self),
                Current::Locked(_) => true,
            });
        });
        true
    }

    #[inline]
    pub(crate) fn is_home_of(&self, handle: &TimeHandle) -> bool {
        Arc::ptr_eq(&self.shared, &handle.shared)
    }

    /// Carries out what other threads have posted so far, the first `limit` of it.
    #[inline]
    pub(crate) fn carry_out_orders(&self, limit: usize) {
        if self.shared.has_orders() {
            self.carry_out_posted(limit);
        }
    }

    #[cold]
    fn carry_out_posted(&self, limit: usize) {
        let mut orders = self.spare_orders.take();
        self.shared.collect(&mut orders, limit);
        let cancelled = self.carry_out(orders.drain(..));
        self.spare_orders.set(orders);
        // User code, and it may panic, so last.
        drop(cancelled);
    }

    /// Carries out these orders; returns the wakers that are to be dropped.
    pub(crate) fn carry_out(&self, orders: impl IntoIterator<Item = Order>) -> Vec<Waker> {
        let mut cancelled = Vec::new();
        let mut wheel = self.wheel.borrow_mut();
        for order in orders {
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

/// The drivers that are entered on a thread. Those confined to it are open: closing one leaves it. One
/// for all threads may have been closed by another, and is then passed over.
struct Entered {
    /// The driver of `current` if it is confined, by itself: this is read for every timer.
    local: Option<Rc<Local>>,
    current: Option<Entry>,
    /// Those that are current again later, the next one last.
    outer: Vec<Entry>,
}

struct Entry {
    guard: u64,
    driver: Current,
}

/// A driver that may be current. Dropping it here never drops the driver's last reference: the driver
/// itself holds another until it is closed, and one for all threads outlives its guards.
#[derive(Clone)]
pub(crate) enum Current {
    Confined(Rc<Local>),
    Locked(Arc<Shared>),
}

impl Current {
    fn is_open(&self) -> bool {
        match self {
            Self::Confined(_) => true,
            Self::Locked(shared) => !shared.is_closed(),
        }
    }

    pub(crate) fn handle(&self) -> TimeHandle {
        match self {
            Self::Confined(local) => local.handle(),
            Self::Locked(shared) => TimeHandle::new(Arc::clone(shared)),
        }
    }
}

thread_local! {
    /// Without a destructor, so that reaching it is a mere address and works while the thread ends.
    /// Nothing is left behind: it owns no memory while no driver is entered.
    static ENTERED: ManuallyDrop<RefCell<Entered>> = const {
        ManuallyDrop::new(RefCell::new(Entered {
            local: None,
            current: None,
            outer: Vec::new(),
        }))
    };
    static NEXT_GUARD: Cell<u64> = const { Cell::new(0) };
}

impl Entered {
    fn enter(&mut self, entry: Entry) {
        if let Some(before) = self.current.replace(entry) {
            self.outer.push(before);
        }
        self.find_local();
    }

    fn find_local(&mut self) {
        self.local = match &self.current {
            Some(Entry {
                driver: Current::Confined(local),
                ..
            }) => Some(Rc::clone(local)),
            _ => None,
        };
    }

    fn current(&self) -> Option<&Current> {
        match &self.current {
            Some(entry) if entry.driver.is_open() => Some(&entry.driver),
            Some(_) => {
                let mut drivers = self.outer.iter().rev().map(|entry| &entry.driver);
                drivers.find(|driver| driver.is_open())
            }
            None => None,
        }
    }

    /// Leaves whatever is not to be kept.
    fn retain(&mut self, mut is_kept: impl FnMut(&Entry) -> bool) {
        self.outer.retain(&mut is_kept);
        if !self.current.as_ref().is_some_and(is_kept) {
            self.current = self.outer.pop();
            self.find_local();
        }
        if self.outer.is_empty() {
            self.outer = Vec::new();
        }
    }
}

/// Runs `f` with the current driver of this thread, if there is one.
///
/// No user code may run in `f`, not even a waker may be cloned or dropped: it could enter another
/// driver meanwhile. Only the clock may be read.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Current>) -> R) -> R {
    ENTERED.with(|entered| f(entered.borrow().current()))
}

/// Runs `f` with the current driver of this thread, if it is confined to it.
///
/// One that is current only because those entered inside have been closed by other threads is not
/// found before these are left. It is used like from elsewhere until then.
///
/// The rule of [`with_current`] holds.
#[inline]
pub(crate) fn with_local<R>(f: impl FnOnce(Option<&Local>) -> R) -> R {
    ENTERED.with(|entered| f(entered.borrow().local.as_deref()))
}

/// Runs `f` with the current driver of this thread, if it is confined to it and the one the handle
/// leads to.
///
/// The rule of [`with_current`] holds.
#[inline]
pub(crate) fn at_home<R>(handle: &TimeHandle, f: impl FnOnce(&Local) -> R) -> Option<R> {
    with_local(|local| local.filter(|local| local.is_home_of(handle)).map(f))
}

/// Runs `f` with the wheel of the driver that the handle leads to, if it is within reach from here:
/// a confined one at home, a locked one from anywhere until it is closed.
///
/// The rule of [`with_current`] holds, also for the clock.
#[inline]
pub(crate) fn with_wheel<R>(
    handle: &TimeHandle,
    mut f: impl FnMut(&mut TimerWheel<Waker>) -> R,
) -> Option<R> {
    let at_home = at_home(handle, |local| f(&mut local.wheel.borrow_mut()));
    at_home.or_else(|| with_locked_wheel(handle, f))
}

/// Apart, so that it takes nothing from those who have a confined wheel.
#[inline(never)]
fn with_locked_wheel<R>(
    handle: &TimeHandle,
    f: impl FnOnce(&mut TimerWheel<Waker>) -> R,
) -> Option<R> {
    handle.shared.locked.as_ref()?.with(f)
}

/// Leaves a locked driver that has been closed, however often this thread has entered it: a guard may
/// have been forgotten, and those that live find nothing to leave. Other threads pass it over.
///
/// The caller holds the driver, so nothing is dropped for good here.
pub(crate) fn leave_closed(shared: &Arc<Shared>) {
    ENTERED.with(|entered| {
        let mut entered = entered.borrow_mut();
        entered.retain(|entry| match &entry.driver {
            Current::Confined(_) => true,
            Current::Locked(locked) => !Arc::ptr_eq(locked, shared),
        });
    });
}

/// Takes back a handle that is needed no more, if its driver is current on this thread.
#[inline]
pub(crate) fn give_back(handle: TimeHandle) {
    let left = with_local(|local| match local {
        Some(local) if local.is_home_of(&handle) => {
            local.give_back(handle);
            None
        }
        _ => Some(handle),
    });
    // It may be the last of its driver, and the clock's destructor is user code.
    drop(left);
}

/// Keeps a driver current on this thread, until it is dropped.
///
/// Made by [`TimeDriver::enter`](crate::TimeDriver::enter) and
/// [`SharedTimeDriver::enter`](crate::SharedTimeDriver::enter). Guards may be dropped in any order:
/// current is always the driver entered last of those that are still entered and open.
#[must_use = "the driver is current only while the guard lives"]
pub struct TimeGuard<'a> {
    number: u64,
    /// Ties the guard to the driver, and, as `Rc` is not `Send`, to the thread.
    _driver: PhantomData<(&'a (), Rc<()>)>,
}

impl TimeGuard<'_> {
    pub(crate) fn new(driver: Current) -> Self {
        let number = NEXT_GUARD.replace(NEXT_GUARD.get() + 1);
        let is_open = match &driver {
            Current::Confined(local) => !local.closed.get(),
            Current::Locked(shared) => !shared.is_closed(),
        };
        if is_open {
            let entry = Entry {
                guard: number,
                driver,
            };
            ENTERED.with(|entered| entered.borrow_mut().enter(entry));
        }
        Self {
            number,
            _driver: PhantomData,
        }
    }
}

impl Drop for TimeGuard<'_> {
    fn drop(&mut self) {
        ENTERED.with(|entered| {
            let mut entered = entered.borrow_mut();
            entered.retain(|entry| entry.guard != self.number);
        });
    }
}

impl fmt::Debug for TimeGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeGuard").finish_non_exhaustive()
    }
}
