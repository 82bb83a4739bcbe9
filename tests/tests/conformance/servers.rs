//! Servers: accepting, handlers, and their ends.

use std::io::{self, ErrorKind, Read, Write};
use std::net;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use evloop::{
    ClientReader, ClientWriter, Server, ServerOptions, TcpListener, TcpStream, create_task, gather,
    open_connection, open_unix_connection, sleep, start_server, start_unix_server, yield_now,
};
use evloop_tests::{Reports, Seen, at_rest, in_every_loop, on_every_loop};

const LOOPBACK: &str = "127.0.0.1:0";
const SECOND: Duration = Duration::from_secs(1);

type Reader = ClientReader<TcpStream>;
type Writer = ClientWriter<TcpStream>;

fn addr_of(server: &Server<TcpListener>) -> net::SocketAddr {
    let sockets = server.sockets();
    sockets[0].local_addr().expect("it listens")
}

async fn echo(mut reader: Reader, writer: Writer) -> io::Result<()> {
    loop {
        let line = reader.readline().await?;
        if line.is_empty() {
            return Ok(());
        }
        writer.write(&line)?;
        writer.drain().await?;
    }
}

/// Writes more than any buffer takes, and waits.
async fn floods(_reader: Reader, writer: Writer) -> io::Result<()> {
    loop {
        writer.write(&[7; 65536])?;
        writer.drain().await?;
    }
}

#[test]
fn clients_are_served_side_by_side() {
    in_every_loop(async || {
        let server = start_server(echo, LOOPBACK).await.unwrap();
        let addr = addr_of(&server);
        let clients = (0..20).map(|number: u32| {
            create_task(async move {
                let (mut reader, writer) = open_connection(addr).await?;
                let line = format!("client {number}\n");
                writer.write(line.as_bytes())?;
                assert_eq!(reader.readline().await?, line.as_bytes());
                writer.close();
                assert_eq!(reader.readline().await?, b"");
                io::Result::Ok(())
            })
        });
        for client in gather(clients.collect::<Vec<_>>()).await {
            client.unwrap().unwrap();
        }
        server.close();
        server.wait_closed().await;
        assert_eq!(server.n_clients(), 0);
    });
}

#[test]
fn what_a_handler_has_written_is_sent_after_it_returned() {
    in_every_loop(async || {
        let much = async |_: Reader, writer: Writer| {
            writer.write(&[7; 5 << 20]).expect("nothing is buffered");
        };
        let server = start_server(much, LOOPBACK).await.unwrap();
        let (mut reader, _writer) = open_connection(addr_of(&server)).await.unwrap();

        assert_eq!(reader.read_to_end().await.unwrap().len(), 5 << 20);
    });
}

#[test]
fn case_175_a_handler_that_fails_is_reported_and_its_connection_closed() {
    on_every_loop(|any_loop| {
        let reports = Reports::of(&any_loop.handle());
        let served = any_loop.run_until_complete(async {
            let fails = async |mut reader: Reader, _: Writer| match &reader.readline().await?[..] {
                b"fail\n" => io::Result::<()>::Err(io::Error::other("it failed")),
                _ => panic!("it panicked"),
            };
            let server = start_server(fails, LOOPBACK).await?;
            for line in [&b"fail\n"[..], b"panic\n"] {
                let (mut reader, writer) = open_connection(addr_of(&server)).await?;
                writer.write(line)?;
                assert_eq!(reader.read(1).await?, b"", "closed");
            }
            server.close();
            server.wait_closed().await;
            io::Result::Ok(())
        });
        served.unwrap().unwrap();

        let [failed, panicked] = &reports.take()[..] else {
            panic!("each is reported once");
        };
        assert_eq!(failed.message, "the handler of a client failed");
        assert_eq!(failed.exception.as_ref().unwrap().to_string(), "it failed");
        assert!(
            failed
                .source
                .as_ref()
                .unwrap()
                .starts_with("client 127.0.0.1:")
        );
        assert_eq!(panicked.message, "the handler of a client panicked");
    });
}

#[test]
fn case_175_a_handler_that_is_cancelled_is_silent_and_its_connection_closed() {
    on_every_loop(|any_loop| {
        let reports = Reports::of(&any_loop.handle());
        let served = any_loop.run_until_complete(async {
            let waits = async |mut reader: Reader, _: Writer| {
                let me = evloop::current_task().expect("a handler is a task");
                me.cancel();
                drop(reader.readline().await);
            };
            let server = start_server(waits, LOOPBACK).await?;
            let (mut reader, _writer) = open_connection(addr_of(&server)).await?;
            assert_eq!(reader.read(1).await?, b"");
            server.close();
            server.wait_closed().await;
            io::Result::Ok(())
        });
        served.unwrap().unwrap();
        assert!(reports.messages().is_empty());
    });
}

#[test]
fn case_177_aborted_clients_that_do_not_read_keep_nobody_waiting() {
    in_every_loop(async || {
        let server = Arc::new(start_server(floods, LOOPBACK).await.unwrap());
        let clients: Vec<_> = (0..3)
            .map(|_| net::TcpStream::connect(addr_of(&server)).unwrap())
            .collect();
        while server.n_clients() < clients.len() {
            yield_now().await;
        }
        let waiting = create_task({
            let server = Arc::clone(&server);
            async move { server.wait_closed().await }
        });
        server.close();
        at_rest().await;
        assert!(!waiting.done());

        server.abort_clients();

        assert_eq!(server.n_clients(), 0);
        waiting.await.unwrap();
    });
}

#[test]
fn clients_are_counted_whether_their_handlers_outlive_them_or_not() {
    in_every_loop(async || {
        let ends = Arc::new(evloop::sync::Event::new());
        let waits = Arc::clone(&ends);
        let handler = move |mut reader: Reader, _: Writer| {
            let ends = Arc::clone(&waits);
            async move {
                if reader.readline().await? == b"stay\n" {
                    ends.wait().await;
                }
                io::Result::Ok(())
            }
        };
        let server = start_server(handler, LOOPBACK).await.unwrap();
        let connect = async || open_connection(addr_of(&server)).await.unwrap();
        let (_old_reader, old) = connect().await;
        old.write(b"stay\n").unwrap();
        while server.n_clients() < 1 {
            yield_now().await;
        }
        at_rest().await;

        server.abort_clients();
        server.abort_clients();
        assert_eq!(server.n_clients(), 0);
        let (_new_reader, new) = connect().await;
        while server.n_clients() < 1 {
            yield_now().await;
        }
        ends.set();
        at_rest().await;
        assert_eq!(server.n_clients(), 1, "the one that was aborted is gone");
        new.close();
        server.close();
        server.wait_closed().await;
        assert_eq!(server.n_clients(), 0);
    });
}

#[test]
fn case_177_they_are_gone_within_two_turns() {
    crate::in_loop(async {
        let server = Arc::new(start_server(floods, LOOPBACK).await.unwrap());
        let _client = net::TcpStream::connect(addr_of(&server)).unwrap();
        while server.n_clients() == 0 {
            yield_now().await;
        }
        let waiting = create_task({
            let server = Arc::clone(&server);
            async move { server.wait_closed().await }
        });
        yield_now().await;
        server.close();
        server.abort_clients();
        for _ in 0..2 {
            yield_now().await;
        }
        assert!(waiting.done());
    });
}

#[test]
fn case_178_a_server_whose_serve_forever_is_cancelled_is_closed_for_good() {
    in_every_loop(async || {
        let server = Arc::new(start_server(echo, LOOPBACK).await.unwrap());
        let addr = addr_of(&server);
        let serve = {
            let server = Arc::clone(&server);
            async move { server.serve_forever().await }
        };
        let serving = create_task(serve);
        let (mut reader, writer) = open_connection(addr).await.unwrap();
        writer.write(b"hello\n").unwrap();
        assert_eq!(reader.readline().await.unwrap(), b"hello\n");
        // The task has begun to wait by then.
        at_rest().await;
        let twice = server.serve_forever().await.unwrap_err();
        assert!(!twice.is_closed(), "{twice}");

        serving.cancel();
        at_rest().await;
        assert!(!serving.done(), "it waits until its client is gone");
        writer.close();

        assert!(serving.await.unwrap_err().is_cancelled());
        assert!(!server.is_serving());
        assert!(server.sockets().is_empty());
        assert!(server.serve_forever().await.unwrap_err().is_closed());
        let refused = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn serve_forever_returns_when_the_server_is_closed() {
    in_every_loop(async || {
        let server = Arc::new(start_server(echo, LOOPBACK).await.unwrap());
        let serving = create_task({
            let server = Arc::clone(&server);
            async move { server.serve_forever().await }
        });
        at_rest().await;
        assert!(!serving.done());
        server.close();
        server.close();
        serving.await.unwrap().unwrap();
    });
}

#[test]
fn case_183_a_queue_of_connections_is_served_whole_although_some_were_reset() {
    in_every_loop(async || {
        let served = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind(LOOPBACK).await.unwrap();
        let addr = listener.local_addr().unwrap();
        // All of them before the server looks.
        let mut clients = Vec::new();
        for number in 0..100 {
            let mut client = net::TcpStream::connect(addr).unwrap();
            if number % 10 == 0 {
                // Its data is unread when the handler is gone, so both ends see a reset.
                client.write_all(b"x\n").unwrap();
                drop(client);
            } else {
                client.write_all(b"line\n").unwrap();
                clients.push(client);
            }
        }
        let count = Arc::clone(&served);
        let handler = move |mut reader: Reader, writer: Writer| {
            let count = Arc::clone(&count);
            async move {
                let line = reader.readline().await?;
                count.fetch_add(1, Ordering::Relaxed);
                writer.write(&line)
            }
        };
        let server = ServerOptions::new().start(handler, [listener]).unwrap();
        for client in clients {
            let client = TcpStream::try_from(client).unwrap();
            let mut reader = evloop::StreamReader::new(client);
            assert_eq!(reader.readline().await.unwrap(), b"line\n");
        }
        assert_eq!(server.n_accept_errors(), 0);
        server.close();
        server.wait_closed().await;
        assert_eq!(served.load(Ordering::Relaxed), 100);
    });
}

#[test]
fn closed_clients_get_what_was_written_and_their_handlers_the_end() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let handler = move |mut reader: Reader, writer: Writer| {
            let told = told.clone();
            async move {
                writer.write(b"welcome\n").unwrap();
                told.push(reader.readline().await.unwrap());
                assert_eq!(
                    writer.write(b"late").unwrap_err().kind(),
                    ErrorKind::BrokenPipe
                );
            }
        };
        let server = start_server(handler, LOOPBACK).await.unwrap();
        let (mut reader, _writer) = open_connection(addr_of(&server)).await.unwrap();
        assert_eq!(reader.readline().await.unwrap(), b"welcome\n");

        server.close();
        server.close_clients();

        assert_eq!(reader.readline().await.unwrap(), b"");
        server.wait_closed().await;
        assert_eq!(seen.take(), [b""]);
    });
}

#[test]
fn no_more_clients_are_served_at_a_time_than_there_may_be() {
    in_every_loop(async || {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&now), Arc::clone(&most));
        let handler = move |mut reader: Reader, writer: Writer| {
            let (now, most) = counters.clone();
            async move {
                let before = now.fetch_add(1, Ordering::SeqCst);
                most.fetch_max(before + 1, Ordering::SeqCst);
                let line = reader.readline().await?;
                now.fetch_sub(1, Ordering::SeqCst);
                writer.write(&line)
            }
        };
        let mut listeners = Vec::new();
        for _ in 0..2 {
            listeners.push(TcpListener::bind(LOOPBACK).await.unwrap());
        }
        let addrs: Vec<_> = listeners
            .iter()
            .map(|it| it.local_addr().unwrap())
            .collect();
        let options = ServerOptions::new().max_clients(3).limit(100);
        let server = options.start(handler, listeners).unwrap();

        let clients = (0..20).map(|number| {
            let addr = addrs[number % 2];
            create_task(async move {
                let (mut reader, writer) = open_connection(addr).await?;
                sleep(SECOND).await;
                writer.write(b"done\n")?;
                assert_eq!(reader.readline().await?, b"done\n");
                io::Result::Ok(())
            })
        });
        for client in gather(clients.collect::<Vec<_>>()).await {
            client.unwrap().unwrap();
        }
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
        drop(server);
    });
}

#[test]
fn a_shutdown_waits_for_its_grace_and_says_what_it_cut_off() {
    in_every_loop(async || {
        let server = start_server(echo, LOOPBACK).await.unwrap();
        let (mut reader, writer) = open_connection(addr_of(&server)).await.unwrap();
        writer.write(b"hello\n").unwrap();
        assert_eq!(reader.readline().await.unwrap(), b"hello\n");
        let hour = SECOND * 3600;

        let late = server.shutdown(hour).await;

        assert_eq!(late.n_aborted, 1);
        assert_eq!(reader.read(1).await.unwrap_or_default(), b"");

        let server = start_server(echo, LOOPBACK).await.unwrap();
        let (mut reader, writer) = open_connection(addr_of(&server)).await.unwrap();
        writer.write(b"hello\n").unwrap();
        writer.close();
        assert_eq!(reader.read_to_end().await.unwrap(), b"hello\n");
        assert_eq!(server.shutdown(hour).await.n_aborted, 0);
    });
}

#[test]
fn bad_options_are_refused() {
    in_every_loop(async || {
        let start = |options: ServerOptions, n: usize, listener| {
            options
                .start(echo, Some(listener).into_iter().take(n))
                .map(drop)
        };
        for (options, n) in [
            (ServerOptions::new(), 0),
            (ServerOptions::new().limit(0), 1),
            (ServerOptions::new().max_clients(0), 1),
        ] {
            let listener = TcpListener::bind(LOOPBACK).await.unwrap();
            let error = start(options, n, listener).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
        let taken = TcpListener::bind(LOOPBACK).await.unwrap();
        let addrs = [taken.local_addr().unwrap(), "127.0.0.1:0".parse().unwrap()];
        let error = start_server(echo, &addrs[..]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn case_179_a_unix_server_removes_its_file_and_leaves_that_of_another() {
    in_every_loop(async || {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evloop-server-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let hello = async |_, writer: ClientWriter<evloop::UnixStream>| writer.write(b"hello");
        let server = start_unix_server(hello, &path).await.unwrap();
        let (mut reader, _writer) = open_unix_connection(&path).await.unwrap();
        assert_eq!(reader.read_to_end().await.unwrap(), b"hello");
        server.close();
        assert!(!path.exists());

        let server = start_unix_server(hello, &path).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        let other = std::os::unix::net::UnixListener::bind(&path).unwrap();
        server.close();
        assert!(path.exists());
        drop(other);
        // What is stale now is replaced.
        drop(start_unix_server(hello, &path).await.unwrap());
        assert!(!path.exists());
    });
}

#[test]
fn a_waiter_that_is_given_up_keeps_nobody_else_waiting() {
    in_every_loop(async || {
        let server = Arc::new(start_server(echo, LOOPBACK).await.unwrap());
        let wait = |server: &Arc<Server<TcpListener>>| {
            let server = Arc::clone(server);
            create_task(async move { server.wait_closed().await })
        };
        let (given_up, kept) = (wait(&server), wait(&server));
        at_rest().await;
        given_up.cancel();
        assert!(given_up.await.unwrap_err().is_cancelled());
        server.close();
        kept.await.unwrap();
    });
}

#[test]
fn museum_bm42_a_server_without_descriptors_rests_and_goes_on_when_there_are_some() {
    use evloop_tests::survives_in_child;
    let name = concat!(
        "servers::",
        "museum_bm42_a_server_without_descriptors_rests_and_goes_on_when_there_are_some"
    );
    survives_in_child(name, || crate::guarded(without_descriptors));
}

fn without_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    const CLIENTS: usize = 100;
    let event_loop = evloop_tests::virtual_loop();
    let reports = Reports::of(&event_loop);
    let usual = getrlimit(Resource::Nofile);
    let served = event_loop.run_until_complete(async {
        let hello = async |_: Reader, writer: Writer| writer.write(b"hello");
        let listener = TcpListener::bind(LOOPBACK).await?;
        let addr = listener.local_addr()?;
        let mut clients: Vec<net::TcpStream> = (0..CLIENTS)
            .map(|_| net::TcpStream::connect(addr))
            .collect::<io::Result<_>>()?;
        let server = ServerOptions::new().start(hello, [listener])?;
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(0),
                ..usual
            },
        )?;

        sleep(SECOND * 10 + SECOND / 2).await;

        // One attempt at once, and one after each second.
        assert_eq!(server.n_accept_errors(), 11);
        assert_eq!(server.n_clients(), 0);
        setrlimit(Resource::Nofile, usual)?;
        sleep(SECOND + SECOND / 10).await;
        assert_eq!(server.n_accept_errors(), 11);
        server.shutdown(SECOND).await;
        for client in &mut clients {
            let mut all = Vec::new();
            client.read_to_end(&mut all)?;
            assert_eq!(all, b"hello");
        }
        io::Result::Ok(())
    });
    served.expect("nothing stops it").expect("loopback works");
    let report = reports.only();
    assert!(
        report
            .message
            .starts_with("a server failed to accept a client: ")
    );
}

#[test]
fn a_server_that_is_dropped_lets_its_clients_go_on() {
    in_every_loop(async || {
        let server = start_server(echo, LOOPBACK).await.unwrap();
        let addr = addr_of(&server);
        let (mut reader, writer) = open_connection(addr).await.unwrap();
        writer.write(b"one\n").unwrap();
        assert_eq!(reader.readline().await.unwrap(), b"one\n");

        drop(server);
        let refused = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        writer.write(b"two\n").unwrap();
        assert_eq!(reader.readline().await.unwrap(), b"two\n");
    });
}

#[test]
fn a_client_that_runs_before_the_server_knows_its_task_can_be_closed() {
    crate::guarded(|| {
        // An eager handler begins inside the spawn of its task.
        let event_loop = evloop_tests::virtual_builder().eager_tasks(true).build();
        let served = event_loop.expect("a loop").run_until_complete(async {
            let own: Arc<OnceLock<Arc<Server<TcpListener>>>> = Arc::default();
            let server = Arc::clone(&own);
            let handler = move |mut reader: Reader, writer: Writer| {
                let server = Arc::clone(&server);
                async move {
                    server.get().expect("it serves").close_clients();
                    assert_eq!(reader.readline().await?, b"");
                    writer.write(b"late").expect_err("it is closed");
                    io::Result::Ok(())
                }
            };
            let server = Arc::new(start_server(handler, LOOPBACK).await?);
            own.set(Arc::clone(&server)).expect("it is the first");
            let (mut reader, _writer) = open_connection(addr_of(&server)).await?;
            let read = reader.read_to_end().await;
            server.close();
            read
        });
        assert_eq!(served.expect("nothing stops it").expect("it closes"), b"");
    });
}
