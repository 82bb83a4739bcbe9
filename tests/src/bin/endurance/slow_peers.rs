//! Peers that send a byte now and then, of a line that never ends.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use evloop::sync::Semaphore;
use evloop::{EventLoop, create_task, gather, interval, open_connection, sleep, to_thread};

/// A byte every ten milliseconds, and every ten seconds.
const PACES: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(10)];

/// Fewer than the system keeps waiting.
const AT_A_TIME: u32 = 256;

/// Sends from so many fast and so many slow peers, until its standard input ends. Says so when all are
/// connected.
pub(crate) fn run(addr: &str, n_fast: u64, n_slow: u64) -> io::Result<()> {
    let addr: SocketAddr = addr.parse().map_err(io::Error::other)?;
    let sent = EventLoop::new()?.run_until_complete(async {
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        let mut connecting = Vec::new();
        for (pace, count) in PACES.into_iter().zip([n_fast, n_slow]) {
            for number in 0..count {
                // One after the other, and not all at once.
                let offset = pace.mul_f64(number as f64 / count as f64);
                let places = Arc::clone(&places);
                connecting.push(create_task(peer(addr, pace, offset, places)));
            }
        }
        for connected in gather(connecting).await {
            connected.map_err(io::Error::other)??;
        }
        println!("all are connected");
        let ends = to_thread(|| io::stdin().read_to_end(&mut Vec::new()));
        ends.await.map_err(io::Error::other)?
    });
    sent.map_err(io::Error::other)??;
    Ok(())
}

async fn peer(
    addr: SocketAddr,
    pace: Duration,
    offset: Duration,
    places: Arc<Semaphore>,
) -> io::Result<()> {
    let _place = places.acquire().await;
    let (reader, writer) = open_connection(addr).await?;
    let sending = create_task(async move {
        sleep(offset).await;
        let mut ticks = interval(pace).map_err(io::Error::other)?;
        loop {
            ticks.tick().await;
            writer.write(b"x")?;
            // Open as long as this sends.
            let _reader = &reader;
        }
        #[expect(unreachable_code, reason = "it says what the loop ends with")]
        io::Result::Ok(())
    });
    sending.detach();
    Ok(())
}
