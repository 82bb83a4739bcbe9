//! How a resolver is made.

use std::{
    fmt, io,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use evloop_blocking::BlockingPool;

use crate::resolver::{Lookup, Resolver};

/// Enough for a program with many peers of which some are silent; threads come only when they are needed.
const MAX_THREADS: usize = 32;

/// As long as a thread waits for another name before it ends.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How a [`Resolver`] looks names up.
///
/// # Examples
///
/// Names of a test, of which the system knows nothing:
///
/// ```
/// use std::io;
/// use evloop_resolve::{Resolver, ResolverOptions};
///
/// let resolver: Resolver = ResolverOptions::new()
///     .max_threads(1)
///     .lookup(|host| match host {
///         "db.test" => Ok(vec!["10.0.0.7:0".parse().map_err(io::Error::other)?]),
///         _ => Err(io::ErrorKind::NotFound.into()),
///     })
///     .build()?;
/// # drop(resolver);
/// # io::Result::Ok(())
/// ```
#[must_use = "it does nothing until it builds a resolver"]
#[derive(Clone)]
pub struct ResolverOptions {
    max_threads: usize,
    lookup: Arc<Lookup>,
}

impl ResolverOptions {
    /// The system's lookup, on up to 32 threads.
    pub fn new() -> Self {
        Self {
            max_threads: MAX_THREADS,
            lookup: Arc::new(system_lookup),
        }
    }

    /// So many names at a time, 1 or more; others wait for their turn, first come, first served.
    pub fn max_threads(mut self, n_threads: usize) -> Self {
        self.max_threads = n_threads;
        self
    }

    /// Another function than the system's. It may block. The ports of the addresses do not matter.
    pub fn lookup<F>(mut self, lookup: F) -> Self
    where
        F: Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    {
        self.lookup = Arc::new(lookup);
        self
    }

    /// Makes the resolver. No thread is started before there is a name.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for no threads.
    pub fn build(self) -> io::Result<Resolver> {
        let pool = BlockingPool::builder()
            .max_threads(self.max_threads)
            .keep_alive(KEEP_ALIVE)
            .thread_name("evloop-resolve")
            .build();
        let pool = pool.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Resolver::from_parts(pool, self.lookup))
    }
}

fn system_lookup(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((host, 0).to_socket_addrs()?.collect())
}

impl Default for ResolverOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ResolverOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolverOptions")
            .field("max_threads", &self.max_threads)
            .finish_non_exhaustive()
    }
}
