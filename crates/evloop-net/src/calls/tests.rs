//! The twins do the same.

use std::{
    env,
    fs::File,
    io::{self, IoSlice},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
};

use rustix::{
    fs::{OFlags, fcntl_getfl},
    io::{Errno, FdFlags, fcntl_getfd},
};

use super::portable;

struct Calls {
    receive: fn(&TcpStream, &mut [u8]) -> io::Result<usize>,
    send: fn(&TcpStream, &[u8]) -> io::Result<usize>,
    send_vectored: fn(&TcpStream, &[IoSlice<'_>]) -> io::Result<usize>,
    accept: fn(&TcpListener) -> io::Result<(TcpStream, SocketAddr)>,
    send_file: fn(&TcpStream, &File, u64, u64) -> io::Result<usize>,
}

/// What this system uses, and what others do.
const TWINS: [Calls; 2] = [
    Calls {
        receive: super::receive,
        send: super::send,
        send_vectored: super::send_vectored,
        accept: super::accept,
        send_file: super::send_file,
    },
    Calls {
        receive: portable::receive,
        send: portable::send,
        send_vectored: portable::send_vectored,
        accept: portable::accept,
        send_file: portable::send_file,
    },
];

#[test]
fn an_accepted_connection_neither_blocks_nor_is_inherited() {
    for calls in TWINS {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();

        let (stream, peer) = (calls.accept)(&listener).unwrap();

        assert_eq!(peer, client.local_addr().unwrap());
        assert!(fcntl_getfl(&stream).unwrap().contains(OFlags::NONBLOCK));
        assert!(fcntl_getfd(&stream).unwrap().contains(FdFlags::CLOEXEC));
        let early = (calls.receive)(&stream, &mut [0; 8]).unwrap_err();
        assert_eq!(early.kind(), io::ErrorKind::WouldBlock);
    }
}

#[test]
fn what_is_sent_is_received_and_then_the_end() {
    for calls in TWINS {
        let listener = TcpListener::bind("[::1]:0").or_else(|_| TcpListener::bind("127.0.0.1:0"));
        let listener = listener.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = (calls.accept)(&listener).unwrap();
        let mut buf = [0; 8];

        assert_eq!((calls.send)(&stream, b"hello").unwrap(), 5);
        assert_eq!((calls.receive)(&client, &mut buf).unwrap(), 5);
        assert_eq!(&buf[..5], b"hello");
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!((calls.receive)(&client, &mut buf).unwrap(), 0);

        let late = (calls.send)(&stream, b"more").unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::BrokenPipe);
    }
}

#[test]
fn a_file_is_sent_unless_there_is_no_call_for_it() {
    for calls in TWINS {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = (calls.accept)(&listener).unwrap();
        let file = File::open(env::current_exe().unwrap()).unwrap();

        match (calls.send_file)(&stream, &file, 1, 3) {
            Ok(count) => {
                let mut buf = [0; 8];
                assert_eq!(count, 3);
                assert_eq!((calls.receive)(&client, &mut buf).unwrap(), 3);
                assert_eq!(&buf[..3], b"ELF");
            }
            Err(error) => assert_eq!(Errno::from_io_error(&error), Some(Errno::NOSYS)),
        }
    }
}

#[test]
fn slices_are_sent_in_order_and_no_more_of_them_than_the_system_takes() {
    for calls in TWINS {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = (calls.accept)(&listener).unwrap();
        let pieces: Vec<_> = (0..2000_u16).map(u16::to_be_bytes).collect();
        let slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut buf = [0; 8192];

        assert_eq!((calls.send_vectored)(&stream, &[]).unwrap(), 0);
        let count = (calls.send_vectored)(&stream, &slices).unwrap();

        assert_eq!(count, 2 * 1024);
        assert_eq!((calls.receive)(&client, &mut buf).unwrap(), count);
        assert_eq!(buf[..count], pieces.concat()[..count]);
        drop(client);
        let failed = (0..3).find_map(|_| (calls.send_vectored)(&stream, &slices).err());
        let expected = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
        assert!(expected.contains(&failed.unwrap().kind()));
    }
}
