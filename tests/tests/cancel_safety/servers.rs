//! Waiting for a server: it is closed, or goes on, as each method says.

use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use evloop::{Connection, Listener, Server, ServerOptions, sleep};
use evloop_test::CancelAtEachAwait;
use futures_lite::{AsyncRead, AsyncWrite};

use crate::SECOND;

/// A listener with one client, and then nobody.
#[derive(Default)]
struct Door(Mutex<bool>);

/// A client that says nothing and takes everything.
struct Mute;

impl Listener for Door {
    type Stream = Mute;
    type Addr = &'static str;

    fn poll_accept(&self, _: &Context<'_>) -> Poll<io::Result<(Mute, &'static str)>> {
        let mut has_come = self.0.lock().expect("nobody panics");
        match std::mem::replace(&mut *has_come, true) {
            true => Poll::Pending,
            false => Poll::Ready(Ok((Mute, "nobody"))),
        }
    }
}

impl Connection for Mute {
    fn shutdown(&self, _: std::net::Shutdown) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for &Mute {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }
}

impl AsyncWrite for &Mute {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

type State = Arc<Mutex<Option<Arc<Server<Door>>>>>;

/// Starts a server whose client takes a minute, leaves it to the oracle, and calls `body`, after any
/// part of which the server is closed.
#[track_caller]
fn check(body: impl AsyncFn(&Server<Door>)) {
    let mut n_struck = 0;
    // The client's handler, and what accepts if the server goes on.
    let harness = CancelAtEachAwait::new()
        .may_leave_tasks()
        .may_leave_timers();
    harness.check_with(
        State::default,
        async |state: &State| {
            let handler = async |_, _| sleep(SECOND * 60).await;
            let server = ServerOptions::new().start(handler, [Door::default()]);
            let server = Arc::new(server.expect("a scenario is a task"));
            // Its client comes.
            sleep(SECOND).await;
            *state.lock().expect("nobody panics") = Some(Arc::clone(&server));
            let mut body = pin!(body(&server));
            body.as_mut().await;
        },
        |state, run| {
            let server = state.lock().expect("nobody panics").take();
            let Some(server) = server else {
                return assert!(run.fault().is_some_and(|fault| fault.k() <= 1));
            };
            n_struck += usize::from(run.fault().is_some());
            assert!(!server.is_serving());
            assert!(server.sockets().is_empty());
        },
    );
    assert!(n_struck > 0);
}

#[test]
fn serving_for_ever_closes_the_server_when_it_is_struck() {
    check(async |server| {
        let close = async {
            sleep(SECOND).await;
            server.close();
        };
        let (served, ()) = evloop::gather((server.serve_forever(), close)).await;
        served.unwrap();
    });
}

#[test]
fn waits_for_the_end_leave_a_closed_server_closed() {
    check(async |server| {
        server.close();
        server.wait_closed().await;
    });
    check(async |server| {
        server.shutdown(SECOND * 2).await;
    });
}
