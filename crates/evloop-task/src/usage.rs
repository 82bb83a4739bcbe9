//! What the process has begun to use: features that cost nothing until somebody does.

use std::sync::atomic::{AtomicU8, Ordering};

/// Some context variable was set.
const CONTEXTS: u8 = 1;
/// Some scheduler starts its tasks eagerly.
const EAGER_LOOPS: u8 = 1 << 1;

/// Bits are set and never cleared.
///
/// Relaxed is enough. A thread that has a context with a variable in it, or a scheduler that starts
/// eagerly, got it from a thread that had set the bit before, by something that synchronises.
static USED: AtomicU8 = AtomicU8::new(0);

fn begin(what: u8) {
    if USED.load(Ordering::Relaxed) & what == 0 {
        USED.fetch_or(what, Ordering::Relaxed);
    }
}

#[inline]
fn is_used(what: u8) -> bool {
    USED.load(Ordering::Relaxed) & what != 0
}

/// True once anything of this module is used.
#[inline]
pub(crate) fn any() -> bool {
    USED.load(Ordering::Relaxed) != 0
}

pub(crate) fn begin_contexts() {
    begin(CONTEXTS);
}

/// True once any context variable was set: until then every context is empty.
#[inline]
pub(crate) fn contexts() -> bool {
    is_used(CONTEXTS)
}

pub(crate) fn begin_eager_loops() {
    begin(EAGER_LOOPS);
}

/// True once any scheduler starts its tasks eagerly by default.
#[inline]
pub(crate) fn eager_loops() -> bool {
    is_used(EAGER_LOOPS)
}
