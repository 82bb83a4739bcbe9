//! A crate that needs tokio's runtime, on evloop: `hyper-util`'s client, which keeps a pool of connections,
//! opens them by tokio's network and has tasks of tokio's wait for them.
//!
//! Run it with `cargo run --example tokio_context`. `async-compat` puts a future into the context of a runtime
//! of tokio's, which it starts on a thread of its own; the future itself goes on running here, among
//! evloop's tasks. It costs that thread, and a wake-up from it for each answer: where a crate has an
//! interface without it, as hyper itself has, take that (`http_client`).

#![expect(clippy::print_stdout, reason = "it shows the answers")]

use std::convert::Infallible;
use std::error::Error;
use std::io;

use async_compat::Compat;
use evloop::{TcpListener, create_task, current_task, try_gather};
use evloop_hyper::HyperIo;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

/// A server to ask: hyper on evloop, as in the example `http_server`.
async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let answer = service_fn(async |request: Request<Incoming>| {
            let text = format!("you asked for {}", request.uri().path());
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text)))
        });
        let served = http1::Builder::new().serve_connection(HyperIo::new(stream), answer);
        create_task(async move {
            if let Err(error) = served.await {
                println!("a connection failed: {error}");
            }
        });
    }
}

type Asked = Result<String, Box<dyn Error + Send + Sync>>;

async fn get(client: &Client<HttpConnector, Empty<Bytes>>, uri: Uri) -> Asked {
    let answer = client.get(uri).await?;
    let body = answer.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}

async fn ask(authority: String) -> Result<(), Box<dyn Error + Send + Sync>> {
    let task = current_task().ok_or("this is a task of evloop's")?;
    println!("in the task {:?}", task.name());
    let client = Client::builder(TokioExecutor::new()).build_http();
    let uris = ["/a", "/b", "/c"].map(|path| format!("http://{authority}{path}").parse::<Uri>());
    let answers = try_gather(uris.map(async |uri| get(&client, uri?).await)).await?;
    for answer in answers {
        println!("{answer}");
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    evloop::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let authority = listener.local_addr()?.to_string();
        let server = create_task(serve(listener));
        Compat::new(ask(authority)).await?;
        server.cancel();
        Ok(())
    })
}
