//! The I/O traits of stream sockets, of whatever family.

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    net::Shutdown,
    os::fd::AsFd,
    task::{Context, Poll},
};

use evloop_reactor::{Direction, Source};

use crate::calls;

pub(crate) fn poll_read<S: AsFd>(
    source: &Source<S>,
    cx: &Context<'_>,
    buf: &mut [u8],
) -> Poll<io::Result<usize>>
where
    for<'a> &'a S: Read,
{
    source.poll_stream_io(Direction::Read, cx, buf.len(), |stream| {
        calls::receive(stream, buf)
    })
}

pub(crate) fn poll_read_vectored<S: AsFd>(
    source: &Source<S>,
    cx: &Context<'_>,
    bufs: &mut [IoSliceMut<'_>],
) -> Poll<io::Result<usize>>
where
    for<'a> &'a S: Read,
{
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.poll_stream_io(Direction::Read, cx, wanted, |mut stream| {
        stream.read_vectored(bufs)
    })
}

pub(crate) fn poll_write<S: AsFd>(
    source: &Source<S>,
    cx: &Context<'_>,
    buf: &[u8],
) -> Poll<io::Result<usize>>
where
    for<'a> &'a S: Write,
{
    source.poll_stream_io(Direction::Write, cx, buf.len(), |stream| {
        calls::send(stream, buf)
    })
}

pub(crate) fn poll_write_vectored<S: AsFd>(
    source: &Source<S>,
    cx: &Context<'_>,
    bufs: &[IoSlice<'_>],
) -> Poll<io::Result<usize>>
where
    for<'a> &'a S: Write,
{
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.poll_stream_io(Direction::Write, cx, wanted, |stream| {
        calls::send_vectored(stream, bufs)
    })
}

/// What a close of the writing half comes to, given what the system says to a shutdown: fine on a
/// connection that has failed.
pub(crate) fn closed(shutdown: io::Result<()>) -> io::Result<()> {
    match shutdown {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        result => result,
    }
}

/// The half that a close of a stream shuts down.
pub(crate) const WRITING: Shutdown = Shutdown::Write;

/// Implements `AsyncRead` and `AsyncWrite` for a type with a field `source` and a method `shutdown`,
/// and for references to it.
macro_rules! socket_stream {
    ($Stream:ident) => {
        impl futures_lite::AsyncRead for &$Stream {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::socket_stream::poll_read(&self.source, cx, buf)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::socket_stream::poll_read_vectored(&self.source, cx, bufs)
            }
        }

        impl futures_lite::AsyncWrite for &$Stream {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::socket_stream::poll_write(&self.source, cx, buf)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bufs: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::socket_stream::poll_write_vectored(&self.source, cx, bufs)
            }

            /// There is nothing to flush: what was written is the system's.
            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            /// Shuts the writing half down, so that the peer reads the end. Fine again and again,
            /// and on a connection that has failed.
            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                let shutdown = self.shutdown($crate::socket_stream::WRITING);
                std::task::Poll::Ready($crate::socket_stream::closed(shutdown))
            }
        }

        $crate::socket_stream::by_reference!($Stream);
    };
}

/// Implements `AsyncRead` and `AsyncWrite` for a type by those of references to it.
macro_rules! by_reference {
    ($Stream:ident $(<$T:ident: $($bound:path),+>)?) => {
        impl$(<$T>)? futures_lite::AsyncRead for $Stream$(<$T>)?
        where
            $($T: $($bound +)+, for<'a> &'a $T: std::io::Read,)?
        {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                std::pin::Pin::new(&mut &*self).poll_read(cx, buf)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                std::pin::Pin::new(&mut &*self).poll_read_vectored(cx, bufs)
            }
        }

        impl$(<$T>)? futures_lite::AsyncWrite for $Stream$(<$T>)?
        where
            $($T: $($bound +)+, for<'a> &'a $T: std::io::Write,)?
        {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                std::pin::Pin::new(&mut &*self).poll_write(cx, buf)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bufs: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                std::pin::Pin::new(&mut &*self).poll_write_vectored(cx, bufs)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut &*self).poll_flush(cx)
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut &*self).poll_close(cx)
            }
        }
    };
}

pub(crate) use {by_reference, socket_stream};
