//! loom's twins.

pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// A constructor, which is not `const` as the machine's is.
macro_rules! constructor {
    ($(#[$attribute:meta])* $vis:vis fn $($rest:tt)*) => {
        $(#[$attribute])* $vis fn $($rest)*
    };
}
pub(crate) use constructor;
