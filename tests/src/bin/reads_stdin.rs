//! Waits for its standard input in vain, then for a line, and ends while it waits for more. On a runtime, if
//! it is told so.

#![expect(clippy::print_stdout, reason = "the test reads it")]

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use evloop::fs::stdin;
use evloop::sync::Event;
use evloop::{Runtime, StreamReader, create_task, timeout};
use futures_lite::future::poll_once;

fn main() -> io::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("runtime") => {
            let runtime = Runtime::builder().n_workers(2).build()?;
            runtime.run(read()).map_err(io::Error::other)?
        }
        _ => evloop::run(read()),
    }
}

async fn read() -> io::Result<()> {
    let mut input = StreamReader::new(stdin());
    let early = timeout(Duration::from_millis(1), input.readline()).await;
    println!("early: {}", early.is_err());

    // What the read that was given up gets is not lost.
    let line = input.readline().await.map_err(io::Error::other)?;
    println!("line: {}", String::from_utf8_lossy(&line).trim_end());

    let waiting = Arc::new(Event::new());
    let waits = Arc::clone(&waiting);
    create_task(async move {
        let mut more = pin!(input.readline());
        let early = poll_once(more.as_mut()).await;
        println!("more: {:?}", early.is_some());
        waits.set();
        drop(more.await);
        println!("more has come");
    });
    waiting.wait().await;
    println!("ends");
    Ok(())
}
