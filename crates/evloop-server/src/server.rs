//! A set of listeners and their clients.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use evloop_cancel::on_cancel;
use evloop_time::deadline;

use crate::{error::ServeError, shared::Shared};

/// A set of listeners and their clients: asyncio's `Server`.
///
/// Each client is a task of the loop, with a name and a place among all tasks. When its handler
/// returns, what was written is sent and the connection is closed; a handler that fails or panics is
/// reported to the exception handler of the loop, with the address of its client; one that is
/// cancelled is not.
///
/// Dropping the server is like [`close`](Self::close): clients go on.
pub struct Server<L> {
    shared: Arc<Shared<L>>,
}

/// What [`Server::shutdown`] had to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// How many connections were still open after the time of grace, and were aborted.
    pub n_aborted: usize,
}

impl<L> Server<L> {
    pub(crate) fn new(shared: Arc<Shared<L>>) -> Self {
        Self { shared }
    }

    /// Whether it accepts clients.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.shared.look(|state| !state.is_closed())
    }

    /// The listeners, none when it is closed. Who keeps one keeps it open.
    #[must_use]
    pub fn sockets(&self) -> Vec<Arc<L>> {
        self.shared.look(|state| state.listeners())
    }

    /// How many connections are open.
    #[must_use]
    pub fn n_clients(&self) -> usize {
        self.shared.look(|state| state.n_connected())
    }

    /// How often a listener has failed to accept; it has rested after each.
    #[must_use]
    pub fn n_accept_errors(&self) -> u64 {
        self.shared.accept_errors.load(Ordering::Relaxed)
    }

    /// Waits until the server is closed, which it is when this is cancelled: then it waits until all
    /// clients are gone and passes the request on.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it closes the server, and clients go on.
    ///
    /// # Errors
    ///
    /// [`ServeError`] if the server is closed already, or is being awaited here by somebody else.
    pub async fn serve_forever(&self) -> Result<(), ServeError> {
        self.shared.look(|state| {
            if state.is_closed() {
                return Err(ServeError::CLOSED);
            }
            match std::mem::replace(&mut state.is_awaited, true) {
                true => Err(ServeError::AWAITED),
                false => Ok(()),
            }
        })?;
        let _awaited = Awaited(&self.shared);
        let closed = self.shared.wait(|state| state.is_closed().then_some(()));
        on_cancel(closed, || {
            self.close();
            self.wait_closed()
        })
        .await;
        Ok(())
    }

    /// Stops listening: the sockets are closed now. Clients go on, and again and again is fine.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Closes the connections of all clients, each after what was written is sent. Their handlers read
    /// the end.
    pub fn close_clients(&self) {
        self.shared.close_clients();
    }

    /// Closes the connections of all clients now. Their handlers read the end, and fail to write; they
    /// no longer count as clients.
    pub fn abort_clients(&self) {
        self.shared.abort_clients();
    }

    /// Waits until the server is closed and no connection is open.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost; again and again is fine.
    pub async fn wait_closed(&self) {
        self.shared
            .wait(|state| (state.is_closed() && state.n_connected() == 0).then_some(()))
            .await;
    }

    /// Stops listening, gives clients the time of `grace` to end by themselves, and then aborts the
    /// connections that are left and asks their handlers to end.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has stopped listening; clients go on. Calling it again begins a new grace.
    ///
    /// # Panics
    ///
    /// Without a time driver, when somebody is left: as [`evloop_time::sleep`].
    pub async fn shutdown(&self, grace: Duration) -> Shutdown {
        self.close();
        if deadline(grace, self.wait_closed()).await.is_ok() {
            return Shutdown { n_aborted: 0 };
        }
        let n_aborted = self.shared.abort_clients();
        self.shared.cancel_clients();
        Shutdown { n_aborted }
    }
}

/// Closes the server that nobody awaits any more.
struct Awaited<'a, L>(&'a Shared<L>);

impl<L> Drop for Awaited<'_, L> {
    fn drop(&mut self) {
        self.0.look(|state| state.is_awaited = false);
        self.0.close();
    }
}

impl<L> Drop for Server<L> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<L> fmt::Debug for Server<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
