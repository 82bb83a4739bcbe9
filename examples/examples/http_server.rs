//! An HTTP server: hyper on evloop, one task for each connection.
//!
//! Run it with `cargo run --release --example http_server -- 127.0.0.1:8080` and ask it with
//! `curl http://127.0.0.1:8080/anna`, or `curl --data-binary @file http://127.0.0.1:8080/`, which gives the
//! file back. Without an address it takes a free port. It prints where it listens. A number after the
//! address is that of workers; one thread serves all otherwise.

#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use evloop::{Runtime, TcpListener, TcpStream, create_task, sleep};
use evloop_hyper::{HyperIo, HyperTimer};
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let body = if request.method() == Method::POST {
        Either::Left(request.into_body())
    } else {
        let name = request.uri().path().trim_start_matches('/');
        let name = if name.is_empty() { "world" } else { name };
        Either::Right(Full::from(format!("hello, {name}\n")))
    };
    Ok(Response::new(body))
}

/// What was asked, chunk by chunk, or a text.
type Body = Either<Incoming, Full<Bytes>>;

async fn serve_client(stream: TcpStream) -> hyper::Result<()> {
    stream.set_nodelay(true).unwrap_or_default();
    http1::Builder::new()
        .timer(HyperTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .pipeline_flush(true)
        .serve_connection(HyperIo::new(stream).vectored(), service_fn(answer))
        .await
}

async fn serve(address: String) -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                create_task(async move {
                    if let Err(error) = serve_client(stream).await {
                        println!("{peer}: {error}");
                    }
                });
            }
            Err(error) => {
                // Out of descriptors, say: some will be given back.
                println!("failed to accept: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    match arguments.next() {
        None => evloop::run(serve(address)),
        Some(n_workers) => {
            let runtime = Runtime::builder().n_workers(n_workers.parse()?).build()?;
            runtime.block_on(async { create_task(serve(address)).await })??
        }
    }
}
