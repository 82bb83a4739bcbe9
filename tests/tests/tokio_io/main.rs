//! Libraries that want tokio's I/O traits, on evloop's sockets: `evloop-tokio`.

use std::io;
use std::time::Duration;

use evloop::{StreamReader, TcpListener, TcpStream, create_task, gather, timeout};
use evloop_tests::in_every_loop;
use evloop_tokio::{TokioAsyncReadCompatExt, Vectored};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::bytes::Bytes;
use tokio_util::codec::{Framed, LengthDelimitedCodec, LinesCodec};

const SECOND: Duration = Duration::from_secs(1);

async fn connected() -> io::Result<(Vectored<TcpStream>, Vectored<TcpStream>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    Ok((Vectored::new(client), Vectored::new(server)))
}

#[test]
fn lines_go_to_and_fro() {
    in_every_loop(|| async {
        let (client, server) = connected().await.expect("they connect");
        let answers = create_task(async move {
            let mut lines = Framed::new(server, LinesCodec::new());
            while let Some(name) = lines.next().await {
                let answer = format!("hello {}", name.expect("a line"));
                lines.send(answer).await.expect("the client reads");
            }
        });

        let mut lines = Framed::new(client, LinesCodec::new());
        for name in ["anna", "bert"] {
            lines.send(name).await.expect("the server reads");
            let answer = lines.next().await.expect("it answers").expect("a line");
            assert_eq!(answer, format!("hello {name}"));
        }
        drop(lines);
        answers.await.expect("it ends with the client");
    });
}

/// Longer than what a socket takes at once, both ways at the same time.
#[test]
fn long_frames_pass_each_other() {
    const LENGTH: usize = 1 << 20;
    in_every_loop(|| async {
        let (client, server) = connected().await.expect("they connect");
        let exchange = |stream: Vectored<TcpStream>, own: u8| async move {
            let (mut sends, mut receives) =
                Framed::new(stream, LengthDelimitedCodec::new()).split();
            let frame = Bytes::from(vec![own; LENGTH]);
            let (sent, received) = gather((sends.send(frame), receives.next())).await;
            sent.expect("it is read");
            received.expect("it comes").expect("it is whole")
        };

        let (here, there) = gather((exchange(client, 1), exchange(server, 2))).await;

        assert!(here.len() == LENGTH && here.iter().all(|byte| *byte == 2));
        assert!(there.len() == LENGTH && there.iter().all(|byte| *byte == 1));
    });
}

/// `shutdown` ends what is written, and what is read goes on.
#[test]
fn a_half_is_closed_and_the_other_is_not() {
    in_every_loop(|| async {
        let (mut client, mut server) = connected().await.expect("they connect");
        client.write_all(b"question").await.expect("it is open");
        client.shutdown().await.expect("it is open");

        let mut question = String::new();
        server.read_to_string(&mut question).await.expect("it ends");
        server.write_all(b"answer").await.expect("it is open");
        drop(server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("it ends");

        assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
        let after = client
            .write_all(b"more")
            .await
            .expect_err("it was shut down");
        assert_eq!(after.kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_read_that_times_out_loses_nothing() {
    in_every_loop(|| async {
        let (client, mut server) = connected().await.expect("they connect");
        let mut lines = Framed::new(client, LinesCodec::new());
        server.write_all(b"half a").await.expect("it is open");
        assert!(
            timeout(SECOND, lines.next()).await.is_err(),
            "the line has no end"
        );

        server.write_all(b" line\n").await.expect("it is open");

        let line = lines.next().await.expect("it comes").expect("it is a line");
        assert_eq!(line, "half a line");
    });
}

/// tokio's stream in memory, between tasks of ours, read by our reader.
#[test]
fn a_stream_of_tokios_is_read_by_lines() {
    in_every_loop(|| async {
        let (mut writes, reads) = tokio::io::duplex(8);
        create_task(async move {
            for n in 0..100 {
                let line = format!("line {n}\n");
                writes.write_all(line.as_bytes()).await.expect("it is read");
            }
        });

        let mut reads = StreamReader::new(reads.compat());
        for n in 0..100 {
            let line = reads.readline().await.expect("it comes");
            assert_eq!(line, format!("line {n}\n").into_bytes());
        }
        assert_eq!(reads.readline().await.expect("it ends"), b"");
    });
}
