//! What a request to end says of itself.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A request to end: its message, where it was made, and how to take it back.
#[derive(Clone, Default)]
pub struct Request {
    message: Option<Arc<str>>,
    origin: Option<&'static Location<'static>>,
    counted: Option<Counted>,
    cause: Option<Cause>,
}

/// How to take a request back, and what that gave: several scopes may get the same request.
#[derive(Clone)]
struct Counted {
    uncancel: Arc<dyn Fn() -> usize + Send + Sync>,
    remaining: Arc<OnceLock<usize>>,
}

/// What several requests have in common that are made for one reason: who gets two of them, by
/// different ways, is asked once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause(u64);

impl Cause {
    /// A cause that no other request has.
    #[must_use]
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Request {
    /// A request that says nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds why it was made.
    #[must_use]
    pub fn message(mut self, message: Option<Arc<str>>) -> Self {
        self.message = message;
        self
    }

    /// Adds the line of code that made it.
    #[must_use]
    pub fn origin(mut self, origin: Option<&'static Location<'static>>) -> Self {
        self.origin = origin;
        self
    }

    /// Adds what takes one request back and says how many remain: for targets that count them. It is
    /// called once at most, however many scopes get the request.
    #[must_use]
    pub fn counted(mut self, uncancel: Arc<dyn Fn() -> usize + Send + Sync>) -> Self {
        self.counted = Some(Counted {
            uncancel,
            remaining: Arc::default(),
        });
        self
    }

    /// Adds the cause that it shares with other requests.
    #[must_use]
    pub fn cause(mut self, cause: Option<Cause>) -> Self {
        self.cause = cause;
        self
    }

    /// The cause that it shares with other requests, if there is one.
    #[must_use]
    pub fn get_cause(&self) -> Option<Cause> {
        self.cause
    }

    /// Why it was made, if it says.
    #[must_use]
    pub fn get_message(&self) -> Option<&Arc<str>> {
        self.message.as_ref()
    }

    /// The line of code that made it, if it is known.
    #[must_use]
    pub fn get_origin(&self) -> Option<&'static Location<'static>> {
        self.origin
    }

    /// Takes the request back, unless somebody has done that; says how many remained. 0 for targets
    /// that do not count.
    pub(crate) fn uncancel(&self) -> usize {
        let counted = self.counted.as_ref();
        counted.map_or(
            0,
            |Counted {
                 uncancel,
                 remaining,
             }| { *remaining.get_or_init(|| uncancel()) },
        )
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("message", &self.message)
            .field("origin", &self.origin.map(ToString::to_string))
            .finish_non_exhaustive()
    }
}
