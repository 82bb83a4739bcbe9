//! Connections with a reader and a writer.

use std::{io, path::Path};

use evloop_resolve::ToSocketAddrs;

use crate::{OwnedReadHalf, OwnedWriteHalf, StreamReader, StreamWriter, TcpStream, UnixStream};

/// Connects, and gives a reader and a writer: asyncio's `open_connection`.
///
/// Closing the writer ends its half; the connection closes when the reader is gone too. For another
/// limit, [`TcpStream::connect`] and [`into_split`](TcpStream::into_split) do the same in steps.
///
/// # Cancel safety
///
/// As [`TcpStream::connect`].
///
/// # Errors
///
/// As [`TcpStream::connect`].
pub async fn open_connection(
    addrs: impl ToSocketAddrs,
) -> io::Result<(
    StreamReader<OwnedReadHalf<TcpStream>>,
    StreamWriter<OwnedWriteHalf<TcpStream>>,
)> {
    let (read, write) = TcpStream::connect(addrs).await?.into_split();
    Ok((StreamReader::new(read), StreamWriter::new(write)))
}

/// Connects to the Unix socket at `path`, and gives a reader and a writer, as [`open_connection`].
///
/// # Cancel safety
///
/// As [`UnixStream::connect`].
///
/// # Errors
///
/// As [`UnixStream::connect`].
pub async fn open_unix_connection(
    path: impl AsRef<Path>,
) -> io::Result<(
    StreamReader<OwnedReadHalf<UnixStream>>,
    StreamWriter<OwnedWriteHalf<UnixStream>>,
)> {
    let (read, write) = UnixStream::connect(path).await?.into_split();
    Ok((StreamReader::new(read), StreamWriter::new(write)))
}
