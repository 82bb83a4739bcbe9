//! Writes to peers that are gone, in a process that the signal for broken pipes would kill: a host in
//! another language leaves it at that, where the start of a Rust program has it ignored.
//!
//! # Invariants
//!
//! 1. Nothing else in this program is called `main`.

#![no_main]
#![expect(
    unsafe_code,
    reason = "a `main` of its own is how a program is without the start of a Rust program"
)]
#![expect(clippy::print_stdout, reason = "it shows that it is alive")]

use std::io::{self, ErrorKind, IoSlice};

use evloop::{StreamWriter, TcpListener, TcpStream, UnixStream, open_connection};
use futures_lite::{AsyncWrite, AsyncWriteExt};

// SAFETY: (1) the program has `no_main`.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    evloop::EventLoop::new()
        .and_then(|event_loop| {
            event_loop
                .run_until_complete(run())
                .map_err(io::Error::other)?
        })
        .map_or(1, |()| 0)
}

async fn run() -> io::Result<()> {
    for vectored in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let stream = TcpStream::connect(listener.local_addr()?).await?;
        drop(listener.accept().await?);
        breaks(stream, vectored).await?;
        let (stream, _) = UnixStream::pair()?;
        breaks(stream, vectored).await?;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (mut reader, writer) = open_connection(listener.local_addr()?).await?;
    drop(listener.accept().await?);
    reader.read_to_end().await?;
    writer_breaks(&writer).await?;
    println!("alive");
    Ok(())
}

/// Writes until that is an error.
async fn breaks(mut stream: impl AsyncWrite + Unpin, vectored: bool) -> io::Result<()> {
    loop {
        let written = match vectored {
            false => stream.write(b"x").await,
            true => stream.write_vectored(&[IoSlice::new(b"x"); 2]).await,
        };
        match written.map_err(|error| error.kind()) {
            Ok(_) => {}
            Err(ErrorKind::BrokenPipe) => return Ok(()),
            // Said once, and what follows is a broken pipe.
            Err(ErrorKind::ConnectionReset) => {}
            Err(kind) => return Err(kind.into()),
        }
    }
}

async fn writer_breaks<W>(writer: &StreamWriter<W>) -> io::Result<()>
where
    W: AsyncWrite + Unpin + Send,
{
    while writer.writelines(["x", "y"]).is_ok() {
        evloop::yield_now().await;
    }
    writer.write(b"x").expect_err("an error stays");
    Ok(())
}
