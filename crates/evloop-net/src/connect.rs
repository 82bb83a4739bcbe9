//! Making a connection.

use std::{
    collections::VecDeque,
    fmt,
    future::pending,
    io,
    net::{self, SocketAddr},
    sync::Arc,
    time::Duration,
};

use evloop_combinators::race_staggered;
use evloop_reactor::{ReactorHandle, Source};
use evloop_resolve::{Resolve, Resolver, ToSocketAddrs};
use evloop_time::{TimeHandle, deadline};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::{ConnectError, TcpStream, address_error::no_address, reactor};

/// How many addresses of one name are tried.
const ADDRESSES: usize = 16;

/// After so long the next address is tried as well; what RFC 8305 recommends.
const HAPPY_EYEBALLS: Duration = Duration::from_millis(250);

/// How a [`TcpStream`] is connected.
///
/// # Examples
///
/// ```
/// use std::{io, time::Duration};
/// use evloop_net::{ConnectOptions, TcpStream};
///
/// async fn connect(host: &str) -> io::Result<TcpStream> {
///     let options = ConnectOptions::new().deadline(Duration::from_secs(10));
///     options.connect((host, 443)).await
/// }
/// # let _ = connect("localhost");
/// ```
#[must_use = "it does nothing until it connects"]
#[derive(Clone)]
pub struct ConnectOptions {
    happy_eyeballs: Option<Duration>,
    deadline: Option<Duration>,
    local_addrs: Vec<SocketAddr>,
    resolver: Option<Arc<dyn Resolve>>,
}

impl ConnectOptions {
    /// Happy eyeballs after 250 ms, no deadline, local addresses left to the system, and names looked
    /// up by the [shared](Resolver::shared) resolver.
    pub const fn new() -> Self {
        Self {
            happy_eyeballs: Some(HAPPY_EYEBALLS),
            deadline: None,
            local_addrs: Vec::new(),
            resolver: None,
        }
    }

    /// When an address has not answered for so long, the next is tried as well, and the first to answer
    /// wins. The two families take turns, whatever the order of the name's addresses is.
    ///
    /// With `None` an address is tried when the one before it has failed, in the order of the resolver,
    /// and so it is on a thread without a time driver, where there is no clock to wait by.
    ///
    /// The algorithm is that of RFC 8305, sections 4 and 5.
    pub fn happy_eyeballs(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.happy_eyeballs = delay.into();
        self
    }

    /// Gives up after so long, the lookup of a name included. Needs a time driver, as
    /// [`evloop_time::deadline`] does.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Connects from this address; port 0 lets the system choose one. Again and again for one of each
    /// family: an address is tried from the first that is of its family and can be bound.
    pub fn local_addr(mut self, addr: SocketAddr) -> Self {
        self.local_addrs.push(addr);
        self
    }

    /// Looks names up with `resolver`.
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Connects to one of `addrs`, on the current reactor.
    ///
    /// # Cancel safety
    ///
    /// Dropped at any await, the connections that were being made are closed; nothing else happened.
    ///
    /// # Errors
    ///
    /// A [`ConnectError`] with what each address gave, of the kinds that std gives; those of the lookup
    /// of a name; `TimedOut` after the deadline; `InvalidInput` for no address at all;
    /// `NotConnected` if no reactor is current.
    pub async fn connect(&self, addrs: impl ToSocketAddrs) -> io::Result<TcpStream> {
        self.connect_in(&reactor::current()?, addrs).await
    }

    /// Connects to one of `addrs`, on the reactor of `handle`.
    ///
    /// # Cancel safety
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`ReactorGone`](evloop_reactor::ReactorGone) if the reactor
    /// was dropped.
    pub async fn connect_in(
        &self,
        handle: &ReactorHandle,
        addrs: impl ToSocketAddrs,
    ) -> io::Result<TcpStream> {
        let targets = addrs.to_targets()?;
        let connect = async {
            let resolver = self.resolver.as_deref();
            let resolver = resolver.unwrap_or_else(|| Resolver::shared());
            let addrs = targets.clone().resolve(resolver).await?;
            self.connect_any(handle, addrs).await
        };
        let source = match self.deadline {
            None => connect.await?,
            Some(limit) => match deadline(limit, connect).await {
                Ok(connected) => connected?,
                Err(_) => {
                    let text = format!("failed to connect to {targets} within {limit:?}");
                    return Err(io::Error::new(io::ErrorKind::TimedOut, text));
                }
            },
        };
        Ok(TcpStream { source })
    }

    async fn connect_any(
        &self,
        handle: &ReactorHandle,
        mut addrs: Vec<SocketAddr>,
    ) -> io::Result<Source<net::TcpStream>> {
        if self.happy_eyeballs.is_some() {
            interleave(&mut addrs);
        }
        addrs.truncate(ADDRESSES);
        if addrs.is_empty() {
            return Err(no_address("connect"));
        }
        let attempts = addrs.into_iter().map(async |addr| {
            let connected = self.connect_one(handle, addr).await;
            connected.map_err(|error| (addr, error))
        });
        let connected = race_staggered(attempts, || pause(self.happy_eyeballs));
        let connected = connected.await;
        connected.map_err(|failures| ConnectError::new(failures).into())
    }

    async fn connect_one(
        &self,
        handle: &ReactorHandle,
        addr: SocketAddr,
    ) -> io::Result<Source<net::TcpStream>> {
        let socket = tcp_socket(addr)?;
        self.bind(&socket, addr)?;
        let connected = match socket.connect(&addr.into()) {
            Ok(()) => true,
            Err(error) if is_in_progress(&error) => false,
            Err(error) => return Err(error),
        };
        // Registered after the connect has begun: a socket at rest reports a hang-up.
        let source = handle.register(net::TcpStream::from(socket))?;
        if !connected {
            wait_connected(&source).await?;
        }
        Ok(source)
    }

    /// Binds to the first local address of the family of `addr` that can be bound.
    fn bind(&self, socket: &Socket, addr: SocketAddr) -> io::Result<()> {
        if self.local_addrs.is_empty() {
            return Ok(());
        }
        let text = "none of the local addresses is of its family";
        let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, text);
        for local in &self.local_addrs {
            if local.is_ipv4() != addr.is_ipv4() {
                continue;
            }
            match socket.bind(&(*local).into()) {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("happy_eyeballs", &self.happy_eyeballs)
            .field("deadline", &self.deadline)
            .field("local_addrs", &self.local_addrs)
            .finish_non_exhaustive()
    }
}

/// Lets the families take turns, the first address first, and each family in its own order.
fn interleave(addrs: &mut Vec<SocketAddr>) {
    let Some(first) = addrs.first() else { return };
    let (mut ours, mut others): (VecDeque<_>, VecDeque<_>) = addrs
        .iter()
        .partition(|addr| addr.is_ipv4() == first.is_ipv4());
    addrs.clear();
    while let Some(addr) = ours.pop_front() {
        addrs.push(addr);
        addrs.extend(others.pop_front());
    }
    addrs.extend(others);
}

/// How long an attempt has to itself.
async fn pause(delay: Option<Duration>) {
    match (delay, TimeHandle::try_current()) {
        (Some(delay), Some(time)) => time.sleep(delay).await,
        _ => pending().await,
    }
}

/// A socket for `addr` that is non-blocking and not inherited by child processes.
pub(crate) fn tcp_socket(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The connect goes on, and its outcome will make the socket writable. An interrupted one as well.
fn is_in_progress(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::INPROGRESS | Errno::INTR))
}

/// Writable alone is not connected: it is also how a failure shows, and may be a mistake.
async fn wait_connected(source: &Source<net::TcpStream>) -> io::Result<()> {
    loop {
        let ready = source.writable().await?;
        if let Some(error) = source.get_ref().take_error()? {
            return Err(error);
        }
        match source.get_ref().peer_addr() {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => source.clear(ready),
            peer => return peer.map(drop),
        }
    }
}

#[cfg(test)]
mod tests;
