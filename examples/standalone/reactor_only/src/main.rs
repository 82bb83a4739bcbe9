//! An echo over a real TCP connection, on a loop written by hand: no executor and no second thread.

use std::{
    future::Future,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    pin::pin,
    task::{Context, Poll, Waker},
};

use evloop_reactor::{Reactor, Source};

fn main() -> io::Result<()> {
    let mut reactor = Reactor::new()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    for stream in [&client, &server] {
        stream.set_nonblocking(true)?;
    }
    let mut client = pin!(ask(reactor.handle().register(client)?));
    let mut server = pin!(echo(reactor.handle().register(server)?));
    let mut asked = None;

    // Two tasks are few enough to poll both after every turn, so nobody cares for the wakers. Both
    // wait for nothing but the reactor, so it may block until it has something for one of them.
    let mut cx = Context::from_waker(Waker::noop());
    let echoed = loop {
        if asked.is_none()
            && let Poll::Ready(count) = client.as_mut().poll(&mut cx)
        {
            asked = Some(count?);
        }
        if let Poll::Ready(count) = server.as_mut().poll(&mut cx) {
            break count?;
        }
        reactor.poll(None, &mut Vec::new())?;
    };

    assert_eq!(asked, Some(echoed));
    assert_eq!(reactor.handle().source_count(), 0);
    say(&format!("{echoed} bytes there and back"));
    Ok(())
}

/// Sends everything back until the end of the stream. What comes fits the buffer of the socket.
async fn echo(stream: Source<TcpStream>) -> io::Result<usize> {
    let (mut total, mut buffer) = (0, [0; 64]);
    loop {
        let count = stream.read_with(|mut from| from.read(&mut buffer)).await?;
        if count == 0 {
            return Ok(total);
        }
        stream
            .write_with(|mut to| to.write_all(&buffer[..count]))
            .await?;
        total += count;
    }
}

/// Asks and waits for each answer; dropping the stream at the end closes the connection.
async fn ask(stream: Source<TcpStream>) -> io::Result<usize> {
    let mut total = 0;
    for question in ["hello", "is anybody there?", "goodbye"] {
        stream
            .write_with(|mut to| to.write_all(question.as_bytes()))
            .await?;
        let mut answer = [0; 64];
        let count = stream.read_with(|mut from| from.read(&mut answer)).await?;
        assert_eq!(&answer[..count], question.as_bytes());
        say(&format!("echo: {question}"));
        total += count;
    }
    Ok(total)
}

#[expect(clippy::print_stdout, reason = "the example shows what it does")]
fn say(line: &str) {
    println!("{line}");
}
