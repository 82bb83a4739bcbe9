//! The servers: one text for each runtime, on one thread and on two workers.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use monoio::{FusionDriver, RuntimeBuilder};

use super::{Serve, Setup};
use crate::runtimes::{
    EventLoop, EvloopRuntime, Monoio, N_WORKERS, Runtime, SendRuntime, Smol, SmolThreads, Tokio,
    TokioWorkers,
};
use crate::yielding::yield_once;

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

/// One of two workers serves. The other is in steps that block.
pub(super) fn beside_a_blocked_worker() -> Vec<(&'static str, Serve)> {
    vec![
        ("evloop", |setup| {
            EvloopRuntime::run(|_| beside_blocking::<EvloopRuntime>(serve_evloop(setup)))
        }),
        ("tokio", |setup| {
            TokioWorkers::run(|_| beside_blocking::<TokioWorkers>(serve_tokio(setup)))
        }),
        ("smol", |setup| {
            type Threads = SmolThreads<N_WORKERS>;
            let serve = serve_smol(setup, Threads::spawn);
            Threads::run(|_| beside_blocking::<Threads>(serve));
        }),
    ]
}

async fn beside_blocking<R: SendRuntime>(serve: impl Future<Output = ()>) {
    let has_served = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&has_served);
    #[expect(
        clippy::disallowed_methods,
        reason = "what is measured is a thread that is asleep"
    )]
    let block = || thread::sleep(Duration::from_millis(10));
    let blocking = R::spawn(async move {
        while !is_over.load(Ordering::Relaxed) {
            block();
            yield_once().await;
        }
    });
    serve.await;
    has_served.store(true, Ordering::Relaxed);
    blocking.await;
}

/// The future of `block_on` serves, on a thread that is no worker.
pub(super) fn in_main() -> Vec<(&'static str, Serve)> {
    vec![
        ("evloop", |setup| {
            let builder = evloop::Runtime::builder().n_workers(N_WORKERS);
            let runtime = builder.build().expect("the system gives threads");
            let served = runtime.block_on(serve_one_by_one_evloop(setup));
            served.expect("the runtime is open");
        }),
        ("tokio", |setup| {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(N_WORKERS).enable_all().build();
            let runtime = runtime.expect("the system gives threads");
            runtime.block_on(serve_one_by_one_tokio(setup));
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
        let (stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(evloop::create_task(echo(stream, buffer)));
    }
    for task in tasks {
        task.await.expect("serving does not panic");
    }
}

/// Without a task.
async fn serve_one_by_one_evloop(setup: Setup) {
    let listener = evloop::TcpListener::bind(ANY)
        .await
        .expect("there is a free port");
    setup.announce(listener.local_addr());
    for _ in 0..setup.n_connections {
        let (stream, _) = listener.accept().await.expect("the client connects");
        echo(stream, setup.buffer).await;
    }
}

/// Serves a stream of evloop's or smol's.
async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin, buffer: usize) {
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
}

/// `spawn` starts a task on the executor that runs this.
async fn serve_smol(setup: Setup, spawn: fn(Connection) -> async_executor::Task<()>) {
    let listener = async_io::Async::<TcpListener>::bind(ANY).expect("there is a free port");
    setup.announce(listener.get_ref().local_addr());
    let buffer = setup.buffer;
    let mut tasks = Vec::new();
    for _ in 0..setup.n_connections {
        let (stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(spawn(Box::pin(echo(stream, buffer))));
    }
    for task in tasks {
        task.await;
    }
}

async fn serve_tokio(setup: Setup) {
    let listener = tokio::net::TcpListener::bind(ANY)
        .await
        .expect("there is a free port");
    setup.announce(listener.local_addr());
    let buffer = setup.buffer;
    let mut tasks = Vec::new();
    for _ in 0..setup.n_connections {
        let (stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(tokio::spawn(echo_tokio(stream, buffer)));
    }
    for task in tasks {
        task.await.expect("serving does not panic");
    }
}

/// Without a task.
async fn serve_one_by_one_tokio(setup: Setup) {
    let listener = tokio::net::TcpListener::bind(ANY)
        .await
        .expect("there is a free port");
    setup.announce(listener.local_addr());
    for _ in 0..setup.n_connections {
        let (stream, _) = listener.accept().await.expect("the client connects");
        echo_tokio(stream, setup.buffer).await;
    }
}

async fn echo_tokio(mut stream: tokio::net::TcpStream, buffer: usize) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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
