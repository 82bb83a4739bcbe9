//! TLS by rustls on each runtime: the same library, between the sockets of a runtime and its tasks. The client is
//! rustls on plain sockets, on a thread of its own, the same for all.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use futures_rustls::TlsAcceptor;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use futures_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned,
};

use super::echo::Measuring;
use crate::row::{Contender, Effort, Family, Row, Sample, Unit};
use crate::runtimes::{EventLoop, Runtime, Smol, Tokio};

const N_CONNECTIONS: usize = 64;

/// Messages in a measurement.
const N_MESSAGES: usize = 60_000;

/// Bytes of a message.
const SIZE: usize = 64;

/// Any free port.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub(crate) fn family() -> Family {
    let plain = "rustls echoes; a plain thread writes 64 bytes to each of 64 connections through rustls and then \
                 reads them back from each; per message";
    let cpu = "the same; processor time of the server and of the kernel on its behalf, instead of the time \
               that passes";
    let servers: [(&'static str, Serve); 3] = [
        ("evloop", |setup| {
            <EventLoop as Runtime>::run(serve_evloop(setup))
        }),
        ("tokio", |setup| <Tokio as Runtime>::run(serve_tokio(setup))),
        ("smol", |setup| <Smol as Runtime>::run(serve_smol(setup))),
    ];
    let rows = [
        ("tls_echo_64", plain, Measuring::RealTime),
        ("tls_echo_cpu_64", cpu, Measuring::CpuTime),
    ];
    let rows = rows.map(|(name, text, measuring)| {
        let contender = |(name, serve): (&'static str, Serve)| {
            Contender::new(name, move |effort| measure(effort, measuring, serve))
        };
        let contenders = servers.into_iter().map(contender).collect();
        Row::new(name, Unit::Nanoseconds, text, contenders)
    });
    Family {
        title: "TLS",
        rows: rows.into(),
    }
}

/// What a server is told. It ends when [`N_CONNECTIONS`] have been accepted and closed.
struct Setup {
    /// Hears where it listens, as soon as it does.
    ready: Sender<SocketAddr>,
    config: Arc<ServerConfig>,
}

impl Setup {
    fn announce(&self, address: io::Result<SocketAddr>) {
        let address = address.expect("a listener has an address");
        self.ready.send(address).expect("the client waits for it");
    }
}

/// Runs a server.
type Serve = fn(Setup);

/// Both ends, with a certificate made for them.
fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    let certificate: CertificateDer<'static> = made.cert.into();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], PrivateKeyDer::from(key))
        .expect("the key is that of the certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("it is one");
    let client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

/// Serves on this thread, with the client on another.
fn measure(effort: Effort, measuring: Measuring, serve: Serve) -> Sample {
    let n_rounds = effort.times(N_MESSAGES) / N_CONNECTIONS;
    let (ready, address) = mpsc::channel();
    let (server, client) = configs();
    thread::scope(|scope| {
        let client = thread::Builder::new().spawn_scoped(scope, move || {
            let address = address.recv().expect("the server listens");
            let elapsed = ask(address, &client, measuring, n_rounds);
            elapsed.expect("the loopback device works")
        });
        let client = client.expect("the system gives a thread");
        serve(Setup {
            ready,
            config: server,
        });
        let elapsed = client.join().expect("the client does not panic");
        Sample::of_time(elapsed, n_rounds * N_CONNECTIONS)
    })
}

fn ask(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    measuring: Measuring,
    n_rounds: usize,
) -> io::Result<Duration> {
    let mut streams = Vec::new();
    for _ in 0..N_CONNECTIONS {
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        streams.push(StreamOwned::new(session, stream));
    }
    let mut round = || {
        for stream in &mut streams {
            stream.write_all(&[b'x'; SIZE])?;
            stream.flush()?;
        }
        for stream in &mut streams {
            stream.read_exact(&mut [0; SIZE])?;
        }
        io::Result::Ok(())
    };
    for _ in 0..n_rounds / 10 {
        round()?;
    }
    let stopwatch = measuring.begin();
    for _ in 0..n_rounds {
        round()?;
    }
    let elapsed = stopwatch();
    for stream in &mut streams {
        stream.conn.send_close_notify();
        stream.flush()?;
    }
    Ok(elapsed)
}

/// Echoes one connection to its end, by the traits of `futures-io`.
async fn echo(stream: impl AsyncRead + AsyncWrite + Unpin, acceptor: TlsAcceptor) {
    const WORKS: &str = "the client shakes hands, writes and reads";

    let mut stream = acceptor.accept(stream).await.expect(WORKS);
    let mut buffer = [0; 1024];
    loop {
        let n_bytes = stream.read(&mut buffer).await.expect(WORKS);
        if n_bytes == 0 {
            return;
        }
        stream.write_all(&buffer[..n_bytes]).await.expect(WORKS);
        stream.flush().await.expect(WORKS);
    }
}

async fn serve_evloop(setup: Setup) {
    let listener = evloop::TcpListener::bind(ANY).await.expect("a free port");
    setup.announce(listener.local_addr());
    let acceptor = TlsAcceptor::from(Arc::clone(&setup.config));
    let mut tasks = Vec::new();
    for _ in 0..N_CONNECTIONS {
        let (stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(EventLoop::spawn(echo(stream, acceptor.clone())));
    }
    for task in tasks {
        task.await.expect("echoing does not panic");
    }
}

async fn serve_smol(setup: Setup) {
    let listener = async_io::Async::<TcpListener>::bind(ANY).expect("a free port");
    setup.announce(listener.get_ref().local_addr());
    let acceptor = TlsAcceptor::from(Arc::clone(&setup.config));
    let mut tasks = Vec::new();
    for _ in 0..N_CONNECTIONS {
        let (stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(<Smol as Runtime>::spawn(echo(stream, acceptor.clone())));
    }
    for task in tasks {
        task.await;
    }
}

async fn serve_tokio(setup: Setup) {
    let listener = tokio::net::TcpListener::bind(ANY)
        .await
        .expect("a free port");
    setup.announce(listener.local_addr());
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::clone(&setup.config));
    let mut tasks = Vec::new();
    for _ in 0..N_CONNECTIONS {
        let (stream, _) = listener.accept().await.expect("the client connects");
        tasks.push(<Tokio as Runtime>::spawn(echo_tokio(
            stream,
            acceptor.clone(),
        )));
    }
    for task in tasks {
        task.await.expect("echoing does not panic");
    }
}

/// The same by tokio's traits.
async fn echo_tokio(stream: tokio::net::TcpStream, acceptor: tokio_rustls::TlsAcceptor) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const WORKS: &str = "the client shakes hands, writes and reads";

    let mut stream = acceptor.accept(stream).await.expect(WORKS);
    let mut buffer = [0; 1024];
    loop {
        let n_bytes = stream.read(&mut buffer).await.expect(WORKS);
        if n_bytes == 0 {
            return;
        }
        stream.write_all(&buffer[..n_bytes]).await.expect(WORKS);
        stream.flush().await.expect(WORKS);
    }
}
