//! Each example prints what it says it prints. They run on a clock that jumps, so that a slow machine
//! changes nothing; threads and sockets are real, and no order depends on how fast they are.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

mod expected;

/// The binary of an example, which cargo builds beside this test's.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("a running test has a path");
    let profile: PathBuf = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("target/PROFILE/deps")
        .into();
    let path = profile.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo build --examples` first",
        path.display()
    );
    Command::new(path)
}

/// Runs an example and compares its lines; `*` in an expected line stands for any text.
fn check(name: &str, expected: &str) {
    let output = example(name)
        .arg("--fast")
        .output()
        .expect("the example starts");
    let stdout = String::from_utf8(output.stdout).expect("examples print UTF-8");
    let stderr = String::from_utf8_lossy(&output.stderr);

    assert!(output.status.success(), "{name} failed\n{stdout}{stderr}");
    assert_eq!(stderr, "", "{name} has nothing to complain about");
    let lines: Vec<&str> = stdout.lines().collect();
    let wanted: Vec<&str> = expected.trim().lines().collect();
    for (n, (line, wanted)) in lines.iter().zip(&wanted).enumerate() {
        assert!(
            matches(line, wanted),
            "{name}, line {}: `{line}`, not `{wanted}`\n{stdout}",
            n + 1
        );
    }
    assert_eq!(
        lines.len(),
        wanted.len(),
        "{name} prints as many lines as expected\n{stdout}"
    );
}

fn matches(line: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || (pattern.contains('*') && last.is_empty())
}

#[test]
fn coroutines() {
    check("coroutines", expected::COROUTINES);
}

#[test]
fn promise() {
    check("promise", expected::PROMISE);
}

#[test]
fn task() {
    check("task", expected::TASK);
}

#[test]
fn gather_and_wait() {
    check("gather_and_wait", expected::GATHER_AND_WAIT);
}

#[test]
fn create_task() {
    check("create_task", expected::CREATE_TASK);
}

#[test]
fn done_callback() {
    check("done_callback", expected::DONE_CALLBACK);
}

#[test]
fn run_in_executor() {
    check("run_in_executor", expected::RUN_IN_EXECUTOR);
}

#[test]
fn callbacks() {
    check("callbacks", expected::CALLBACKS);
}

#[test]
fn cancellation() {
    check("cancellation", expected::CANCELLATION);
}

#[test]
fn stream_server() {
    check("stream_server", expected::STREAM_SERVER);
}

#[test]
fn tokio_codec() {
    check("tokio_codec", expected::TOKIO_CODEC);
}

#[test]
fn tokio_context() {
    check("tokio_context", expected::TOKIO_CONTEXT);
}

#[test]
fn tls_echo() {
    check("tls_echo", expected::TLS_ECHO);
}

#[test]
fn websocket_echo() {
    check("websocket_echo", expected::WEBSOCKET_ECHO);
}

#[test]
fn processes() {
    check("processes", expected::PROCESSES);
}

#[test]
fn the_tour_is_all_of_them() {
    let programs = [
        (
            "Coroutines: two that wait at the same time",
            expected::COROUTINES,
        ),
        ("Promise: a result set from outside", expected::PROMISE),
        ("Task: a coroutine that the loop runs", expected::TASK),
        (
            "gather and wait: several at once",
            expected::GATHER_AND_WAIT,
        ),
        ("create_task and ensure_future", expected::CREATE_TASK),
        ("Done callbacks", expected::DONE_CALLBACK),
        (
            "run_in_executor: blocking work on threads",
            expected::RUN_IN_EXECUTOR,
        ),
        ("call_soon, call_later, call_at", expected::CALLBACKS),
        (
            "Cancellation: clean-up, limits, groups, refusal",
            expected::CANCELLATION,
        ),
    ];
    let mut whole = String::new();
    for (n, (title, program)) in programs.iter().enumerate() {
        whole += &format!("*\n== {}. {title}\n{}\n", n + 1, program.trim());
    }
    check("tour", &whole);
}

/// A child that is killed when the test ends, in whatever way.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.0.kill();
        let _status = self.0.wait();
    }
}

fn start_server(name: &str, arguments: &[&str]) -> (Server, SocketAddr) {
    let mut child = example(name)
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let stdout = child.stdout.take().expect("it is piped");
    let server = Server(child);
    let mut line = String::new();
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("the server says where it listens");
    let address = line
        .trim()
        .strip_prefix("listening on ")
        .expect("in these words");
    (server, address.parse().expect("it is an address"))
}

#[test]
fn the_echo_server_serves_a_client_that_half_closes() {
    let (_server, address) = start_server("echo_server", &[]);
    let mut client = TcpStream::connect(address).expect("it accepts");

    client.write_all(b"over the wire").expect("it reads");
    client
        .shutdown(std::net::Shutdown::Write)
        .expect("half of it closes");
    let mut echoed = String::new();
    client
        .read_to_string(&mut echoed)
        .expect("it echoes and closes");

    assert_eq!(echoed, "over the wire");
}

#[test]
fn the_echo_server_serves_a_thousand_clients_at_once() {
    let (_server, address) = start_server("echo_server", &[]);
    let mut clients: Vec<TcpStream> = (0..1000)
        .map(|_| TcpStream::connect(address).expect("it accepts"))
        .collect();

    // All are open before the first is served, and the last is served first.
    for (n, client) in clients.iter_mut().enumerate().rev() {
        client.write_all(&n.to_le_bytes()).expect("it reads");
    }

    for (n, client) in clients.iter_mut().enumerate() {
        let mut echoed = [0; size_of::<usize>()];
        client.read_exact(&mut echoed).expect("it echoes");
        assert_eq!(usize::from_le_bytes(echoed), n);
    }
}

/// Sends what a browser would, and reads until the server closes.
fn ask(address: SocketAddr, head: &str, body: &str) -> String {
    let mut client = TcpStream::connect(address).expect("it accepts");
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    client.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    client
        .read_to_string(&mut answer)
        .expect("it answers and closes");
    answer
}

#[test]
fn the_http_server_answers_on_one_thread_and_on_two_workers() {
    for arguments in [&["127.0.0.1:0"][..], &["127.0.0.1:0", "2"]] {
        let (_server, address) = start_server("http_server", arguments);

        let hello = ask(address, "GET /anna", "");
        assert!(hello.starts_with("HTTP/1.1 200 OK\r\n"), "{hello}");
        assert!(hello.ends_with("\r\n\r\nhello, anna\n"), "{hello}");

        let body = "over and over ".repeat(10_000);
        let given_back = ask(address, "POST /", &body);
        assert!(given_back.ends_with(&body));
    }
}

#[test]
fn the_http_client_asks_the_http_server_over_and_over() {
    let (_server, address) = start_server("http_server", &[]);
    let output = example("http_client")
        .args([&address.to_string(), "/bob", "100"])
        .output()
        .expect("the client starts");

    assert!(output.status.success());
    assert_eq!(output.stdout, b"200 OK\nhello, bob\n");
}
