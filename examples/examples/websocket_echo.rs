//! A WebSocket by tungstenite over evloop's streams: a server that echoes messages, and its client.
//!
//! Run it with `cargo run --example websocket_echo`: both ends in one program. With an address
//! (`cargo run --example websocket_echo -- 127.0.0.1:9001`) it is the server alone; talk to it from a
//! browser's console: `new WebSocket("ws://127.0.0.1:9001").onopen = …`.

#![expect(clippy::print_stdout, reason = "it shows what goes to and fro")]

use std::io;
use std::net::SocketAddr;

use async_tungstenite::tungstenite::{self, Message};
use async_tungstenite::{accept_async, client_async};
use evloop::{TcpListener, TcpStream, create_task};
use futures_util::StreamExt;

/// Echoes the messages of one client until it closes.
async fn echo(stream: TcpStream) -> tungstenite::Result<()> {
    let mut socket = accept_async(stream).await?;
    while let Some(message) = socket.next().await.transpose()? {
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        create_task(async move {
            if let Err(error) = echo(stream).await {
                println!("{peer}: {error}");
            }
        });
    }
}

async fn ask(address: SocketAddr) -> tungstenite::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let (mut socket, answer) = client_async(format!("ws://{address}/"), stream).await?;
    println!("the server answered {}", answer.status());
    for message in [Message::text("hello"), Message::binary(vec![1, 2, 3])] {
        socket.send(message.clone()).await?;
        let echoed = socket.next().await.transpose()?;
        println!("sent {message:?}, received {echoed:?}");
    }
    socket.close(None).await?;
    while let Some(message) = socket.next().await.transpose()? {
        println!("at the end {message:?}");
    }
    Ok(())
}

fn main() -> tungstenite::Result<()> {
    // Tests give all examples a flag, which means nothing here.
    let address = std::env::args().skip(1).find(|it| !it.starts_with("--"));
    evloop::run(async {
        let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
        let listens_at = listener.local_addr()?;
        println!("listening on {listens_at}");
        if address.is_some() {
            return Ok(serve(listener).await?);
        }
        let server = create_task(serve(listener));
        ask(listens_at).await?;
        server.cancel();
        Ok(())
    })
}
