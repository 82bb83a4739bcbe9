//! TCP echo on the loopback device: rows and the client. Here are plain threads that write and read;
//! the servers are in files of their own.

mod epoll;
mod servers;

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::stopwatch;

/// The most take two descriptors each of the 20,000 that are usual for a process.
const N_CONNECTIONS: [usize; 4] = [1, 64, 1_000, 9_000];

pub(crate) fn family() -> Family {
    let one = rows("", Workload::on_one);
    let mut two = rows("mt_", Workload::on_two);
    two.push(Row::new(
        "mt_echo_main",
        Unit::Nanoseconds,
        "as `mt_echo_1`, served by the future of `block_on`, on a thread that is no worker",
        Workload::of_messages(1).contenders(servers::in_main()),
    ));
    two.push(Row::new(
        "mt_echo_beside_blocked",
        Unit::Nanoseconds,
        "as `mt_echo_1`, while a task blocks the other worker in steps of 10 ms",
        Workload::of_messages(1).contenders(servers::beside_a_blocked_worker()),
    ));
    Family {
        title: "TCP echo",
        rows: one.into_iter().chain(two).collect(),
    }
}

fn rows(prefix: &str, contenders: fn(Workload) -> Vec<Contender>) -> Vec<Row> {
    let echo_text = "a plain thread writes 64 bytes to each of so many connections and then reads them \
                     back from each; per message (mt: a server with two workers)";
    let cpu_text = "the same; processor time of the server and of the kernel on its behalf, instead of \
                    the time that passes";
    let bulk_text = "a plain thread writes 64 KiB to a connection and reads them back; per 64 KiB";
    let churn_text = "a plain thread connects, writes 64 bytes, reads them back and closes, again and \
                      again; per connection";
    let mut rows = Vec::new();
    for n_connections in N_CONNECTIONS {
        let contenders = contenders(Workload::of_messages(n_connections));
        let name = format!("{prefix}echo");
        rows.push(Row::of_size(&name, n_connections, echo_text, contenders));
    }
    for n_connections in [1, 64] {
        let contenders = contenders(Workload::of_messages(n_connections).in_cpu_time());
        let name = format!("{prefix}echo_cpu");
        rows.push(Row::of_size(&name, n_connections, cpu_text, contenders));
    }
    for (name, text, workload) in [
        ("accept_churn", churn_text, Workload::of_connections()),
        ("echo_bulk", bulk_text, Workload::of_bulk()),
    ] {
        let name = format!("{prefix}{name}");
        rows.push(Row::new(
            name,
            Unit::Nanoseconds,
            text,
            contenders(workload),
        ));
    }
    rows
}

/// What the client does.
#[derive(Clone, Copy)]
struct Workload {
    /// At the same time.
    n_connections: usize,
    n_messages: usize,
    /// Bytes of a message, and of the buffers in the server.
    message: usize,
    connecting: Connecting,
    measuring: Measuring,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Connecting {
    Once,
    ForEachMessage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Measuring {
    RealTime,
    /// Of the process without the client.
    CpuTime,
}

impl Measuring {
    /// Gives what says how much has passed since.
    pub(super) fn begin(self) -> Box<dyn Fn() -> Duration> {
        match self {
            Self::RealTime => {
                let started = stopwatch::now();
                Box::new(move || started.elapsed())
            }
            // Read only where it is wanted: what reads it does not run under valgrind.
            Self::CpuTime => {
                let before = cpu_of_others();
                Box::new(move || cpu_of_others() - before)
            }
        }
    }
}

impl Workload {
    fn of_messages(n_connections: usize) -> Self {
        Self {
            n_connections,
            n_messages: 20_000,
            message: 64,
            connecting: Connecting::Once,
            measuring: Measuring::RealTime,
        }
    }

    fn of_bulk() -> Self {
        Self {
            n_messages: 3_000,
            message: 64 * 1_024,
            ..Self::of_messages(1)
        }
    }

    fn of_connections() -> Self {
        Self {
            n_messages: 1_000,
            connecting: Connecting::ForEachMessage,
            ..Self::of_messages(1)
        }
    }

    fn in_cpu_time(self) -> Self {
        Self {
            measuring: Measuring::CpuTime,
            ..self
        }
    }

    /// Those that nothing is measured in, and the others.
    fn n_rounds(self, effort: Effort) -> (usize, usize) {
        let n_rounds = (effort.times(self.n_messages) / self.n_connections).max(1);
        (n_rounds.div_ceil(10), n_rounds)
    }

    fn on_one(self) -> Vec<Contender> {
        let mut contenders = self.contenders(servers::on_one());
        // It waits for nothing but the next event, and would have to if it sent much.
        if self.message < 1_024 {
            contenders.extend(self.contenders(vec![("floor: epoll", epoll::serve)]));
        }
        contenders
    }

    fn on_two(self) -> Vec<Contender> {
        self.contenders(servers::on_two())
    }

    fn contenders(self, servers: Vec<(&'static str, Serve)>) -> Vec<Contender> {
        let contender =
            |(name, serve)| Contender::new(name, move |effort| measure(effort, self, serve));
        servers.into_iter().map(contender).collect()
    }
}

/// What a server is told.
struct Setup {
    /// Hears where it listens, as soon as it does.
    ready: Sender<SocketAddr>,
    /// It ends when so many have been accepted and closed.
    n_connections: usize,
    /// Bytes that it reads at once.
    buffer: usize,
}

impl Setup {
    fn announce(&self, address: io::Result<SocketAddr>) {
        let address = address.expect("a listener has an address");
        self.ready.send(address).expect("the client waits for it");
    }
}

/// Runs a server.
type Serve = fn(Setup);

/// All messages of one measurement of a row of messages.
pub(crate) fn n_messages(effort: Effort, n_connections: usize) -> usize {
    let (n_warm_up, n_rounds) = Workload::of_messages(n_connections).n_rounds(effort);
    (n_warm_up + n_rounds) * n_connections
}

/// Serves on this thread, with the client on another.
fn measure(effort: Effort, workload: Workload, serve: Serve) -> Sample {
    let (n_warm_up, n_rounds) = workload.n_rounds(effort);
    let (ready, address) = mpsc::channel();
    let setup = Setup {
        ready,
        n_connections: match workload.connecting {
            Connecting::Once => workload.n_connections,
            Connecting::ForEachMessage => n_rounds + n_warm_up,
        },
        buffer: workload.message.max(1_024),
    };
    thread::scope(|scope| {
        let client = thread::Builder::new().spawn_scoped(scope, move || {
            let address = address.recv().expect("the server listens");
            let mut client = Client::new(address, workload).expect("the loopback device works");
            let mut elapsed = || client.run(n_warm_up, n_rounds);
            elapsed().expect("the loopback device works")
        });
        let client = client.expect("the system gives a thread");
        serve(setup);
        let elapsed = client.join().expect("the client does not panic");
        Sample::of_time(elapsed, n_rounds * workload.n_connections)
    })
}

/// After so many connections the client waits until the server has accepted them: the queue of some
/// listeners is short, and who finds it full tries again a second later.
const ACCEPTED_BETWEEN: usize = 64;

/// The same for all servers.
struct Client {
    address: SocketAddr,
    workload: Workload,
    streams: Vec<TcpStream>,
    message: Vec<u8>,
}

impl Client {
    fn new(address: SocketAddr, workload: Workload) -> io::Result<Self> {
        let mut client = Self {
            address,
            workload,
            streams: Vec::new(),
            message: vec![b'x'; workload.message],
        };
        if workload.connecting == Connecting::Once {
            for n in 0..workload.n_connections {
                let mut stream = client.connect()?;
                if n % ACCEPTED_BETWEEN == 0 {
                    stream.write_all(&client.message)?;
                    stream.read_exact(&mut client.message)?;
                }
                client.streams.push(stream);
            }
        }
        Ok(client)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn run(&mut self, n_warm_up: usize, n_rounds: usize) -> io::Result<Duration> {
        for _ in 0..n_warm_up {
            self.round()?;
        }
        let stopwatch = self.workload.measuring.begin();
        for _ in 0..n_rounds {
            self.round()?;
        }
        Ok(stopwatch())
    }

    fn round(&mut self) -> io::Result<()> {
        if self.workload.connecting == Connecting::ForEachMessage {
            self.streams = vec![self.connect()?];
        }
        for stream in &mut self.streams {
            stream.write_all(&self.message)?;
        }
        for stream in &mut self.streams {
            stream.read_exact(&mut self.message)?;
        }
        if self.workload.connecting == Connecting::ForEachMessage {
            self.streams.clear();
        }
        Ok(())
    }
}

/// Processor time of all threads of this process but the calling one.
fn cpu_of_others() -> Duration {
    let of = |clock| Duration::try_from(clock_gettime(clock)).expect("these clocks begin at zero");
    of(ClockId::ProcessCPUTime) - of(ClockId::ThreadCPUTime)
}
