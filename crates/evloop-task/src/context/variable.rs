//! The variables.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::context::bindings::Binding;
use crate::context::{Context, entered};
use crate::usage;

/// A variable that has a value of its own in each [`Context`], and so in each task.
///
/// Where asyncio has a default, use `get().unwrap_or(..)`.
///
/// ```
/// use evloop_task::ContextVar;
///
/// static USER: ContextVar<String> = ContextVar::new("user");
///
/// assert_eq!(USER.get(), None);
/// let token = USER.set("anna".to_owned());
/// assert_eq!(USER.with(|user| user.map(String::len)), Some(4));
/// USER.reset(token)?;
/// assert_eq!(USER.get(), None);
/// assert_eq!(format!("{USER:?}"), "<ContextVar name='user'>");
/// # Ok::<(), evloop_task::InvalidToken>(())
/// ```
///
/// Let it be a `static`: a `const` is a new variable wherever it is mentioned. A variable that is
/// dropped leaves its values in the contexts.
///
/// # Cost
///
/// `get` is a lock that is hardly ever contended, a search of the context's map and a clone of the
/// value. `set` copies the map if a copy of the context still shares it.
pub struct ContextVar<T> {
    name: &'static str,
    /// The key of its values; 0 until it is first set.
    key: AtomicU64,
    _value: PhantomData<fn(T) -> T>,
}

impl<T> ContextVar<T> {
    /// A variable without a value; the name is for debugging only.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            key: AtomicU64::new(0),
            _value: PhantomData,
        }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The key, if it was ever set.
    ///
    /// Relaxed: whoever has a context with a value of this variable synchronised with who set it.
    pub(super) fn key(&self) -> Option<u64> {
        let key = self.key.load(Ordering::Relaxed);
        (key != 0).then_some(key)
    }

    fn key_or_new(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.key()
            .unwrap_or_else(|| self.settle(NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Takes `key`, unless another thread was first; gives the one that counts.
    fn settle(&self, key: u64) -> u64 {
        let former = self
            .key
            .compare_exchange(0, key, Ordering::Relaxed, Ordering::Relaxed);
        former.map_or_else(|first| first, |_zero| key)
    }
}

impl<T: Send + Sync + 'static> ContextVar<T> {
    /// The value in the current context, or `None` if it was not set there.
    #[must_use]
    pub fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.with(|value| value.cloned())
    }

    /// Calls `f` with the value in the current context: for values that are not `Clone`.
    ///
    /// `f` may use contexts as it likes, and set this variable too.
    pub fn with<R>(&self, f: impl FnOnce(Option<&T>) -> R) -> R {
        let value = self.current_value();
        f(value.as_deref())
    }

    fn current_value(&self) -> Option<Arc<T>> {
        if !usage::contexts() {
            return None;
        }
        entered::peek()?.value_of(self.key()?)
    }

    /// Sets the value in the current context. The token goes back to the former value: see
    /// [`ContextVar::reset`].
    ///
    /// In a task this changes the task's own context: neither who made the task nor who it makes
    /// from here on sees the other's later changes.
    pub fn set(&self, value: T) -> Token<T> {
        usage::begin_contexts();
        let context = entered::get_or_make();
        let key = self.key_or_new();
        let former = context.rebind(key, Some(Binding::new(self.name, value)));
        Token {
            name: self.name,
            key,
            context,
            former,
            _value: PhantomData,
        }
    }

    /// Gives the variable back the value it had before the [`ContextVar::set`] that made `token`.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] when another variable made it, or this one in another context; nothing is
    /// changed then. A token is used once, since this takes it.
    pub fn reset(&self, mut token: Token<T>) -> Result<(), InvalidToken> {
        if self.key() != Some(token.key) {
            return Err(InvalidToken(Reason::OtherVariable));
        }
        if !entered::peek().is_some_and(|current| current.is_same(&token.context)) {
            return Err(InvalidToken(Reason::OtherContext));
        }
        let replaced = token.context.rebind(token.key, token.former.take());
        drop(replaced);
        Ok(())
    }
}

/// What [`ContextVar::reset`] takes: the value that a variable had before it was set.
///
/// Dropping it changes nothing.
pub struct Token<T> {
    name: &'static str,
    key: u64,
    /// Where it was set.
    context: Context,
    former: Option<Binding>,
    _value: PhantomData<fn(T) -> T>,
}

impl<T: 'static> Token<T> {
    /// The value from before, or `None` if there was none.
    #[must_use]
    pub fn old_value(&self) -> Option<&T> {
        self.former.as_ref().and_then(Binding::peek)
    }
}

/// A token was given to [`ContextVar::reset`] that does not belong there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvalidToken(Reason);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    OtherVariable,
    OtherContext,
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Reason::OtherVariable => {
                "failed to reset a context variable: the token was made by another one"
            }
            Reason::OtherContext => {
                "failed to reset a context variable: the token was made in another context"
            }
        })
    }
}

impl fmt::Debug for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidToken({self})")
    }
}

impl Error for InvalidToken {}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ContextVar name='{}'>", self.name)
    }
}

impl<T> fmt::Debug for Token<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Token of '{}'>", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_that_set_a_new_variable_at_once_the_first_one_chooses_the_key() {
        let variable = ContextVar::<u8>::new("new");

        assert_eq!(variable.key(), None);
        assert_eq!(variable.settle(7), 7);
        assert_eq!(variable.settle(8), 7);
        assert_eq!(variable.key_or_new(), 7);
    }
}
