//! Programs that nobody here wrote, against the examples: what they speak is what we have to speak.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread::Builder;
use std::time::Duration;

use xshell::{Shell, cmd};

use super::{Outcome, Setup};
use crate::Result;
use crate::process::{now, stream};
use crate::workspace;

const LIMIT: Duration = Duration::from_secs(60);

/// A program, the example that it talks to, and what both have to agree on.
struct Trial {
    tool: &'static str,
    example: &'static str,
    /// Of the example.
    arguments: &'static [&'static str],
    /// Is told where the example is, or, if that is a client, the server.
    run: fn(&Shell, &str) -> Result<()>,
    serves: Who,
}

#[derive(Clone, Copy)]
enum Who {
    Example,
    /// The program, with these arguments, in which `PORT` and `FOLDER` stand for a free port and a
    /// folder of its own.
    Tool(&'static [&'static str]),
}

const TRIALS: &[Trial] = &[
    Trial {
        tool: "nc",
        example: "echo_server",
        arguments: &[],
        run: nc,
        serves: Who::Example,
    },
    Trial {
        tool: "curl",
        example: "http_server",
        arguments: &[],
        run: curl,
        serves: Who::Example,
    },
    Trial {
        tool: "wrk",
        example: "http_server",
        arguments: &[],
        run: wrk,
        serves: Who::Example,
    },
    Trial {
        tool: "wrk",
        example: "http_server",
        arguments: &["127.0.0.1:0", "2"],
        run: wrk,
        serves: Who::Example,
    },
    Trial {
        tool: "h2load",
        example: "http_server",
        arguments: &[],
        run: h2load,
        serves: Who::Example,
    },
    Trial {
        tool: "openssl",
        example: "tls_echo",
        arguments: &["127.0.0.1:0"],
        run: openssl,
        serves: Who::Example,
    },
    Trial {
        // Of the package `websockets` of PyPI.
        tool: "websockets",
        example: "websocket_echo",
        arguments: &["127.0.0.1:0"],
        run: websockets,
        serves: Who::Example,
    },
    Trial {
        tool: "nginx",
        example: "http_client",
        arguments: &[],
        run: http_client,
        serves: Who::Tool(&["-e", "stderr", "-p", "FOLDER", "-c", "nginx.conf"]),
    },
    Trial {
        tool: "redis-server",
        example: "redis_client",
        arguments: &[],
        run: redis_client,
        serves: Who::Tool(&["--port", "PORT", "--save", "", "--dir", "FOLDER"]),
    },
];

pub(super) fn run(setup: &Setup<'_>) -> Result<Outcome> {
    let sh = setup.sh;
    cmd!(
        sh,
        "cargo build --release --package evloop-examples --examples"
    )
    .run()?;
    let examples = workspace::target_directory(sh)?.join("release/examples");
    let (mut passed, mut missing) = (Vec::new(), Vec::new());
    for trial in TRIALS {
        let name = format!(
            "{} with {} {}",
            trial.tool,
            trial.example,
            trial.arguments.join(" ")
        );
        let name = name.trim_end().to_owned();
        if !is_installed(trial.tool) {
            println!("SKIPPED {name}: there is no {}", trial.tool);
            missing.push(trial.tool);
            continue;
        }
        let server = match trial.serves {
            Who::Example => Server::of_example(&examples, trial)?,
            Who::Tool(arguments) => Server::of_tool(sh, trial.tool, arguments)?,
        };
        let _examples = sh.push_dir(&examples);
        (trial.run)(sh, &server.address).map_err(|error| format!("{name}: {error}"))?;
        passed.push(name);
    }
    missing.dedup();
    let lacks = match &missing[..] {
        [] => String::new(),
        missing => format!("; there is no {}", missing.join(", ")),
    };
    if passed.is_empty() {
        return Ok(Outcome::Skipped(lacks.trim_start_matches("; ").to_owned()));
    }
    Ok(Outcome::Passed(format!("{}{lacks}", passed.join(", "))))
}

fn is_installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

/// A program that listens, until the value is dropped.
struct Server {
    child: Child,
    address: String,
    /// What it prints; kept, since it fails to print where nobody reads.
    output: Option<BufReader<ChildStdout>>,
}

impl Server {
    fn of_example(examples: &Path, trial: &Trial) -> Result<Self> {
        let mut child = Command::new(examples.join(trial.example))
            .args(trial.arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("its output was piped")?;
        let mut server = Self {
            child,
            address: String::new(),
            output: None,
        };
        let mut line = String::new();
        let output = server.output.insert(BufReader::new(stdout));
        output.read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ");
        server.address = address.ok_or("it does not listen")?.to_owned();
        Ok(server)
    }

    fn of_tool(sh: &Shell, tool: &str, arguments: &[&str]) -> Result<Self> {
        let folder = workspace::target_directory(sh)?.join("neighbours");
        sh.create_dir(&folder)?;
        let folder = folder
            .to_str()
            .ok_or("the target folder has a name in UTF-8")?;
        // It is free now, and hardly anybody takes it before the tool does.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        sh.write_file(format!("{folder}/nginx.conf"), nginx_conf(port))?;
        sh.write_file(format!("{folder}/index.html"), "served by nginx\n")?;
        let arguments = arguments.iter().map(|it| {
            it.replace("PORT", &port.to_string())
                .replace("FOLDER", folder)
        });
        let child = Command::new(tool)
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()?;
        let server = Self {
            child,
            address: format!("127.0.0.1:{port}"),
            output: None,
        };
        let started = now();
        while TcpStream::connect(&server.address).is_err() {
            if started.elapsed() > LIMIT {
                return Err(format!("{tool} does not listen").into());
            }
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which a trial notices.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

/// What is sent comes back, and the end of it after half a close.
fn nc(_: &Shell, address: &str) -> Result<()> {
    let (host, port) = address.rsplit_once(':').ok_or("an address has a port")?;
    let mut child = Command::new("nc")
        .args(["-N", host, port])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("its input was piped")?;
    stdin.write_all(b"over the wire\n")?;
    drop(stdin);
    let output = child.wait_with_output()?;
    expect(
        output.stdout == b"over the wire\n",
        "what came back differs",
    )
}

fn curl(sh: &Shell, address: &str) -> Result<()> {
    let url = format!("http://{address}/anna");
    let hello = cmd!(sh, "curl --silent --show-error --fail {url}").read()?;
    expect(hello == "hello, anna", "the answer is another one")?;
    // More than any buffer holds, and by chunks as well.
    let body: String = (0..100_000).map(|n| format!("{n},")).collect();
    for framing in ["content-type: text/plain", "transfer-encoding: chunked"] {
        let back = cmd!(
            sh,
            "curl --silent --show-error --fail --header {framing} --data-binary @- {url}"
        )
        .stdin(&body)
        .read()?;
        expect(back == body, "the body that came back differs")?;
    }
    Ok(())
}

fn wrk(sh: &Shell, address: &str) -> Result<()> {
    let url = format!("http://{address}/");
    let lines = stream(cmd!(sh, "wrk -t1 -c64 -d3s {url}"), LIMIT)?.or_fail("wrk")?;
    let has = |text: &str| lines.iter().any(|line| line.contains(text));
    expect(has("Requests/sec"), "it has not finished")?;
    expect(
        !has("Socket errors") && !has("Non-2xx"),
        "some requests have failed",
    )
}

fn h2load(sh: &Shell, address: &str) -> Result<()> {
    let url = format!("http://{address}/");
    let cmd = cmd!(sh, "h2load --h1 -n 20000 -c 64 {url}");
    let lines = stream(cmd, LIMIT)?.or_fail("h2load")?;
    let all = lines.iter().any(|line| line.contains("20000 succeeded"));
    expect(all, "some requests have failed")
}

fn openssl(_: &Shell, address: &str) -> Result<()> {
    let arguments = ["s_client", "-quiet", "-connect", address];
    converse("openssl", &arguments, "over TLS\n", "over TLS")
}

fn websockets(_: &Shell, address: &str) -> Result<()> {
    let url = format!("ws://{address}/");
    converse("websockets", &[&url], "hello\n", "< hello")
}

/// Says something to a tool that goes on until it is ended, and waits for a line that has `awaited`.
fn converse(tool: &str, arguments: &[&str], said: &str, awaited: &'static str) -> Result<()> {
    let mut child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("its input was piped")?;
    let stdout = child.stdout.take().ok_or("its output was piped")?;
    stdin.write_all(said.as_bytes())?;
    let (found, heard) = mpsc::channel();
    let listening = Builder::new().spawn(move || {
        let mut lines = BufReader::new(stdout).lines().map_while(io::Result::ok);
        // Nobody listens after the limit.
        let _ = found.send(lines.any(|line| line.contains(awaited)));
    })?;
    let heard = heard.recv_timeout(LIMIT);
    child.kill()?;
    child.wait()?;
    drop(listening);
    expect(heard == Ok(true), "it has not heard what it said")
}

/// One process in the foreground, which serves one folder.
fn nginx_conf(port: u16) -> String {
    format!(
        "daemon off; master_process off; pid nginx.pid; events {{ }}\n\
         http {{ access_log off; server {{ listen 127.0.0.1:{port}; root .; }} }}\n"
    )
}

fn http_client(sh: &Shell, address: &str) -> Result<()> {
    let cmd = cmd!(sh, "./http_client {address} / 500");
    let lines = stream(cmd, LIMIT)?.or_fail("http_client")?;
    expect(
        lines == ["200 OK", "served by nginx"],
        "it got something else",
    )
}

fn redis_client(sh: &Shell, address: &str) -> Result<()> {
    let cmd = cmd!(sh, "./redis_client {address} 5000");
    let lines = stream(cmd, LIMIT)?.or_fail("redis_client")?;
    let expected = [
        "PONG",
        "one by one: 5000",
        "all at once: 10000",
        "deleted: 1",
    ];
    expect(lines == expected, "it got something else")
}

fn expect(holds: bool, otherwise: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
