//! Many connections at once, each of which echoes several messages.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use evloop::sync::{Event, Semaphore};
use evloop::{Clock, EventLoop, SystemClock, create_task, gather, open_connection};

use crate::require;
use crate::served::{Flavour, Served};

const N_MESSAGES: u64 = 5;

/// So many connects at a time: fewer than the system keeps waiting.
const AT_A_TIME: u32 = 256;

pub(crate) fn run(flavour: Flavour, n_connections: u64) -> io::Result<()> {
    let (mut server, addr) = Served::server(flavour, 64 * 1024)?;
    let before = server.holdings_at_rest()?;
    let begin = SystemClock.now();
    let event_loop = EventLoop::new()?;
    let all_echoed = event_loop.run_until_complete(async {
        let (speak, places) = (Arc::new(Event::new()), Arc::new(Semaphore::new(AT_A_TIME)));
        let connecting = (0..n_connections).map(|number| {
            let (speak, places) = (Arc::clone(&speak), Arc::clone(&places));
            create_task(connect(number, addr, places, speak))
        });
        let mut conversations = Vec::new();
        for connected in gather(connecting.collect::<Vec<_>>()).await {
            conversations.push(connected.map_err(io::Error::other)??);
        }
        let open = server.holdings_once(|now| now.n_clients >= n_connections)?;
        let connected = SystemClock.now();
        speak.set();
        let mut n_bytes = 0;
        for said in gather(conversations).await {
            n_bytes += said.map_err(io::Error::other)??;
        }
        io::Result::Ok((open, n_bytes, connected))
    });
    let (open, n_bytes, connected) = all_echoed.map_err(io::Error::other)??;
    let ended = SystemClock.now();
    let after = server.holdings_at_rest()?;

    println!(
        "echo on {flavour}: {} connections open at once after {:.1} s; {} messages of {n_bytes} bytes \
         came back as they were in {:.1} s; {} KiB of memory for each connection",
        open.n_clients,
        (connected - begin).as_secs_f64(),
        n_connections * N_MESSAGES,
        (ended - connected).as_secs_f64(),
        (open.rss_kib - before.rss_kib) / n_connections,
    );
    let is_as_before = (after.n_fds, after.n_tasks) == (before.n_fds, before.n_tasks);
    require(is_as_before, &format!("{before:?} became {after:?}"))
}

type Conversation = evloop::Task<io::Result<u64>>;

/// Connects, and gives the task that talks once it may.
async fn connect(
    number: u64,
    addr: SocketAddr,
    places: Arc<Semaphore>,
    speak: Arc<Event>,
) -> io::Result<Conversation> {
    let _place = places.acquire().await;
    let (mut reader, writer) = open_connection(addr).await?;
    Ok(create_task(async move {
        speak.wait().await;
        let mut n_bytes = 0;
        for round in 0..N_MESSAGES {
            let message = message(number, round);
            writer.write(&message)?;
            let answer = reader.readline().await?;
            require(answer == message, "what came back is something else")?;
            n_bytes += message.len() as u64;
        }
        writer.close();
        require(
            reader.readline().await?.is_empty(),
            "more came than was sent",
        )?;
        Ok(n_bytes)
    }))
}

/// A line that is nobody else's.
fn message(number: u64, round: u64) -> Vec<u8> {
    let length = (number * 31 + round * 977) % 1500;
    let letter = (b'a'..=b'z')
        .cycle()
        .skip(usize::try_from(number % 26).unwrap_or(0));
    let mut message = format!("{number} {round} ").into_bytes();
    message.extend(letter.take(usize::try_from(length).unwrap_or(0)));
    message.push(b'\n');
    message
}
