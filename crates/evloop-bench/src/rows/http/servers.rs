//! The servers: the same service of hyper on each runtime, on one thread and on two workers.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::time::Duration;

use evloop_hyper::{HyperIo, HyperTimer};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::rt::{Read, Timer, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use smol_hyper::rt::{FuturesIo, SmolTimer};

use super::{Limit, N_CONNECTIONS, Serve, Setup};
use crate::runtimes::{
    EventLoop, EvloopRuntime, N_WORKERS, Runtime, SendRuntime, Smol, SmolThreads, Tokio,
    TokioWorkers,
};

pub(super) const BODY: &[u8] = b"Hello, World!";

/// Any free port.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub(super) fn on_one() -> Vec<(&'static str, Serve)> {
    vec![
        ("evloop", |setup| {
            <EventLoop as Runtime>::run(serve_evloop(setup))
        }),
        ("tokio", |setup| <Tokio as Runtime>::run(serve_tokio(setup))),
        ("smol", |setup| Smol::run(serve_smol(setup, Smol::spawn))),
    ]
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

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(BODY)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}

/// Serves one connection to its end.
async fn serve_connection(
    io: impl Read + Write + Unpin + Send + 'static,
    timer: impl Timer + Send + Sync + 'static,
    limit: Limit,
) {
    let mut http = http1::Builder::new();
    match limit {
        Limit::Unlimited => http.header_read_timeout(None),
        Limit::ForReading => http
            .timer(timer)
            .header_read_timeout(Duration::from_secs(30)),
    };
    let served = http.serve_connection(io, service_fn(hello)).await;
    served.expect("the client asks and reads");
}

async fn serve_evloop(setup: Setup) {
    let listener = evloop::TcpListener::bind(ANY)
        .await
        .expect("there is a free port");
    setup.announce(listener.local_addr());
    let mut tasks = Vec::new();
    for _ in 0..N_CONNECTIONS {
        let (stream, _) = listener.accept().await.expect("the client connects");
        let io = HyperIo::new(stream).vectored();
        let serves = serve_connection(io, HyperTimer::new(), setup.limit);
        tasks.push(evloop::create_task(serves));
    }
    for task in tasks {
        task.await.expect("serving does not panic");
    }
}

async fn serve_tokio(setup: Setup) {
    let listener = tokio::net::TcpListener::bind(ANY)
        .await
        .expect("there is a free port");
    setup.announce(listener.local_addr());
    let mut tasks = Vec::new();
    for _ in 0..N_CONNECTIONS {
        let (stream, _) = listener.accept().await.expect("the client connects");
        let serves = serve_connection(TokioIo::new(stream), TokioTimer::new(), setup.limit);
        tasks.push(tokio::spawn(serves));
    }
    for task in tasks {
        task.await.expect("serving does not panic");
    }
}

/// Serves one connection.
type Connection = Pin<Box<dyn Future<Output = ()> + Send>>;

/// `spawn` starts a task on the executor that runs this.
async fn serve_smol(setup: Setup, spawn: fn(Connection) -> async_executor::Task<()>) {
    let listener = async_io::Async::<TcpListener>::bind(ANY).expect("there is a free port");
    setup.announce(listener.get_ref().local_addr());
    let mut tasks = Vec::new();
    for _ in 0..N_CONNECTIONS {
        let (stream, _) = listener.accept().await.expect("the client connects");
        let serves = serve_connection(FuturesIo::new(stream), SmolTimer::new(), setup.limit);
        tasks.push(spawn(Box::pin(serves)));
    }
    for task in tasks {
        task.await;
    }
}
