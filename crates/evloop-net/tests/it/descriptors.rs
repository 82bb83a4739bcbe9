//! UDP, pipes, and descriptors of other people's types.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix,
    pin::pin,
};

use evloop_net::{Async, PipeReader, StreamReader, StreamWriter, UdpSocket, open_connection, pipe};
use evloop_net::{TcpListener, TcpStream};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use socket2::SockRef;

use crate::support::{LOOPBACK, block_on, pair, poll_once, run, with_reactor};

#[test]
fn datagrams_go_both_ways_and_name_their_senders() {
    run(|| async {
        let (ours, theirs) = (
            UdpSocket::bind(LOOPBACK).await?,
            UdpSocket::bind(LOOPBACK).await?,
        );
        let mut buf = [0; 4];
        assert!(poll_once(pin!(ours.recv_from(&mut buf))).is_pending());

        theirs.send_to(b"longer", ours.local_addr()?).await?;
        assert_eq!(ours.peek_from(&mut buf).await?, (4, theirs.local_addr()?));
        assert_eq!(ours.recv_from(&mut buf).await?, (4, theirs.local_addr()?));
        assert_eq!(&buf, b"long", "the rest is cut off");

        assert_eq!(
            ours.peer_addr().unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        ours.connect(theirs.local_addr()?).await?;
        ours.send(b"").await?;
        assert_eq!(theirs.recv(&mut buf).await?, 0);
        assert_eq!(ours.peer_addr()?, theirs.local_addr()?);
        Ok(())
    });
}

#[test]
fn a_datagram_to_nobody_is_refused_at_a_later_call() {
    run(|| async {
        let nobody = UdpSocket::bind(LOOPBACK).await?.local_addr()?;
        let ours = UdpSocket::bind(LOOPBACK).await?;
        ours.connect(nobody).await?;
        ours.send(b"x").await?;
        let error = ours.recv(&mut [0; 4]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        Ok(())
    });
}

#[test]
fn addresses_that_cannot_be_bound_are_named() {
    run(|| async {
        let taken = UdpSocket::bind(LOOPBACK).await?;
        let addr = taken.local_addr()?;
        let error = UdpSocket::bind(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(
            error
                .to_string()
                .starts_with(&format!("failed to bind to `{addr}`: "))
        );

        let none: &[std::net::SocketAddr] = &[];
        assert_eq!(
            UdpSocket::bind(none).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert_eq!(
            taken.connect(none).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        UdpSocket::try_from(taken.into_std()?)?;
        Ok(())
    });
}

#[test]
fn options_of_all_sockets_are_set_through_socket2() {
    run(|| async {
        let udp = UdpSocket::bind(LOOPBACK).await?;
        SockRef::from(&udp).set_broadcast(true)?;
        assert!(SockRef::from(&udp).broadcast()?);

        let (tcp, _theirs) = pair().await?;
        SockRef::from(&tcp).set_keepalive(true)?;
        assert!(SockRef::from(&tcp).keepalive()?);
        Ok(())
    });
}

#[test]
fn a_pipe_carries_more_than_it_holds_and_then_its_end() {
    run(|| async {
        let (reader, mut writer) = pipe()?;
        let data: Vec<u8> = (0..1 << 20).map(|index| (index % 251) as u8).collect();
        let write = async {
            writer.write_all(&data).await?;
            writer.close().await?;
            writer.close().await?;
            let late = writer.write(b"x").await.unwrap_err();
            assert_eq!(late.kind(), ErrorKind::BrokenPipe);
            io::Result::Ok(())
        };
        let mut reader = StreamReader::new(reader);
        let ((), read) = future::try_zip(write, reader.read_to_end()).await?;
        assert_eq!(read, data);
        Ok(())
    });
}

#[test]
fn a_writer_on_a_pipe_ends_it_with_its_own_end() {
    run(|| async {
        let (reader, writer) = pipe()?;
        let writer = StreamWriter::new(writer);
        writer.write(b"last")?;
        writer.write_eof()?;
        assert_eq!(StreamReader::new(reader).read_to_end().await?, b"last");
        Ok(())
    });
}

#[test]
fn a_writer_of_a_pipe_finds_that_its_reader_is_gone() {
    with_reactor(|reactor| {
        let (reader, mut writer) = pipe().unwrap();
        // Full, so that it waits when the reader goes.
        let mut flood = pin!(async {
            loop {
                writer.write(&[0; 4096]).await?;
            }
            #[expect(unreachable_code, reason = "it says what the loop ends with")]
            io::Result::Ok(())
        });
        assert!(poll_once(flood.as_mut()).is_pending());
        drop(reader);
        let error = block_on(reactor, flood).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn fault_f03_a_regular_file_is_refused() {
    run(|| async {
        let file = || File::open("/proc/self/exe").unwrap();
        let refused = Async::new(file()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        let refused = PipeReader::try_from(std::os::fd::OwnedFd::from(file())).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        Ok(())
    });
}

#[test]
fn a_foreign_descriptor_is_read_and_written_through_the_traits() {
    run(|| async {
        let (ours, theirs) = unix::net::UnixStream::pair()?;
        let (mut ours, theirs) = (Async::new(ours)?, Async::new(theirs)?);
        let mut buf = [0; 8];
        assert!(poll_once(pin!((&theirs).read(&mut buf))).is_pending());

        ours.write_all(b"hello").await?;
        assert_eq!((&theirs).read(&mut buf).await?, 5);
        ours.flush().await?;
        theirs
            .write_with(|mut io| io::Write::write(&mut io, b"x"))
            .await?;
        drop(theirs.into_inner()?);
        let mut all = Vec::new();
        ours.read_to_end(&mut all).await?;
        assert_eq!(all, b"x");
        Ok(())
    });
}

#[test]
fn readiness_can_be_waited_for_and_cleared() {
    with_reactor(|reactor| {
        let (ours, theirs) = unix::net::UnixDatagram::pair().unwrap();
        let ours = Async::new(ours).unwrap();
        block_on(reactor, ours.writable()).unwrap();
        assert!(poll_once(pin!(ours.readable())).is_pending());
        theirs.send(b"x").unwrap();

        let ready = block_on(reactor, ours.readable()).unwrap();
        assert_eq!(ours.get_ref().recv(&mut [0; 4]).unwrap(), 1);
        ours.clear(ready);
        assert!(poll_once(pin!(ours.readable())).is_pending());
    });
}

#[test]
fn an_open_connection_has_a_reader_and_a_writer() {
    run(|| async {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let (mut reader, writer) = open_connection(listener.local_addr()?).await?;
        let (theirs, _) = listener.accept().await?;
        let (read, mut write): (_, _) = TcpStream::into_split(theirs);
        writer.write(b"question\n")?;
        writer.close();
        assert_eq!(StreamReader::new(read).read_to_end().await?, b"question\n");
        write.write_all(b"answer\n").await?;
        drop(write);
        assert_eq!(reader.readline().await?, b"answer\n");
        assert_eq!(reader.readline().await?, b"");
        assert!(reader.at_eof());
        Ok(())
    });
}
