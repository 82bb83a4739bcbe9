//! Through the standard library.

use std::{
    fs::File,
    io::{self, IoSlice, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::AsFd,
};

use rustix::io::Errno;

/// Reads what has arrived.
pub(crate) fn receive<S: AsFd>(mut stream: &S, buf: &mut [u8]) -> io::Result<usize>
where
    for<'a> &'a S: Read,
{
    stream.read(buf)
}

/// Writes what there is room for.
pub(crate) fn send<S: AsFd>(mut stream: &S, buf: &[u8]) -> io::Result<usize>
where
    for<'a> &'a S: Write,
{
    stream.write(buf)
}

/// Writes what there is room for, in one call for all slices that the system takes at once.
pub(crate) fn send_vectored<S: AsFd>(mut stream: &S, bufs: &[IoSlice<'_>]) -> io::Result<usize>
where
    for<'a> &'a S: Write,
{
    stream.write_vectored(bufs)
}

/// Takes the next connection, which is not inherited by child processes and does not block.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, peer))
}

/// There is no common call for it.
pub(crate) fn send_file<S: AsFd>(
    _stream: &S,
    _file: &File,
    _offset: u64,
    _count: u64,
) -> io::Result<usize> {
    Err(Errno::NOSYS.into())
}
