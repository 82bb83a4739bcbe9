//! What callbacks and tasks of a test saw, in order.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A shared list that callbacks and tasks push to. Clones mean the same list.
pub struct Seen<T>(Arc<Mutex<Vec<T>>>);

impl<T> Seen<T> {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Adds what was seen.
    pub fn push(&self, what: T) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }

    /// Takes what was seen since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many are in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// True when nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Send + 'static> Seen<T> {
    /// A callback that pushes `what`.
    pub fn pusher(&self, what: T) -> impl FnOnce() + Send + 'static {
        let seen = self.clone();
        move || seen.push(what)
    }
}

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Seen<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seen").field(&self.0).finish()
    }
}
