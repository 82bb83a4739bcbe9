//! tokio's streams with our traits.

use evloop_net::{ReadError, StreamReader};
use evloop_tokio::{FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};
use futures_lite::future::{block_on, poll_once, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::{Broken, assert_broken};

#[test]
fn lines_are_read_from_a_stream_of_tokios_to_its_end() {
    block_on(async {
        // Smaller than the lines, so that each comes in pieces.
        let (writes, reads) = tokio::io::duplex(4);
        let mut writes = TokioAsyncWriteCompatExt::compat_write(writes);
        let mut reads = StreamReader::new(TokioAsyncReadCompatExt::compat(reads));

        let sends = async {
            writes
                .write_all(b"first line\nsecond line\nrest")
                .await
                .unwrap();
            writes.close().await.unwrap();
        };
        let receives = async {
            assert_eq!(reads.readline().await.unwrap(), b"first line\n");
            assert_eq!(reads.readline().await.unwrap(), b"second line\n");
            assert_eq!(
                reads.readline().await.unwrap(),
                b"rest",
                "the end ends a line too"
            );
            assert_eq!(reads.readline().await.unwrap(), b"");
            assert!(reads.at_eof());
            let beyond = reads.readexactly(1).await;
            assert!(
                matches!(beyond, Err(ReadError::Incomplete(_))),
                "{beyond:?}"
            );
        };
        zip(sends, receives).await;
    });
}

#[test]
fn closing_ends_one_direction() {
    block_on(async {
        let (here, there) = tokio::io::duplex(64);
        let mut here = TokioAsyncReadCompatExt::compat(here);
        let mut there = TokioAsyncReadCompatExt::compat(there);

        here.write_all(b"question").await.unwrap();
        here.close().await.unwrap();
        let mut question = Vec::new();
        there.read_to_end(&mut question).await.unwrap();
        there.write_all(b"answer").await.unwrap();
        there.close().await.unwrap();
        let mut answer = Vec::new();
        here.read_to_end(&mut answer).await.unwrap();

        assert_eq!([&question[..], &answer[..]], [&b"question"[..], b"answer"]);
    });
}

#[test]
fn a_read_that_is_dropped_has_taken_nothing() {
    block_on(async {
        let (mut writes, reads) = tokio::io::duplex(64);
        let mut reads = TokioAsyncReadCompatExt::compat(reads);
        assert!(poll_once(reads.read(&mut [0; 8])).await.is_none());

        tokio::io::AsyncWriteExt::write_all(&mut writes, b"ab")
            .await
            .unwrap();

        let mut bytes = [0; 2];
        reads.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ab");
    });
}

/// Our stream as tokio's as ours.
#[test]
fn errors_pass_through_both_ways() {
    block_on(async {
        let mut there_and_back =
            TokioAsyncReadCompatExt::compat(FuturesAsyncReadCompatExt::compat(Broken));
        assert_broken(there_and_back.read(&mut [0]).await, "read");
        assert_broken(there_and_back.write(b"a").await, "write");
        assert_broken(there_and_back.flush().await, "flush");
        assert_broken(there_and_back.close().await, "close");
    });
}
