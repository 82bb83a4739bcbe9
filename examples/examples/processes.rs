//! Child processes: what one has written, a conversation with another, a limit in time for a third.
//!
//! Run it with `cargo run --example processes`. The programs are `/bin/sh` and `/bin/cat`.

#![expect(clippy::print_stdout, reason = "it shows what happens")]

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use evloop::process::Command;
use evloop::{StreamReader, StreamWriter, gather, timeout};

/// All that a program writes, and how it ends.
async fn capture() -> io::Result<()> {
    println!("-- output: a shell");
    let output = Command::shell("echo to stdout; echo to stderr >&2; exit 3")
        .output()
        .await?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    print!("{}", String::from_utf8_lossy(&output.stderr));
    println!("{}", output.status);
    Ok(())
}

/// Questions and answers through pipes.
async fn converse() -> io::Result<()> {
    println!("-- pipes: a cat");
    let mut command = Command::new("/bin/cat");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        unreachable!("both are piped");
    };
    let (writer, mut reader) = (StreamWriter::new(stdin), StreamReader::new(stdout));
    for question in ["one", "two"] {
        writer.write(format!("{question}\n").as_bytes())?;
        writer.drain().await?;
        let answer = reader.readline().await?;
        println!(
            "{question} -> {}",
            String::from_utf8_lossy(&answer).trim_end()
        );
    }
    // The end of its input is what ends it.
    writer.close();
    writer.wait_closed().await?;
    println!("{}", child.wait().await?);
    Ok(())
}

/// A child that would run for ever.
async fn limit() -> io::Result<()> {
    println!("-- timeout: a cat that nobody feeds");
    let mut command = Command::new("/bin/cat");
    // Until the handle is dropped, its input is open.
    let child = command.stdin(Stdio::piped()).kill_on_drop().spawn()?;
    let late = timeout(Duration::from_millis(100), child.wait()).await;
    println!("it has ended in time: {}", late.is_ok());
    child.terminate()?;
    // Whoever asks again gets the same.
    let (first, second) = gather((child.wait(), child.wait())).await;
    println!("ended by signal {:?}: {}", first?.signal(), second?);
    Ok(())
}

fn main() -> io::Result<()> {
    evloop::run(async {
        capture().await?;
        converse().await?;
        limit().await
    })
}
