//! Debug mode: steps that hold up the loop are named.

use evloop_executor::{LocalExecutor, Step};
use evloop_task::ErrorContext;

use crate::handle::Handle;

/// Runs what is ready, as [`LocalExecutor::run_turn`] does, and reports every step that takes the
/// loop's slow-callback duration or longer.
pub(crate) fn run_turn(executor: &LocalExecutor, handle: &Handle) -> usize {
    let n_ready = executor.n_ready();
    for _ in 0..n_ready {
        let Some(step) = executor.next_step() else {
            break;
        };
        run(step, handle);
    }
    n_ready
}

/// Runs a step, and reports it if it takes so long.
pub(crate) fn run(step: Step, handle: &Handle) {
    let label = step.label();
    let started = handle.now();
    step.run();
    let took = handle.now().saturating_duration_since(started);
    if took >= handle.slow_callback_duration() {
        let message = format!("executing {label:?} took {:.3} seconds", took.as_secs_f64());
        handle.call_exception_handler(&ErrorContext::new(message));
    }
}
