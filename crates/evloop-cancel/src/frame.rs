//! Who is being polled on this thread: a list of stack frames, innermost first.
//!
//! A task's step, a scope and a branch of a fork each push a frame while they poll what is inside
//! them. A scope learns from the frame around it whether a cancel request is being delivered; there
//! is no other list of scopes anywhere.
//!
//! # Invariants
//!
//! 1. The thread-local pointer is null or points to a [`Frame`] on the stack of a call of [`push`]
//!    that has not returned, and so does each frame's pointer to the one around it: the guard puts
//!    the former pointer back on every way out.
//! 2. Frames are read only on their own thread, inside that call, and no reference is kept.

#![expect(
    unsafe_code,
    reason = "frames live on the stack and are reached through a thread-local"
)]

use std::any::Any;
use std::cell::Cell;
use std::ptr;
use std::task::Waker;

use crate::node::Node;
use crate::sync::thread_cell;

/// One poll that is going on.
pub(crate) struct Frame<'a> {
    around: *const Frame<'static>,
    /// What the inner part is polled with; `None` while a task is dropped rather than polled.
    pub(crate) waker: Option<&'a Waker>,
    /// The task this is a part of.
    pub(crate) host: Option<&'a dyn Any>,
    pub(crate) node: &'a Node,
    /// Waking `waker` runs no foreign code.
    pub(crate) is_trusted: bool,
    pub(crate) kind: Kind,
}

/// What a frame does with a request that is passed on to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The task itself: what is around it is another task's, or a nested executor's caller.
    Host,
    /// Ends for it.
    Catch,
    /// Ends for its own requests, and lets others pass.
    Target,
    /// Keeps it until its inner part has ended.
    Hold,
}

thread_cell! {
    /// Const and without a destructor: it reads as null, never as destroyed.
    CURRENT: *const Frame<'static> = ptr::null()
}

/// Puts the former frame back, also while unwinding.
struct Restore(*const Frame<'static>);

impl Drop for Restore {
    #[inline]
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0));
    }
}

impl<'a> Frame<'a> {
    /// The frame of a task's step.
    #[inline]
    pub(crate) fn host(host: &'a dyn Any, waker: Option<&'a Waker>, node: &'a Node) -> Self {
        Self {
            around: ptr::null(),
            waker,
            host: Some(host),
            node,
            is_trusted: true,
            kind: Kind::Host,
        }
    }

    /// The frame of a scope inside `around`, polled with `waker`.
    #[inline]
    pub(crate) fn scope(
        kind: Kind,
        around: Option<&'a Frame<'a>>,
        waker: &'a Waker,
        node: &'a Node,
    ) -> Self {
        let own = around.is_some_and(|around| around.is_trusted && around.is_local(waker));
        Self {
            around: ptr::null(),
            waker: Some(waker),
            host: around.and_then(|around| around.host),
            node,
            is_trusted: own,
            kind,
        }
    }

    /// The frame of a branch of a fork inside `around`, polled with a waker that the fork made.
    #[inline]
    pub(crate) fn branch(around: Option<&'a Frame<'a>>, waker: &'a Waker, node: &'a Node) -> Self {
        Self {
            around: ptr::null(),
            waker: Some(waker),
            host: around.and_then(|around| around.host),
            node,
            is_trusted: true,
            kind: Kind::Catch,
        }
    }

    /// True when `waker` is the one of this frame: whoever is polled with it is polled by whatever
    /// polls this frame's inner part.
    #[inline]
    pub(crate) fn is_local(&self, waker: &Waker) -> bool {
        self.waker.is_some_and(|own| own.will_wake(waker))
    }

    #[inline]
    pub(crate) fn is_host(&self) -> bool {
        self.kind == Kind::Host
    }

    /// The frame around this one, in the same task.
    pub(crate) fn around(&'a self) -> Option<&'a Frame<'a>> {
        if self.is_host() {
            return None;
        }
        // SAFETY: (1) null or a live frame, whose call encloses this one's; (2) the reference
        // lives no longer than the one to this frame.
        unsafe { self.around.as_ref() }
    }
}

/// Runs `f` inside of `frame`.
#[inline]
pub(crate) fn push<R>(mut frame: Frame<'_>, f: impl FnOnce() -> R) -> R {
    let before = CURRENT.with(Cell::get);
    frame.around = before;
    let here: *const Frame<'static> = ptr::from_ref(&frame).cast();
    CURRENT.with(|current| current.set(here));
    let _restore = Restore(before);
    f()
}

/// Runs `f` as if nothing were being polled.
#[inline]
pub(crate) fn outside<R>(f: impl FnOnce() -> R) -> R {
    let _restore = Restore(CURRENT.with(|current| current.replace(ptr::null())));
    f()
}

/// Gives the innermost frame to `f`.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(Option<&Frame<'_>>) -> R) -> R {
    let frame = CURRENT.with(Cell::get);
    // SAFETY: (1) null or a live frame; (2) the reference ends with this call, which the frame's
    // own call encloses.
    f(unsafe { frame.as_ref() })
}
