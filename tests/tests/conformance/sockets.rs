//! Sockets and pipes on every kind of loop.

use std::io;

use evloop::{
    StreamReader, StreamWriter, TcpListener, UdpSocket, UnixDatagram, UnixStream, create_task,
    open_connection, pipe,
};
use evloop_tests::in_every_loop;

/// The body of a test, whose errors are the test's.
fn in_every_loop_without_errors<F>(test: impl Fn() -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    in_every_loop(|| {
        let test = test();
        async { test.await.expect("loopback works") }
    });
}

#[test]
fn an_echo_through_tcp_keeps_every_line() {
    in_every_loop_without_errors(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let server = create_task(async move {
            let (read, write) = listener.accept().await?.0.into_split();
            let (mut reader, writer) = (StreamReader::new(read), StreamWriter::new(write));
            loop {
                let line = reader.readline().await?;
                if line.is_empty() {
                    writer.close();
                    return writer.wait_closed().await;
                }
                writer.write(&line)?;
                writer.drain().await?;
            }
        });
        let (mut reader, writer) = open_connection(addr).await?;
        for number in 0..20 {
            let line = format!("line {number}\n");
            writer.write(line.as_bytes())?;
            writer.drain().await?;
            assert_eq!(reader.readline().await?, line.as_bytes());
        }
        writer.close();
        writer.wait_closed().await?;
        assert_eq!(reader.read_to_end().await?, b"");
        server.await.expect("it ends")
    });
}

#[test]
fn a_large_transfer_through_a_unix_socket_arrives_whole() {
    in_every_loop_without_errors(async || {
        let (ours, theirs) = UnixStream::pair()?;
        let send = create_task(async move {
            let writer = StreamWriter::new(ours);
            for number in 0..50_u8 {
                writer.write(&[number; 30_000])?;
                writer.drain().await?;
            }
            writer.close();
            writer.wait_closed().await
        });
        let mut reader = StreamReader::new(theirs);
        for number in 0..50_u8 {
            assert_eq!(reader.readexactly(30_000).await?, [number; 30_000]);
        }
        assert_eq!(reader.read(1).await?, b"");
        send.await.expect("it ends")
    });
}

#[test]
fn datagrams_and_pipes_deliver() {
    in_every_loop_without_errors(async || {
        let (ours, theirs) = (
            UdpSocket::bind("127.0.0.1:0").await?,
            UdpSocket::bind("127.0.0.1:0").await?,
        );
        let to = theirs.local_addr()?;
        let receive = create_task(async move {
            let mut buf = [0; 16];
            let count = theirs.recv(&mut buf).await?;
            io::Result::Ok(buf[..count].to_vec())
        });
        ours.send_to(b"datagram", to).await?;
        assert_eq!(receive.await.expect("it ends")?, b"datagram");

        let (ours, theirs) = UnixDatagram::pair()?;
        ours.send(b"datagram").await?;
        assert_eq!(theirs.recv(&mut [0; 16]).await?, 8);

        let (reader, writer) = pipe()?;
        let read = create_task(async move { StreamReader::new(reader).read_to_end().await });
        let writer = StreamWriter::new(writer);
        writer.writelines(["through ", "a pipe"])?;
        writer.close();
        writer.wait_closed().await?;
        assert_eq!(read.await.expect("it ends")?, b"through a pipe");
        Ok(())
    });
}
