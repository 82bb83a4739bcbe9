//! What stands for socket addresses.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
};

use crate::Resolve;

/// Addresses, or a name and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Addrs(Vec<SocketAddr>),
    Name(String, u16),
}

impl Targets {
    /// These addresses.
    pub fn addrs(addrs: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self(Kind::Addrs(addrs.into_iter().collect()))
    }

    /// What the name `host` stands for, which may also be a number, with this port.
    pub fn name(host: impl Into<String>, port: u16) -> Self {
        let host = host.into();
        match numeric(&host) {
            Some(ip) => Self::addrs([SocketAddr::new(ip, port)]),
            None => Self(Kind::Name(host, port)),
        }
    }

    /// The addresses. A name is looked up by `resolver`.
    ///
    /// # Cancel safety
    ///
    /// As that of the resolver.
    ///
    /// # Errors
    ///
    /// Those of the resolver; none for addresses.
    pub async fn resolve(self, resolver: &dyn Resolve) -> io::Result<Vec<SocketAddr>> {
        match self.0 {
            Kind::Addrs(addrs) => Ok(addrs),
            Kind::Name(host, port) => resolver.resolve(&host, port).await,
        }
    }
}

/// `name:80`, or the addresses, each in backquotes.
impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Addrs(addrs) => {
                for (index, addr) in addrs.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}`{addr}`")?;
                }
                Ok(())
            }
            Kind::Name(host, port) => write!(f, "`{}:{port}`", host.escape_debug()),
        }
    }
}

/// A host that needs no lookup.
pub(crate) fn numeric(host: &str) -> Option<IpAddr> {
    host.parse().ok()
}

/// What stands for socket addresses: the trait of this name in std, for which a name need not block.
///
/// Implemented for the same types: addresses, slices of them, an IP address with a port, a name with
/// a port, and `"name:port"`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stand for socket addresses",
    note = "give a `SocketAddr`, a slice of them, `(host, port)` or `\"host:port\"`"
)]
pub trait ToSocketAddrs {
    /// Tells what it stands for; looks nothing up.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is neither an address nor a name with a port.
    fn to_targets(&self) -> io::Result<Targets>;
}

macro_rules! for_addresses {
    ($($addr:ty),+) => {$(
        impl ToSocketAddrs for $addr {
            fn to_targets(&self) -> io::Result<Targets> {
                Ok(Targets::addrs([SocketAddr::from(*self)]))
            }
        }
    )+};
}

for_addresses!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16)
);

impl ToSocketAddrs for [SocketAddr] {
    fn to_targets(&self) -> io::Result<Targets> {
        Ok(Targets::addrs(self.iter().copied()))
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn to_targets(&self) -> io::Result<Targets> {
        Ok(Targets::name(self.0, self.1))
    }
}

impl ToSocketAddrs for (String, u16) {
    fn to_targets(&self) -> io::Result<Targets> {
        Ok(Targets::name(&*self.0, self.1))
    }
}

impl ToSocketAddrs for str {
    fn to_targets(&self) -> io::Result<Targets> {
        if let Ok(addr) = self.parse::<SocketAddr>() {
            return Ok(Targets::addrs([addr]));
        }
        let parts = self.rsplit_once(':');
        let parts = parts.and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let Some((host, port)) = parts else {
            let text = format!(
                "`{}` is no socket address: it has no port from 0 to 65535 behind a colon",
                self.escape_debug()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        Ok(Targets::name(host, port))
    }
}

impl ToSocketAddrs for String {
    fn to_targets(&self) -> io::Result<Targets> {
        self.as_str().to_targets()
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn to_targets(&self) -> io::Result<Targets> {
        (**self).to_targets()
    }
}
