//! Accepting connections.

use std::{
    io::{self, ErrorKind},
    net::{self, SocketAddr},
    pin::pin,
};

use evloop_net::{TcpListener, TcpListenerOptions, TcpStream};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};
use socket2::SockRef;

use crate::support::{LOOPBACK, allow_fds, poll_once, run};

#[test]
fn a_thousand_connections_at_once_are_served_by_one_thread() {
    allow_fds(8192);
    run(|| async {
        const CONNECTIONS: usize = 1000;
        let listener = TcpListener::bind(LOOPBACK).await?;
        let addr = listener.local_addr()?;

        let server = async {
            let mut accepted = Vec::new();
            for _ in 0..CONNECTIONS {
                accepted.push(listener.accept().await?.0);
            }
            // All are open before the first is answered.
            for stream in &mut accepted {
                let mut number = [0; 4];
                stream.read_exact(&mut number).await?;
                stream.write_all(&number).await?;
            }
            io::Result::Ok(accepted)
        };
        let clients = async {
            let mut clients = Vec::new();
            for number in 0..CONNECTIONS as u32 {
                let mut stream = TcpStream::connect(addr).await?;
                stream.write_all(&number.to_be_bytes()).await?;
                clients.push(stream);
            }
            for (number, stream) in clients.iter_mut().enumerate() {
                let mut answer = [0; 4];
                stream.read_exact(&mut answer).await?;
                assert_eq!(u32::from_be_bytes(answer), number as u32);
            }
            io::Result::Ok(clients)
        };

        let (accepted, clients) = future::try_zip(server, clients).await?;
        assert_eq!((accepted.len(), clients.len()), (CONNECTIONS, CONNECTIONS));
        Ok(())
    });
}

#[test]
fn incoming_yields_every_connection() {
    run(|| async {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let addr = listener.local_addr()?;
        let clients: Vec<_> = (0..5)
            .map(|_| net::TcpStream::connect(addr).unwrap())
            .collect();

        let accepted: Vec<SocketAddr> = listener
            .incoming()
            .take(5)
            .map(|stream| stream?.peer_addr())
            .try_collect()
            .await?;

        let expected: Vec<_> = clients.iter().map(|c| c.local_addr().unwrap()).collect();
        assert_eq!(accepted, expected);
        Ok(())
    });
}

#[test]
fn of_two_tasks_that_accept_each_gets_a_connection() {
    run(|| async {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let addr = listener.local_addr()?;

        let accept = future::try_zip(listener.accept(), listener.accept());
        let connect = future::try_zip(TcpStream::connect(addr), TcpStream::connect(addr));
        let (((_, a), (_, b)), _clients) = future::try_zip(accept, connect).await?;

        assert_ne!(a, b);
        Ok(())
    });
}

#[test]
fn a_port_can_be_bound_again_at_once() {
    run(|| async {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let addr = listener.local_addr()?;
        let client = TcpStream::connect(addr).await?;
        let (accepted, _) = listener.accept().await?;
        // The side that closes first keeps the address in TIME-WAIT.
        drop(accepted);
        drop((listener, client));

        let again = TcpListener::bind(addr).await?;

        assert_eq!(again.local_addr()?, addr);
        Ok(())
    });
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    run(|| async {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let addr = listener.local_addr()?;

        let error = TcpListener::bind(addr).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(
            error
                .to_string()
                .starts_with(&format!("failed to listen on `{addr}`: "))
        );
        Ok(())
    });
}

#[test]
fn a_listener_of_std_is_adopted_and_given_back() {
    run(|| async {
        let std = net::TcpListener::bind(LOOPBACK)?;
        let addr = std.local_addr()?;
        let listener = TcpListener::try_from(std)?;
        assert!(poll_once(pin!(listener.accept())).is_pending());
        let _client = TcpStream::connect(addr).await?;
        listener.accept().await?;

        assert_eq!(listener.into_std()?.local_addr()?, addr);
        Ok(())
    });
}

/// Fault F07: the peer resets before its connection is accepted.
#[test]
fn fault_f07_a_connection_reset_in_the_queue_does_not_stop_the_listener() {
    run(|| async {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let addr = listener.local_addr()?;
        let gone = net::TcpStream::connect(addr)?;
        SockRef::from(&gone).set_linger(Some(std::time::Duration::ZERO))?;
        drop(gone);
        let client = net::TcpStream::connect(addr)?;

        // Linux hands the dead connection out, others pass it over.
        while listener.accept().await?.1 != client.local_addr()? {}
        Ok(())
    });
}

#[test]
fn all_addresses_are_listened_on_each_once_and_ipv6_leaves_ipv4_alone() {
    run(|| async {
        let v4: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let v6: SocketAddr = "[::1]:0".parse().expect("an address");

        let listeners = TcpListenerOptions::new()
            .bind_all(&[v6, v4, v6, v4][..])
            .await?;

        let addrs = listeners.iter().map(|listener| listener.local_addr());
        let addrs: Vec<_> = addrs.collect::<io::Result<_>>()?;
        assert_eq!(addrs.len(), 2);
        assert!(addrs[0].is_ipv4() && addrs[1].is_ipv6(), "{addrs:?}");
        assert!(SockRef::from(&listeners[1]).only_v6()?);
        Ok(())
    });
}

#[test]
fn an_address_that_is_not_there_is_left_out_if_there_is_another() {
    run(|| async {
        let here: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let elsewhere: SocketAddr = "203.0.113.1:0".parse().expect("an address");
        let options = TcpListenerOptions::new();

        let listeners = options.bind_all(&[elsewhere, here][..]).await?;
        assert_eq!(listeners.len(), 1);

        let error = options.bind_all(elsewhere).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        let start = format!("failed to listen on `{elsewhere}`: ");
        assert!(error.to_string().starts_with(&start), "{error}");
        Ok(())
    });
}

#[test]
fn one_address_in_use_is_an_error_for_all() {
    run(|| async {
        let taken = net::TcpListener::bind(LOOPBACK)?;
        let free: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let addrs = [free, taken.local_addr()?];

        let error = TcpListenerOptions::new()
            .bind_all(&addrs[..])
            .await
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        Ok(())
    });
}

#[test]
fn options_reach_the_socket() {
    run(|| async {
        let options = TcpListenerOptions::new().reuse_port(true).backlog(1);
        let first = options.bind(LOOPBACK).await?;
        let addr = first.local_addr()?;
        let second = options.bind(addr).await?;
        assert_eq!(second.local_addr()?, addr, "two share the port");

        let alone = TcpListenerOptions::new().reuse_address(false);
        let alone = alone.bind(LOOPBACK).await?;
        assert!(!SockRef::from(&alone).reuse_address()?);
        assert!(SockRef::from(&first).reuse_address()?);
        Ok(())
    });
}
