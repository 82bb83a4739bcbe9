//! Dropping a chain of things that own one another, link by link instead of by recursion.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;

thread_local! {
    /// What waits to be dropped on this thread; `None` while nothing is.
    static WAITING: RefCell<Option<VecDeque<Box<dyn Any>>>> = const { RefCell::new(None) };
}

/// Drops `value` now, or, called from a destructor that this runs, right after that one.
///
/// A promise whose callback owns the next promise, and so on, would otherwise use a stack frame for
/// each link.
pub(crate) fn drop_flat<V: 'static>(value: V) {
    let mut value = Some(value);
    let queued = WAITING.try_with(|waiting| match &mut *waiting.borrow_mut() {
        Some(queue) => {
            queue.push_back(Box::new(value.take()));
            true
        }
        none => {
            *none = Some(VecDeque::new());
            false
        }
    });
    // While the thread ends the queue may be gone: then by recursion.
    let Ok(false) = queued else {
        return drop(value);
    };
    let _end = End;
    drop(value);
    while let Some(next) = next() {
        drop(next);
    }
}

fn next() -> Option<Box<dyn Any>> {
    WAITING
        .try_with(|waiting| waiting.borrow_mut().as_mut()?.pop_front())
        .ok()
        .flatten()
}

/// Leaves the queue, also when a destructor unwinds.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let left = WAITING.try_with(|waiting| waiting.borrow_mut().take());
        drop(left);
    }
}
