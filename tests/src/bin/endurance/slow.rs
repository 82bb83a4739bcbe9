//! Healthy clients beside slow ones: how long they wait for an answer.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use evloop::{Clock, SystemClock};

use crate::require;
use crate::served::{Flavour, Served};

/// Of peers that send a byte every ten milliseconds, and every ten seconds.
#[derive(Debug, Clone, Copy)]
struct Load {
    n_fast: u64,
    n_slow: u64,
}

/// How often each of the three phases is measured, in turn.
const N_ROUNDS: usize = 5;
const N_HEALTHY: usize = 8;
const PHASE: Duration = Duration::from_secs(2);

/// How many times as long the slowest of a hundred may take.
const WORST: f64 = 2.0;

/// Each load in turn: what many slow peers cost, and what some do that are not that slow.
pub(crate) fn run(flavour: Flavour, n_peers: u64) -> io::Result<()> {
    let n_fast = n_peers / 50;
    let alone = Load {
        n_fast: 0,
        n_slow: n_peers,
    };
    measure(flavour, alone)?;
    let n_slow = n_peers - n_fast;
    measure(flavour, Load { n_fast, n_slow })
}

/// Latencies without slow peers, with them, and with the same ones at another server: those take as much
/// of the machine, and nothing of the server that is measured.
fn measure(flavour: Flavour, load: Load) -> io::Result<()> {
    let (mut server, addr) = Served::server(flavour, 64 * 1024)?;
    let (mut other, other_addr) = Served::server(flavour, 64 * 1024)?;
    let mut healthy = (0..N_HEALTHY)
        .map(|_| connect(addr))
        .collect::<io::Result<Vec<_>>>()?;
    let n_healthy = N_HEALTHY as u64;
    let (mut without, mut with, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
    // The first is a warm-up.
    exchange(&mut healthy)?;
    for _ in 0..N_ROUNDS {
        server.holdings_once(|now| now.n_clients == n_healthy)?;
        without.push(exchange(&mut healthy)?);
        let peers = beside(load, &mut server, addr, n_healthy)?;
        with.push(exchange(&mut healthy)?);
        drop(peers);
        server.holdings_once(|now| now.n_clients == n_healthy)?;
        let peers = beside(load, &mut other, other_addr, 0)?;
        elsewhere.push(exchange(&mut healthy)?);
        drop(peers);
        other.holdings_once(|now| now.n_clients == 0)?;
    }
    let [without, with, elsewhere] = [without, with, elsewhere].map(|of| Latencies::median(&of));
    let worse = with.p99 / without.p99.max(elsewhere.p99);
    let Load { n_fast, n_slow } = load;
    println!(
        "slow on {flavour}: {n_slow} peers send a byte in 10 s and {n_fast} one in 10 ms; p50 and p99 \
         without them {without}, with them {with}, with them at another server {elsewhere}: {:.2} and \
         {:.2} times as long at p99",
        with.p99 / without.p99,
        with.p99 / elsewhere.p99,
    );
    require(worse <= WORST, "slow peers hold up the others")
}

/// The load, once all of it is connected.
fn beside(load: Load, server: &mut Served, addr: SocketAddr, n_before: u64) -> io::Result<Served> {
    let numbers = [load.n_fast.to_string(), load.n_slow.to_string()];
    let mut peers = Served::start(&["peers", &addr.to_string(), &numbers[0], &numbers[1]])?;
    peers.line()?;
    let n_clients = n_before + load.n_fast + load.n_slow;
    server.holdings_once(|now| now.n_clients == n_clients)?;
    Ok(peers)
}

fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// In microseconds.
#[derive(Debug, Clone, Copy)]
struct Latencies {
    p50: f64,
    p99: f64,
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} and {:.0} us", self.p50, self.p99)
    }
}

impl Latencies {
    fn median(phases: &[Self]) -> Self {
        let middle = |of: fn(&Self) -> f64| {
            let mut values: Vec<f64> = phases.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Self {
            p50: middle(|phase| phase.p50),
            p99: middle(|phase| phase.p99),
        }
    }
}

/// One line after the other, by each connection in turn.
fn exchange(connections: &mut [TcpStream]) -> io::Result<Latencies> {
    let line = *b"a line of so many bytes as there are in many a request: 64 ....\n";
    let mut answer = vec![0; line.len()];
    let mut took: Vec<Duration> = Vec::new();
    let end = SystemClock.now() + PHASE;
    loop {
        for connection in &mut *connections {
            let begin = SystemClock.now();
            if begin >= end {
                took.sort();
                let at = |part: usize| took[took.len() * part / 100].as_secs_f64() * 1e6;
                return Ok(Latencies {
                    p50: at(50),
                    p99: at(99),
                });
            }
            connection.write_all(&line)?;
            connection.read_exact(&mut answer)?;
            took.push(SystemClock.now().saturating_duration_since(begin));
            require(answer == line, "what came back is something else")?;
        }
    }
}
