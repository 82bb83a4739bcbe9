//! Waking those whom the drivers have given out.

use std::task::Waker;

use evloop_task::{current_scheduler, report_panic};

/// Wakes and forgets them; a foreign waker that panics keeps nobody else from being woken.
#[inline]
pub(crate) fn wake_all(woken: &mut Vec<Waker>) {
    // In most turns there are none.
    if !woken.is_empty() {
        wake_some(woken);
    }
}

#[inline(never)]
fn wake_some(woken: &mut Vec<Waker>) {
    for waker in woken.drain(..) {
        report_panic(current_scheduler(), "waking a waiter", || waker.wake());
    }
}
