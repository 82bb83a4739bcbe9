//! TCP echo on the loopback device.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _};
use monoio::{FusionDriver, RuntimeBuilder};

use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::runtimes::{EventLoop, Monoio, Runtime, Smol, Tokio};
use crate::stopwatch;

/// Any free port.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Bytes of a message.
const MESSAGE: usize = 64;
/// What a server reads at once at most.
const BUFFER: usize = 1_024;

pub(crate) fn family() -> Family {
    Family {
        title: "TCP echo",
        rows: vec![
            row(
                "echo_1",
                "a plain thread writes 64 bytes to a server on another thread and reads them back; \
                 per message",
                1,
            ),
            row(
                "echo_64",
                "a plain thread writes 64 bytes to each of 64 connections and then reads them back; \
                 per message",
                64,
            ),
        ],
    }
}

/// Starts a server that accepts so many connections and returns when all are closed. It says its
/// address once it listens.
type Serve = fn(Sender<SocketAddr>, usize);

fn row(name: &'static str, text: &'static str, n_connections: usize) -> Row {
    let contender = |name, serve: Serve| {
        Contender::new(name, move |effort| measure(effort, n_connections, serve))
    };
    let mut contenders = vec![
        contender("evloop", |ready, n| EventLoop::run(serve_evloop(ready, n))),
        contender("tokio", |ready, n| Tokio::run(serve_tokio(ready, n))),
        contender("smol", |ready, n| Smol::run(serve_smol(ready, n))),
        contender("monoio", |ready, n| Monoio::run(serve_monoio(ready, n))),
    ];
    if monoio::utils::detect_uring() {
        contenders.push(contender("monoio, io_uring", |ready, n| {
            let builder = RuntimeBuilder::<FusionDriver>::new().enable_timer();
            let mut runtime = builder.build().expect("io_uring was detected");
            runtime.block_on(async { monoio::spawn(serve_monoio(ready, n)).await });
        }));
    }
    Row {
        name,
        text,
        unit: Unit::Nanoseconds,
        contenders,
    }
}

/// Serves on this thread, with the client on another.
fn measure(effort: Effort, n_connections: usize, serve: Serve) -> Sample {
    let n_rounds = effort.times(20_000) / n_connections;
    let (ready, address) = mpsc::channel();
    thread::scope(|scope| {
        let client = thread::Builder::new().spawn_scoped(scope, move || {
            let address = address.recv().expect("the server listens");
            call(address, n_connections, n_rounds).expect("the loopback device works")
        });
        let client = client.expect("the system gives a thread");
        serve(ready, n_connections);
        let elapsed = client.join().expect("the client does not panic");
        Sample::of_time(elapsed, n_rounds * n_connections)
    })
}

/// The client, the same for all servers.
fn call(address: SocketAddr, n_connections: usize, n_rounds: usize) -> io::Result<Duration> {
    let connect = |_| {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    let mut streams: Vec<TcpStream> = (0..n_connections).map(connect).collect::<io::Result<_>>()?;
    let message = [b'x'; MESSAGE];
    let mut reply = [0; MESSAGE];
    let n_warm_up = n_rounds.div_ceil(10);
    let mut started = stopwatch::now();
    for round in 0..n_rounds + n_warm_up {
        if round == n_warm_up {
            started = stopwatch::now();
        }
        for stream in &mut streams {
            stream.write_all(&message)?;
        }
        for stream in &mut streams {
            stream.read_exact(&mut reply)?;
        }
    }
    Ok(started.elapsed())
}

/// Says where the server listens.
fn announce(ready: &Sender<SocketAddr>, address: io::Result<SocketAddr>) {
    let address = address.expect("a listener has an address");
    ready.send(address).expect("the client waits for it");
}

async fn serve_evloop(ready: Sender<SocketAddr>, n_connections: usize) {
    let listener = evloop::TcpListener::bind(ANY)
        .await
        .expect("there is a free port");
    announce(&ready, listener.local_addr());
    let mut tasks = Vec::new();
    for _ in 0..n_connections {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(evloop::create_task(async move {
            let mut buffer = [0; BUFFER];
            loop {
                match stream
                    .read(&mut buffer)
                    .await
                    .expect("the client reads and writes")
                {
                    0 => break,
                    n => stream
                        .write_all(&buffer[..n])
                        .await
                        .expect("the client reads"),
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("serving does not panic");
    }
}

async fn serve_smol(ready: Sender<SocketAddr>, n_connections: usize) {
    let listener = async_io::Async::<TcpListener>::bind(ANY).expect("there is a free port");
    announce(&ready, listener.get_ref().local_addr());
    let mut tasks = Vec::new();
    for _ in 0..n_connections {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(Smol::spawn(async move {
            let mut buffer = [0; BUFFER];
            loop {
                match stream
                    .read(&mut buffer)
                    .await
                    .expect("the client reads and writes")
                {
                    0 => break,
                    n => stream
                        .write_all(&buffer[..n])
                        .await
                        .expect("the client reads"),
                }
            }
        }));
    }
    for task in tasks {
        task.await;
    }
}

async fn serve_tokio(ready: Sender<SocketAddr>, n_connections: usize) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = tokio::net::TcpListener::bind(ANY)
        .await
        .expect("there is a free port");
    announce(&ready, listener.local_addr());
    let mut tasks = Vec::new();
    for _ in 0..n_connections {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(tokio::spawn(async move {
            let mut buffer = [0; BUFFER];
            loop {
                match stream
                    .read(&mut buffer)
                    .await
                    .expect("the client reads and writes")
                {
                    0 => break,
                    n => stream
                        .write_all(&buffer[..n])
                        .await
                        .expect("the client reads"),
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("serving does not panic");
    }
}

/// monoio's calls take the buffer and give it back.
async fn serve_monoio(ready: Sender<SocketAddr>, n_connections: usize) {
    use monoio::io::{AsyncReadRent as _, AsyncWriteRentExt as _};

    let listener = monoio::net::TcpListener::bind(ANY).expect("there is a free port");
    announce(&ready, listener.local_addr());
    let mut tasks = Vec::new();
    for _ in 0..n_connections {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(monoio::spawn(async move {
            let mut buffer = Vec::with_capacity(BUFFER);
            loop {
                buffer.clear();
                let (read, filled) = stream.read(buffer).await;
                if read.expect("the client reads and writes") == 0 {
                    break;
                }
                let (written, given_back) = stream.write_all(filled).await;
                written.expect("the client reads");
                buffer = given_back;
            }
        }));
    }
    for task in tasks {
        task.await;
    }
}
