//! Datagrams on the loopback device: two tasks of one loop with a socket each, connected to one another.
//!
//! Both ends are on the same thread, so what is measured is the runtime and the kernel, and no other thread.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::row::{Effort, Family, Row, Sample, Unit, on_each};
use crate::runtimes::{EventLoop, Runtime, Smol, Tokio};
use crate::stopwatch::Rounds;

/// Any free port.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Bytes of a datagram.
const SIZE: usize = 64;

/// Datagrams in a measurement, there and back.
const N_DATAGRAMS: usize = 100_000;

/// Datagrams on their way at once, which is far less than what a socket keeps: none is lost.
const BURST: usize = 64;

pub(crate) fn family() -> Family {
    Family {
        title: "UDP",
        rows: vec![
            Row::new(
                "udp_ping_pong",
                Unit::Nanoseconds,
                "a task sends 64 bytes to another one and waits until they come back; per datagram, of \
                 which there are two a round (both tasks on one thread)",
                on_each!(|effort| echo(effort, 1): EventLoop, Tokio, Smol),
            ),
            Row::new(
                "udp_burst_64",
                Unit::Nanoseconds,
                "the same with 64 datagrams sent before the first is waited for",
                on_each!(|effort| echo(effort, BURST): EventLoop, Tokio, Smol),
            ),
        ],
    }
}

/// A runtime with sockets.
trait Datagrams: Runtime {
    type Socket: 'static;

    /// On a free port.
    fn bind() -> impl Future<Output = io::Result<(Self::Socket, SocketAddr)>>;

    fn connect(socket: &Self::Socket, to: SocketAddr) -> impl Future<Output = io::Result<()>>;

    fn send(socket: &Self::Socket, data: &[u8]) -> impl Future<Output = io::Result<usize>>;

    fn recv(socket: &Self::Socket, into: &mut [u8]) -> impl Future<Output = io::Result<usize>>;
}

impl Datagrams for EventLoop {
    type Socket = evloop::UdpSocket;

    async fn bind() -> io::Result<(Self::Socket, SocketAddr)> {
        let socket = evloop::UdpSocket::bind(ANY).await?;
        let address = socket.local_addr()?;
        Ok((socket, address))
    }

    async fn connect(socket: &Self::Socket, to: SocketAddr) -> io::Result<()> {
        socket.connect(to).await
    }

    #[inline]
    async fn send(socket: &Self::Socket, data: &[u8]) -> io::Result<usize> {
        socket.send(data).await
    }

    #[inline]
    async fn recv(socket: &Self::Socket, into: &mut [u8]) -> io::Result<usize> {
        socket.recv(into).await
    }
}

impl Datagrams for Tokio {
    type Socket = tokio::net::UdpSocket;

    async fn bind() -> io::Result<(Self::Socket, SocketAddr)> {
        let socket = tokio::net::UdpSocket::bind(ANY).await?;
        let address = socket.local_addr()?;
        Ok((socket, address))
    }

    async fn connect(socket: &Self::Socket, to: SocketAddr) -> io::Result<()> {
        socket.connect(to).await
    }

    #[inline]
    async fn send(socket: &Self::Socket, data: &[u8]) -> io::Result<usize> {
        socket.send(data).await
    }

    #[inline]
    async fn recv(socket: &Self::Socket, into: &mut [u8]) -> io::Result<usize> {
        socket.recv(into).await
    }
}

/// smol's `async-net` wraps this type and adds nothing to these calls.
impl Datagrams for Smol {
    type Socket = async_io::Async<std::net::UdpSocket>;

    async fn bind() -> io::Result<(Self::Socket, SocketAddr)> {
        let socket = async_io::Async::<std::net::UdpSocket>::bind(ANY)?;
        let address = socket.get_ref().local_addr()?;
        Ok((socket, address))
    }

    async fn connect(socket: &Self::Socket, to: SocketAddr) -> io::Result<()> {
        socket.get_ref().connect(to)
    }

    #[inline]
    async fn send(socket: &Self::Socket, data: &[u8]) -> io::Result<usize> {
        socket.send(data).await
    }

    #[inline]
    async fn recv(socket: &Self::Socket, into: &mut [u8]) -> io::Result<usize> {
        socket.recv(into).await
    }
}

async fn connected<R: Datagrams>() -> io::Result<(R::Socket, R::Socket)> {
    let ((here, here_at), (there, there_at)) = (R::bind().await?, R::bind().await?);
    R::connect(&here, there_at).await?;
    R::connect(&there, here_at).await?;
    Ok((here, there))
}

async fn echo<R: Datagrams>(effort: Effort, n_at_once: usize) -> Sample {
    const WORKS: &str = "the loopback device works";

    let (here, there) = connected::<R>().await.expect(WORKS);
    let mut rounds = Rounds::new((effort.times(N_DATAGRAMS) / n_at_once).max(10));
    let n_echoes = rounds.n_all() * n_at_once;
    let echoes = R::spawn(async move {
        let mut buffer = [0; SIZE];
        for _ in 0..n_echoes {
            let n_bytes = R::recv(&there, &mut buffer).await.expect(WORKS);
            R::send(&there, &buffer[..n_bytes]).await.expect(WORKS);
        }
    });
    let (message, mut buffer) = ([b'x'; SIZE], [0; SIZE]);
    for _ in rounds.by_ref() {
        for _ in 0..n_at_once {
            R::send(&here, &message).await.expect(WORKS);
        }
        for _ in 0..n_at_once {
            assert_eq!(R::recv(&here, &mut buffer).await.expect(WORKS), SIZE);
        }
    }
    let sample = rounds.sample(2 * n_at_once);
    echoes.await;
    sample
}
