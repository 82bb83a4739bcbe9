//! Which driver is current on this thread.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
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
            entered.retain(|entry| !std::ptr::eq(&*entry.local, self));
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

/// The drivers that are entered on a thread. All of them are open: closing one leaves it.
struct Entered {
    current: Option<Entry>,
    /// Those that are current again later, the next one last.
    outer: Vec<Entry>,
}

struct Entry {
    guard: u64,
    /// Never the last one: the driver itself holds another until it is closed.
    local: Rc<Local>,
}

thread_local! {
    /// Without a destructor, so that reaching it is a mere address and works while the thread ends.
    /// Nothing is left behind: it owns no memory while no driver is entered.
    static ENTERED: ManuallyDrop<RefCell<Entered>> = const {
        ManuallyDrop::new(RefCell::new(Entered {
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
    }

    /// Leaves whatever is not to be kept.
    fn retain(&mut self, mut is_kept: impl FnMut(&Entry) -> bool) {
        self.outer.retain(&mut is_kept);
        if !self.current.as_ref().is_some_and(is_kept) {
            self.current = self.outer.pop();
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
pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Local>) -> R) -> R {
    ENTERED.with(|entered| {
        let entered = entered.borrow();
        f(entered.current.as_ref().map(|entry| &*entry.local))
    })
}

/// Runs `f` with the current driver of this thread, if it is the one the handle leads to.
///
/// The rule of [`with_current`] holds.
#[inline]
pub(crate) fn at_home<R>(handle: &TimeHandle, f: impl FnOnce(&Local) -> R) -> Option<R> {
    with_current(|local| local.filter(|local| local.is_home_of(handle)).map(f))
}

/// Takes back a handle that is needed no more, if its driver is current on this thread.
#[inline]
pub(crate) fn give_back(handle: TimeHandle) {
    let left = with_current(|local| match local {
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
        if !local.closed.get() {
            let local = Rc::clone(local);
            let entry = Entry {
                guard: number,
                local,
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
