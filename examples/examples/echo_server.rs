//! A TCP echo server: one task for each connection.
//!
//! Run it with `cargo run --release --example echo_server -- 127.0.0.1:7007` and talk to it with
//! `nc 127.0.0.1 7007`. Without an address it takes a free port. It prints where it listens.

#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::io;
use std::time::Duration;

use evloop::{TcpListener, TcpStream, create_task, sleep};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return stream.close().await;
        }
        stream.write_all(&buffer[..n]).await?;
    }
}

fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:0".to_owned());
    evloop::run(async {
        let listener = TcpListener::bind(address).await?;
        println!("listening on {}", listener.local_addr()?);
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, say: some will be given back.
                    println!("failed to accept: {error}");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            // A detached task: the loop keeps it until the connection ends.
            create_task(async move {
                if let Err(error) = echo(stream).await {
                    println!("{peer}: {error}");
                }
            });
        }
    })
}
