//! Child processes: many at once, very many one after the other, and much through their pipes. None of
//! them leaves a zombie, a descriptor or a thread.

use std::fs;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use evloop::process::Command;
use evloop::{Clock, EventLoop, Runtime, SystemClock, create_task, gather};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::require;
use crate::served::Flavour;

/// How many run at once.
const AT_ONCE: i32 = 500;

/// How many are fed and read at once, and how much each.
const FED: usize = 64;
const MEBIBYTES: usize = 64;

/// How long what is dropped may take to go.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn run(flavour: Flavour, count: u64) -> io::Result<()> {
    match flavour {
        Flavour::EventLoop => {
            let event_loop = EventLoop::new()?;
            measure(flavour, count, |all| event_loop.run_until_complete(all))
        }
        Flavour::Runtime => {
            let runtime = Runtime::builder().n_workers(2).build()?;
            measure(flavour, count, |all| runtime.block_on(all))
        }
    }
}

fn measure<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    flavour: Flavour,
    count: u64,
    run: impl Fn(std::pin::Pin<Box<dyn Future<Output = io::Result<()>>>>) -> Result<io::Result<()>, E>,
) -> io::Result<()> {
    let run = |all| run(all).map_err(io::Error::other)?;
    // What is made once is there afterwards.
    run(Box::pin(at_once(1)))?;
    let before = holdings()?;

    let begin = SystemClock.now();
    run(Box::pin(at_once(AT_ONCE)))?;
    let at_once_took = SystemClock.now().saturating_duration_since(begin);
    require(!has_children(), "a child is left of those at once")?;

    let begin = SystemClock.now();
    run(Box::pin(in_sequence(count)))?;
    let took = SystemClock.now().saturating_duration_since(begin);
    require(!has_children(), "a child is left of those in sequence")?;

    let begin = SystemClock.now();
    run(Box::pin(fed()))?;
    let fed_took = SystemClock.now().saturating_duration_since(begin);

    run(Box::pin(dropped()))?;
    until(|| Ok(!has_children()))?;
    until(|| Ok(holdings()? == before))?;
    println!(
        "children on {flavour}: {AT_ONCE} at once in {:.2} s, {count} in sequence in {:.1} s, {FED} with \
         {MEBIBYTES} MiB each in {:.1} s; descriptors and threads {before:?} before and after",
        at_once_took.as_secs_f64(),
        took.as_secs_f64(),
        fed_took.as_secs_f64(),
    );
    Ok(())
}

/// So many at the same time, each with a code of its own.
async fn at_once(count: i32) -> io::Result<()> {
    let codes = (0..count).map(|number| number % 256);
    let tasks = codes.clone().map(|code| {
        create_task(async move { Command::shell(format!("exit {code}")).status().await })
    });
    let statuses = gather(tasks.collect::<Vec<_>>()).await;
    for (code, status) in codes.zip(statuses) {
        let status = status.map_err(io::Error::other)??;
        require(status.code() == Some(code), "a child has another's code")?;
    }
    Ok(())
}

async fn in_sequence(count: u64) -> io::Result<()> {
    for _ in 0..count {
        let status = Command::new("/bin/true").status().await?;
        require(status.success(), "a child has another's code")?;
    }
    Ok(())
}

async fn fed() -> io::Result<()> {
    let tasks: Vec<_> = (0..FED).map(|_| create_task(feed())).collect();
    for ended in gather(tasks).await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

async fn feed() -> io::Result<()> {
    let mut command = Command::new("/bin/cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("both are piped"));
    };
    let feeding = create_task(async move {
        let block = vec![7; 1 << 20];
        for _ in 0..MEBIBYTES {
            stdin.write_all(&block).await?;
        }
        stdin.close().await
    });
    let (mut count, mut buf) = (0, vec![0; 1 << 16]);
    loop {
        match stdout.read(&mut buf).await? {
            0 => break,
            n => count += n,
        }
    }
    feeding.await.map_err(io::Error::other)??;
    require(count == MEBIBYTES << 20, "bytes of a pipe are lost")?;
    require(child.wait().await?.success(), "a child has failed")
}

/// Nobody waits for these.
async fn dropped() -> io::Result<()> {
    for _ in 0..AT_ONCE {
        drop(Command::new("/bin/true").spawn()?);
    }
    Ok(())
}

/// Descriptors and threads.
fn holdings() -> io::Result<(usize, usize)> {
    let count = |path| io::Result::Ok(fs::read_dir(path)?.count());
    Ok((count("/proc/self/fd")?, count("/proc/self/task")?))
}

/// False if not even a zombie is a child of this process.
fn has_children() -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, look), Err(Errno::CHILD))
}

fn until(mut is_so: impl FnMut() -> io::Result<bool>) -> io::Result<()> {
    let begin = SystemClock.now();
    while !is_so()? {
        let waited = SystemClock.now().saturating_duration_since(begin);
        require(waited < LIMIT, "something is left of children that ended")?;
        std::thread::yield_now();
    }
    Ok(())
}
