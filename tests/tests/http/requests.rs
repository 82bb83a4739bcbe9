//! Requests and answers, on one thread and on several.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use evloop::{Runtime, TcpListener, TcpStream, create_task};
use evloop_hyper::{HyperExecutor, HyperIo, HyperTimer};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Gives the body back.
async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    Ok(Response::new(Full::new(body)))
}

#[derive(Clone, Copy)]
enum Version {
    Http1,
    Http2,
}

/// Serves connections until the loop ends.
async fn serve(version: Version) -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    create_task(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("somebody connects");
            let io = HyperIo::new(stream).vectored();
            create_task(async move {
                match version {
                    Version::Http1 => {
                        server::conn::http1::Builder::new()
                            .timer(HyperTimer::new())
                            .serve_connection(io, service_fn(echo))
                            .await
                    }
                    Version::Http2 => {
                        server::conn::http2::Builder::new(HyperExecutor)
                            .timer(HyperTimer::new())
                            .serve_connection(io, service_fn(echo))
                            .await
                    }
                }
            });
        }
    });
    Ok(address)
}

fn body_of(n: usize) -> Bytes {
    let bytes: Vec<u8> = (0..n).map(|place| (place % 251) as u8).collect();
    bytes.into()
}

const SIZES: [usize; 5] = [0, 1, 8_191, 8_193, 1_000_000];

async fn http1() -> Result<(), Error> {
    let stream = TcpStream::connect(serve(Version::Http1).await?).await?;
    let (mut sender, connection) = client::conn::http1::handshake(HyperIo::new(stream)).await?;
    let driving = create_task(connection);
    for size in SIZES {
        let request = Request::post("/")
            .header("host", "here")
            .body(Full::new(body_of(size)))?;
        let response = sender.send_request(request).await?;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.into_body().collect().await?.to_bytes(),
            body_of(size)
        );
    }
    drop(sender);
    driving.await??;
    Ok(())
}

async fn http2() -> Result<(), Error> {
    let stream = TcpStream::connect(serve(Version::Http2).await?).await?;
    let handshake = client::conn::http2::handshake(HyperExecutor, HyperIo::new(stream));
    let (sender, connection) = handshake.await?;
    let driving = create_task(connection);
    let answers = SIZES.map(|size| {
        let mut sender = sender.clone();
        async move {
            let request = Request::post("http://here/").body(Full::new(body_of(size)))?;
            let response = sender.send_request(request).await?;
            let body = response.into_body().collect().await?.to_bytes();
            assert_eq!(body, body_of(size));
            Ok::<_, Error>(())
        }
    });
    // All at once, on one connection.
    for answer in evloop::gather(answers).await {
        answer?;
    }
    drop(sender);
    driving.await??;
    Ok(())
}

#[test]
fn http1_on_one_thread() {
    evloop::run(http1()).unwrap();
}

#[test]
fn http2_on_one_thread() {
    evloop::run(http2()).unwrap();
}

#[test]
fn both_on_two_workers() {
    let runtime = Runtime::builder().n_workers(2).build().unwrap();
    runtime
        .block_on(async { create_task(http1()).await })
        .unwrap()
        .unwrap()
        .unwrap();
    runtime
        .block_on(async { create_task(http2()).await })
        .unwrap()
        .unwrap()
        .unwrap();
}

#[test]
fn a_head_that_does_not_come_in_time_ends_the_connection() {
    let read = evloop::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = create_task(async move {
            let (stream, _) = listener.accept().await.unwrap();
            server::conn::http1::Builder::new()
                .timer(HyperTimer::new())
                .header_read_timeout(Duration::from_millis(5))
                .serve_connection(HyperIo::new(stream), service_fn(echo))
                .await
        });
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost:").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        assert!(serving.await?.unwrap_err().is_timeout());
        Ok::<_, Error>(answer)
    });
    let text = String::from_utf8(read.unwrap()).unwrap();
    assert!(
        text.is_empty() || text.starts_with("HTTP/1.1 408"),
        "{text}"
    );
}

#[test]
fn an_upgrade_gives_the_stream_back() {
    async fn upgrade(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        create_task(async move {
            let mut stream = HyperIo::new(hyper::upgrade::on(request).await.unwrap());
            let mut question = [0; 4];
            stream.read_exact(&mut question).await.unwrap();
            stream.write_all(&question).await.unwrap();
            stream.close().await.unwrap();
        });
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response
            .headers_mut()
            .insert("upgrade", "echo".parse().unwrap());
        response
            .headers_mut()
            .insert("connection", "upgrade".parse().unwrap());
        Ok(response)
    }
    let answer = evloop::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        create_task(async move {
            let (stream, _) = listener.accept().await.unwrap();
            server::conn::http1::Builder::new()
                .serve_connection(HyperIo::new(stream), service_fn(upgrade))
                .with_upgrades()
                .await
        });
        let mut stream = TcpStream::connect(address).await?;
        stream
            .write_all(
                b"GET / HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nping",
            )
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, Error>(answer)
    });
    let answer = answer.unwrap();
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    assert!(answer.ends_with("ping"), "{answer}");
}
