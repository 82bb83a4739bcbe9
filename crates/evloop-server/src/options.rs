//! How a server is made.

use std::{fmt::Debug, io, path::Path, sync::Arc, time::Duration};

use evloop_net::{
    Listener, TcpListener, TcpListenerOptions, TcpStream, ToSocketAddrs, UnixListener, UnixStream,
};
use evloop_task::{Builder, current_scheduler};
use futures_lite::{AsyncRead, AsyncWrite};

use crate::{
    accepting::accept,
    client::Serving,
    connection::{ClientReader, ClientWriter, Connection},
    handled::Handled,
    server::Server,
    shared::{Shared, Slot},
};

/// asyncio's limit of a reader, 64 KiB.
const LIMIT: usize = 64 * 1024;

/// How long a listener rests that could not accept, as in asyncio.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts a TCP server that calls `handler` with a reader and a writer for each client: asyncio's
/// `start_server`.
///
/// Listens on all of `addrs`, each once, but for those that this machine does not have, as long as there
/// is another one. Port 0 lets the system choose one. [`ServerOptions`] has all options of the server, and
/// [`TcpListenerOptions`] those of its listeners.
///
/// # Cancel safety
///
/// It awaits the lookup of a name; nothing has been bound then.
///
/// # Errors
///
/// Those of [`TcpListenerOptions::bind_all`]; `NotConnected` if no loop runs on this thread. Nothing is
/// listened on then.
pub async fn start_server<H, F>(
    handler: H,
    addrs: impl ToSocketAddrs,
) -> io::Result<Server<TcpListener>>
where
    H: Fn(ClientReader<TcpStream>, ClientWriter<TcpStream>) -> F + Send + Sync + 'static,
    F: Future<Output: Handled> + Send + 'static,
{
    let listeners = TcpListenerOptions::new().bind_all(addrs).await?;
    ServerOptions::new().start(handler, listeners)
}

/// Starts a server on the Unix socket at `path`: asyncio's `start_unix_server`.
///
/// A stale socket there is replaced, and the file is removed when the server is closed, unless another
/// has taken its place.
///
/// # Cancel safety
///
/// It has no await of its own.
///
/// # Errors
///
/// Those of [`UnixListener::bind`]; `NotConnected` if no loop runs on this thread.
pub async fn start_unix_server<H, F>(
    handler: H,
    path: impl AsRef<Path>,
) -> io::Result<Server<UnixListener>>
where
    H: Fn(ClientReader<UnixStream>, ClientWriter<UnixStream>) -> F + Send + Sync + 'static,
    F: Future<Output: Handled> + Send + 'static,
{
    let options = evloop_net::UnixListenerOptions::new().reuse_stale(true);
    ServerOptions::new().start(handler, [options.bind(path)?])
}

/// How a [`Server`] treats its clients.
#[derive(Debug, Clone)]
#[must_use = "it does nothing until it starts a server"]
pub struct ServerOptions {
    limit: usize,
    max_clients: usize,
    accept_pause: Duration,
}

impl ServerOptions {
    /// Readers with a limit of 64 KiB, any number of clients, and a pause of a second for a listener
    /// that could not accept.
    pub fn new() -> Self {
        Self {
            limit: LIMIT,
            max_clients: usize::MAX,
            accept_pause: PAUSE,
        }
    }

    /// The limit of the clients' readers, in bytes.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// So many clients at a time: more wait in the queue of the system until one is done.
    pub fn max_clients(mut self, max_clients: usize) -> Self {
        self.max_clients = max_clients;
        self
    }

    /// How long a listener rests that could not accept, for want of descriptors or memory, say.
    pub fn accept_pause(mut self, pause: Duration) -> Self {
        self.accept_pause = pause;
        self
    }

    /// Starts to accept clients from `listeners`, on the loop that runs on this thread.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a listener, or for a limit or number of clients of zero;
    /// `NotConnected` if no loop runs on this thread.
    pub fn start<L, S, H, F>(
        &self,
        handler: H,
        listeners: impl IntoIterator<Item = L>,
    ) -> io::Result<Server<L>>
    where
        L: Listener<Stream = S, Addr: Debug + Send> + Send + Sync + 'static,
        S: Connection,
        for<'a> &'a S: AsyncRead + AsyncWrite,
        H: Fn(ClientReader<S>, ClientWriter<S>) -> F + Send + Sync + 'static,
        F: Future<Output: Handled> + Send + 'static,
    {
        let slots = listeners
            .into_iter()
            .map(|listener| Arc::new(Slot::new(listener)));
        let listeners: Vec<_> = slots.collect();
        if listeners.is_empty() || self.limit == 0 || self.max_clients == 0 {
            let text = "failed to start a server: it needs a listener, and limits above zero";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let Some(scheduler) = current_scheduler() else {
            let text = "failed to start a server: no loop runs on this thread";
            return Err(io::Error::new(io::ErrorKind::NotConnected, text));
        };
        let serving = Arc::new(Serving {
            handler,
            limit: self.limit,
        });
        let shared = Arc::new(Shared::new(listeners.clone(), self.max_clients));
        for listener in listeners {
            let (shared_too, serving) = (Arc::clone(&shared), Arc::clone(&serving));
            let accepting = accept(listener, shared_too, serving, self.accept_pause);
            // Not eagerly: clients are accepted after the caller has its server.
            let builder = Builder::new().name("accepting").eager_start(false);
            shared.add_accepting(builder.spawn(scheduler, accepting));
        }
        Ok(Server::new(shared))
    }
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}
