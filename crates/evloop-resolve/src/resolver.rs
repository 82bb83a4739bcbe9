//! Who looks names up.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, LazyLock},
};

use evloop_blocking::{BlockingPool, Executor, Job};

use crate::{
    ResolverOptions,
    flight::Flights,
    targets::{ToSocketAddrs, numeric},
};

/// Blocks for a name.
pub(crate) type Lookup = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// The future of [`Resolve::resolve`].
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// A way to find the addresses of a name.
///
/// # Examples
///
/// One that knows a name, and asks another one for all others:
///
/// ```
/// use evloop_resolve::{Resolve, Resolver, Resolving};
///
/// struct WithTestServer(Resolver);
///
/// impl Resolve for WithTestServer {
///     fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
///         match host {
///             "server.test" => Box::pin(async move { Ok(vec![([127, 0, 0, 1], port).into()]) }),
///             _ => Resolve::resolve(&self.0, host, port),
///         }
///     }
/// }
/// ```
pub trait Resolve: Send + Sync {
    /// The addresses of `host`, with `port`, best first.
    ///
    /// Dropping the future must lose nothing.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a>;
}

/// Looks names up on threads of its own, each name once however many ask for it at a time.
///
/// Clones are one resolver.
///
/// # Examples
///
/// ```
/// use evloop_resolve::Resolver;
///
/// async fn ping(resolver: &Resolver) -> std::io::Result<()> {
///     for addr in resolver.resolve("localhost:7").await? {
///         println!("{addr}");
///     }
///     Ok(())
/// }
/// # let _ = ping(&Resolver::new());
/// ```
#[derive(Clone)]
pub struct Resolver {
    parts: Arc<Parts>,
}

struct Parts {
    pool: BlockingPool,
    flights: Arc<Flights>,
    lookup: Arc<Lookup>,
}

impl Resolver {
    /// A resolver with threads of its own, up to 32, that asks the system.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the defaults are valid")]
    pub fn new() -> Self {
        let built = ResolverOptions::new().build();
        built.expect("the defaults are valid")
    }

    /// The resolver that is used where none is given; one for the process.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Resolver> = LazyLock::new(Resolver::new);
        &SHARED
    }

    pub(crate) fn from_parts(pool: BlockingPool, lookup: Arc<Lookup>) -> Self {
        let flights = Arc::default();
        let parts = Parts {
            pool,
            flights,
            lookup,
        };
        Self {
            parts: Arc::new(parts),
        }
    }

    /// The addresses that `addrs` stands for, in the order of the system.
    ///
    /// An address, and a name that is a number, is ready at once. Any other name is looked up on a
    /// thread, or joins the lookup of it that is under way.
    ///
    /// # Cancel safety
    ///
    /// Dropped, a lookup that has not begun is left out if nobody else waits for it. One that has
    /// begun goes on until the system answers, for whoever asks for the name before that.
    ///
    /// # Errors
    ///
    /// Those of the lookup, in an error that has the name in its text and is of the same kind;
    /// `InvalidInput` for what is neither an address nor a name with a port.
    ///
    /// # Cost
    ///
    /// For a number one allocation. For a name a few, a lock for a moment, and mostly the lookup.
    pub async fn resolve(&self, addrs: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
        addrs.to_targets()?.resolve(self).await
    }

    /// How many names are being looked up or wait for a thread.
    #[must_use]
    pub fn n_lookups(&self) -> usize {
        self.parts.flights.count()
    }

    async fn resolve_host(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Some(ip) = numeric(host) {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let mut addrs = self.parts.lookup(host).await?.to_vec();
        for addr in &mut addrs {
            addr.set_port(port);
        }
        Ok(addrs)
    }
}

impl Parts {
    async fn lookup(&self, host: &str) -> io::Result<Arc<[SocketAddr]>> {
        let (flight, start) = self.flights.join(host);
        if let Some(start) = start {
            let start = Arc::new(start);
            let (lookup, starts) = (Arc::clone(&self.lookup), Arc::clone(&start));
            let job = Job::new(move || starts.run(|host| lookup(host)));
            if let Err(rejected) = self.pool.execute(job) {
                start.fail(io::Error::other(rejected.reason().to_string()));
            }
        }
        Ok(flight.answer().await?)
    }
}

impl Resolve for Resolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(self.resolve_host(host, port))
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("lookups", &self.n_lookups())
            .finish_non_exhaustive()
    }
}

/// The addresses that `addrs` stands for, by the [shared](Resolver::shared) resolver: asyncio's
/// `getaddrinfo`, for streams.
///
/// # Cancel safety
///
/// As [`Resolver::resolve`].
///
/// # Errors
///
/// As [`Resolver::resolve`].
pub async fn resolve(addrs: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let targets = addrs.to_targets()?;
    targets.resolve(Resolver::shared()).await
}
