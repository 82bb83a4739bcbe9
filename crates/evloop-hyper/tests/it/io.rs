//! Streams through the wrapper, both ways.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::{io, pin::pin};

use evloop_hyper::HyperIo;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWriteExt, future::block_on};
use hyper::rt::{Read, ReadBuf, Write};
use proptest::prelude::*;

fn read_some<R: Read + Unpin>(from: &mut R, room: usize) -> Vec<u8> {
    let mut bytes = vec![0; room];
    let mut buffer = ReadBuf::new(&mut bytes);
    let mut cx = Context::from_waker(Waker::noop());
    let polled = Pin::new(from).poll_read(&mut cx, buffer.unfilled());
    assert!(matches!(polled, Poll::Ready(Ok(()))));
    buffer.filled().to_vec()
}

proptest! {
    #[test]
    fn all_bytes_come_in_their_order_whatever_the_room(
        bytes in prop::collection::vec(any::<u8>(), 0..40_000),
        rooms in prop::collection::vec(1_usize..20_000, 1..20),
    ) {
        let mut io = HyperIo::new(&bytes[..]);
        let mut read = Vec::new();
        for room in rooms.iter().cycle() {
            let some = read_some(&mut io, *room);
            prop_assert!(some.len() <= *room);
            if some.is_empty() {
                break;
            }
            read.extend(some);
        }
        prop_assert_eq!(read, bytes);
    }

    #[test]
    fn there_and_back_is_the_stream_itself(bytes in prop::collection::vec(any::<u8>(), 0..40_000)) {
        let mut there_and_back = HyperIo::new(HyperIo::new(&bytes[..]));
        let mut read = Vec::new();
        block_on(there_and_back.read_to_end(&mut read)).unwrap();
        prop_assert_eq!(read, bytes);
    }
}

#[test]
fn no_room_reads_nothing() {
    let mut io = HyperIo::new(&b"abc"[..]);
    assert_eq!(read_some(&mut io, 0), b"");
    assert_eq!(read_some(&mut io, 5), b"abc");
}

#[test]
fn writes_go_through_both_wrappers() {
    let mut there_and_back = HyperIo::new(HyperIo::new(Vec::new()));
    block_on(async {
        there_and_back.write_all(b"hello").await?;
        there_and_back.flush().await?;
        there_and_back.close().await
    })
    .unwrap();
    assert_eq!(there_and_back.into_inner().into_inner(), b"hello");
}

#[test]
fn buffers_are_handed_over_one_by_one_unless_it_is_said_that_they_may_be_many() {
    assert!(!HyperIo::new(Vec::new()).is_write_vectored());
    assert!(HyperIo::new(Vec::new()).vectored().is_write_vectored());
}

/// Says that it has read more than there was room for.
struct Boaster;

impl AsyncRead for Boaster {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len() + 1))
    }
}

#[test]
fn a_stream_that_reads_beyond_its_room_is_an_error() {
    let mut bytes = [0; 8];
    let mut buffer = ReadBuf::new(&mut bytes);
    let mut cx = Context::from_waker(Waker::noop());
    let polled = pin!(HyperIo::new(Boaster)).poll_read(&mut cx, buffer.unfilled());
    let Poll::Ready(Err(error)) = polled else {
        panic!("it is refused")
    };
    assert!(error.to_string().contains("more than it had room for"));
}
