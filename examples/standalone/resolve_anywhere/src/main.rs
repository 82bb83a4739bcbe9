//! Names looked up without a runtime: a thread with a ten-line `block_on` is enough.
//!
//! `cargo run -p resolve_anywhere -- example.com:443` looks up what you name.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Thread, current, park};

use evloop_resolve::{Resolve, Resolver, Resolving, Targets, ToSocketAddrs};

/// The whole executor.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Knows one name, and leaves all others to the system.
struct WithTestServer(Resolver);

impl Resolve for WithTestServer {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        match host {
            "server.test" => Box::pin(async move { Ok(vec![([192, 0, 2, 1], port).into()]) }),
            _ => Resolve::resolve(&self.0, host, port),
        }
    }
}

fn main() -> io::Result<()> {
    let resolver = WithTestServer(Resolver::new());
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        names = ["[::1]:80", "server.test:443", "localhost:8080"]
            .map(String::from)
            .into();
    }
    for name in names {
        let targets: Targets = name.to_targets()?;
        let mut addrs = block_on(targets.resolve(&resolver))?;
        // Which of them come first, and whether there is one for IPv6, is for the machine to say.
        if name.starts_with("localhost:") {
            addrs.retain(|addr| addr.is_ipv4());
        }
        let addrs: Vec<_> = addrs.iter().map(ToString::to_string).collect();
        println!("{name}: {}", addrs.join(", "));
    }
    Ok(())
}
