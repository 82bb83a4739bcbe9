//! One client: its task, and how the server reaches it.

use std::{
    error::Error,
    fmt::Debug,
    net,
    sync::{Arc, Weak},
};

use evloop_net::{OwnedWriteHalf, StreamReader, StreamWriter, split};
use evloop_task::{ErrorContext, JoinError, Task, create_task, current_scheduler};
use futures_lite::{AsyncRead, AsyncWrite};

use crate::{
    connection::{ClientReader, ClientWriter, Connection},
    handled::Handled,
    shared::{Client, Shared},
};

/// What the server calls for each client.
pub(crate) struct Serving<H> {
    pub(crate) handler: H,
    pub(crate) limit: usize,
}

/// Starts the task of a client that has entered under `key`.
pub(crate) fn start<L, S, H, F>(
    shared: &Arc<Shared<L>>,
    key: u64,
    serving: &Arc<Serving<H>>,
    stream: S,
    peer: &impl Debug,
) where
    L: Send + Sync + 'static,
    S: Connection,
    for<'a> &'a S: AsyncRead + AsyncWrite,
    H: Fn(ClientReader<S>, ClientWriter<S>) -> F + Send + Sync + 'static,
    F: Future<Output: Handled> + Send + 'static,
{
    let peer: Arc<str> = format!("client {peer:?}").into();
    let (read, write) = split(stream);
    let stream = read.downgrade();
    let reader =
        StreamReader::with_limit(read, serving.limit).expect("the options refuse a limit of zero");
    let writer = Arc::new(StreamWriter::new(write));
    let reached = Arc::downgrade(&writer);

    let task = create_task(serve(
        Arc::clone(serving),
        reader,
        writer,
        Arc::clone(&peer),
    ));
    task.add_done_callback({
        let shared = Arc::clone(shared);
        move |result| {
            if let Err(error @ JoinError::Panicked(_)) = result {
                report(&peer, "panicked", error.clone());
            }
            shared.leave(key);
        }
    });
    let client = Reached {
        stream,
        writer: reached,
        task,
    };
    shared.introduce(key, Arc::new(client));
}

async fn serve<S, H, F>(
    serving: Arc<Serving<H>>,
    reader: ClientReader<S>,
    writer: ClientWriter<S>,
    peer: Arc<str>,
) where
    S: Connection,
    for<'a> &'a S: AsyncRead + AsyncWrite,
    H: Fn(ClientReader<S>, ClientWriter<S>) -> F + Send + Sync + 'static,
    F: Future<Output: Handled> + Send + 'static,
{
    // Also when the handler panics or is cancelled: what it has written is still sent.
    let writer = Closing(writer);
    let handled = (serving.handler)(reader, Arc::clone(&writer.0)).await;
    if let Some(error) = handled.into_error() {
        report(&peer, "failed", JoinError::Failed(Arc::from(error)));
    }
    writer.0.close();
    // The connection has ended one way or the other, and that it failed was the handler's to see.
    drop(writer.0.wait_closed().await);
}

/// Closes the writer when it is dropped.
struct Closing<S: Connection>(ClientWriter<S>)
where
    for<'a> &'a S: AsyncRead + AsyncWrite;

impl<S: Connection> Drop for Closing<S>
where
    for<'a> &'a S: AsyncRead + AsyncWrite,
{
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A client, as long as its streams live.
struct Reached<S: Connection>
where
    for<'a> &'a S: AsyncRead + AsyncWrite,
{
    stream: Weak<S>,
    writer: Weak<StreamWriter<OwnedWriteHalf<S>>>,
    task: Task<()>,
}

impl<S: Connection> Reached<S>
where
    for<'a> &'a S: AsyncRead + AsyncWrite,
{
    fn end(&self, how: net::Shutdown) {
        if let Some(stream) = self.stream.upgrade() {
            // It may have failed, which is as good.
            drop(stream.shutdown(how));
        }
    }
}

impl<S: Connection> Client for Reached<S>
where
    for<'a> &'a S: AsyncRead + AsyncWrite,
{
    fn close(&self) {
        if let Some(writer) = self.writer.upgrade() {
            writer.close();
        }
        // asyncio's close stops reading at once.
        self.end(net::Shutdown::Read);
    }

    fn abort(&self) {
        if let Some(writer) = self.writer.upgrade() {
            writer.abort();
        }
        self.end(net::Shutdown::Both);
    }

    fn cancel(&self) {
        self.task.cancel();
    }
}

/// Tells the exception handler of the loop.
pub(crate) fn report_error(message: String, error: impl Error + Send + Sync + 'static) {
    let exception = JoinError::Failed(Arc::new(error));
    let context = ErrorContext::new(message).with_exception(exception);
    context.report_to(current_scheduler());
}

fn report(peer: &Arc<str>, verb: &str, error: JoinError) {
    let message = format!("the handler of a client {verb}");
    let context = ErrorContext::new(message).with_exception(error);
    let context = context.with_source(Arc::clone(peer));
    context.report_to(current_scheduler());
}
