//! Connections that come and go, in every way there is, and leave nothing behind.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use evloop::{Clock, EventLoop, SystemClock, TcpStream, create_task, gather, open_connection};

use socket2::SockRef;

use crate::require;
use crate::served::{Flavour, Served};

/// How many come and go side by side.
const SIDE_BY_SIDE: usize = 64;

/// How much more memory there may be at the end than after the first tenth.
const SLACK_KIB: u64 = 2 * 1024;

pub(crate) fn run(flavour: Flavour, count: u64) -> io::Result<()> {
    let (mut server, addr) = Served::server(flavour, 64 * 1024)?;
    come_and_go(addr, (count / 10).min(50_000))?;
    let before = server.holdings_at_rest()?;

    let begin = SystemClock.now();
    come_and_go(addr, count)?;
    let took = SystemClock.now().saturating_duration_since(begin);

    let after = server.holdings_at_rest()?;
    println!(
        "churn on {flavour}: {count} connections in {:.1} s; descriptors {} and then {}, tasks {} and \
         then {}, memory {} KiB and then {} KiB",
        took.as_secs_f64(),
        before.n_fds,
        after.n_fds,
        before.n_tasks,
        after.n_tasks,
        before.rss_kib,
        after.rss_kib,
    );
    let counts = (after.n_fds, after.n_tasks) == (before.n_fds, before.n_tasks);
    require(counts, "descriptors or tasks were left behind")?;
    let is_flat = after.rss_kib <= before.rss_kib + SLACK_KIB;
    require(is_flat, "the memory has grown")
}

fn come_and_go(addr: SocketAddr, count: u64) -> io::Result<()> {
    let event_loop = EventLoop::new()?;
    let all = event_loop.run_until_complete(async {
        let next = Arc::new(AtomicU64::new(0));
        let tasks = (0..SIDE_BY_SIDE).map(|_| {
            let next = Arc::clone(&next);
            create_task(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return io::Result::Ok(());
                    }
                    visit(addr, number).await?;
                }
            })
        });
        for ended in gather(tasks.collect::<Vec<_>>()).await {
            ended.map_err(io::Error::other)??;
        }
        io::Result::Ok(())
    });
    all.map_err(io::Error::other)?
}

/// One connection. Nearly all end in a reset: an orderly end keeps its port for a minute, and there are
/// not so many.
async fn visit(addr: SocketAddr, number: u64) -> io::Result<()> {
    let (mut reader, writer) = open_connection(addr).await?;
    let is_orderly = number % 100 == 3;
    if !is_orderly {
        let stream: &TcpStream = reader.get_ref();
        SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    }
    // One in four says nothing, one leaves before its answer comes.
    let how = number % 4;
    if how >= 1 {
        writer.write(b"a line\n")?;
    }
    if how >= 2 {
        require(
            reader.readline().await? == b"a line\n",
            "another line came back",
        )?;
    }
    if is_orderly {
        writer.close();
        require(
            reader.readline().await?.is_empty(),
            "more came than was sent",
        )?;
    }
    Ok(())
}
