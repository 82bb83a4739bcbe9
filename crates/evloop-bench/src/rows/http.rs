//! HTTP by hyper on each runtime: rows and the client. The client is plain code on a thread of its own, the
//! same for all; the servers are in a file of their own.

mod servers;

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use super::echo::Measuring;
use crate::row::{Contender, Effort, Family, Row, Sample, Unit};

/// That are kept alive, and asked in turn.
const N_CONNECTIONS: usize = 64;

/// Requests in a measurement.
const N_REQUESTS: usize = 60_000;

const REQUEST: &[u8] = b"GET /plaintext HTTP/1.1\r\nhost: localhost\r\naccept: text/plain\r\n\r\n";

pub(crate) fn family() -> Family {
    use Limit::{ForReading, Unlimited};
    use Measuring::{CpuTime, RealTime};

    let plain = "hyper answers `Hello, World!`; a plain thread writes a request to each of 64 connections, \
                 which are kept alive, and then reads the answers; per request (10^9 divided by it is \
                 requests a second; mt: a server with two workers, beside the client on the machine's two \
                 processors)";
    let cpu = "the same; processor time of the server and of the kernel on its behalf, instead of the time \
               that passes";
    let limit =
        "the first with hyper's limit of 30 s for reading a request, by each runtime's timer";
    let limit_cpu = "the same in processor time";
    let rows = [
        ("http_64", plain, RealTime, Unlimited),
        ("http_cpu_64", cpu, CpuTime, Unlimited),
        ("http_limit_64", limit, RealTime, ForReading),
        ("http_limit_cpu_64", limit_cpu, CpuTime, ForReading),
    ];
    let of = |prefix: &'static str, servers: fn() -> Vec<(&'static str, Serve)>| {
        rows.map(|(name, text, measuring, limit)| {
            let contender = |(name, serve): (&'static str, Serve)| {
                Contender::new(name, move |effort| measure(effort, measuring, limit, serve))
            };
            let contenders = servers().into_iter().map(contender).collect();
            Row::new(
                format!("{prefix}{name}"),
                Unit::Nanoseconds,
                text,
                contenders,
            )
        })
    };
    let (one, two) = (of("", servers::on_one), of("mt_", servers::on_two));
    Family {
        title: "HTTP",
        rows: one.into_iter().chain(two).collect(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    Unlimited,
    /// Of the head of each request.
    ForReading,
}

/// What a server is told. It ends when [`N_CONNECTIONS`] have been accepted and closed.
struct Setup {
    /// Hears where it listens, as soon as it does.
    ready: Sender<SocketAddr>,
    limit: Limit,
}

impl Setup {
    fn announce(&self, address: io::Result<SocketAddr>) {
        let address = address.expect("a listener has an address");
        self.ready.send(address).expect("the client waits for it");
    }
}

/// Runs a server.
type Serve = fn(Setup);

/// Serves on this thread, with the client on another.
fn measure(effort: Effort, measuring: Measuring, limit: Limit, serve: Serve) -> Sample {
    let n_rounds = effort.times(N_REQUESTS) / N_CONNECTIONS;
    let (ready, address) = mpsc::channel();
    thread::scope(|scope| {
        let client = thread::Builder::new().spawn_scoped(scope, move || {
            let address = address.recv().expect("the server listens");
            let elapsed =
                Client::new(address).and_then(|mut client| client.run(measuring, n_rounds));
            elapsed.expect("the loopback device works")
        });
        let client = client.expect("the system gives a thread");
        serve(Setup { ready, limit });
        let elapsed = client.join().expect("the client does not panic");
        Sample::of_time(elapsed, n_rounds * N_CONNECTIONS)
    })
}

struct Client {
    streams: Vec<TcpStream>,
    /// As long as each answer is.
    answer: Vec<u8>,
}

impl Client {
    fn new(address: SocketAddr) -> io::Result<Self> {
        let mut client = Self {
            streams: Vec::new(),
            answer: Vec::new(),
        };
        for _ in 0..N_CONNECTIONS {
            let mut stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            // The first answer of each is looked at. All are of the same length: the date is.
            client.answer = first_answer(&mut stream)?;
            client.streams.push(stream);
        }
        Ok(client)
    }

    fn run(&mut self, measuring: Measuring, n_rounds: usize) -> io::Result<Duration> {
        for _ in 0..n_rounds / 10 {
            self.round()?;
        }
        let stopwatch = measuring.begin();
        for _ in 0..n_rounds {
            self.round()?;
        }
        Ok(stopwatch())
    }

    fn round(&mut self) -> io::Result<()> {
        for stream in &mut self.streams {
            stream.write_all(REQUEST)?;
        }
        for stream in &mut self.streams {
            stream.read_exact(&mut self.answer)?;
        }
        Ok(())
    }
}

fn first_answer(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    while !answer.ends_with(servers::BODY) {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        answer.extend(byte);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "it is served");
    Ok(answer)
}
