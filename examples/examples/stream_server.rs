//! A TCP server and its client with streams, as in asyncio's documentation.
//!
//! Run it with `cargo run --example stream_server`. It prints what goes to and fro, and ends when the
//! client has.

#![expect(clippy::print_stdout, reason = "it shows what goes to and fro")]

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use evloop::{ClientReader, ClientWriter, TcpStream, open_connection, start_server};

async fn handle_echo(
    mut reader: ClientReader<TcpStream>,
    writer: ClientWriter<TcpStream>,
) -> io::Result<()> {
    let data = reader.read(100).await?;
    println!("received {:?}", String::from_utf8_lossy(&data));

    println!("send {:?}", String::from_utf8_lossy(&data));
    writer.write(&data)?;
    writer.drain().await?;

    println!("close the connection");
    writer.close();
    writer.wait_closed().await
}

async fn tcp_echo_client(message: &str, address: SocketAddr) -> io::Result<()> {
    let (mut reader, writer) = open_connection(address).await?;

    println!("client sends {message:?}");
    writer.write(message.as_bytes())?;
    writer.drain().await?;

    let data = reader.read_to_end().await?;
    println!("client received {:?}", String::from_utf8_lossy(&data));
    writer.close();
    writer.wait_closed().await
}

fn main() -> io::Result<()> {
    evloop::run(async {
        let server = start_server(handle_echo, "127.0.0.1:0").await?;
        let address = server.sockets()[0].local_addr()?;
        println!("serving on {address}");

        tcp_echo_client("Hello World!", address).await?;

        // A server that is to serve until ctrl-C awaits `server.serve_forever()` instead.
        let ended = server.shutdown(Duration::from_secs(10)).await;
        assert_eq!(ended.n_aborted, 0);
        Ok(())
    })
}
