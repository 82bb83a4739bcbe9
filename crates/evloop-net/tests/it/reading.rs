//! Pieces of streams.

use std::{
    io::{self, ErrorKind},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use evloop_net::{IncompleteRead, ReadError, StreamReader};
use futures_lite::{AsyncRead, AsyncReadExt, future::block_on};

use crate::chunks::{Chunk, Chunks};
use crate::support::{pair, poll_once, run};

#[test]
fn a_read_gives_what_has_arrived_and_then_the_end() {
    block_on(async {
        let mut reader = StreamReader::new(Chunks::of([&b"one"[..], b"two"]));

        assert_eq!(reader.read(0).await.unwrap(), b"");
        assert_eq!(reader.read(2).await.unwrap(), b"on");
        assert_eq!(reader.buffer(), b"e");
        assert_eq!(reader.read(9).await.unwrap(), b"e");
        assert_eq!(reader.read(9).await.unwrap(), b"two");
        assert!(!reader.at_eof());
        assert_eq!(reader.read(9).await.unwrap(), b"");
        assert!(reader.at_eof());
    });
}

#[test]
fn fault_e14_bad_arguments_are_invalid_input() {
    block_on(async {
        let zero = StreamReader::with_limit(&b""[..], 0).unwrap_err();
        assert_eq!(zero.kind(), ErrorKind::InvalidInput);

        let mut reader = StreamReader::new(&b"data"[..]);
        for separators in [&[][..], &[&b""[..]], &[&b"a"[..], b""]] {
            let error = reader.readuntil_any(separators).await.unwrap_err();
            assert_eq!(io::Error::from(error).kind(), ErrorKind::InvalidInput);
        }
        assert_eq!(reader.read_to_end().await.unwrap(), b"data");
    });
}

#[test]
fn fault_e15_any_count_may_be_asked_for_and_memory_follows_what_arrives() {
    block_on(async {
        let mut reader = StreamReader::with_limit(&b"some of it"[..], 4).unwrap();
        assert_eq!(reader.readexactly(0).await.unwrap(), b"");

        let Err(ReadError::Incomplete(error)) = reader.readexactly(usize::MAX).await else {
            panic!("the stream ends before");
        };

        assert_eq!(error.partial, b"some of it");
        assert_eq!(error.expected, Some(usize::MAX));
        assert_eq!(
            error.to_string(),
            format!("the stream ended after 10 of {} bytes", usize::MAX)
        );
        assert!(reader.at_eof());
    });
}

#[test]
fn the_limit_counts_what_is_before_the_separator() {
    block_on(async {
        let mut reader = StreamReader::with_limit(&b"1234--12345--"[..], 4).unwrap();
        assert_eq!(reader.readuntil(b"--").await.unwrap(), b"1234--");

        let Err(ReadError::LimitOverrun(error)) = reader.readuntil(b"--").await else {
            panic!("five are more than four");
        };

        assert_eq!((error.consumed, error.is_found), (5, true));
        assert_eq!(reader.readexactly(error.consumed).await.unwrap(), b"12345");
    });
}

#[test]
fn a_separator_is_found_wherever_it_is_cut() {
    const WHOLE: &[u8] = b"first\r\n\rsecond\r\n";
    for cut in 0..WHOLE.len() {
        let (front, back) = WHOLE.split_at(cut);
        let pieces = [Chunk::Data(front), Chunk::NotYet, Chunk::Data(back)];
        let pieces = pieces
            .into_iter()
            .filter(|piece| !matches!(piece, Chunk::Data(b"")));
        block_on(async {
            let mut reader = StreamReader::new(Chunks::new(pieces));
            assert_eq!(reader.readuntil(b"\r\n").await.unwrap(), b"first\r\n");
            assert_eq!(reader.readuntil(b"\r\n").await.unwrap(), b"\rsecond\r\n");
        });
    }
}

#[test]
fn an_error_stays_and_what_arrived_before_it_can_be_seen() {
    block_on(async {
        let error = Chunk::Error(ErrorKind::ConnectionReset);
        let chunks = [Chunk::Data(b"hal"), error, Chunk::Data(b"f\n")];
        let mut reader = StreamReader::new(Chunks::new(chunks));

        for _ in 0..3 {
            let error = io::Error::from(reader.readline().await.unwrap_err());
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            assert_eq!(reader.buffer(), b"hal");
        }
        assert_eq!(reader.read(2).await.unwrap(), b"ha");
        assert_eq!(reader.readexactly(1).await.unwrap(), b"l");
        assert!(reader.read(1).await.is_err());
        assert!(reader.read_to_end().await.is_err());
    });
}

#[test]
fn interrupted_reads_are_tried_again() {
    block_on(async {
        let chunks = [Chunk::Error(ErrorKind::Interrupted), Chunk::Data(b"data")];
        let mut reader = StreamReader::new(Chunks::new(chunks));
        assert_eq!(reader.read(9).await.unwrap(), b"data");
    });
}

#[test]
fn lines_are_a_stream_that_ends_with_the_last() {
    block_on(async {
        let mut reader = StreamReader::with_limit(&b"one\n\ntoo long\ntwo"[..], 4).unwrap();
        let mut lines = reader.lines();

        assert_eq!(lines.next().await.unwrap().unwrap(), b"one\n");
        assert_eq!(lines.next().await.unwrap().unwrap(), b"\n");
        assert!(lines.next().await.unwrap().unwrap_err().is_limit_overrun());
        assert_eq!(lines.next().await.unwrap().unwrap(), b"two");
        assert!(lines.next().await.is_none());
        assert!(lines.next().await.is_none());
    });
}

#[test]
fn lines_of_a_stream_that_fails_end_after_its_error() {
    block_on(async {
        let chunks = [Chunk::Data(b"one\ntw"), Chunk::Error(ErrorKind::TimedOut)];
        let mut reader = StreamReader::new(Chunks::new(chunks));
        let mut lines = reader.lines();

        assert_eq!(lines.next().await.unwrap().unwrap(), b"one\n");
        let error = lines.next().await.unwrap().unwrap_err();
        assert_eq!(io::Error::from(error).kind(), ErrorKind::TimedOut);
        assert!(lines.next().await.is_none());
    });
}

#[test]
fn it_is_a_reader_for_those_who_take_one() {
    block_on(async {
        let mut reader = StreamReader::new(Chunks::of([&b"ab\ncdefgh"[..], b"ij"]));
        assert_eq!(reader.readline().await.unwrap(), b"ab\n");

        let mut pair = [0; 2];
        reader.read_exact(&mut pair).await.unwrap();
        assert_eq!(&pair, b"cd");
        assert_eq!(reader.buffer(), b"efgh");
        assert_eq!(reader.read(1).await.unwrap(), b"e");
        let mut rest = Vec::new();
        AsyncReadExt::read_to_end(&mut reader, &mut rest)
            .await
            .unwrap();
        assert_eq!(rest, b"fghij");
        assert!(reader.at_eof());
    });
}

#[test]
fn what_was_not_taken_is_given_back_with_the_stream() {
    block_on(async {
        let mut reader = StreamReader::new(&b"head body"[..]);
        reader.readuntil(b" ").await.unwrap();

        let (stream, rest) = reader.into_parts();

        assert_eq!(rest, b"body");
        assert_eq!(stream, b"");
    });
}

#[test]
fn errors_become_errors_of_io_with_the_details_as_their_cause() {
    block_on(async {
        let mut reader = StreamReader::with_limit(&b"12345"[..], 3).unwrap();
        let over: io::Error = reader.readuntil(b"-").await.unwrap_err().into();
        assert_eq!(over.kind(), ErrorKind::InvalidData);
        assert_eq!(
            over.to_string(),
            "no separator in 5 bytes, which is beyond the limit"
        );

        let short: io::Error = reader.readexactly(6).await.unwrap_err().into();
        assert_eq!(short.kind(), ErrorKind::UnexpectedEof);
        assert!(short.get_ref().unwrap().is::<IncompleteRead>());
    });
}

/// F08, for one of them: a peer that sends byte after byte and never a separator.
struct Endless;

impl AsyncRead for Endless {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        buf.fill(b'x');
        Poll::Ready(Ok(buf.len()))
    }
}

#[test]
fn fault_f08_a_line_without_an_end_is_refused_at_the_limit() {
    block_on(async {
        let mut reader = StreamReader::with_limit(Endless, 10_000).unwrap();
        for _ in 0..3 {
            assert!(reader.readline().await.unwrap_err().is_limit_overrun());
            assert_eq!(reader.buffer(), b"");
            assert!(reader.readuntil(b"-").await.unwrap_err().is_limit_overrun());
            assert!(reader.buffer().len() <= 10_000 + 4096);
        }
    });
}

#[test]
fn a_piece_that_is_given_up_stays_for_the_next_read() {
    run(|| async {
        let (ours, theirs) = pair().await?;
        let mut reader = StreamReader::new(theirs);
        for piece in [&b"par"[..], b"ti", b"al"] {
            futures_lite::AsyncWriteExt::write_all(&mut &ours, piece).await?;
            // What is written to a loopback socket can be read when the call returns.
            assert!(poll_once(pin!(reader.readline())).is_pending());
            assert!(poll_once(pin!(reader.readexactly(100))).is_pending());
            assert!(poll_once(pin!(reader.read_to_end())).is_pending());
        }
        futures_lite::AsyncWriteExt::write_all(&mut &ours, b"\n").await?;

        assert_eq!(reader.readline().await?, b"partial\n");
        Ok(())
    });
}
