//! Bytes from one stream to another through the kernel.

#[cfg(any(test, not(target_os = "linux")))]
mod buffer;
#[cfg(target_os = "linux")]
mod kernel_pipe;

#[cfg(test)]
mod tests;

use std::{
    fmt, io, net,
    os::{fd::AsFd, unix},
};

use evloop_reactor::Source;
use futures_lite::future::yield_now;

use crate::{Async, TcpStream, UnixStream};

#[cfg(not(target_os = "linux"))]
use buffer::Buffer as Store;
#[cfg(target_os = "linux")]
use kernel_pipe::KernelPipe as Store;

/// So much, before others get their turn.
const AT_ONCE: u64 = 1 << 20;

/// Moves bytes from one socket to another, as a proxy does, without a copy of them in this process where
/// the system can do that (Linux's `splice`).
///
/// It keeps what has left the one and not reached the other, so nothing is lost when it is interrupted.
///
/// # Examples
///
/// Both directions of a proxy, each ended when its source has ended:
///
/// ```
/// use std::{io, net::Shutdown};
/// use evloop_net::{Relay, TcpStream};
/// use futures_lite::future::try_zip;
///
/// async fn proxy(client: &TcpStream, server: &TcpStream) -> io::Result<(u64, u64)> {
///     let (mut up, mut down) = (Relay::new()?, Relay::new()?);
///     let up = async {
///         up.run(client, server).await?;
///         server.shutdown(Shutdown::Write)?;
///         io::Result::Ok(up.n_moved())
///     };
///     let down = async {
///         down.run(server, client).await?;
///         client.shutdown(Shutdown::Write)?;
///         Ok(down.n_moved())
///     };
///     try_zip(up, down).await
/// }
/// # let _ = |client: TcpStream, server: TcpStream| async move { proxy(&client, &server).await };
/// ```
///
/// # Cost
///
/// On Linux two descriptors, and up to a mebibyte of the kernel's memory while the other end does not
/// read. It pays for long transfers, in processor time: 2 GiB through loopback cost its thread two thirds
/// of what reads and writes with a buffer of 64 KiB did, and took no less time. For requests and answers of
/// a few hundred bytes [`futures_lite::io::copy`] does as well. Elsewhere it is a buffer of 64 KiB.
pub struct Relay {
    store: Store,
    n_moved: u64,
}

/// What bytes are held in on their way.
trait Hold: Sized {
    fn new() -> io::Result<Self>;
    /// How many are held.
    fn len(&self) -> usize;
    /// Takes what there is and fits, without waiting; zero at the end. Only while nothing is held.
    fn fill<S: AsFd>(&mut self, from: &S) -> io::Result<usize>;
    /// Gives what there is room for, without waiting.
    fn drain<S: AsFd>(&mut self, to: &S) -> io::Result<usize>;
}

impl Relay {
    /// One that holds nothing.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like when descriptors have run out.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            store: Store::new()?,
            n_moved: 0,
        })
    }

    /// Moves bytes until the end of `from`, first those that it holds already.
    ///
    /// It closes nothing: shut `to` down where its peer is to know of the end. What a
    /// [`StreamReader`](crate::StreamReader) has read ahead has to be written before.
    ///
    /// # Cancel safety
    ///
    /// What has left `from` is kept, and goes to `to` when this is called again.
    ///
    /// # Errors
    ///
    /// Those of the sockets. [`is_empty`](Self::is_empty) says whether bytes were left behind.
    pub async fn run<A: Endpoint, B: Endpoint>(&mut self, from: &A, to: &B) -> io::Result<()> {
        let (from, to) = (from.source(), to.source());
        let mut since_yield = 0;
        loop {
            while self.store.len() > 0 {
                let moved = to.write_with(|to| self.store.drain(to)).await? as u64;
                self.n_moved += moved;
                since_yield += moved;
            }
            if since_yield >= AT_ONCE {
                since_yield = 0;
                yield_now().await;
            }
            if from.read_with(|from| self.store.fill(from)).await? == 0 {
                return Ok(());
            }
        }
    }

    /// How many bytes have reached the other end, by all runs.
    #[must_use]
    pub fn n_moved(&self) -> u64 {
        self.n_moved
    }

    /// Whether it holds none that are on their way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.len() == 0
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("held", &self.store.len())
            .field("moved", &self.n_moved)
            .finish_non_exhaustive()
    }
}

/// A stream that a [`Relay`] can take bytes from or give them to: the sockets of this crate, and any
/// other descriptor in [`Async`], such as the end of a pipe.
///
/// Sealed.
pub trait Endpoint: sealed::Sealed {}

macro_rules! endpoints {
    ($($Stream:ty: $Socket:ty $(, $T:ident)?;)+) => {$(
        impl$(<$T: AsFd>)? Endpoint for $Stream {}

        impl$(<$T: AsFd>)? sealed::Sealed for $Stream {
            type Socket = $Socket;

            fn source(&self) -> &Source<$Socket> {
                &self.source
            }
        }
    )+};
}

endpoints! {
    TcpStream: net::TcpStream;
    UnixStream: unix::net::UnixStream;
    Async<T>: T, T;
}

mod sealed {
    use super::{AsFd, Source};

    #[expect(
        unnameable_types,
        reason = "a trait is sealed by having no name outside"
    )]
    pub trait Sealed {
        type Socket: AsFd;

        fn source(&self) -> &Source<Self::Socket>;
    }
}
