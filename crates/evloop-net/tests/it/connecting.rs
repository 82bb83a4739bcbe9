//! Making connections.

use std::{
    error::Error,
    io::{self, ErrorKind},
    net::{self, SocketAddr},
};

use evloop_net::{TcpListener, TcpStream};
use evloop_reactor::{Reactor, ReactorGone};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

use crate::support::{LOOPBACK, pair, run, with_reactor};

/// An address at which nobody listens.
fn closed_port() -> SocketAddr {
    let listener = net::TcpListener::bind(LOOPBACK).unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn both_ends_agree_on_their_addresses() {
    run(|| async {
        let (ours, theirs) = pair().await?;

        assert_eq!(ours.local_addr()?, theirs.peer_addr()?);
        assert_eq!(ours.peer_addr()?, theirs.local_addr()?);
        assert!(format!("{ours:?}").starts_with("TcpStream { local: Some(127.0.0.1:"));
        Ok(())
    });
}

#[test]
fn a_refused_connect_names_the_address_and_keeps_the_kind() {
    run(|| async {
        let addr = closed_port();

        let error = TcpStream::connect(addr).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let text = error.to_string();
        let start = format!("failed to connect to `{addr}`: ");
        assert!(text.starts_with(&start), "{text}");
        let cause = error.get_ref().and_then(Error::source).unwrap();
        assert!(
            cause
                .downcast_ref::<io::Error>()
                .unwrap()
                .raw_os_error()
                .is_some()
        );
        Ok(())
    });
}

#[test]
fn addresses_are_tried_in_order_until_one_answers() {
    run(|| async {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let open = listener.local_addr()?;
        let addrs = [closed_port(), open, closed_port()];

        let stream = TcpStream::connect(&addrs[..]).await?;

        assert_eq!(stream.peer_addr()?, open);
        Ok(())
    });
}

#[test]
fn no_address_at_all_is_invalid_input() {
    run(|| async {
        let none: &[SocketAddr] = &[];

        assert_eq!(
            TcpStream::connect(none).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert_eq!(
            TcpListener::bind(none).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        Ok(())
    });
}

#[test]
fn at_most_sixteen_addresses_are_tried() {
    run(|| async {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let closed = closed_port();
        let mut addrs = vec![closed; 15];
        addrs.push(listener.local_addr()?);
        TcpStream::connect(&addrs[..]).await?;

        addrs.insert(0, closed);
        let error = TcpStream::connect(&addrs[..]).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        Ok(())
    });
}

#[test]
fn a_connect_fails_with_the_kind_that_a_blocking_one_gives() {
    run(|| async {
        for addr in ["127.0.0.1:0", "255.255.255.255:9", "224.0.0.1:9", "[::1]:0"] {
            let addr: SocketAddr = addr.parse().unwrap();
            let expected = net::TcpStream::connect(addr).unwrap_err().kind();

            let error = TcpStream::connect(addr).await.unwrap_err();

            assert_eq!(error.kind(), expected, "{addr}");
        }
        Ok(())
    });
}

#[test]
fn without_a_reactor_there_is_an_error_and_no_panic() {
    let on_no_reactor = || {
        let addr = closed_port();
        let connect = future::block_on(TcpStream::connect(addr)).unwrap_err();
        let bind = future::block_on(TcpListener::bind(LOOPBACK)).unwrap_err();
        let std = net::TcpListener::bind(LOOPBACK).unwrap();
        [connect, bind, TcpListener::try_from(std).unwrap_err()]
    };
    with_reactor(move |_| {
        let errors = std::thread::scope(|scope| scope.spawn(on_no_reactor).join().unwrap());

        for error in errors {
            assert_eq!(error.kind(), ErrorKind::NotConnected);
            assert!(error.to_string().contains("no reactor is entered"));
        }
    });
}

#[test]
fn a_reactor_that_is_gone_is_an_error_and_no_hang() {
    with_reactor(|_| {
        let handle = Reactor::new().unwrap().handle();
        let listener = net::TcpListener::bind(LOOPBACK).unwrap();
        let addr = listener.local_addr().unwrap();

        let adopt = TcpListener::from_std_in(&handle, listener.try_clone().unwrap()).unwrap_err();
        assert!(ReactorGone::is_cause_of(&adopt));
        let error = future::block_on(TcpStream::connect_in(&handle, addr)).unwrap_err();
        let cause = error.get_ref().and_then(Error::source).unwrap();
        assert!(ReactorGone::is_cause_of(cause.downcast_ref().unwrap()));
    });
}

#[test]
fn streams_go_to_std_and_come_back_with_their_data() {
    run(|| async {
        let (mut ours, theirs) = pair().await?;
        ours.write_all(b"hello").await?;

        let std: net::TcpStream = theirs.into_std()?;
        let mut theirs = TcpStream::try_from(std)?;

        let mut buffer = [0; 5];
        theirs.read_exact(&mut buffer).await?;
        assert_eq!(&buffer, b"hello");
        Ok(())
    });
}

#[test]
fn nodelay_is_off_until_it_is_set() {
    run(|| async {
        let (ours, _theirs) = pair().await?;
        assert!(!ours.nodelay()?);

        ours.set_nodelay(true)?;

        assert!(ours.nodelay()?);
        Ok(())
    });
}
