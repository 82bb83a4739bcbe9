//! TLS by rustls over evloop's streams: a server that echoes lines, and its client.
//!
//! Run it with `cargo run --example tls_echo`: both ends in one program, with a certificate made for this
//! run. With an address (`cargo run --example tls_echo -- 127.0.0.1:8443`) it is the server alone; talk to
//! it with `openssl s_client -quiet -connect 127.0.0.1:8443`.

#![expect(clippy::print_stdout, reason = "it shows what goes to and fro")]

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use evloop::{StreamReader, TcpListener, TcpStream, create_task};
use futures_lite::{AsyncWriteExt, io::split};
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector};

/// A certificate for this machine, which nobody trusts who is not told to, and its key.
struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    fn new() -> Result<Self, rcgen::Error> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        Ok(Self {
            certificate: made.cert.into(),
            key: key.into(),
        })
    }
}

/// Echoes the lines of one client until it says that it is done.
async fn echo(stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
    let (reader, mut writer) = split(acceptor.accept(stream).await?);
    let mut reader = StreamReader::new(reader);
    loop {
        let line = reader.readline().await?;
        if line.is_empty() {
            // Says so to the client as well, which could not tell an attacker's cut from the end else.
            return writer.close().await;
        }
        writer.write_all(&line).await?;
        writer.flush().await?;
    }
}

async fn serve(
    listener: TcpListener,
    identity: Identity,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate], identity.key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    loop {
        let (stream, peer) = listener.accept().await?;
        let served = echo(stream, acceptor.clone());
        create_task(async move {
            if let Err(error) = served.await {
                println!("{peer}: {error}");
            }
        });
    }
}

async fn ask(
    address: SocketAddr,
    trusted: CertificateDer<'static>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted)?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await?;
    let stream = connector
        .connect(ServerName::try_from("localhost")?, stream)
        .await?;
    let version = stream.get_ref().1.protocol_version();
    println!("connected with {version:?}");

    let (reader, mut writer) = split(stream);
    let mut reader = StreamReader::new(reader);
    for line in ["hello\n", "over TLS\n"] {
        writer.write_all(line.as_bytes()).await?;
        writer.flush().await?;
        let answer = reader.readline().await?;
        println!(
            "sent {line:?}, received {:?}",
            String::from_utf8_lossy(&answer)
        );
    }
    writer.close().await?;
    let rest = reader.read_to_end().await?;
    println!("the end, after {} more bytes", rest.len());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // Tests give all examples a flag, which means nothing here.
    let address = std::env::args().skip(1).find(|it| !it.starts_with("--"));
    evloop::run(async {
        let identity = Identity::new()?;
        let trusted = identity.certificate.clone();
        let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
        let listens_at = listener.local_addr()?;
        println!("listening on {listens_at}");
        if address.is_some() {
            return serve(listener, identity).await;
        }
        let server = create_task(serve(listener, identity));
        ask(listens_at, trusted).await?;
        server.cancel();
        Ok(())
    })
}
