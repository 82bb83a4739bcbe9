//! Why a task or promise was cancelled.

use std::panic::Location;
use std::sync::Arc;

use evloop_cancel::Request;

/// Why a task was asked to end, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CancelReason {
    pub(crate) message: Option<Arc<str>>,
    pub(crate) origin: Option<&'static Location<'static>>,
}

impl CancelReason {
    #[track_caller]
    pub(crate) fn here(message: Option<Arc<str>>) -> Self {
        Self {
            message,
            origin: Some(Location::caller()),
        }
    }

    /// The reason of a request that is forwarded.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            message: request.get_message().cloned(),
            origin: request.get_origin(),
        }
    }

    /// A reason without a place.
    pub(crate) fn message(message: Option<Arc<str>>) -> Self {
        Self {
            message,
            origin: None,
        }
    }
}
