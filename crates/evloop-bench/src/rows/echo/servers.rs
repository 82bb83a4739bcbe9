//! The servers: one text for each runtime, on one thread and on two workers.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;

use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _};
use monoio::{FusionDriver, RuntimeBuilder};

use super::{Serve, Setup};
use crate::runtimes::{
    EventLoop, EvloopRuntime, Monoio, N_WORKERS, Runtime, SendRuntime, Smol, SmolThreads, Tokio,
    TokioWorkers,
};

/// Any free port.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub(super) fn on_one() -> Vec<(&'static str, Serve)> {
    let mut servers: Vec<(&'static str, Serve)> = vec![
        ("evloop", |setup| {
            <EventLoop as Runtime>::run(serve_evloop(setup))
        }),
        ("tokio", |setup| <Tokio as Runtime>::run(serve_tokio(setup))),
        ("smol", |setup| Smol::run(serve_smol(setup, Smol::spawn))),
        ("monoio", |setup| Monoio::run(serve_monoio(setup))),
    ];
    if monoio::utils::detect_uring() {
        servers.push(("monoio, io_uring", |setup| {
            let builder = RuntimeBuilder::<FusionDriver>::new().enable_timer();
            let mut runtime = builder.build().expect("io_uring was detected");
            runtime.block_on(async { monoio::spawn(serve_monoio(setup)).await });
        }));
    }
    servers
}

pub(super) fn on_two() -> Vec<(&'static str, Serve)> {
    vec![
        ("evloop", |setup| {
            EvloopRuntime::run(|_| serve_evloop(setup))
        }),
        ("tokio", |setup| TokioWorkers::run(|_| serve_tokio(setup))),
        ("smol", |setup| {
            type Threads = SmolThreads<N_WORKERS>;
            Threads::run(|_| serve_smol(setup, Threads::spawn));
        }),
    ]
}

/// Serves one connection.
type Connection = Pin<Box<dyn Future<Output = ()> + Send>>;

async fn serve_evloop(setup: Setup) {
    let listener = evloop::TcpListener::bind(ANY)
        .await
        .expect("there is a free port");
    setup.announce(listener.local_addr());
    let buffer = setup.buffer;
    let mut tasks = Vec::new();
    for _ in 0..setup.n_connections {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(evloop::create_task(async move {
            let mut buffer = vec![0; buffer];
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

/// `spawn` starts a task on the executor that runs this.
async fn serve_smol(setup: Setup, spawn: fn(Connection) -> async_executor::Task<()>) {
    let listener = async_io::Async::<TcpListener>::bind(ANY).expect("there is a free port");
    setup.announce(listener.get_ref().local_addr());
    let buffer = setup.buffer;
    let mut tasks = Vec::new();
    for _ in 0..setup.n_connections {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(spawn(Box::pin(async move {
            let mut buffer = vec![0; buffer];
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
        })));
    }
    for task in tasks {
        task.await;
    }
}

async fn serve_tokio(setup: Setup) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = tokio::net::TcpListener::bind(ANY)
        .await
        .expect("there is a free port");
    setup.announce(listener.local_addr());
    let buffer = setup.buffer;
    let mut tasks = Vec::new();
    for _ in 0..setup.n_connections {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(tokio::spawn(async move {
            let mut buffer = vec![0; buffer];
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
async fn serve_monoio(setup: Setup) {
    use monoio::io::{AsyncReadRent as _, AsyncWriteRentExt as _};

    let listener = monoio::net::TcpListener::bind(ANY).expect("there is a free port");
    setup.announce(listener.local_addr());
    let buffer = setup.buffer;
    let mut tasks = Vec::new();
    for _ in 0..setup.n_connections {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(monoio::spawn(async move {
            let mut buffer = Vec::with_capacity(buffer);
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
