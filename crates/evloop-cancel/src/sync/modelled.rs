//! loom's twins.

pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// A thread-local `Cell` of loom's threads.
macro_rules! thread_cell {
    ($(#[$attribute:meta])* $name:ident: $type:ty = $initial:expr) => {
        loom::thread_local! {
            $(#[$attribute])*
            static $name: std::cell::Cell<$type> = std::cell::Cell::new($initial);
        }
    };
}
pub(crate) use thread_cell;
