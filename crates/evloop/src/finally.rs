//! Clean-up with a budget in time.

use std::future::IntoFuture;
use std::time::Duration;

use evloop_time::sleep;

/// Runs `future`; if a cancel request is delivered meanwhile, runs `clean_up`, for `budget` at most,
/// and passes the request on. Further requests wait until the clean-up is over.
///
/// # Panics
///
/// When the clean-up suspends and no loop runs on this thread.
///
/// # Cancel safety
///
/// A drop is no request: it drops `future`, or the clean-up, where it stands.
pub async fn finally_within<F, C>(
    budget: Duration,
    future: F,
    clean_up: impl FnOnce() -> C,
) -> F::Output
where
    F: IntoFuture,
    C: IntoFuture,
{
    evloop_cancel::finally_within(sleep(budget), future, clean_up).await
}
