//! Why a task or promise was cancelled.

use std::panic::Location;
use std::sync::Arc;

use evloop_cancel::{Cause, Request};

/// Why a task was asked to end, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CancelReason {
    pub(crate) message: Option<Arc<str>>,
    pub(crate) origin: Option<&'static Location<'static>>,
    pub(crate) cause: Option<Cause>,
}

impl CancelReason {
    #[track_caller]
    pub(crate) fn here(message: Option<Arc<str>>) -> Self {
        Self {
            message,
            origin: Some(Location::caller()),
            cause: None,
        }
    }

    /// The reason of a request that is forwarded.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            message: request.get_message().cloned(),
            origin: request.get_origin(),
            cause: request.get_cause(),
        }
    }

    /// The same reason, with a cause if it had none.
    pub(crate) fn with_cause(mut self) -> Self {
        self.cause.get_or_insert_with(Cause::unique);
        self
    }

    /// A reason without a place.
    pub(crate) fn message(message: Option<Arc<str>>) -> Self {
        Self {
            message,
            origin: None,
            cause: None,
        }
    }

    /// True when both are the same request, which has come by two ways.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.cause.is_some() && self.cause == other.cause
    }
}
