//! A client of redis, by its own protocol: commands and their answers in one TCP stream.
//!
//! `cargo run --release --example redis_client -- 127.0.0.1:6379 1000` counts to 1000 twice: one command
//! after the other, and with all commands on their way at once. Then it deletes the counter.

#![expect(clippy::print_stdout, reason = "it prints what it gets")]

use std::io;

use evloop::TcpStream;
use futures_lite::io::BufReader;
use futures_lite::{AsyncBufReadExt, AsyncWriteExt};

const KEY: &str = "evloop:example";

/// A command as redis reads it: an array of strings, each with its length before it.
fn encode(command: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for part in command {
        bytes.extend(format!("${}\r\n{part}\r\n", part.len()).as_bytes());
    }
    bytes
}

struct Redis {
    stream: BufReader<TcpStream>,
}

impl Redis {
    async fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes).await
    }

    /// One answer of a single line, without its mark.
    async fn answer(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let line = line.trim_end();
        match line.split_at_checked(1) {
            Some((":" | "+", value)) => Ok(value.to_owned()),
            Some(("-", error)) => Err(io::Error::other(format!("redis refuses: {error}"))),
            _ => Err(io::Error::other(format!("redis says {line:?}"))),
        }
    }

    async fn call(&mut self, command: &[&str]) -> io::Result<String> {
        self.send(&encode(command)).await?;
        self.answer().await
    }

    /// Sends a command so many times, and then reads the answers. Gives the last one.
    async fn call_at_once(&mut self, command: &[&str], n_times: usize) -> io::Result<String> {
        self.send(&encode(command).repeat(n_times)).await?;
        let mut last = String::new();
        for _ in 0..n_times {
            last = self.answer().await?;
        }
        Ok(last)
    }
}

async fn count(address: &str, n_times: usize) -> io::Result<()> {
    let mut redis = Redis::connect(address).await?;
    println!("{}", redis.call(&["PING"]).await?);
    redis.call(&["SET", KEY, "0"]).await?;
    let mut last = String::new();
    for _ in 0..n_times {
        last = redis.call(&["INCR", KEY]).await?;
    }
    println!("one by one: {last}");
    let last = redis.call_at_once(&["INCR", KEY], n_times).await?;
    println!("all at once: {last}");
    println!("deleted: {}", redis.call(&["DEL", KEY]).await?);
    redis.stream.get_mut().close().await
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, n_times] = &arguments[..] else {
        return Err(io::Error::other("it takes an address and a number"));
    };
    let n_times = n_times.parse().map_err(io::Error::other)?;
    evloop::run(count(address, n_times))
}
