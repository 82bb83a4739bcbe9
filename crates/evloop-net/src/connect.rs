//! Making a connection.

use std::{
    io,
    net::{self, SocketAddr, ToSocketAddrs},
};

use evloop_reactor::{ReactorHandle, Source};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::address_error::{address_error, no_address};

/// How many addresses of one name are tried.
const ADDRESSES: usize = 16;

/// Connects to the first of `addrs` that answers.
pub(crate) async fn connect_any(
    handle: &ReactorHandle,
    addrs: impl ToSocketAddrs,
) -> io::Result<Source<net::TcpStream>> {
    let mut last = no_address("connect");
    let addrs: Vec<SocketAddr> = addrs.to_socket_addrs()?.take(ADDRESSES).collect();
    for addr in addrs {
        match connect(handle, addr).await {
            Ok(source) => return Ok(source),
            Err(error) => last = address_error("connect to", addr, error),
        }
    }
    Err(last)
}

async fn connect(handle: &ReactorHandle, addr: SocketAddr) -> io::Result<Source<net::TcpStream>> {
    let socket = tcp_socket(addr)?;
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
