//! Straight to the kernel: those of the C library are points where a thread may be cancelled, which
//! takes four atomic operations for a message that is read and answered.

use std::{
    fs::File,
    io::{self, IoSlice, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::AsFd,
};

use rustix::fs::sendfile;
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, acceptfrom_with, recv,
    send as send_with, sendmsg,
};

/// The most slices of one call.
const SLICES: usize = 1024;

/// Reads what has arrived.
pub(crate) fn receive<S: AsFd>(stream: &S, buf: &mut [u8]) -> io::Result<usize>
where
    for<'a> &'a S: Read,
{
    let (_, count) = recv(stream, buf, RecvFlags::empty())?;
    Ok(count)
}

/// Writes what there is room for.
pub(crate) fn send<S: AsFd>(stream: &S, buf: &[u8]) -> io::Result<usize>
where
    for<'a> &'a S: Write,
{
    // As std: a peer that is gone is an error and no signal.
    Ok(send_with(stream, buf, SendFlags::NOSIGNAL)?)
}

/// Writes what there is room for, in one call for all slices that the system takes at once.
pub(crate) fn send_vectored<S: AsFd>(stream: &S, bufs: &[IoSlice<'_>]) -> io::Result<usize>
where
    for<'a> &'a S: Write,
{
    let bufs = &bufs[..bufs.len().min(SLICES)];
    // std's raises the signal, which kills a program that does not ignore it.
    let mut nothing = SendAncillaryBuffer::default();
    Ok(sendmsg(stream, bufs, &mut nothing, SendFlags::NOSIGNAL)?)
}

/// Takes the next connection, which is not inherited by child processes and does not block.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (stream, peer) = acceptfrom_with(listener, flags)?;
    let peer = peer.expect("a connection of TCP has a peer").try_into()?;
    Ok((stream.into(), peer))
}

/// Sends bytes of a file as far as there is room, without a copy of them in this process. None are sent
/// behind its end.
pub(crate) fn send_file<S: AsFd>(
    stream: &S,
    file: &File,
    mut offset: u64,
    count: u64,
) -> io::Result<usize> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    Ok(sendfile(stream, file, Some(&mut offset), count)?)
}
