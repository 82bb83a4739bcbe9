//! Which context is current: the one that was entered last, the running task's, or the thread's.
//!
//! A task's own context is found through the frame of its poll, so polling costs nothing for it.
//! What is entered besides (by [`Context::run`] and by callbacks) remembers the task it was
//! entered in, and holds only there: a task that is polled inside, by a nested loop or as an eager
//! start, has its own.
//!
//! # Invariants
//!
//! 1. The thread-local pointer is null or points to an [`Entered`] on the stack of a call of
//!    [`within`] that has not returned: the guard puts the former value back on every way out.
//! 2. It is read only on its own thread, inside that call, and no reference to it is kept.

#![expect(
    unsafe_code,
    reason = "the entered context is a stack frame reached through a thread-local"
)]

use std::cell::{Cell, OnceCell, RefCell};
use std::ptr;

use crate::context::Context;
use crate::current;
use crate::sync::thread_cell;

struct Entered<'a> {
    /// The task that was polled here; null outside of tasks. While this lives its poll goes on, so
    /// no other task has its address, and it is polled nowhere else.
    task: *const (),
    given: Option<&'a Context>,
    /// Made when it is needed and none was given.
    made: OnceCell<Context>,
}

impl Entered<'_> {
    fn get_or_make(&self) -> Context {
        let context = self.given;
        context
            .unwrap_or_else(|| self.made.get_or_init(Context::new))
            .clone()
    }
}

thread_cell! {
    /// Const and without a destructor: it reads as null, never as destroyed.
    ENTERED: *const Entered<'static> = ptr::null()
}

thread_local! {
    /// The context of the thread itself, made when it is needed.
    static OF_THREAD: RefCell<Option<Context>> = const { RefCell::new(None) };
}

/// Puts the former one back, also while unwinding.
struct Restore(*const Entered<'static>);

impl Drop for Restore {
    fn drop(&mut self) {
        ENTERED.with(|entered| entered.set(self.0));
    }
}

/// Calls `f` with `context` as the current one; `None` is an empty one that is not made yet.
#[inline]
pub(super) fn within<R>(context: Option<&Context>, f: impl FnOnce() -> R) -> R {
    let entered = Entered {
        task: current::task_address(),
        given: context,
        made: OnceCell::new(),
    };
    let here = ptr::from_ref(&entered).cast();
    let _restore = Restore(ENTERED.with(|place| place.replace(here)));
    f()
}

/// Calls `f` with what was entered last, if that holds here.
fn with_entered<R>(f: impl FnOnce(&Entered<'_>) -> R) -> Option<R> {
    let entered = ENTERED.with(Cell::get);
    // SAFETY: (1) a pointer that is not null refers to a live value; (2) the reference ends here.
    let entered = unsafe { entered.as_ref() }?;
    (entered.task == current::task_address()).then(|| f(entered))
}

/// The current context itself, or `None` if it is not made yet, and so is empty.
pub(super) fn peek() -> Option<Context> {
    if let Some(entered) = with_entered(|place| place.given.or_else(|| place.made.get()).cloned()) {
        return entered;
    }
    if let Some(of_task) = current::with_meta(|meta| meta.peek_context().cloned()) {
        return of_task;
    }
    // While the thread ends the variable may be gone.
    OF_THREAD
        .try_with(|place| place.borrow().clone())
        .ok()
        .flatten()
}

/// The current context itself, made if need be.
pub(super) fn get_or_make() -> Context {
    if let Some(entered) = with_entered(|place| place.get_or_make()) {
        return entered;
    }
    if let Some(of_task) = current::with_meta(|meta| meta.context().clone()) {
        return of_task;
    }
    OF_THREAD
        .try_with(|place| {
            let mut place = place.borrow_mut();
            place.get_or_insert_with(Context::new).clone()
        })
        .unwrap_or_default()
}
