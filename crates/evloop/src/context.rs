//! The loop that is running on this thread.

use std::cell::RefCell;

use evloop_task::{NoRunningLoop, ProcessGuard, enter_process};

use crate::handle::Handle;

thread_local! {
    static RUNNING: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// Returns a handle of the loop that is running on this thread.
///
/// # Errors
///
/// [`NoRunningLoop`] outside of a loop, and in a child that was forked off inside of one.
pub fn get_running_loop() -> Result<Handle, NoRunningLoop> {
    // While the thread ends the variable may be gone; no loop runs then.
    RUNNING
        .try_with(|running| running.borrow().clone())
        .ok()
        .flatten()
        .filter(Handle::is_of_this_process)
        .ok_or(NoRunningLoop)
}

/// Marks `handle` as running until the guard is dropped. `None` when one is running already; the parent's
/// does not run in a child that was forked off.
pub(crate) fn enter(handle: Handle) -> Option<RunningGuard> {
    let entered = RUNNING.try_with(|running| {
        let mut running = running.borrow_mut();
        if running.as_ref().is_some_and(Handle::is_of_this_process) {
            return None;
        }
        let of_parent = running.replace(handle);
        Some(RunningGuard {
            of_parent,
            _process: enter_process(),
        })
    });
    // While the thread ends the variable may be gone, and with it the place to run.
    entered.ok().flatten()
}

#[derive(Debug)]
pub(crate) struct RunningGuard {
    /// What ran on the thread when the process was forked off.
    of_parent: Option<Handle>,
    _process: ProcessGuard,
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        let of_parent = self.of_parent.take();
        let handle = RUNNING.try_with(|running| running.replace(of_parent));
        drop(handle);
    }
}
