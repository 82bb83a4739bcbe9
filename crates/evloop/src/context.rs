//! The loop that is running on this thread.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use evloop_task::{NoRunningLoop, ProcessGuard, enter_process};

use crate::handle::Handle;

thread_local! {
    /// Without a destructor, so that a destructor of a thread that ends may still run a loop. Nothing is
    /// left behind: it is empty while no loop runs.
    static RUNNING: ManuallyDrop<RefCell<Option<Handle>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// Returns a handle of the loop that is running on this thread.
///
/// # Errors
///
/// [`NoRunningLoop`] outside of a loop, and in a child that was forked off inside of one.
pub fn get_running_loop() -> Result<Handle, NoRunningLoop> {
    RUNNING
        .with(|running| running.borrow().clone())
        .filter(Handle::is_of_this_process)
        .ok_or(NoRunningLoop)
}

/// Marks `handle` as running until the guard is dropped. `None` when one is running already; the parent's
/// does not run in a child that was forked off.
pub(crate) fn enter(handle: Handle) -> Option<RunningGuard> {
    RUNNING.with(|running| {
        let mut running = running.borrow_mut();
        if running.as_ref().is_some_and(Handle::is_of_this_process) {
            return None;
        }
        let of_parent = running.replace(handle);
        Some(RunningGuard {
            of_parent,
            _process: enter_process(),
        })
    })
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
        let handle = RUNNING.with(|running| running.replace(of_parent));
        drop(handle);
    }
}
