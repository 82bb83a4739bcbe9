//! Its standard input wakes somebody who panics, and is read on by somebody else.

#![expect(clippy::print_stdout, reason = "the test reads it")]

use std::io;
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use evloop::StreamReader;
use evloop::fs::stdin;
use futures_lite::AsyncRead;

struct Panics(Mutex<Sender<()>>);

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        let told = self.0.lock().expect("nobody panics under it").send(());
        told.expect("it is waited for");
        panic!("a waker");
    }
}

fn main() -> io::Result<()> {
    let (woken, heard) = channel();
    let waker = Waker::from(Arc::new(Panics(Mutex::new(woken))));
    let mut input = stdin();
    let polled = Pin::new(&mut input).poll_read(&mut Context::from_waker(&waker), &mut [0; 64]);
    println!("waits: {}", polled.is_pending());
    heard.recv().map_err(io::Error::other)?;
    evloop::run(async {
        let mut input = StreamReader::new(input);
        for _ in 0..2 {
            let line = input.readline().await.map_err(io::Error::other)?;
            println!("line: {}", String::from_utf8_lossy(&line).trim_end());
        }
        Ok(())
    })
}
