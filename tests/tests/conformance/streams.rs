//! Buffered readers and writers: asyncio's streams.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use evloop::{
    Promise, ReadError, StreamReader, StreamWriter, TcpListener, TcpStream, WaterMarks,
    create_task, gather,
};
use evloop_tests::{Seen, in_every_loop};
use futures_lite::{AsyncRead, AsyncReadExt};

/// Two ends of a connection.
async fn connected() -> (TcpStream, TcpStream) {
    let connect = async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let ours = TcpStream::connect(listener.local_addr()?).await?;
        io::Result::Ok((ours, listener.accept().await?.0))
    };
    connect.await.expect("loopback connects")
}

/// Gives each piece to a read of its own, and one that is not there yet when its promise is kept.
struct Pieces(Vec<Piece>);

enum Piece {
    There(&'static [u8]),
    Later(Promise<&'static [u8]>),
}

impl Pieces {
    /// The first is read first.
    fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut pieces: Vec<Piece> = pieces.into_iter().collect();
        pieces.reverse();
        Self(pieces)
    }

    fn of(pieces: impl IntoIterator<Item = &'static [u8]>) -> Self {
        Self::new(pieces.into_iter().map(Piece::There))
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let data = match self.0.pop() {
            None => return Poll::Ready(Ok(0)),
            Some(Piece::There(data)) => data,
            Some(Piece::Later(mut promise)) => match Pin::new(&mut promise).poll(cx) {
                Poll::Ready(kept) => kept.expect("the test keeps it"),
                Poll::Pending => {
                    self.0.push(Piece::Later(promise));
                    return Poll::Pending;
                }
            },
        };
        let count = data.len().min(buf.len());
        buf[..count].copy_from_slice(&data[..count]);
        if count < data.len() {
            self.0.push(Piece::There(&data[count..]));
        }
        Poll::Ready(Ok(count))
    }
}

fn limited(limit: usize, pieces: impl IntoIterator<Item = &'static [u8]>) -> StreamReader<Pieces> {
    StreamReader::with_limit(Pieces::of(pieces), limit).expect("it is not zero")
}

#[track_caller]
fn assert_overrun(result: Result<Vec<u8>, ReadError>, consumed: usize) {
    match result {
        Err(ReadError::LimitOverrun(error)) => assert_eq!(error.consumed, consumed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn case_166_an_endless_line_over_the_limit_is_an_error_and_empties_the_buffer() {
    in_every_loop(async || {
        let mut reader = limited(3, [&b"li"[..], b"ne1", b"line2\n"]);

        assert!(reader.readline().await.unwrap_err().is_limit_overrun());
        assert_eq!(reader.buffer(), b"");
        assert!(reader.readline().await.unwrap_err().is_limit_overrun());
        assert_eq!(reader.buffer(), b"");
        assert_eq!(reader.readline().await.unwrap(), b"");
    });
}

#[test]
fn case_166_of_a_buffer_with_more_lines_only_the_long_one_is_dropped() {
    in_every_loop(async || {
        let mut reader = limited(3, [&b"line1\nli\n"[..]]);

        assert!(reader.readline().await.unwrap_err().is_limit_overrun());
        assert_eq!(reader.buffer(), b"li\n");
        assert_eq!(reader.readline().await.unwrap(), b"li\n");
    });
}

#[test]
fn case_167_a_line_as_long_as_the_limit_passes_and_a_longer_one_fails() {
    in_every_loop(async || {
        let mut reader = limited(7, [&b"1234567\n"[..], b"12345678\n", b"12345678"]);

        assert_eq!(reader.readline().await.unwrap(), b"1234567\n");
        assert!(reader.readline().await.unwrap_err().is_limit_overrun());
        assert_eq!(reader.buffer(), b"");
        assert!(reader.readline().await.unwrap_err().is_limit_overrun());
        assert_eq!(reader.buffer(), b"");
    });
}

#[test]
fn case_169_an_end_inside_of_a_separator_gives_the_partial_data() {
    in_every_loop(async || {
        let mut reader = StreamReader::new(Pieces::of([&b"some dataAA"[..]]));

        let Err(ReadError::Incomplete(error)) = reader.readuntil(b"AAA").await else {
            panic!("the stream has ended");
        };

        assert_eq!(error.partial, b"some dataAA");
        assert_eq!(error.expected, None);
        assert_eq!(reader.buffer(), b"");
        assert!(reader.at_eof());
    });
}

#[test]
fn case_170_data_over_the_limit_stays_before_and_after_its_separator_has_come() {
    in_every_loop(async || {
        let separator = Promise::new();
        let pieces = [
            Piece::There(b"some dataAA"),
            Piece::Later(separator.clone()),
        ];
        let mut reader = StreamReader::with_limit(Pieces::new(pieces), 3).unwrap();

        // As many as cannot be the beginning of a separator.
        assert_overrun(reader.readuntil(b"AAA").await, 9);
        assert_eq!(reader.buffer(), b"some dataAA");
        separator.set_result(&b"A"[..]).unwrap();
        assert_eq!(reader.readexactly(1).await.unwrap(), b"s");
        // Nothing more is read while there is too much.
        assert_overrun(reader.readuntil(b"AAA").await, 8);
        assert_eq!(reader.buffer(), b"ome dataAA");

        let mut reader = limited(3, [&b"some dataAAA"[..]]);
        assert_overrun(reader.readuntil(b"AAA").await, 9);
        assert_eq!(reader.buffer(), b"some dataAAA");
        assert_overrun(reader.readuntil(b"AAA").await, 9);
        assert_eq!(reader.readexactly(12).await.unwrap(), b"some dataAAA");
    });
}

#[test]
fn case_171_of_several_separators_the_one_that_ends_first_wins_even_if_it_is_longer() {
    in_every_loop(async || {
        let mut reader = StreamReader::new(Pieces::of([&b"line 1\nline 2\r"[..]]));
        let ends: [&[u8]; 2] = [b"\r", b"\n"];
        assert_eq!(reader.readuntil_any(&ends).await.unwrap(), b"line 1\n");
        assert_eq!(reader.readuntil_any(&ends).await.unwrap(), b"line 2\r");
        assert_eq!(reader.buffer(), b"");

        let mut reader = StreamReader::new(Pieces::of([&b"ABCD"[..]]));
        assert_eq!(
            reader.readuntil_any(&[b"ABCD", b"ABC"]).await.unwrap(),
            b"ABC"
        );
        assert_eq!(reader.buffer(), b"D");

        // A longer one whose end is not there yet must not lose to a later shorter one.
        let rest = Promise::new();
        let pieces = [Piece::There(b"some dataA"), Piece::Later(rest.clone())];
        let mut reader = StreamReader::new(Pieces::new(pieces));
        let read = create_task(async move {
            let data = reader.readuntil_any(&[b"A!", b"AAA"]).await;
            (data.unwrap(), reader.buffer().to_vec())
        });
        rest.set_result(&b"A!AAA"[..]).unwrap();
        assert_eq!(
            read.await.unwrap(),
            (b"some dataAA!".to_vec(), b"AAA".to_vec())
        );
    });
}

#[test]
fn case_173_ten_tasks_that_drain_a_paused_writer_all_go_on() {
    in_every_loop(async || {
        let (ours, mut theirs) = connected().await;
        let writer = Arc::new(StreamWriter::new(ours));
        writer.set_write_buffer_limits(WaterMarks::high(0).unwrap());
        while writer.write_buffer_size() == 0 {
            writer.write(&[7; 65536]).unwrap();
        }
        let seen = Seen::new();
        let drains: Vec<_> = (0..10)
            .map(|_| {
                let (writer, seen) = (Arc::clone(&writer), seen.clone());
                create_task(async move {
                    writer.drain().await.unwrap();
                    seen.push(());
                })
            })
            .collect();
        evloop::yield_now().await;
        assert_eq!(seen.len(), 0);

        let read = create_task(async move {
            let mut buf = vec![0; 65536];
            while theirs.read(&mut buf).await.unwrap() > 0 {}
        });
        for drained in gather(drains).await {
            drained.unwrap();
        }

        assert_eq!(seen.len(), 10);
        assert_eq!(writer.write_buffer_size(), 0);
        writer.close();
        writer.wait_closed().await.unwrap();
        read.await.unwrap();
    });
}

#[test]
fn case_174_writing_to_a_peer_that_closed_ends_in_an_error() {
    in_every_loop(async || {
        let (ours, theirs) = connected().await;
        let writer = StreamWriter::new(ours);
        drop(theirs);

        let error = loop {
            let written = match writer.write(b"foo") {
                Ok(()) => writer.drain().await,
                failed => failed,
            };
            if let Err(error) = written {
                break error;
            }
            evloop::yield_now().await;
        };

        let expected = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(expected.contains(&error.kind()), "{error}");
        // And stays.
        assert_eq!(writer.drain().await.unwrap_err().kind(), error.kind());
    });
}

#[test]
fn a_request_and_its_answer_pass_through_readers_and_writers() {
    in_every_loop(async || {
        let (ours, theirs) = connected().await;
        let ask = async {
            let writer = StreamWriter::new(ours);
            writer.writelines(["GET /\r\n", "\r\n"]).unwrap();
            writer.drain().await.unwrap();
            writer.close();
            writer.wait_closed().await.unwrap();
        };
        let answer = async {
            let mut reader = StreamReader::new(theirs);
            let head = reader.readuntil(b"\r\n\r\n").await.unwrap();
            (head, reader.read_to_end().await.unwrap())
        };
        let ((), (head, rest)) = gather((ask, answer)).await;
        assert_eq!(head, b"GET /\r\n\r\n");
        assert_eq!(rest, b"");
    });
}
