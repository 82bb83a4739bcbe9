//! Waits for its standard input in vain, then for a line, and ends while it waits for more.

#![expect(clippy::print_stdout, reason = "the test reads it")]

use std::future::pending;
use std::io;
use std::time::Duration;

use evloop::fs::stdin;
use evloop::{StreamReader, create_task, timeout, yield_now};

fn main() -> io::Result<()> {
    evloop::run(async {
        let mut input = StreamReader::new(stdin());
        let early = timeout(Duration::from_millis(1), input.readline()).await;
        println!("early: {}", early.is_err());

        // What the read that was given up gets is not lost.
        let line = input.readline().await.map_err(io::Error::other)?;
        println!("line: {}", String::from_utf8_lossy(&line).trim_end());

        create_task(async move {
            let more = input.readline().await;
            println!("more: {more:?}");
            pending::<()>().await;
        });
        yield_now().await;
        yield_now().await;
        println!("ends");
        Ok(())
    })
}
