//! The values in a context, by the key of their variable.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::slot::drop_contained;

pub(super) type Bindings = BTreeMap<u64, Binding>;

/// The value of one variable in one or more contexts.
#[derive(Clone)]
pub(super) struct Binding {
    name: &'static str,
    /// Taken only by drop.
    value: Option<Arc<dyn Any + Send + Sync>>,
}

impl Binding {
    pub(super) fn new<T: Send + Sync + 'static>(name: &'static str, value: T) -> Self {
        let value = Some(Arc::new(value) as Arc<dyn Any + Send + Sync>);
        Self { name, value }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The value, if that is its type.
    pub(super) fn value<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.value.clone()?.downcast().ok()
    }

    /// The value by reference.
    pub(super) fn peek<T: 'static>(&self) -> Option<&T> {
        self.value.as_deref()?.downcast_ref()
    }
}

impl Drop for Binding {
    /// The last one may go with a task or callback, which a panicking destructor must not harm.
    fn drop(&mut self) {
        drop_contained(self.value.take(), "the value of a context variable");
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
