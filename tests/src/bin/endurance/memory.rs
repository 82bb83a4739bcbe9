//! What peers can make a server keep.
//!
//! A buffer is at most as large as the limit and 4 KiB. A peer that sends little costs less than that in
//! all. Of one that fills its buffer the task, the streams and the entries of its socket are beside it, and
//! the holes that the allocator leaves where the buffer was before it grew.

use std::io::{self, Write};
use std::net::TcpStream;

use crate::require;
use crate::served::{Flavour, Served};

const LIMIT: u64 = 64 * 1024;
const BEYOND: u64 = 4 * 1024;

/// Measured: 10 KiB.
const BESIDE: u64 = 12 * 1024;

/// How often the memory has to be the same to be at rest.
const SAME: usize = 20;

pub(crate) fn run(flavour: Flavour, n_peers: u64) -> io::Result<()> {
    let (mut server, addr) = Served::server(flavour, LIMIT)?;
    let before = server.holdings_at_rest()?;
    let mut peers = Vec::new();
    for _ in 0..n_peers {
        let mut peer = TcpStream::connect(addr)?;
        peer.write_all(b"x")?;
        peers.push(peer);
    }
    let of_one_byte = at_rest(&mut server, n_peers)?.saturating_sub(before.rss_kib);
    let bound = n_peers * (LIMIT + BEYOND) / 1024;
    println!(
        "memory on {flavour}: {n_peers} peers that have sent a byte: {:.1} KiB for each",
        of_one_byte as f64 / n_peers as f64,
    );
    require(
        of_one_byte <= bound,
        "slow peers cost more memory than they may",
    )?;
    // As long a line as may be, without its end.
    let rest = vec![b'x'; usize::try_from(LIMIT - 1).unwrap_or(0)];
    for peer in &mut peers {
        peer.write_all(&rest)?;
    }
    let full = at_rest(&mut server, n_peers)?.saturating_sub(before.rss_kib);
    let bound = n_peers * (LIMIT + BEYOND + BESIDE) / 1024;
    println!(
        "memory on {flavour}: {n_peers} peers that have sent {LIMIT} bytes of a line: {:.1} KiB for \
         each, {full} KiB in all of at most {bound}",
        full as f64 / n_peers as f64,
    );
    require(full <= bound, "peers cost more memory than they may")
}

/// The memory of the server when it does not change any more.
fn at_rest(server: &mut Served, n_peers: u64) -> io::Result<u64> {
    let (mut last, mut n_same) = (0, 0);
    while n_same < SAME {
        let now = server.holdings()?;
        n_same = match now.rss_kib == last && now.n_clients == n_peers {
            true => n_same + 1,
            false => 0,
        };
        last = now.rss_kib;
    }
    Ok(last)
}
