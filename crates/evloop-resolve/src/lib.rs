//! Names to socket addresses, without blocking who asks.
//!
//! The system's lookup (`getaddrinfo`) blocks a thread, for a minute if a server is silent. Here it
//! runs on threads of its own, so it holds up neither a loop nor other blocking work. It needs no
//! runtime: a lookup can be awaited anywhere.
//!
//! # The nouns
//!
//! - [`ToSocketAddrs`] is what stands for addresses: `"example.com:80"`, `("::1", 80)`, an address, a
//!   slice of addresses. [`Targets`] is what it is made of: addresses, or a name with a port.
//! - A [`Resolver`] looks names up. [`resolve`] is one lookup by the resolver that all share.
//! - [`Resolve`] is the trait of resolvers: yours may ask a DNS server itself, or keep what it was told.
//!
//! # Example
//!
//! ```
//! use evloop_resolve::resolve;
//! # use std::{pin::pin, task::{Context, Poll, Waker}};
//!
//! async fn program() -> std::io::Result<()> {
//!     // A number is no name: nobody is asked.
//!     let addrs = resolve(("::1", 80)).await?;
//!     assert_eq!(addrs, ["[::1]:80".parse().unwrap()]);
//!     Ok(())
//! }
//! # let Poll::Ready(Ok(())) = pin!(program()).poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
//! ```
//!
//! # Relation to asyncio
//!
//! [`resolve`] is `loop.getaddrinfo` for streams, which shares its threads with all other blocking work
//! there: a few silent names hold up files, and busy files make names time out. Here they do not meet.
//!
//! # What this crate does not do
//!
//! It keeps no answers: the system does where it is told to. It cannot interrupt a lookup that runs;
//! whoever drops it goes on at once, and whoever asks for the same name meanwhile joins it. It does
//! not look up the names of services or of addresses.
//!
//! When names have to be asked for by the thousand each second, implement [`Resolve`] with a DNS
//! client that needs no threads.

#![forbid(unsafe_code)]

mod error;
mod flight;
mod options;
mod resolver;
mod targets;

pub use options::ResolverOptions;
pub use resolver::{Resolve, Resolver, Resolving, resolve};
pub use targets::{Targets, ToSocketAddrs};
