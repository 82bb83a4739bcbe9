//! Task-locals: variables whose values each task has for itself, asyncio's `contextvars`.

mod bindings;
mod entered;
mod snapshot;
mod variable;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::bindings::{Binding, Bindings};
pub use self::snapshot::ContextSnapshot;
pub(crate) use self::snapshot::inherited;
pub use self::variable::{ContextVar, InvalidToken, Token};

/// The values of [`ContextVar`]s: asyncio's `contextvars.Context`.
///
/// Each task has one of its own, a copy of the one that was current where the task was made. So has
/// each callback, from where it was scheduled or registered. Outside of tasks and callbacks a
/// thread has one.
///
/// Clones mean the same context; [`Context::copy`] makes another one.
///
/// ```
/// use evloop_task::{Context, ContextVar};
///
/// static USER: ContextVar<&str> = ContextVar::new("user");
///
/// let context = Context::new();
/// context.run(|| USER.set("anna"));
/// assert_eq!(USER.get(), None);
/// assert_eq!(context.get(&USER), Some("anna"));
/// ```
///
/// # Cost
///
/// A copy is O(1): the copies share one map until one of them sets a variable, which then copies
/// the map. A program that never sets a variable pays one relaxed load for each task and callback.
#[derive(Clone, Default)]
pub struct Context(Arc<Mutex<Shared>>);

/// `None` while nothing is bound. Shared with the copies that were made since the last change.
type Shared = Option<Arc<Bindings>>;

impl Context {
    /// An empty context.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of the current context: asyncio's `copy_context()`.
    #[must_use]
    pub fn current() -> Self {
        entered::peek().map_or_else(Self::new, |current| current.copy())
    }

    /// A context with the same values, which changes by itself.
    #[must_use]
    pub fn copy(&self) -> Self {
        let shared = self.lock().clone();
        Self(Arc::new(Mutex::new(shared)))
    }

    /// Calls `f` with this as the current context: what it sets stays in here.
    ///
    /// It need not be left before it is entered again, as asyncio asks: it may be current in several
    /// places, and on several threads, at once. A panic of `f` passes through.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        entered::within(Some(self), f)
    }

    /// The value that `variable` has in here.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self, variable: &ContextVar<T>) -> Option<T> {
        let value = variable.key().and_then(|key| self.value_of::<T>(key))?;
        Some(T::clone(&value))
    }

    /// Number of variables that have a value in here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().as_ref().map_or(0, |bindings| bindings.len())
    }

    /// True when no variable has a value in here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True when both mean the same context, not only the same values.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Never held while a user's code runs: values are cloned and dropped outside.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value under `key`, whose type is `T`.
    fn value_of<T: Send + Sync + 'static>(&self, key: u64) -> Option<Arc<T>> {
        let shared = self.lock();
        shared.as_ref()?.get(&key)?.value()
    }

    /// Binds or, with `None`, unbinds the variable `key`; returns the former binding.
    fn rebind(&self, key: u64, binding: Option<Binding>) -> Option<Binding> {
        let mut shared = self.lock();
        if binding.is_none() && shared.is_none() {
            return None;
        }
        let bindings = Arc::make_mut(shared.get_or_insert_default());
        match binding {
            Some(binding) => bindings.insert(key, binding),
            None => bindings.remove(&key),
        }
    }
}

/// A copy of the current context, under asyncio's name: [`Context::current`].
#[must_use]
pub fn copy_context() -> Context {
    Context::current()
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.lock().clone();
        let bindings = shared.iter().flat_map(|bindings| bindings.values());
        let names: Vec<_> = bindings.map(Binding::name).collect();
        write!(f, "<Context of [{}]>", names.join(", "))
    }
}
