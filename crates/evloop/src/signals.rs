//! Signals of the process, in a loop.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use evloop_signal::Signal;

use crate::context::get_running_loop;
use crate::error::LoopClosed;
use crate::handle::Handle;
use crate::signal_watch::{Purpose, SignalWatch};

/// A stream of signals, for which a loop waits.
///
/// As long as it lives, its signals do nothing else than come here; afterwards they act again as they
/// did before. There may be any number of streams for a signal, each of which gets every one: see
/// [`evloop_signal::Signals`], which this is in a loop. While there is one of SIGINT, ctrl-C does not
/// cancel the main task of [`run`](crate::run), nor does it kill a program that hangs.
///
/// It may be polled in another loop than the one it was made on, which has to run. Once that is closed
/// the stream has ended.
///
/// ```
/// use evloop::{Signal, signals};
///
/// evloop::run(async {
///     let mut hangups = signals([Signal::HANGUP, Signal::USER_1]).unwrap();
///     evloop::create_task(async move {
///         while let Some(signal) = hangups.next().await {
///             println!("reading the configuration again: {signal}");
///         }
///     });
/// });
/// ```
pub struct Signals {
    inner: evloop_signal::Signals,
    watch: SignalWatch,
}

/// The signals that arrive from now on, as a stream on the running loop or runtime; as
/// [`Handle::signals`].
///
/// # Errors
///
/// As [`Handle::signals`], and when no loop is running on this thread.
pub fn signals(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
    let handle = get_running_loop().map_err(io::Error::other)?;
    handle.signals(signals)
}

impl Handle {
    /// The signals that arrive from now on, as a stream for which this loop waits. From any thread.
    ///
    /// Of no signals it is a stream that has ended.
    ///
    /// # Errors
    ///
    /// One of the signals has a handler that is not ours ([`io::ErrorKind::ResourceBusy`]), the loop is
    /// closed, or the system has no more descriptors.
    ///
    /// # Cost
    ///
    /// One allocation, and two system calls for a signal that nobody watched before. The first one of a
    /// loop adds a reader of one descriptor, which the last one removes.
    pub fn signals(&self, signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
        // In this order: what is heard has somebody who waits for it.
        let watch = SignalWatch::begin(self, Purpose::Events)?;
        let inner = evloop_signal::Signals::new(signals)?;
        Ok(Signals { inner, watch })
    }
}

impl Signals {
    /// Waits for the next signal; `None` once the loop that it was made on is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has taken no signal: a later call gets all.
    pub async fn next(&mut self) -> Option<Signal> {
        std::future::poll_fn(|cx| self.poll_signal(cx)).await
    }

    /// The next signal, if one has arrived.
    pub fn try_next(&mut self) -> Option<Signal> {
        self.inner.try_next()
    }

    pub(crate) fn set_waker(&self, waker: &Waker) {
        self.inner.set_waker(waker);
    }

    pub(crate) fn has_next(&self) -> bool {
        self.inner.has_next()
    }

    /// As `Stream::poll_next`, which it also has.
    pub(crate) fn poll_signal(&mut self, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        let polled = futures_core::Stream::poll_next(Pin::new(&mut self.inner), cx);
        // After the waker is in its place: a loop that closes wakes it.
        if polled.is_pending() && self.watch.handle().is_closed() {
            return Poll::Ready(None);
        }
        polled
    }
}

impl futures_core::Stream for Signals {
    type Item = Signal;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        self.get_mut().poll_signal(cx)
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}

/// The future of [`ctrl_c`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct CtrlC {
    /// The error is taken by the first poll.
    signals: Result<Signals, Option<io::Error>>,
}

/// Waits for ctrl-C: for the first SIGINT after this call, which from then on until the future is
/// dropped does nothing else.
///
/// On the running loop or runtime. [`Runner::run`](crate::Runner::run) cancels the main task by itself;
/// this is for programs that want to decide otherwise, and where nothing of `run` is used.
///
/// ```
/// # async fn serve() {}
/// async fn until_interrupted() -> std::io::Result<()> {
///     let server = evloop::create_task(serve());
///     evloop::ctrl_c().await?;
///     server.cancel();
///     Ok(())
/// }
/// # evloop::run(async {
/// #     drop(evloop::timeout(std::time::Duration::ZERO, until_interrupted()).await);
/// # });
/// ```
///
/// # Cancel safety
///
/// Dropped, it takes no part any more; a ctrl-C that has come and was not seen is gone. For one that
/// must not be lost between two waits make [`signals`] once.
///
/// # Errors
///
/// The output is an error if SIGINT has a handler that is not ours, no loop is running on this thread,
/// the loop is closed meanwhile, or the system has no more descriptors.
#[doc(alias = "SIGINT")]
pub fn ctrl_c() -> CtrlC {
    CtrlC {
        signals: signals([Signal::INTERRUPT]).map_err(Some),
    }
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.signals {
            Ok(signals) => signals.poll_signal(cx).map(|signal| {
                let signal = signal.ok_or(LoopClosed)?;
                debug_assert_eq!(signal, Signal::INTERRUPT);
                Ok(())
            }),
            Err(error) => Poll::Ready(Err(error.take().unwrap_or_else(|| {
                io::Error::other("`ctrl_c` was polled again after it had failed")
            }))),
        }
    }
}

impl fmt::Debug for CtrlC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtrlC").finish_non_exhaustive()
    }
}
