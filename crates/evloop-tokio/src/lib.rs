//! evloop's streams for code that wants tokio's I/O traits, and tokio's streams for code that wants ours.
//!
//! There are two families of traits for asynchronous reading and writing: those of `futures-io`, which
//! evloop's sockets, pipes and `StreamReader` have and take, and those of `tokio::io`. Much that is written
//! for tokio asks for nothing but its traits: codecs, protocols, TLS. It runs on evloop as it is:
//!
//! - [`Compat`], which is `tokio-util`'s, gives what has one family the other. Its constructors are methods
//!   of four traits, one for each way and direction, also re-exported here.
//! - [`Vectored`] is what that lacks: towards tokio's traits it hands several buffers over at once.
//!
//! # Examples
//!
//! A codec of `tokio-util` over any stream of ours, such as `evloop::TcpStream`:
//!
//! ```
//! use evloop_net::TcpStream;
//! use evloop_tokio::Vectored;
//! use futures_util::{SinkExt, StreamExt};
//! use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};
//!
//! async fn greet(stream: TcpStream) -> Result<(), LinesCodecError> {
//!     let mut lines = Framed::new(Vectored::new(stream), LinesCodec::new());
//!     while let Some(name) = lines.next().await {
//!         lines.send(format!("hello {}", name?)).await?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A stream of tokio's read by our `StreamReader`, under any executor:
//!
//! ```
//! use evloop_net::StreamReader;
//! use evloop_tokio::TokioAsyncReadCompatExt;
//! use tokio::io::AsyncWriteExt;
//!
//! # futures_lite::future::block_on(async {
//! let (mut writes, reads) = tokio::io::duplex(64);
//! let mut reads = StreamReader::new(reads.compat());
//! writes.write_all(b"a line\nand more").await?;
//! assert_eq!(reads.readline().await?, b"a line\n");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! The example `tokio_codec` of the project is a whole program.
//!
//! # Which way
//!
//! | it has | it is to have | wrap it with |
//! |---|---|---|
//! | ours, reads and writes | tokio's | `Vectored::new(stream)` |
//! | ours, reads | tokio's | [`FuturesAsyncReadCompatExt::compat`] |
//! | ours, writes | tokio's | `Vectored::new(stream)`, or [`FuturesAsyncWriteCompatExt::compat_write`] |
//! | tokio's, reads or both | ours | [`TokioAsyncReadCompatExt::compat`] |
//! | tokio's, writes | ours | [`TokioAsyncWriteCompatExt::compat_write`] |
//!
//! Import of the four traits only what is used: their methods have the same two names.
//!
//! What is wrapped keeps its meaning. The end of the stream is a read of nothing, an error is the same
//! error, `poll_shutdown` is `poll_close` and the other way round: of a socket it ends the writing half and
//! leaves the reading half open.
//!
//! # Cancel safety
//!
//! A read or write that is dropped while it is pending has moved nothing: wrappers keep no bytes.
//!
//! # Cost
//!
//! A call more. A read towards tokio's traits clears that part of its buffer which was never
//! written to, since ours are handed initialised bytes.
//!
//! # What this crate does not do
//!
//! It starts no runtime of tokio's, and on evloop's there is none. What needs one panics with "there is no
//! reactor running" or the like, unless it is given a handle of one that runs beside: `tokio::net`, `tokio::time`,
//! `tokio::fs`, `tokio::process`, `tokio::signal`, `tokio::spawn`, `spawn_blocking`. Libraries that call them
//! inside run in the context that the crate `async-compat` puts a future into: the example `tokio_context`
//! has one. What runs without: `tokio::io` (its traits, `duplex`, `copy`, buffered readers and
//! writers), `tokio::sync` (see `evloop::channel`), `select!` and `join!`, and of `tokio-util` the codecs,
//! `CancellationToken` and what else needs no feature `net`, `rt` or `time`.
//!
//! For hyper take `evloop-hyper`: hyper has traits of its own.

#![forbid(unsafe_code)]

mod vectored;

pub use tokio_util::compat::{
    Compat, FuturesAsyncReadCompatExt, FuturesAsyncWriteCompatExt, TokioAsyncReadCompatExt,
    TokioAsyncWriteCompatExt,
};
pub use vectored::Vectored;
