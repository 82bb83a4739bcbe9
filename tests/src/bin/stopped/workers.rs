//! Runtimes of which one worker is stopped, while the other goes on.

use std::fs;
use std::io::{self, Write};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use evloop::{Runtime, UnixStream, create_task, gather, sleep, yield_now};
use futures_lite::AsyncReadExt;
use futures_lite::future::poll_once;

use crate::say;

const N_JOBS: usize = 100;

/// Reads the next line, which has to be this one.
fn hear(expected: &str) {
    let mut line = String::new();
    io::stdin()
        .read_line(&mut line)
        .expect("the test writes there");
    assert_eq!(line.trim_end(), expected);
}

fn new_runtime() -> Runtime {
    let runtime = Runtime::builder().n_workers(2).build();
    runtime.expect("the system has descriptors and threads")
}

/// The number by which the system knows this thread.
fn thread_number() -> String {
    let path = fs::read_link("/proc/thread-self").expect("the system tells");
    let name = path.file_name().expect("it ends in the number");
    name.to_string_lossy().into_owned()
}

/// The worker is stopped in the midst of a step, with jobs, a timer and a waiting socket behind it.
pub(crate) fn in_a_step() {
    let runtime = new_runtime();
    // The other worker takes nothing meanwhile, so all of it is there when the first one is stopped.
    let (release, released) = mpsc::channel::<()>();
    let (held, is_held) = mpsc::channel();
    let holder = runtime.create_task(async move {
        held.send(()).expect("it is waited for");
        released.recv().expect("it is released");
    });
    is_held.recv().expect("a worker takes it");
    let (mut ours, theirs) = StdUnixStream::pair().expect("the system has descriptors");
    let (done, is_done) = mpsc::channel();
    let (number, its_number) = mpsc::channel();
    let goes_on = Arc::new(AtomicBool::new(false));
    let may_end = Arc::clone(&goes_on);
    let owner = runtime.create_task(async move {
        leave_work(theirs, &done).await;
        number.send(thread_number()).expect("it is waited for");
        while !may_end.load(Ordering::Acquire) {
            thread::yield_now();
        }
    });
    say(its_number.recv().expect("the other worker takes it"));
    hear("stopped");

    release.send(()).expect("it waits for it");
    ours.write_all(b"x").expect("there is room");
    let mut all: Vec<_> = is_done.iter().take(N_JOBS + 2).collect();
    all.sort_unstable();
    let mut expected = vec!["job"; N_JOBS];
    expected.extend(["read", "timer"]);
    assert_eq!(all, expected);
    runtime
        .block_on(holder)
        .expect("it is open")
        .expect("it ends");
    // What comes now goes on as well.
    let (later, is_later) = mpsc::channel();
    runtime
        .create_task(async move {
            sleep(Duration::from_millis(1)).await;
            create_task(async move { later.send(()).expect("it is waited for") }).detach();
        })
        .detach();
    is_later.recv().expect("the other worker runs both");
    assert!(!owner.done(), "its worker is stopped");
    say("all without it");

    hear("continued");
    goes_on.store(true, Ordering::Release);
    runtime
        .block_on(owner)
        .expect("it is open")
        .expect("it ends");
}

/// Jobs in the queue of the worker that calls it, its timer, and a descriptor that it has registered.
async fn leave_work(socket: StdUnixStream, done: &mpsc::Sender<&'static str>) {
    let socket = UnixStream::try_from(socket).expect("it can be watched");
    let (timed, read) = (done.clone(), done.clone());
    let mut timer = Box::pin(async move {
        sleep(Duration::from_millis(1)).await;
        timed.send("timer").expect("it is waited for");
    });
    assert!(poll_once(&mut timer).await.is_none());
    let mut reader = Box::pin(async move {
        let mut socket = socket;
        let mut byte = [0];
        socket.read_exact(&mut byte).await.expect("somebody writes");
        read.send("read").expect("it is waited for");
    });
    assert!(poll_once(&mut reader).await.is_none());
    create_task(timer).detach();
    create_task(reader).detach();
    for _ in 0..N_JOBS {
        let done = done.clone();
        create_task(async move { done.send("job").expect("it is waited for") }).detach();
    }
}

/// Neither worker has anything to do when one of them is stopped: whoever wakes it up takes it for awake,
/// so what comes meanwhile may have to wait for it.
pub(crate) fn asleep() {
    let runtime = new_runtime();
    let (mut ours, theirs) = StdUnixStream::pair().expect("the system has descriptors");
    let (done, is_done) = mpsc::channel();
    let (ready, is_ready) = mpsc::channel();
    let has_read = done.clone();
    let reading = runtime.create_task(async move {
        let mut socket = UnixStream::try_from(theirs).expect("it can be watched");
        ready.send(()).expect("it is waited for");
        let mut byte = [0];
        while socket.read_exact(&mut byte).await.is_ok() {
            has_read.send("read").expect("it is waited for");
        }
    });
    is_ready.recv().expect("a worker takes it");
    for number in worker_numbers() {
        say(number);
    }
    hear("stopped");
    for _ in 0..N_JOBS {
        let done = done.clone();
        let job = async move {
            sleep(Duration::from_millis(1)).await;
            done.send("job").expect("it is waited for");
        };
        runtime.create_task(job).detach();
    }
    ours.write_all(b"xy").expect("there is room");
    say("given");

    hear("continued");
    let mut all: Vec<_> = is_done.iter().take(N_JOBS + 2).collect();
    all.sort_unstable();
    let mut expected = vec!["job"; N_JOBS];
    expected.extend(["read", "read"]);
    assert_eq!(all, expected);
    drop(ours);
    runtime
        .block_on(reading)
        .expect("it is open")
        .expect("it ends");
}

/// Both workers have all kinds of work, and are stopped wherever they are.
pub(crate) fn anywhere() {
    let runtime = new_runtime();
    let n_steps = Arc::new(AtomicUsize::new(0));
    let ends = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (n_steps, ends) = (Arc::clone(&n_steps), Arc::clone(&ends));
            runtime.create_task(work(n_steps, ends))
        })
        .collect();
    for number in worker_numbers() {
        say(number);
    }
    say("working");
    hear("enough");
    let before = n_steps.load(Ordering::Relaxed);
    while n_steps.load(Ordering::Relaxed) < before + 1000 {
        thread::yield_now();
    }
    ends.store(true, Ordering::Relaxed);
    for ended in runtime.block_on(gather(tasks)).expect("it is open") {
        ended.expect("it ends");
    }
}

async fn work(n_steps: Arc<AtomicUsize>, ends: Arc<AtomicBool>) {
    let (mut ours, mut theirs) = UnixStream::pair().expect("the system has descriptors");
    while !ends.load(Ordering::Relaxed) {
        n_steps.fetch_add(1, Ordering::Relaxed);
        yield_now().await;
        let task = create_task(async {
            sleep(Duration::from_micros(50)).await;
            2
        });
        let mut byte = [0];
        let (written, read) = gather((
            futures_lite::AsyncWriteExt::write_all(&mut ours, b"x"),
            theirs.read_exact(&mut byte),
        ))
        .await;
        written.expect("there is room");
        read.expect("it was written");
        assert_eq!((byte, task.await.expect("nobody cancels it")), (*b"x", 2));
    }
}

/// The numbers of both workers' threads.
fn worker_numbers() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("the system tells");
    let tasks = tasks.map(|task| task.expect("it can be listed"));
    let is_worker = |task: &fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm"));
        name.is_ok_and(|name| name.starts_with("evloop-w"))
    };
    let numbers: Vec<_> = tasks
        .filter(is_worker)
        .map(|task| task.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(numbers.len(), 2, "there are two workers");
    numbers
}
