//! The ownership of a registered descriptor: the registration ends before the descriptor closes.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
};

use crate::{ReactorHandle, SourceError, key::Key, reactor::Shared, registry::Target, sys::Sys};

/// A source and the key under which the reactor knows it.
pub(crate) struct Registration<S: AsFd> {
    /// Taken only by `into_source`.
    source: Option<S>,
    key: Key,
    shared: Arc<Shared>,
}

impl<S: AsFd> Registration<S> {
    /// Inserts `target` into the registry and has `watch` tell the system, or does neither.
    pub(crate) fn new(
        handle: &ReactorHandle,
        source: S,
        target: Target,
        watch: impl FnOnce(&Sys, BorrowedFd<'_>, Key) -> io::Result<()>,
    ) -> Result<Self, SourceError<S>> {
        let shared = handle.shared();
        let registered = shared.register(target, |key| watch(&shared.sys, source.as_fd(), key));
        match registered {
            Ok(key) => Ok(Self {
                source: Some(source),
                key,
                shared: Arc::clone(shared),
            }),
            Err(error) => Err(SourceError::register(error, source)),
        }
    }

    pub(crate) fn source(&self) -> &S {
        self.source
            .as_ref()
            .expect("only `into_source` takes it, which consumes the registration")
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    pub(crate) fn sys(&self) -> &Sys {
        &self.shared.sys
    }

    pub(crate) fn handle(&self) -> ReactorHandle {
        ReactorHandle::from_shared(Arc::clone(&self.shared))
    }

    /// Ends the registration and gives the source back, also in the error.
    pub(crate) fn into_source(mut self) -> Result<S, SourceError<S>> {
        let source = self
            .source
            .take()
            .expect("only this takes it, which consumes the registration");
        match self.shared.deregister(self.key, &source) {
            Ok(()) => Ok(source),
            Err(error) => Err(SourceError::deregister(error, source)),
        }
    }
}

impl<S: AsFd> Drop for Registration<S> {
    fn drop(&mut self) {
        if let Some(source) = &self.source {
            // A failure means that the system has forgotten the descriptor already.
            drop(self.shared.deregister(self.key, source));
        }
    }
}
