//! The usual shapes of clean-up, as functions.

use std::future::{Future, IntoFuture};

use crate::catch::catch_cancel;
use crate::hold::hold_cancel;
use crate::timeout::timeout_scope;

/// Runs `future`; if a request is delivered meanwhile, runs `clean_up` and passes the request on.
///
/// A second request interrupts the clean-up, as in asyncio.
///
/// # Cancel safety
///
/// A drop is no request: it drops `future`, or the clean-up, where it stands.
pub async fn on_cancel<F, C>(future: F, clean_up: impl FnOnce() -> C) -> F::Output
where
    F: IntoFuture,
    C: IntoFuture,
{
    match catch_cancel(future).await {
        Ok(output) => output,
        Err(cancelled) => {
            clean_up().await;
            match cancelled.resume().await {}
        }
    }
}

/// As [`on_cancel`], with a clean-up that further requests do not interrupt, but `budget` does: any
/// timer.
///
/// # Cancel safety
///
/// As [`on_cancel`].
pub async fn finally_within<F, C>(
    budget: impl Future,
    future: F,
    clean_up: impl FnOnce() -> C,
) -> F::Output
where
    F: IntoFuture,
    C: IntoFuture,
{
    match catch_cancel(future).await {
        Ok(output) => output,
        Err(cancelled) => {
            // Cut short or not, the request goes on.
            let _in_time = hold_cancel(timeout_scope(budget, clean_up())).await;
            match cancelled.resume().await {}
        }
    }
}
