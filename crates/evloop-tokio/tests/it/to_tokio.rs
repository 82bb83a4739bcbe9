//! Our streams with tokio's traits.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use evloop_tokio::{FuturesAsyncReadCompatExt, FuturesAsyncWriteCompatExt, Vectored};
use futures_lite::AsyncWrite;
use futures_lite::future::block_on;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec};

use crate::{Broken, assert_broken};

/// Takes everything, and remembers how it came.
#[derive(Default)]
struct Calls {
    writes: Vec<Vec<u8>>,
    n_closed: usize,
}

impl AsyncWrite for Calls {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.push(buf.to_vec());
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        let n_bytes = all.len();
        self.writes.push(all);
        Poll::Ready(Ok(n_bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.n_closed += 1;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn several_buffers_are_one_write_where_that_is_said() {
    let parts = [IoSlice::new(b"head"), IoSlice::new(b"body")];
    block_on(async {
        let mut at_once = Vectored::new(Calls::default());
        assert!(tokio::io::AsyncWrite::is_write_vectored(&at_once));
        assert_eq!(at_once.write_vectored(&parts).await.unwrap(), 8);
        assert_eq!(at_once.get_ref().writes, [b"headbody"]);

        let mut one_by_one = Calls::default().compat_write();
        assert!(!tokio::io::AsyncWrite::is_write_vectored(&one_by_one));
        let n_written = AsyncWriteExt::write_vectored(&mut one_by_one, &parts).await;
        assert_eq!(n_written.unwrap(), 4);
        assert_eq!(one_by_one.into_inner().writes, [b"head"]);
    });
}

#[test]
fn frames_are_written_and_the_end_closes() {
    block_on(async {
        let mut lines = FramedWrite::new(Vectored::new(Calls::default()), LinesCodec::new());
        lines.send("one").await.unwrap();
        lines.send("two").await.unwrap();
        SinkExt::<&str>::close(&mut lines).await.unwrap();

        let calls = lines.into_inner().into_inner();
        assert_eq!(calls.writes, [b"one\n", b"two\n"]);
        assert_eq!(calls.n_closed, 1);
    });
}

#[test]
fn frames_are_read_to_the_end() {
    block_on(async {
        let bytes: &[u8] = b"one\ntwo\nrest";
        let lines = FramedRead::new(bytes.compat(), LinesCodec::new());
        let lines: Vec<String> = lines.map(Result::unwrap).collect().await;
        assert_eq!(lines, ["one", "two", "rest"]);
    });
}

#[test]
fn errors_pass_through() {
    block_on(async {
        let mut stream = Vectored::new(Broken);
        assert_broken(stream.read(&mut [0]).await, "read");
        assert_broken(stream.write(b"a").await, "write");
        assert_broken(stream.flush().await, "flush");
        assert_broken(stream.shutdown().await, "close");
    });
}

#[test]
fn the_stream_can_be_reached_and_comes_back() {
    let mut stream = Vectored::new(vec![1]);
    stream.get_mut().push(2);
    assert_eq!(stream.get_ref(), &[1, 2]);
    assert_eq!(stream.into_inner(), [1, 2]);
}
