//! Connecting to one of many addresses, in virtual time.

use std::{
    future::Future,
    io::{self, ErrorKind},
    net::{self, Ipv4Addr, SocketAddr},
    pin::{Pin, pin},
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use evloop_net::{ConnectError, ConnectOptions, ResolverOptions, TcpStream, resolve};
use evloop_reactor::Reactor;
use evloop_time::{ManualClock, TimeDriver};
use socket2::{Domain, Socket, Type};

use crate::support::{block_on, poll_once, run, turn, with_reactor};

/// A listener that answers nobody any more, since its queue is full.
struct Silent {
    addr: SocketAddr,
    _listener: Socket,
    _queued: Vec<Socket>,
}

impl Silent {
    fn new() -> io::Result<Self> {
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        listener.bind(&any.into())?;
        listener.listen(0)?;
        let local = listener.local_addr()?;
        let mut queued = Vec::new();
        // The system takes one or two in spite of the limit; those behind them hear nothing.
        for _ in 0..4 {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            client.set_nonblocking(true)?;
            let in_progress = client.connect(&local).err();
            assert!(in_progress.is_none_or(|error| error.raw_os_error().is_some()));
            queued.push(client);
        }
        let addr = local.as_socket().expect("an address of the internet");
        Ok(Self {
            addr,
            _listener: listener,
            _queued: queued,
        })
    }
}

/// A reactor and a clock that is moved by hand.
struct World<'a> {
    reactor: &'a mut Reactor,
    driver: &'a TimeDriver,
    clock: ManualClock,
}

impl World<'_> {
    /// Runs `test` with a clock on the thread of its reactor.
    fn run(test: impl FnOnce(World<'_>) -> io::Result<()> + Send + 'static) {
        with_reactor(|reactor| {
            let clock = ManualClock::new();
            let driver = TimeDriver::new(Arc::new(clock.clone()));
            let _time = driver.enter();
            let world = World {
                reactor,
                driver: &driver,
                clock,
            };
            test(world).expect("loopback works");
        });
    }

    fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        let mut woken = Vec::new();
        self.driver.advance(&mut woken);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Turns the reactor, without time, and polls.
    fn poll<F: Future>(&mut self, mut future: Pin<&mut F>) -> Poll<F::Output> {
        for _ in 0..10 {
            if let Poll::Ready(output) = poll_once(future.as_mut()) {
                return Poll::Ready(output);
            }
            turn(self.reactor, Some(Duration::ZERO));
        }
        Poll::Pending
    }
}

const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn listener() -> io::Result<(net::TcpListener, SocketAddr)> {
    let listener = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// An address of this machine at which nobody listens.
fn closed(last: u8) -> SocketAddr {
    ([127, 0, 0, last], 1).into()
}

#[test]
fn an_address_that_is_silent_holds_up_the_next_for_a_quarter_of_a_second() {
    World::run(|mut world| {
        let silent = [Silent::new()?, Silent::new()?];
        let (_listener, good) = listener()?;
        let addrs = [silent[0].addr, silent[1].addr, good];
        let mut connecting = pin!(TcpStream::connect(&addrs[..]));
        assert!(world.poll(connecting.as_mut()).is_pending());

        world.advance(millis(249));
        assert!(world.poll(connecting.as_mut()).is_pending());
        assert_eq!(world.reactor.handle().source_count(), 1);
        world.advance(millis(1));
        assert!(world.poll(connecting.as_mut()).is_pending());
        assert_eq!(world.reactor.handle().source_count(), 2, "both are tried");
        world.advance(millis(250));
        let stream = block_on(world.reactor, connecting)?;

        assert_eq!(stream.peer_addr()?, good);
        assert_eq!(
            world.reactor.handle().source_count(),
            1,
            "the losers are closed"
        );
        Ok(())
    });
}

#[test]
fn without_happy_eyeballs_and_without_a_clock_one_is_tried_after_the_other() {
    World::run(|mut world| {
        let silent = Silent::new()?;
        let (_listener, good) = listener()?;
        let addrs = [silent.addr, good];
        let options = ConnectOptions::new().happy_eyeballs(None);
        let mut connecting = pin!(options.connect(&addrs[..]));
        assert!(world.poll(connecting.as_mut()).is_pending());

        world.advance(millis(1_000_000));

        assert!(world.poll(connecting.as_mut()).is_pending());
        assert_eq!(world.reactor.handle().source_count(), 1);
        Ok(())
    });
    with_reactor(|reactor| {
        let silent = Silent::new().expect("loopback works");
        let addrs = [silent.addr, closed(1)];
        let mut connecting = pin!(TcpStream::connect(&addrs[..]));
        for _ in 0..10 {
            assert!(poll_once(connecting.as_mut()).is_pending());
            turn(reactor, Some(Duration::ZERO));
        }
        assert_eq!(reactor.handle().source_count(), 1);
    });
}

#[test]
fn fault_e12_the_deadline_ends_all_attempts_and_the_lookup() {
    World::run(|mut world| {
        let silent = Silent::new()?;
        let options = ConnectOptions::new().deadline(millis(5000));
        let addr = silent.addr;
        let mut connecting = pin!(options.connect(addr));
        assert!(world.poll(connecting.as_mut()).is_pending());
        world.advance(millis(4999));
        assert!(world.poll(connecting.as_mut()).is_pending());
        world.advance(millis(1));

        let Poll::Ready(Err(error)) = world.poll(connecting) else {
            panic!("the deadline is over");
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let text = format!("failed to connect to `{addr}` within 5s");
        assert_eq!(error.to_string(), text);
        assert_eq!(world.reactor.handle().source_count(), 0);

        // A lookup that does not end before the test does.
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let resolver = ResolverOptions::new().lookup(move |_| {
            let held = held.lock().map_err(|_| ErrorKind::Other)?;
            held.recv().map_err(io::Error::other)?;
            Ok(Vec::new())
        });
        let options = options.clone().resolver(resolver.build()?);
        let mut connecting = pin!(options.connect("name.test:1"));
        assert!(world.poll(connecting.as_mut()).is_pending());
        world.advance(millis(5000));
        let Poll::Ready(Err(error)) = world.poll(connecting) else {
            panic!("the deadline is over");
        };
        drop(release);
        let text = "failed to connect to `name.test:1` within 5s";
        assert_eq!(error.to_string(), text);
        Ok(())
    });
}

#[test]
fn a_name_is_connected_to_by_whoever_answers_with_the_families_taking_turns() {
    run(|| async {
        let (_listener, good) = listener()?;
        let resolver = ResolverOptions::new().lookup(move |host| {
            assert_eq!(host, "server.test");
            // The first of them is refused; the port is that of the caller.
            Ok(vec![
                ([0, 0, 0, 0, 0, 0, 0, 1], 9).into(),
                ([127, 0, 0, 1], 9).into(),
            ])
        });
        let options = ConnectOptions::new().resolver(resolver.build()?);
        let stream = options.connect(("server.test", good.port())).await?;

        assert_eq!(stream.peer_addr()?, good);
        Ok(())
    });
}

#[test]
fn the_name_of_this_machine_is_connected_to() {
    run(|| async {
        let (_listener, addr) = listener()?;
        let stream = TcpStream::connect(("localhost", addr.port())).await?;
        assert_eq!(stream.peer_addr()?.port(), addr.port());
        Ok(())
    });
}

#[test]
fn fault_e12_of_a_thousand_addresses_sixteen_are_tried() {
    run(|| async {
        let addrs = vec![closed(1); 1000];
        let error = TcpStream::connect(&addrs[..]).await.unwrap_err();
        let kept = ConnectError::of(&error).expect("it came from attempts");
        assert_eq!(kept.attempts().len(), 16);
        Ok(())
    });
}

#[test]
fn fault_e12_names_that_cannot_be_are_errors() {
    run(|| async {
        let long = "a".repeat(64 * 1024);
        for (host, kind) in [
            ("with\0nul", Some(ErrorKind::InvalidInput)),
            ("", None),
            (&*long, None),
        ] {
            let error = TcpStream::connect((host, 80)).await.unwrap_err();
            assert!(kind.is_none_or(|kind| error.kind() == kind), "{error}");
            assert!(error.to_string().starts_with("failed to look up"));
        }
        let error = TcpStream::connect("no port").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        Ok(())
    });
}

#[test]
fn a_local_address_of_another_family_is_passed_over() {
    run(|| async {
        let (_listener, addr) = listener()?;
        let here: SocketAddr = ([127, 0, 0, 3], 0).into();
        let v6: SocketAddr = ([0, 0, 0, 0, 0, 0, 0, 1], 0).into();
        let options = ConnectOptions::new().local_addr(v6);

        let error = options.connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        assert!(
            error
                .to_string()
                .ends_with("none of the local addresses is of its family")
        );

        // One that this machine does not have is passed over as well.
        let elsewhere: SocketAddr = ([203, 0, 113, 1], 0).into();
        let options = options.local_addr(elsewhere).local_addr(here);
        let stream = options.connect(addr).await?;
        assert_eq!(stream.local_addr()?.ip(), here.ip());
        Ok(())
    });
}

#[test]
fn resolving_needs_no_reactor() {
    let addrs = futures_lite::future::block_on(resolve("localhost:7"));
    assert!(!addrs.expect("the name of this machine").is_empty());
}
