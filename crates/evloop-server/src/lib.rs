//! Servers that handle each client in a task of its own, with limits, back-off and a graceful end.
//!
//! asyncio's `start_server`: a handler is called with a reader and a writer for each client, and the
//! server knows its clients until they are gone. It runs on any scheduler of `evloop-task` with a
//! reactor and a time driver, as every loop of `evloop` has.
//!
//! # The nouns
//!
//! - A [`Server`] is a set of listeners and their clients. [`start_server`] and
//!   [`start_unix_server`] make one, and [`ServerOptions`] with all options.
//! - The *handler* is any function of a [`ClientReader`] and a [`ClientWriter`] that gives a future.
//! - A [`Connection`] is what a client is connected by.
//! - [`Shutdown`] says what a graceful end had to cut off.
//!
//! # Example
//!
//! ```no_run
//! // Not run: it serves for ever.
//! use evloop_server::start_server;
//!
//! # async fn serve() -> std::io::Result<()> {
//! let server = start_server(
//!     async |mut reader, writer| {
//!         let line = reader.readline().await?;
//!         writer.write(&line)?;
//!         writer.drain().await
//!     },
//!     "127.0.0.1:8888",
//! )
//! .await?;
//! server.serve_forever().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Relation to asyncio
//!
//! Names and meanings are asyncio's. Differences: when a handler returns, its client's connection is
//! closed after what was written is sent; `serve_forever` returns when the server is closed, where
//! asyncio's is cancelled then; dropping the server closes it. [`ServerOptions::max_clients`] and
//! [`Server::shutdown`] have no counterpart there.
//!
//! # What this crate does not do
//!
//! TLS, protocols and HTTP. It spawns on the scheduler of the thread, so it needs one: for sockets
//! under another runtime use `evloop-net` alone.

#![forbid(unsafe_code)]

mod accepting;
mod client;
mod connection;
mod error;
mod handled;
mod options;
mod server;
mod shared;
mod waiters;

pub use connection::{ClientReader, ClientWriter, Connection};
pub use error::ServeError;
pub use handled::Handled;
pub use options::{ServerOptions, start_server, start_unix_server};
pub use server::{Server, Shutdown};
