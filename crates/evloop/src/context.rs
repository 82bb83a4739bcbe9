//! The loop that is running on this thread.

use std::cell::RefCell;

use evloop_task::NoRunningLoop;

use crate::handle::Handle;

thread_local! {
    static RUNNING: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// Returns a handle of the loop that is running on this thread.
///
/// # Errors
///
/// [`NoRunningLoop`] outside of a loop.
pub fn get_running_loop() -> Result<Handle, NoRunningLoop> {
    // While the thread ends the variable may be gone; no loop runs then.
    RUNNING
        .try_with(|running| running.borrow().clone())
        .ok()
        .flatten()
        .ok_or(NoRunningLoop)
}

/// Marks `handle` as running until the guard is dropped. `None` when one is running already.
pub(crate) fn enter(handle: Handle) -> Option<RunningGuard> {
    let entered = RUNNING.try_with(|running| {
        let mut running = running.borrow_mut();
        if running.is_some() {
            return None;
        }
        *running = Some(handle);
        Some(RunningGuard)
    });
    // While the thread ends the variable may be gone, and with it the place to run.
    entered.ok().flatten()
}

#[derive(Debug)]
pub(crate) struct RunningGuard;

impl Drop for RunningGuard {
    fn drop(&mut self) {
        let handle = RUNNING.try_with(|running| running.borrow_mut().take());
        drop(handle);
    }
}
