//! How a TCP listener is bound.

use std::{collections::BTreeSet, io, net::SocketAddr};

use evloop_reactor::ReactorHandle;
use evloop_resolve::{ToSocketAddrs, resolve};

use crate::{
    TcpListener,
    accepting::BACKLOG,
    address_error::{address_error, no_address},
    connect::tcp_socket,
    reactor,
};

/// How a [`TcpListener`] is bound.
///
/// # Examples
///
/// All interfaces, of both families, as a server has them:
///
/// ```
/// use std::net::{Ipv4Addr, Ipv6Addr};
/// use evloop_net::{TcpListener, TcpListenerOptions};
/// use evloop_reactor::Reactor;
/// use futures_lite::future::block_on;
///
/// let reactor = Reactor::new()?;
/// let _entered = reactor.enter();
///
/// let all = [(Ipv6Addr::UNSPECIFIED, 0).into(), (Ipv4Addr::UNSPECIFIED, 0).into()];
/// let listeners: Vec<TcpListener> = block_on(TcpListenerOptions::new().bind_all(&all[..]))?;
/// assert!(!listeners.is_empty()); // One, where the system knows no IPv6.
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "it does nothing until it binds"]
pub struct TcpListenerOptions {
    backlog: i32,
    reuse_address: bool,
    reuse_port: bool,
    only_v6: Option<bool>,
}

impl TcpListenerOptions {
    /// An address may be reused at once after an earlier listener is gone (`SO_REUSEADDR`), but has one
    /// listener at a time; up to 4,096 connections wait to be accepted.
    pub fn new() -> Self {
        Self {
            backlog: BACKLOG,
            reuse_address: true,
            reuse_port: false,
            only_v6: None,
        }
    }

    /// How many connections may wait to be accepted.
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.backlog = backlog.try_into().unwrap_or(i32::MAX);
        self
    }

    /// Whether the address may be used although connections of an earlier listener are not forgotten.
    pub fn reuse_address(mut self, reuse: bool) -> Self {
        self.reuse_address = reuse;
        self
    }

    /// Lets several listeners share the port (`SO_REUSEPORT`), each with a queue of its own.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// Whether a listener on an IPv6 address leaves IPv4 to others. By default
    /// [`bind_all`](Self::bind_all) does so, and [`bind`](Self::bind) what the system is set to.
    pub fn only_v6(mut self, only: bool) -> Self {
        self.only_v6 = Some(only);
        self
    }

    /// Listens on the first of `addrs` that can be bound, on the current reactor.
    ///
    /// # Cancel safety
    ///
    /// It awaits the lookup of a name; nothing has been bound then.
    ///
    /// # Errors
    ///
    /// What the last address gave, in an error that names it; those of the lookup of a name;
    /// `InvalidInput` for no address at all; `NotConnected` if no reactor is current.
    pub async fn bind(&self, addrs: impl ToSocketAddrs) -> io::Result<TcpListener> {
        self.bind_in(&reactor::current()?, addrs).await
    }

    /// The same on the reactor of `handle`.
    ///
    /// # Cancel safety
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and [`ReactorGone`](evloop_reactor::ReactorGone) if the reactor
    /// was dropped.
    pub async fn bind_in(
        &self,
        handle: &ReactorHandle,
        addrs: impl ToSocketAddrs,
    ) -> io::Result<TcpListener> {
        let mut last = no_address("listen");
        for addr in resolve(addrs).await? {
            match self.listen(handle, addr, self.only_v6) {
                Ok(listener) => return Ok(listener),
                Err(error) => last = address_error("listen on", addr, error),
            }
        }
        Err(last)
    }

    /// Listens on all of `addrs`, each once, on the current reactor: what asyncio's `create_server`
    /// does.
    ///
    /// An address that this machine does not have is left out, as long as there is another one.
    ///
    /// # Cancel safety
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Errors
    ///
    /// That of the first address that cannot be bound, and then nothing is listened on; else as
    /// [`bind`](Self::bind).
    pub async fn bind_all(&self, addrs: impl ToSocketAddrs) -> io::Result<Vec<TcpListener>> {
        let handle = reactor::current()?;
        let addrs: BTreeSet<SocketAddr> = resolve(addrs).await?.into_iter().collect();
        let mut missing = no_address("listen");
        let mut listeners = Vec::new();
        for addr in addrs {
            // Else the socket for IPv6 would take the port of that for IPv4.
            let only_v6 = self.only_v6.unwrap_or(true);
            match self.listen(&handle, addr, Some(only_v6)) {
                Ok(listener) => listeners.push(listener),
                Err(error) => {
                    let is_missing = error.kind() == io::ErrorKind::AddrNotAvailable;
                    let error = address_error("listen on", addr, error);
                    if !is_missing {
                        return Err(error);
                    }
                    missing = error;
                }
            }
        }
        if listeners.is_empty() {
            return Err(missing);
        }
        Ok(listeners)
    }

    fn listen(
        &self,
        handle: &ReactorHandle,
        addr: SocketAddr,
        only_v6: Option<bool>,
    ) -> io::Result<TcpListener> {
        let socket = tcp_socket(addr)?;
        socket.set_reuse_address(self.reuse_address)?;
        if self.reuse_port {
            rustix::net::sockopt::set_socket_reuseport(&socket, true)?;
        }
        if let (true, Some(only)) = (addr.is_ipv6(), only_v6) {
            socket.set_only_v6(only)?;
        }
        socket.bind(&addr.into())?;
        socket.listen(self.backlog)?;
        let source = handle.register(socket.into())?;
        Ok(TcpListener { source })
    }
}

impl Default for TcpListenerOptions {
    fn default() -> Self {
        Self::new()
    }
}
