//! A protocol of frames by `tokio-util`'s codecs, on evloop's sockets.
//!
//! Run it with `cargo run --example tokio_codec`. No runtime of tokio's is involved: its codecs ask for
//! nothing but its I/O traits.

#![expect(clippy::print_stdout, reason = "it shows what goes to and fro")]

use std::error::Error;

use evloop::{TcpListener, TcpStream, create_task};
use evloop_tokio::Vectored;
use futures_util::{SinkExt, StreamExt};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

/// Adds the numbers of each line.
async fn serve(stream: TcpStream) -> Result<(), LinesCodecError> {
    // The longest line that it keeps in mind: a peer may send anything.
    let mut lines = Framed::new(Vectored::new(stream), LinesCodec::new_with_max_length(100));
    while let Some(line) = lines.next().await {
        let sum: Result<i64, _> = line?.split_whitespace().map(str::parse::<i64>).sum();
        let answer = sum.map_or_else(|error| error.to_string(), |sum| sum.to_string());
        lines.send(answer).await?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    evloop::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = create_task(async move {
            let (stream, _) = listener.accept().await.expect("somebody connects");
            serve(stream).await
        });

        let stream = TcpStream::connect(address).await?;
        let mut lines = Framed::new(Vectored::new(stream), LinesCodec::new());
        for question in ["1 2 3", "40 2", "a"] {
            lines.send(question).await?;
            let answer = lines.next().await.ok_or("the server has gone")??;
            println!("{question} -> {answer}");
        }
        drop(lines);

        server.await??;
        println!("the server has ended");
        Ok(())
    })
}
