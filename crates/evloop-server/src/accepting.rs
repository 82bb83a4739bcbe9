//! The task of a listener.

use std::{fmt::Debug, future::poll_fn, sync::Arc, task::Poll, time::Duration};

use evloop_net::Listener;
use evloop_task::yield_now;
use evloop_time::sleep;
use futures_lite::{AsyncRead, AsyncWrite};

use crate::{
    client::{self, Serving, report_error},
    connection::{ClientReader, ClientWriter, Connection},
    handled::Handled,
    shared::{Shared, Slot},
};

/// How many clients are taken in a row before others get their turn.
const IN_A_ROW: usize = 64;

/// Accepts clients until the server is closed.
pub(crate) async fn accept<L, S, H, F>(
    listener: Arc<Slot<L>>,
    shared: Arc<Shared<L>>,
    serving: Arc<Serving<H>>,
    pause: Duration,
) where
    L: Listener<Stream = S, Addr: Debug> + Send + Sync + 'static,
    S: Connection,
    for<'a> &'a S: AsyncRead + AsyncWrite,
    H: Fn(ClientReader<S>, ClientWriter<S>) -> F + Send + Sync + 'static,
    F: Future<Output: Handled> + Send + 'static,
{
    // Each series of failures is reported once.
    let mut has_failed = false;
    let mut in_a_row = 0;
    while shared.room().await.is_some() {
        let accepted = poll_fn(|cx| {
            let accepted = listener.with(|listener| listener.poll_accept(cx));
            accepted.map_or(Poll::Ready(None), |accepted| accepted.map(Some))
        });
        match accepted.await {
            None => return,
            Some(Ok((stream, peer))) => {
                has_failed = false;
                let Some(key) = shared.enter().await else {
                    return;
                };
                client::start(&shared, key, &serving, stream, &peer);
                in_a_row += 1;
            }
            Some(Err(error)) => {
                shared.count_accept_error();
                if !has_failed {
                    has_failed = true;
                    let message = format!(
                        "a server failed to accept a client: {error}; it tries again every {pause:?}"
                    );
                    report_error(message, error);
                }
                // The client stays in the queue of the system, and trying at once would spin.
                sleep(pause).await;
            }
        }
        if in_a_row == IN_A_ROW {
            in_a_row = 0;
            yield_now().await;
        }
    }
}
