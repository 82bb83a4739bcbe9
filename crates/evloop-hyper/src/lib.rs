//! hyper 1.x on evloop: what it asks of a runtime, as three small types.
//!
//! - [`HyperIo`] gives hyper any stream with the `futures-io` traits, such as `evloop::TcpStream` or a TLS
//!   stream over it; and gives what hyper hands back after an upgrade those traits again.
//! - [`HyperExecutor`] and [`LocalHyperExecutor`] start hyper's own tasks, which HTTP/2 has.
//! - [`HyperTimer`] keeps hyper's limits in time, on the clock of the loop.
//!
//! # Example
//!
//! A connection of a server, whatever its stream is:
//!
//! ```
//! use evloop_hyper::{HyperIo, HyperTimer};
//! use futures_lite::{AsyncRead, AsyncWrite};
//! use hyper::body::Incoming;
//! use hyper::server::conn::http1;
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//!
//! async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> hyper::Result<()> {
//!     let echo = async |request: Request<Incoming>| hyper::Result::Ok(Response::new(request.into_body()));
//!     http1::Builder::new()
//!         .timer(HyperTimer::new())
//!         .serve_connection(HyperIo::new(stream), service_fn(echo))
//!         .await
//! }
//! ```
//!
//! The example `http_server` of the project is a whole program.
//!
//! # What it does not do
//!
//! It speaks no HTTP itself, connects to nobody and keeps no pool of connections: that is hyper's, and
//! `hyper-util`'s, which runs on these types except for the parts that need tokio's network.

#![forbid(unsafe_code)]

mod executor;
mod io;
mod timer;

pub use executor::{HyperExecutor, LocalHyperExecutor};
pub use io::HyperIo;
pub use timer::HyperTimer;
