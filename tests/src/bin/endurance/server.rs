//! The server: it echoes lines, and says what it has when it is asked.

use std::io;
use std::os::fd::AsFd;

use evloop::{
    ClientReader, ClientWriter, EventLoop, PipeReader, Runtime, ServerOptions, StreamReader,
    TcpListener, TcpStream, all_tasks,
};

use crate::served::{Flavour, Holdings};

/// Serves until its standard input ends.
pub(crate) fn run(flavour: Flavour, limit: u64) -> io::Result<()> {
    let limit = usize::try_from(limit).map_err(io::Error::other)?;
    match flavour {
        Flavour::EventLoop => EventLoop::new()?.run_until_complete(serve(limit)),
        Flavour::Runtime => {
            let runtime = Runtime::builder().n_workers(2).build()?;
            let serving = runtime.create_task(serve(limit));
            runtime
                .block_on(serving)
                .map(|served| served.unwrap_or_else(|error| Err(io::Error::other(error))))
        }
    }
    .map_err(io::Error::other)?
}

async fn serve(limit: usize) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let server = ServerOptions::new().limit(limit).start(echo, [listener])?;
    let stdin = PipeReader::try_from(io::stdin().as_fd().try_clone_to_owned()?)?;
    let mut questions = StreamReader::new(stdin);
    while !questions.readline().await?.is_empty() {
        let n_tasks = all_tasks().len();
        let holdings = Holdings::of_this_process(n_tasks, server.n_clients())?;
        print!("{}", holdings.line());
        io::Write::flush(&mut io::stdout())?;
    }
    Ok(())
}

async fn echo(mut reader: ClientReader<TcpStream>, writer: ClientWriter<TcpStream>) {
    // A client that resets its connection, or sends no line, is gone and nothing else.
    while let Ok(line) = reader.readline().await {
        if line.is_empty() || writer.write(&line).is_err() || writer.drain().await.is_err() {
            return;
        }
    }
}
