//! A foreign waker in a wrapper that lets no panic out.

use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::report::report_panic;
use crate::scheduler::turning_scheduler;

struct Contained(Option<Waker>);

/// Wraps `waker` so that waking and dropping it cannot unwind.
///
/// # Cost
///
/// One allocation. Wakers of evloop's own tasks and combinators need no wrapper.
pub(crate) fn contained(waker: &Waker) -> Waker {
    Waker::from(Arc::new(Contained(Some(waker.clone()))))
}

impl Wake for Contained {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(waker) = &self.0 {
            report_panic(turning_scheduler(), "waking an awaiter", || {
                waker.wake_by_ref()
            });
        }
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        let waker = self.0.take();
        report_panic(turning_scheduler(), "dropping an awaiter's waker", || {
            drop(waker)
        });
    }
}
