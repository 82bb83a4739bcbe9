//! An HTTP client: hyper on evloop.
//!
//! `cargo run --release --example http_client -- 127.0.0.1:8080 /anna` gets a page and prints status and body,
//! for which any server will do, such as the example `http_server`. A number after the path asks so many
//! times, on one connection, and prints the last answer.

#![expect(clippy::print_stdout, reason = "it prints what it gets")]

use std::error::Error;
use std::time::Duration;

use evloop::{TcpStream, create_task, timeout};
use evloop_hyper::HyperIo;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode};

type AnyError = Box<dyn Error + Send + Sync>;

async fn read(response: Response<Incoming>) -> Result<(StatusCode, Bytes), AnyError> {
    let status = response.status();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}

async fn get(address: &str, path: &str, n_times: usize) -> Result<(StatusCode, Bytes), AnyError> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(HyperIo::new(stream)).await?;
    // Reads and writes until the sender is gone.
    let driving = create_task(connection);
    let mut answer = Default::default();
    for _ in 0..n_times {
        let request = Request::get(path)
            .header("host", address)
            .body(Empty::<Bytes>::new())?;
        sender.ready().await?;
        answer = read(sender.send_request(request).await?).await?;
    }
    drop(sender);
    driving.await??;
    Ok(answer)
}

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (address, path, n_times) = match &arguments[..] {
        [address, path] => (address, path, 1),
        [address, path, n_times] => (address, path, n_times.parse()?),
        _ => return Err("it takes an address, a path and perhaps a number".into()),
    };
    let (status, body) = evloop::run(async {
        // The whole exchange has a limit, whatever it waits for.
        timeout(Duration::from_secs(30), get(address, path, n_times)).await?
    })?;
    println!("{status}");
    println!("{}", String::from_utf8_lossy(&body).trim_end());
    Ok(())
}
