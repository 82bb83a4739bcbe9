//! Done callbacks: who is registered, and how they read in a `Debug` form.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::context::ContextSnapshot;
use crate::current;
use crate::error::{TaskResult, contain};
use crate::report::{ErrorContext, report};
use crate::scheduler::Scheduler;
use crate::slot::drop_contained;

/// Names registrations of done callbacks, for removing them.
///
/// Every registration gets a new id; [`add_done_callback_as`](crate::Promise::add_done_callback_as)
/// puts several under one, as asyncio does for the same function added again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallbackId(u64);

impl CallbackId {
    /// A new id, different from all others of the process.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "each is different: nothing is default"
    )]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Where and as what a callback was registered.
#[derive(Clone, Copy)]
pub(crate) struct Label {
    type_name: &'static str,
    location: &'static Location<'static>,
}

impl Label {
    #[track_caller]
    pub(crate) fn of<F>() -> Self {
        Self {
            type_name: std::any::type_name::<F>(),
            location: Location::caller(),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `program::main::{{closure}}` and `program::callback::<i32>` read as their last name.
        let path = self
            .type_name
            .split('<')
            .next()
            .unwrap_or_default()
            .trim_end_matches("::");
        let name = path.rsplit("::").next().unwrap_or(path);
        let name = if name == "{{closure}}" {
            "closure"
        } else {
            name
        };
        write!(
            f,
            "{name} at {}:{}",
            self.location.file(),
            self.location.line()
        )
    }
}

/// What a callback does.
type Body<T> = Box<dyn FnOnce(&TaskResult<T>) + Send>;

/// A callback, what it is called, and the context it was registered in.
pub(crate) struct Callback<T> {
    pub(crate) id: CallbackId,
    pub(crate) label: Label,
    context: ContextSnapshot,
    /// Taken by the call, or by drop.
    body: Option<Body<T>>,
}

impl<T> Callback<T> {
    pub(crate) fn new(id: CallbackId, label: Label, body: Body<T>) -> Self {
        Self {
            id,
            label,
            context: ContextSnapshot::take(),
            body: Some(body),
        }
    }

    /// Calls it outside of any task; a panic goes to the exception handler.
    pub(crate) fn call(mut self, result: &TaskResult<T>, scheduler: &'static dyn Scheduler) {
        let Some(body) = self.body.take() else { return };
        let call = || {
            if let Err(payload) = contain(|| body(result)) {
                // Inside: the exception handler runs in the context of the callback.
                let report_of = ErrorContext::from_panic("a done callback", payload);
                report(
                    Some(scheduler),
                    &report_of.with_source(self.label.to_string()),
                );
            }
        };
        current::outside_of_tasks(|| self.context.run(call));
    }
}

impl<T> Drop for Callback<T> {
    /// Drops a callback that was removed, or whose loop is closed.
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            drop_contained(body, "a done callback");
        }
    }
}

/// Writes ` cb=[a at x.rs:1, b at y.rs:2]`, or nothing when there are none.
pub(crate) fn write_labels(f: &mut fmt::Formatter<'_>, labels: &[Label]) -> fmt::Result {
    if labels.is_empty() {
        return Ok(());
    }
    f.write_str(" cb=[")?;
    for (n, label) in labels.iter().enumerate() {
        let comma = if n > 0 { ", " } else { "" };
        write!(f, "{comma}{label}")?;
    }
    f.write_str("]")
}
