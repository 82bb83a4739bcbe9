//! Bytes from one stream to another.

use std::{
    future::pending,
    io::{self, ErrorKind},
    net::Shutdown,
};

use evloop_net::{Relay, UnixStream};
use futures_lite::{
    AsyncReadExt, AsyncWriteExt,
    future::{or, try_zip},
};
use socket2::SockRef;

use crate::support::{pair, run};

#[test]
fn a_proxy_moves_everything_and_both_ends() {
    run(|| async {
        let (mut client, proxy_in) = pair().await?;
        let (proxy_out, mut server) = UnixStream::pair()?;
        let bytes: Vec<u8> = (0..3 << 20).map(|index| (index % 251) as u8).collect();
        let (mut up, mut down) = (Relay::new()?, Relay::new()?);

        let proxy = async {
            let up = async {
                up.run(&proxy_in, &proxy_out).await?;
                proxy_out.shutdown(Shutdown::Write)
            };
            let down = async {
                down.run(&proxy_out, &proxy_in).await?;
                proxy_in.shutdown(Shutdown::Write)
            };
            try_zip(up, down).await
        };
        let ends = async {
            let mut got = Vec::new();
            let send = async {
                client.write_all(&bytes).await?;
                client.close().await
            };
            try_zip(send, server.read_to_end(&mut got)).await?;
            assert!(got == bytes, "it is damaged");
            // The other direction is still open.
            server.write_all(b"all here").await?;
            server.close().await?;
            let mut answer = String::new();
            client.read_to_string(&mut answer).await?;
            assert_eq!(answer, "all here");
            io::Result::Ok(())
        };
        try_zip(proxy, ends).await?;

        assert_eq!((up.n_moved(), down.n_moved()), (bytes.len() as u64, 8));
        assert!(up.is_empty() && down.is_empty());
        Ok(())
    });
}

#[test]
fn dropped_in_the_middle_it_loses_nothing() {
    run(|| async {
        let (mut client, from) = UnixStream::pair()?;
        let (to, mut server) = UnixStream::pair()?;
        SockRef::from(&to).set_send_buffer_size(4096)?;
        let bytes: Vec<u8> = (0..4 << 20).map(|index| (index % 251) as u8).collect();
        let mut relay = Relay::new()?;
        let mut got = Vec::new();

        let send = async {
            client.write_all(&bytes).await?;
            client.close().await
        };
        let receive = async {
            let (mut was_interrupted_full, mut has_ended) = (false, false);
            let mut part = vec![0; 100_000];
            loop {
                // Each piece that arrives interrupts it.
                let read = async { server.read(&mut part).await.map(Some) };
                let run = async {
                    if has_ended {
                        return pending().await;
                    }
                    relay.run(&from, &to).await?;
                    to.shutdown(Shutdown::Write)?;
                    Ok(None)
                };
                match or(read, run).await? {
                    None => has_ended = true,
                    Some(0) => return io::Result::Ok(was_interrupted_full),
                    Some(count) => got.extend_from_slice(&part[..count]),
                }
                was_interrupted_full |= !relay.is_empty();
            }
        };
        let ((), was_interrupted_full) = try_zip(send, receive).await?;

        assert!(got == bytes, "it is damaged");
        assert!(was_interrupted_full, "the sink is slower than the source");
        Ok(())
    });
}

#[test]
fn a_sink_that_is_gone_is_an_error_and_says_what_was_left_behind() {
    run(|| async {
        let (mut client, from) = UnixStream::pair()?;
        let (to, server) = UnixStream::pair()?;
        drop(server);
        client.write_all(b"too late").await?;
        let mut relay = Relay::new()?;

        let error = relay.run(&from, &to).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert!(!relay.is_empty());
        assert_eq!(format!("{relay:?}"), "Relay { held: 8, moved: 0, .. }");
        Ok(())
    });
}
