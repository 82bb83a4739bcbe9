//! Child processes without a runtime: the future of `main` and a reactor, turned by hand.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::io;
use std::pin::pin;
use std::process::Stdio;
use std::task::{Context, Poll, Waker};

use evloop_process::Command;
use evloop_reactor::Reactor;
use futures_lite::io::BufReader;
use futures_lite::{AsyncBufReadExt, AsyncWriteExt, StreamExt};

/// The whole executor: one future, and the reactor for all it waits for.
fn run<T>(future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut reactor = Reactor::new()?;
    // Children are started on the reactor that is entered; `spawn_in` names another one.
    let _entered = reactor.enter();
    let waker = reactor.notifier().into_waker();
    let mut future = pin!(future);
    let mut woken = Vec::new();
    loop {
        // It is polled next, so nobody need be told again.
        reactor.begin_turn();
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        reactor.poll(None, &mut woken)?;
        woken.drain(..).for_each(Waker::wake);
    }
}

fn main() -> io::Result<()> {
    run(async {
        let output = Command::shell("echo hello; exit 3").output().await?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        println!("a shell: {}", output.status);

        // Two at once: one writes what the other reads.
        let mut command = Command::shell("printf 'c\\na\\nb\\n'");
        let mut source = command.stdout(Stdio::piped()).spawn()?;
        let mut command = Command::new("sort");
        let mut sort = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(lines), Some(mut to)) = (source.stdout.take(), sort.stdin.take()) else {
            unreachable!("both are piped");
        };
        let mut lines = BufReader::new(lines).lines();
        while let Some(line) = lines.next().await {
            to.write_all(format!("{}\n", line?).as_bytes()).await?;
        }
        // The end of its input is what it waits for.
        drop(to);
        let sorted = sort.communicate([]).await?;
        let sorted =
            String::from_utf8_lossy(sorted.stdout.as_deref().unwrap_or_default()).into_owned();
        println!("sorted: {}", sorted.lines().collect::<Vec<_>>().join(" "));
        println!("the source: {}", source.wait().await?);

        let child = Command::new("/bin/cat").stdin(Stdio::piped()).spawn()?;
        child.terminate()?;
        println!("a cat: {}", child.wait().await?);
        Ok(())
    })
}
