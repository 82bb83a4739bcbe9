//! loom's twins.

pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
pub(crate) use loom::sync::{Mutex, MutexGuard};
pub(crate) use loom::thread::yield_now;

use loom::sync::atomic::AtomicBool;

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

/// A cell that is set once: std's, with a flag beside it whose accesses loom interleaves.
///
/// The flag is always read by exchanges, which see the latest value: a reader who knows from
/// async-task that the cell is set has an order that loom cannot see.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    is_set: AtomicBool,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self {
            is_set: AtomicBool::new(false),
            value: std::sync::OnceLock::new(),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        let is_set = self.is_set.fetch_or(false, Ordering::AcqRel);
        is_set.then(|| self.value.get()).flatten()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)?;
        self.is_set.fetch_or(true, Ordering::AcqRel);
        Ok(())
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if self.get().is_none() {
            // An error means that another thread was first.
            drop(self.set(make()));
        }
        self.wait()
    }

    /// Waits until the winner of the race has raised its flag.
    fn wait(&self) -> &T {
        loop {
            if let Some(value) = self.get() {
                return value;
            }
            yield_now();
        }
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        self.is_set = AtomicBool::new(false);
        self.value.take()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        let cell = Self::new();
        assert!(cell.set(value).is_ok(), "it is new");
        cell
    }
}

/// A cell of one word that is set once, by the first of several who race for it.
#[derive(Debug)]
pub(crate) struct OnceBox<T>(OnceLock<Box<T>>);

impl<T> Default for OnceBox<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> OnceBox<T> {
    pub(crate) fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get().map(|value| &**value)
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> Box<T>) -> &T {
        self.0.get_or_init(make)
    }
}
