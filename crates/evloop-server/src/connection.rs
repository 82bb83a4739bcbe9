//! What a client is connected by.

use std::{io, net, sync::Arc};

use evloop_net::{
    OwnedReadHalf, OwnedWriteHalf, StreamReader, StreamWriter, TcpStream, UnixStream,
};
use futures_lite::{AsyncRead, AsyncWrite};

/// A handler's reader of what its client sends.
pub type ClientReader<S> = StreamReader<OwnedReadHalf<S>>;

/// A handler's writer to its client, which the server shares: it closes it after the handler, or when
/// it is told to.
pub type ClientWriter<S> = Arc<StreamWriter<OwnedWriteHalf<S>>>;

/// A stream that a server can end from outside.
pub trait Connection: Send + Sync + Sized + 'static
where
    for<'a> &'a Self: AsyncRead + AsyncWrite,
{
    /// Ends reading, writing or both, also for whoever waits for that.
    ///
    /// # Errors
    ///
    /// If the connection has failed, which is as good.
    fn shutdown(&self, how: net::Shutdown) -> io::Result<()>;
}

impl Connection for TcpStream {
    fn shutdown(&self, how: net::Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

impl Connection for UnixStream {
    fn shutdown(&self, how: net::Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}
