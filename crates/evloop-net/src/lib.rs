//! Sockets, pipes and streams on the evloop reactor, with the ecosystem's async I/O traits.
//!
//! Sockets register with a reactor once and are then driven by readiness: an operation is tried,
//! and waits only if it would block. They work under any executor, as long as somebody turns the
//! reactor.
//!
//! # The nouns
//!
//! - [`TcpListener`] and [`UnixListener`] accept connections; [`Incoming`] is the stream of them, and
//!   [`Listener`] what they have in common.
//! - [`TcpStream`]: a connection. It implements `AsyncRead` and `AsyncWrite` of `futures-io`, and
//!   so does `&TcpStream`: two references are its two halves. [`UnixStream`] is the same through a
//!   path. [`OwnedReadHalf`] and [`OwnedWriteHalf`] are halves that go their own ways.
//! - [`ConnectOptions`] say how to connect, to which of the addresses of a name first, and
//!   [`ConnectError`] what each of them gave. Names are looked up by a [`Resolver`], on threads of its own.
//! - [`UdpSocket`] and [`UnixDatagram`] send and receive datagrams, [`PipeReader`] and [`PipeWriter`]
//!   are the ends of a [`pipe`], and [`Async`] is any other descriptor.
//! - [`Relay`] moves bytes from one stream to another through the kernel, as
//!   [`send_file`](TcpStream::send_file) does with those of a file.
//! - [`StreamReader`] takes lines and other pieces out of any `AsyncRead`, and [`StreamWriter`]
//!   buffers for any `AsyncWrite`, between [`WaterMarks`].
//!
//! # Which reactor
//!
//! The plain forms take the reactor that is current on the thread
//! ([`ReactorHandle::enter`](evloop_reactor::ReactorHandle::enter)), as it is inside an event
//! loop, and give an error if there is none. The `*_in` forms take the handle as an argument, for
//! any other executor. An accepted connection belongs to the reactor of its listener.
//!
//! # Example
//!
//! An echo and its client under `futures-lite`'s `block_on`, and the reactor turned here:
//!
//! ```
//! use std::{io, task::Waker, thread, time::Duration};
//! use evloop_net::{TcpListener, TcpStream};
//! use evloop_reactor::Reactor;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt, future, io::copy};
//!
//! let mut reactor = Reactor::new()?;
//! let handle = reactor.handle();
//!
//! let tasks = thread::Builder::new().spawn(move || future::block_on(async {
//!     let listener = TcpListener::bind_in(&handle, "127.0.0.1:0").await?;
//!     let echo = async {
//!         let (stream, _peer) = listener.accept().await?;
//!         copy(&stream, &mut &stream).await
//!     };
//!     let client = async {
//!         let mut stream = TcpStream::connect_in(&handle, listener.local_addr()?).await?;
//!         stream.write_all(b"hello").await?;
//!         stream.close().await?;
//!         let mut answer = String::new();
//!         stream.read_to_string(&mut answer).await?;
//!         io::Result::Ok(answer)
//!     };
//!     let (_count, answer) = future::try_zip(echo, client).await?;
//!     io::Result::Ok(answer)
//! }))?;
//!
//! let mut woken = Vec::new();
//! while !tasks.is_finished() {
//!     reactor.poll(Some(Duration::from_millis(1)), &mut woken)?;
//!     woken.drain(..).for_each(Waker::wake);
//! }
//! assert_eq!(tasks.join().unwrap()?, "hello");
//! # io::Result::Ok(())
//! ```
//!
//! # Relation to asyncio
//!
//! A `TcpStream` is the socket itself, as under `loop.sock_recv`; [`StreamReader`] and
//! [`StreamWriter`] are asyncio's classes of these names, around any stream. The reader pulls: it
//! reads while somebody waits, where asyncio's is fed. `TcpListener` is the inside of `start_server`.
//!
//! # What this crate does not do
//!
//! TLS. Servers, with a task for each client, are in `evloop-server`. A listener that cannot accept
//! for want of descriptors says so on every call, and it is up to the caller to pause. Regular files,
//! for which no system has readiness. Without a time driver of `evloop-time` on the thread there is
//! no clock, and addresses are tried one after the other.
//!
//! Use `async-net` on `async-io` for sockets that bring their own reactor.

#![forbid(unsafe_code)]

mod accepting;
mod address_error;
mod calls;
mod connect;
mod connect_error;
mod owned_halves;
mod reactor;
mod send_file;
mod socket_stream;
mod sync;

mod tcp_listener;
mod tcp_listener_options;
mod tcp_stream;
mod udp_socket;

mod unix_datagram;
mod unix_listener;
mod unix_path;
mod unix_stream;

mod async_fd;
mod pipe;
mod relay;

mod open_connection;
mod read_error;
mod sticky_error;
mod stream_reader;
mod stream_writer;

pub use accepting::{Incoming, Listener};
pub use async_fd::Async;
pub use connect::ConnectOptions;
pub use connect_error::ConnectError;
pub use open_connection::{open_connection, open_unix_connection};
pub use owned_halves::{OwnedReadHalf, OwnedWriteHalf, ReuniteError, split};
pub use pipe::{PipeReader, PipeWriter, pipe};
pub use read_error::{IncompleteRead, LimitOverrun, ReadError};
pub use relay::{Endpoint, Relay};
pub use stream_reader::{Lines, StreamReader};
pub use stream_writer::{StreamWriter, WaterMarks};
pub use tcp_listener::TcpListener;
pub use tcp_listener_options::TcpListenerOptions;
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::{UnixListener, UnixListenerOptions};
pub use unix_stream::UnixStream;

pub use evloop_resolve::{
    Resolve, Resolver, ResolverOptions, Resolving, Targets, ToSocketAddrs, resolve,
};
