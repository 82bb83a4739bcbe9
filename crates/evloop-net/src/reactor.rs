//! The reactor of the thread.

use std::io;

use evloop_reactor::ReactorHandle;

/// The current reactor, or an error that says how to get one.
pub(crate) fn current() -> io::Result<ReactorHandle> {
    ReactorHandle::try_current().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotConnected,
            "no reactor is entered on this thread: call this inside an event loop, or use the \
             form of the function that ends in `_in`",
        )
    })
}
