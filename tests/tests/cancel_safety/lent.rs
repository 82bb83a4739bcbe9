//! Something that goes to the next user when the one before is dropped or cancelled.

use std::ops::{Deref, DerefMut};

/// Gives `value` to the next user when it is dropped.
pub(crate) struct Lent<T, F: FnOnce(T)> {
    value: Option<T>,
    next: Option<F>,
}

impl<T, F: FnOnce(T)> Lent<T, F> {
    pub(crate) fn new(value: T, next: F) -> Self {
        Self {
            value: Some(value),
            next: Some(next),
        }
    }
}

impl<T, F: FnOnce(T)> Drop for Lent<T, F> {
    fn drop(&mut self) {
        if let (Some(value), Some(next)) = (self.value.take(), self.next.take()) {
            next(value);
        }
    }
}

impl<T, F: FnOnce(T)> Deref for Lent<T, F> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("it is there until the drop")
    }
}

impl<T, F: FnOnce(T)> DerefMut for Lent<T, F> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("it is there until the drop")
    }
}
