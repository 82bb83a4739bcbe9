//! Reading and writing.

use std::{
    io::{self, ErrorKind, IoSlice, IoSliceMut},
    net::Shutdown,
    pin::pin,
    task::Poll,
    time::Duration,
};

use evloop_net::TcpStream;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, future};
use socket2::SockRef;

use crate::support::{block_on, pair, poll_once, run, turn, with_reactor};

/// Bytes that differ wherever they are mixed up.
fn pattern(len: usize, seed: u8) -> Vec<u8> {
    (0..len)
        .map(|index| (index / 251) as u8 ^ (index % 251) as u8 ^ seed)
        .collect()
}

async fn send(stream: &TcpStream, data: &[u8]) -> io::Result<()> {
    let mut writer = stream;
    writer.write_all(data).await?;
    writer.close().await
}

async fn receive(stream: &TcpStream) -> io::Result<Vec<u8>> {
    let (mut reader, mut all) = (stream, Vec::new());
    reader.read_to_end(&mut all).await?;
    Ok(all)
}

#[test]
fn large_transfers_in_both_directions_at_once_arrive_whole_through_small_buffers() {
    run(|| async {
        let (ours, theirs) = pair().await?;
        for stream in [&ours, &theirs] {
            SockRef::from(stream).set_send_buffer_size(4096)?;
        }
        let (ping, pong) = (pattern(2 << 20, 0), pattern(3 << 20, 77));

        let there = future::try_zip(send(&ours, &ping), receive(&theirs));
        let back = future::try_zip(send(&theirs, &pong), receive(&ours));
        let (((), got_ping), ((), got_pong)) = future::try_zip(there, back).await?;

        assert!(got_ping == ping);
        assert!(got_pong == pong);
        Ok(())
    });
}

#[test]
fn fault_f06_after_a_half_close_the_other_direction_goes_on() {
    run(|| async {
        let (mut ours, theirs) = pair().await?;
        ours.write_all(b"question").await?;
        ours.close().await?;
        // Closing again is fine.
        ours.close().await?;

        assert_eq!(receive(&theirs).await?, b"question");
        assert_eq!(
            ours.write(b"more").await.unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
        send(&theirs, b"answer").await?;

        assert_eq!(receive(&ours).await?, b"answer");
        assert_eq!(receive(&ours).await?, b"");
        Ok(())
    });
}

#[test]
fn all_data_is_read_before_the_end() {
    run(|| async {
        for size in [1, 3, 7, 64, 4096] {
            let (mut ours, mut theirs) = pair().await?;
            for chunk in [&b"three "[..], b"chunks ", b"of it"] {
                ours.write_all(chunk).await?;
            }
            drop(ours);

            let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                match theirs.read(&mut buffer).await? {
                    0 => break,
                    count => all.extend_from_slice(&buffer[..count]),
                }
            }
            assert_eq!(all, b"three chunks of it", "with a buffer of {size}");
        }
        Ok(())
    });
}

#[test]
fn fault_f07_a_reset_ends_a_read_and_a_write_that_wait() {
    with_reactor(|reactor| {
        let (mut ours, theirs) = block_on(reactor, pair()).unwrap();
        let mut reader = &ours;
        let mut byte = [0];
        let mut read = pin!(reader.read(&mut byte));
        assert!(poll_once(read.as_mut()).is_pending());
        SockRef::from(&theirs)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        drop(theirs);

        let error = block_on(reactor, read).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        // The error is reported once; what follows is the end, and no writing.
        assert_eq!(block_on(reactor, ours.read(&mut [0])).unwrap(), 0);
        let error = block_on(reactor, ours.write(b"x")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        block_on(reactor, ours.close()).unwrap();
        assert_eq!(
            ours.shutdown(Shutdown::Both).unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        assert_eq!(
            ours.peer_addr().unwrap_err().kind(),
            ErrorKind::NotConnected
        );
    });
}

#[test]
fn peek_leaves_the_bytes_where_they_are() {
    run(|| async {
        let (mut ours, mut theirs) = pair().await?;
        let mut peeked = [0; 16];
        {
            let mut peek = pin!(theirs.peek(&mut peeked));
            assert!(poll_once(peek.as_mut()).is_pending());
            ours.write_all(b"hello").await?;
            assert_eq!(peek.await?, 5);
        }
        assert_eq!(theirs.peek(&mut peeked).await?, 5);

        let mut buffer = [0; 5];
        theirs.read_exact(&mut buffer).await?;
        assert_eq!(&buffer, b"hello");
        assert_eq!(&peeked[..5], b"hello");

        ours.close().await?;
        assert_eq!(theirs.peek(&mut peeked).await?, 0);
        Ok(())
    });
}

#[test]
fn vectored_transfers_keep_the_order_of_their_slices() {
    run(|| async {
        let (mut ours, mut theirs) = pair().await?;
        let slices = [b"one ", b"two ", b"six "].map(|text| IoSlice::new(text));
        assert_eq!(ours.write_vectored(&slices).await?, 12);
        ours.close().await?;

        let (mut first, mut second) = ([0; 5], [0; 64]);
        let mut all = Vec::new();
        loop {
            let mut slices = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
            let count = theirs.read_vectored(&mut slices).await?;
            if count == 0 {
                break;
            }
            all.extend_from_slice(&first[..count.min(5)]);
            all.extend_from_slice(&second[..count.saturating_sub(5)]);
        }
        assert_eq!(all, b"one two six ");
        Ok(())
    });
}

#[test]
fn empty_buffers_are_ready_with_nothing() {
    run(|| async {
        let (mut ours, mut theirs) = pair().await?;
        assert_eq!(ours.write(&[]).await?, 0);
        ours.write_all(b"x").await?;
        assert_eq!(theirs.read(&mut []).await?, 0);
        assert_eq!(theirs.read(&mut [0; 8]).await?, 1);
        Ok(())
    });
}

#[test]
fn museum_bm27_a_reader_and_a_writer_wait_on_one_stream_side_by_side() {
    with_reactor(|reactor| {
        let (ours, theirs) = block_on(reactor, pair()).unwrap();
        let (mut reader, mut writer) = (&ours, &ours);
        let mut byte = [0];
        let mut read = pin!(reader.read(&mut byte));
        assert!(poll_once(read.as_mut()).is_pending());
        let block = [7; 65536];
        let mut sent = 0;
        let mut write = pin!(async {
            loop {
                sent += writer.write(&block).await?;
                if sent > 8 << 20 {
                    return io::Result::Ok(());
                }
            }
        });
        while poll_once(write.as_mut()).is_pending() {
            if reactor.poll(Some(Duration::ZERO), &mut Vec::new()).unwrap() == 0 {
                break;
            }
        }
        assert!(poll_once(write.as_mut()).is_pending());

        (&theirs).write_now(b"x");
        assert_eq!(block_on(reactor, read.as_mut()).unwrap(), 1);
        assert!(poll_once(write.as_mut()).is_pending());

        let mut sink = vec![0; 1 << 20];
        while poll_once(write.as_mut()).is_pending() {
            while (&theirs).read_now(&mut sink) > 0 {}
            turn(reactor, None);
        }
    });
}

/// Reads and writes that do not wait.
trait Now {
    fn write_now(self, data: &[u8]);
    fn read_now(self, buffer: &mut [u8]) -> usize;
}

impl Now for &TcpStream {
    fn write_now(mut self, data: &[u8]) {
        let mut write = pin!(self.write(data));
        assert!(matches!(poll_once(write.as_mut()), Poll::Ready(Ok(count)) if count == data.len()));
    }

    fn read_now(mut self, buffer: &mut [u8]) -> usize {
        let mut read = pin!(self.read(buffer));
        match poll_once(read.as_mut()) {
            Poll::Ready(count) => count.unwrap(),
            Poll::Pending => 0,
        }
    }
}

#[test]
fn streams_can_be_sent_and_shared_and_their_futures_sent() {
    fn check<T: Send + Sync + Unpin + AsyncRead + AsyncWrite>() {}
    fn check_send<T: Send>(value: T) -> T {
        value
    }

    check::<TcpStream>();
    drop(check_send(TcpStream::connect("127.0.0.1:9")));
    drop(check_send(pair()));
}
