//! Debug mode: steps that hold up the loop are named.

use evloop_executor::LocalExecutor;
use evloop_task::ErrorContext;

use crate::handle::Handle;

/// Runs what is ready, as [`LocalExecutor::run_ready`] does, and reports every step that takes the
/// loop's slow-callback duration or longer.
pub(crate) fn run_ready(executor: &LocalExecutor, handle: &Handle, n_ready: usize) {
    let limit = handle.slow_callback_duration();
    for _ in 0..n_ready {
        let Some(step) = executor.next_step() else {
            return;
        };
        let label = step.label();
        let started = handle.now();
        step.run();
        let took = handle.now().saturating_duration_since(started);
        if took >= limit {
            let message = format!("executing {label:?} took {:.3} seconds", took.as_secs_f64());
            handle.call_exception_handler(&ErrorContext::new(message));
        }
    }
}
