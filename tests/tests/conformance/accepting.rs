//! Servers whose listeners fail to accept.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use evloop::{
    ClientReader, ClientWriter, Listener, ManualClock, Server, ServerOptions, TcpListener,
    TcpStream, open_connection,
};
use evloop_tests::{Reports, at_rest, on_every_loop};
use rustix::io::Errno;

const SECOND: Duration = Duration::from_secs(1);

/// What a listener runs out of.
const SHORTAGES: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];

/// Accepts connections, and fails before with what the test wants.
struct Failing {
    listener: TcpListener,
    clock: ManualClock,
    errors: Mutex<VecDeque<Errno>>,
    /// When it was asked, and what it said.
    asked: Mutex<Vec<(Duration, Answer)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Failed,
    Accepted,
    Nobody,
}

impl Failing {
    async fn new(clock: &ManualClock, errors: impl IntoIterator<Item = Errno>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        Self {
            listener: listener.expect("loopback works"),
            clock: clock.clone(),
            errors: Mutex::new(errors.into_iter().collect()),
            asked: Mutex::default(),
        }
    }

    fn addr(&self) -> net::SocketAddr {
        self.listener.local_addr().expect("it listens")
    }

    /// From now on it fails with these.
    fn fail(&self, errors: impl IntoIterator<Item = Errno>) {
        self.errors.lock().expect("nobody panics").extend(errors);
    }

    fn asked(&self) -> Vec<(Duration, Answer)> {
        self.asked.lock().expect("nobody panics").clone()
    }
}

impl Listener for Failing {
    type Stream = TcpStream;
    type Addr = net::SocketAddr;

    fn poll_accept(&self, cx: &Context<'_>) -> Poll<io::Result<(TcpStream, net::SocketAddr)>> {
        let error = self.errors.lock().expect("nobody panics").pop_front();
        let accepted = match error {
            Some(error) => Poll::Ready(Err(error.into())),
            None => self.listener.poll_accept(cx),
        };
        let answer = match &accepted {
            Poll::Ready(Ok(_)) => Answer::Accepted,
            Poll::Ready(Err(_)) => Answer::Failed,
            Poll::Pending => Answer::Nobody,
        };
        let at = self.clock.elapsed();
        let mut asked = self.asked.lock().expect("nobody panics");
        asked.push((at, answer));
        accepted
    }
}

async fn echo(
    mut reader: ClientReader<TcpStream>,
    writer: ClientWriter<TcpStream>,
) -> io::Result<()> {
    loop {
        let line = reader.readline().await?;
        if line.is_empty() {
            return Ok(());
        }
        writer.write(&line)?;
        writer.drain().await?;
    }
}

/// A client that has sent a line, and its end.
fn client(addr: net::SocketAddr) -> net::TcpStream {
    let mut client = net::TcpStream::connect(addr).expect("loopback works");
    client.write_all(b"line\n").expect("the buffer is empty");
    let ended = client.shutdown(net::Shutdown::Write);
    ended.expect("it is connected");
    client
}

/// What a client is answered.
fn answer(mut client: net::TcpStream) -> String {
    let mut answer = String::new();
    let read = client.read_to_string(&mut answer);
    read.expect("the connection is fine");
    answer
}

#[test]
fn museum_bm43_after_each_error_there_is_one_retry_and_the_next_client_is_served() {
    let passing = [Errno::CONNABORTED, Errno::PERM, Errno::PROTO];
    for errno in SHORTAGES.into_iter().chain(passing) {
        on_every_loop(|any_loop| {
            let clock = any_loop.clock();
            let reports = Reports::of(&any_loop.handle());
            let served = any_loop.run_until_complete(async {
                let listener = Failing::new(&clock, [errno]).await;
                let client = client(listener.addr());
                let begin = clock.elapsed();
                let options = ServerOptions::new();
                let server = options.start(echo, [listener]).expect("it can be started");
                let listener = &server.sockets()[0];
                at_rest().await;
                let first = [(begin, Answer::Failed)];
                assert_eq!(listener.asked(), first, "it is not asked at once");

                evloop::sleep(SECOND).await;
                at_rest().await;

                let retry = begin + SECOND;
                let then = [(retry, Answer::Accepted), (retry, Answer::Nobody)];
                assert_eq!(listener.asked(), [&first[..], &then].concat());
                assert_eq!(server.n_accept_errors(), 1);
                server.shutdown(SECOND).await;
                answer(client)
            });
            assert_eq!(served.expect("it ends"), "line\n", "after {errno}");
            assert!(reports.only().message.contains("tries again"));
        });
    }
}

#[test]
fn museum_bm43_an_error_after_clients_and_errors_in_a_row_are_reported_once_each_series() {
    on_every_loop(|any_loop| {
        let clock = any_loop.clock();
        let reports = Reports::of(&any_loop.handle());
        let served = any_loop.run_until_complete(async {
            let listener = Failing::new(&clock, SHORTAGES).await;
            let addr = listener.addr();
            let server = ServerOptions::new().start(echo, [listener]);
            let server = server.expect("it can be started");
            let first = client(addr);
            evloop::sleep(SECOND * 4).await;
            at_rest().await;
            assert_eq!(server.n_accept_errors(), 4);

            server.sockets()[0].fail(SHORTAGES);
            let second = client(addr);
            // A clock that jumps does not wait for a socket.
            while server.n_accept_errors() == 4 {
                evloop::yield_now().await;
            }
            evloop::sleep(SECOND * 4).await;
            at_rest().await;

            assert_eq!(server.n_accept_errors(), 8);
            server.shutdown(SECOND).await;
            [answer(first), answer(second)]
        });
        assert_eq!(served.expect("it ends"), ["line\n", "line\n"]);
        assert_eq!(reports.messages().len(), 2, "one for each series");
    });
}

/// Exchanges a line over a connection that is open.
async fn exchange(
    reader: &mut evloop::StreamReader<evloop::OwnedReadHalf<TcpStream>>,
    writer: &evloop::StreamWriter<evloop::OwnedWriteHalf<TcpStream>>,
) {
    writer.write(b"hello\n").expect("it is open");
    assert_eq!(reader.readline().await.expect("it is open"), b"hello\n");
}

#[test]
fn fault_f01_a_listener_without_descriptors_rests_while_everybody_else_goes_on() {
    for errno in SHORTAGES {
        on_every_loop(|any_loop| {
            let clock = any_loop.clock();
            let reports = Reports::of(&any_loop.handle());
            let served = any_loop.run_until_complete(async {
                let failing = Failing::new(&clock, []).await;
                let fine = Failing::new(&clock, []).await;
                let addrs = [failing.addr(), fine.addr()];
                let options = ServerOptions::new().accept_pause(SECOND * 30);
                let server: Server<Failing> = options
                    .start(echo, [failing, fine])
                    .expect("it can be started");
                let (mut reader, writer) = open_connection(addrs[0]).await.expect("it listens");
                exchange(&mut reader, &writer).await;
                let failing = &server.sockets()[0];

                // The connection that is there is not taken, and the clock stands still.
                failing.fail([errno]);
                let waiting = client(addrs[0]);
                while server.n_accept_errors() == 0 {
                    evloop::yield_now().await;
                }
                clock.set_auto_jump(false);
                let asked = failing.asked();
                for _ in 0..10 {
                    exchange(&mut reader, &writer).await;
                    let (mut reader, writer) = open_connection(addrs[1]).await.expect("it listens");
                    exchange(&mut reader, &writer).await;
                }
                assert_eq!(failing.asked(), asked, "it rests");
                assert_eq!(server.n_accept_errors(), 1);

                // Again and again: the error is counted before the rest begins, on another worker maybe.
                while failing.asked().len() < asked.len() + 2 {
                    clock.advance(SECOND * 30);
                    evloop::yield_now().await;
                }
                clock.set_auto_jump(true);
                drop((reader, writer));
                server.shutdown(SECOND).await;
                answer(waiting)
            });
            assert_eq!(served.expect("it ends"), "line\n", "after {errno}");
            assert!(reports.only().message.ends_with("every 30s"));
        });
    }
}

#[test]
fn fault_f01_a_server_is_closed_in_the_midst_of_a_rest() {
    on_every_loop(|any_loop| {
        let clock = any_loop.clock();
        let reports = Reports::of(&any_loop.handle());
        let ended = any_loop.run_until_complete(async {
            let failing = Failing::new(&clock, [Errno::MFILE]).await;
            let addr = failing.addr();
            let server = ServerOptions::new().start(echo, [failing]);
            let server = server.expect("it can be started");
            at_rest().await;
            assert_eq!(server.n_accept_errors(), 1);
            let before = clock.elapsed();

            server.close();
            server.wait_closed().await;

            let refused = TcpStream::connect(addr).await.expect_err("it is closed");
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            assert_eq!(clock.elapsed(), before, "nobody waited for the rest to end");
        });
        ended.expect("it ends");
        assert_eq!(reports.messages().len(), 1);
    });
}
