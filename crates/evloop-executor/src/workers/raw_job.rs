//! A job as one word, for the queues of workers: a task's runnable as it is, a callback in a box.
//!
//! # Invariants
//!
//! 1. A word is that of a raw [`Runnable`], with its lowest bit clear, or the address of a boxed
//!    [`CallNode`] with that bit set. Both are addresses of blocks aligned to a word.
//! 2. A word is owned by whoever holds it; it is turned into its job once.

#![expect(
    unsafe_code,
    reason = "jobs of two kinds in the one word that a slot of a queue has"
)]

use std::fmt;
use std::mem::{ManuallyDrop, align_of};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use evloop_task::Runnable;

use crate::call::Callable;
use crate::job::Job;
use crate::sync::AtomicPtr;

/// The bit that says that a word is a callback.
const CALL: usize = 1;

const _: () = assert!(align_of::<CallNode>() > CALL);

/// See the module's invariants. Dropping it discards the job.
pub(crate) struct RawJob(NonNull<()>);

// SAFETY: (2) it is the only owner of a `Runnable` or of a callback, and both are `Send`.
unsafe impl Send for RawJob {}

struct CallNode {
    link: AtomicPtr<()>,
    call: Arc<dyn Callable>,
}

impl RawJob {
    #[inline]
    pub(crate) fn new(job: Job) -> Self {
        match job {
            Job::Task(runnable) => Self(runnable.into_raw()),
            Job::Call(call) => Self::boxed(call),
        }
    }

    #[inline]
    fn boxed(call: Arc<dyn Callable>) -> Self {
        let link = AtomicPtr::new(ptr::null_mut());
        let node = Box::into_raw(Box::new(CallNode { link, call }));
        let word = node.cast::<()>().map_addr(|address| address | CALL);
        Self(NonNull::new(word).expect("a box has an address"))
    }

    /// The job that a word stands for.
    ///
    /// # Safety
    ///
    /// - (2) `word` came from [`RawJob::into_word`], and this is the one time that it is taken back.
    #[inline]
    pub(crate) unsafe fn from_word(word: NonNull<()>) -> Self {
        Self(word)
    }

    #[inline]
    pub(crate) fn into_word(self) -> NonNull<()> {
        ManuallyDrop::new(self).0
    }

    /// The word, still owned by this.
    #[inline]
    pub(crate) fn word(&self) -> NonNull<()> {
        self.0
    }

    #[inline]
    fn is_call(&self) -> bool {
        self.0.addr().get() & CALL != 0
    }

    fn node(&self) -> *mut CallNode {
        self.0.as_ptr().map_addr(|address| address & !CALL).cast()
    }

    #[inline]
    pub(crate) fn into_job(self) -> Job {
        let raw = ManuallyDrop::new(self);
        if raw.is_call() {
            // SAFETY: (1) it was made by `boxed`, and (2) is taken back here for good.
            let node = unsafe { Box::from_raw(raw.node()) };
            return Job::Call(node.call);
        }
        // SAFETY: (1) it is a raw runnable, and (2) is taken back here for good.
        Job::Task(unsafe { Runnable::from_raw(raw.0) })
    }

    /// Runs `f` with the word in the job's own memory by which a queue may link it.
    #[inline]
    pub(crate) fn with_link<R>(&self, f: impl FnOnce(&AtomicPtr<()>) -> R) -> R {
        if self.is_call() {
            // SAFETY: (1) it was made by `boxed`, and (2) nobody frees it while this is borrowed.
            return f(unsafe { &(*self.node()).link });
        }
        // SAFETY: (1), (2) a second runnable for the time of this call, which is neither run nor
        // dropped.
        let runnable = ManuallyDrop::new(unsafe { Runnable::from_raw(self.0) });
        f(runnable.link())
    }
}

impl Drop for RawJob {
    fn drop(&mut self) {
        // SAFETY: (2) this was the owner, and is gone after this.
        unsafe { Self::from_word(self.0) }.into_job().discard();
    }
}

impl fmt::Debug for RawJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawJob").field(&self.0).finish()
    }
}
