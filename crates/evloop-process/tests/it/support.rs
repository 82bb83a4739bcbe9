//! A small loop around the reactor, and processes of their own for tests that count.

use std::{
    fs,
    io::{self, Write},
    pin::Pin,
    process::Stdio,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use evloop_fixtures::{drive, watched};
use evloop_process::{Child, Command};
use evloop_reactor::Reactor;
use rustix::{
    io::Errno,
    process::{Pid, WaitId, WaitIdOptions, waitid},
};

/// Both ways to notice an end: by descriptor where there is one, and by a thread.
pub(crate) const WATCHES: [fn(&mut Command); 2] = [
    |_| {},
    |command| {
        command.without_pidfd();
    },
];

/// `/bin/sh` with `line`, watched in the given way.
pub(crate) fn shell(line: &str, watch: fn(&mut Command)) -> Command {
    let mut command = Command::shell(line);
    watch(&mut command);
    command
}

/// A cat that ends when its input does, or is killed.
pub(crate) fn cat(watch: fn(&mut Command)) -> Child {
    let mut command = Command::new("/bin/cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    watch(&mut command);
    command.spawn().unwrap()
}

/// Runs the future that `body` makes for each way to notice an end, with a reactor entered, and fails if
/// that takes ten seconds.
pub(crate) fn run<F>(body: impl Fn(fn(&mut Command)) -> F + Send + 'static)
where
    F: Future<Output = io::Result<()>>,
{
    with_reactor(move |reactor| {
        for watch in WATCHES {
            block_on(reactor, body(watch)).unwrap();
        }
    });
}

/// Runs `body` on a thread of its own, with an entered reactor, and fails if that takes ten seconds.
pub(crate) fn with_reactor(body: impl FnOnce(&mut Reactor) + Send + 'static) {
    watched(move || {
        let mut reactor = Reactor::new().unwrap();
        let _entered = reactor.enter();
        body(&mut reactor);
        let left = reactor.handle().source_count();
        assert_eq!(left, 0, "sources were left behind");
    });
}

const ALONE: &str = "EVLOOP_PROCESS_TEST_ALONE";

/// Runs the test that calls this once more, alone in a process of its own, where `body` runs as in
/// [`with_reactor`]: it may count children and descriptors.
pub(crate) fn alone(test: &str, body: impl FnOnce(&mut Reactor) + Send + 'static) {
    alone_as(test, |_| {}, body);
}

/// The same, in a process that `starts` has prepared.
pub(crate) fn alone_as(
    test: &str,
    starts: fn(&mut std::process::Command),
    body: impl FnOnce(&mut Reactor) + Send + 'static,
) {
    if std::env::var_os(ALONE).is_some() {
        return with_reactor(body);
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ALONE, "1");
    starts(&mut command);
    let output = match command.output() {
        // Another user may not even see it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return say_skipped(test, &format!("its program is not for everybody: {error}"));
        }
        output => output.unwrap(),
    };
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stdout.contains("running 1 test"), "`{test}`: {stdout}");
    assert!(output.status.success(), "{}: {stderr}", output.status);
    let skips = |line: &&str| line.starts_with("SKIPPED");
    if let Some(skipped) = stdout.lines().find(skips) {
        say(skipped);
    }
}

/// Says that the system does not allow a test, past the harness, which keeps what tests print.
pub(crate) fn say_skipped(test: &str, why: &str) {
    say(&format!("SKIPPED {test}: {why}"));
}

fn say(line: &str) {
    let line = format!("{line}\n");
    io::stdout().write_all(line.as_bytes()).unwrap();
}

/// Polls `fut` to its end and turns the reactor between the polls.
pub(crate) fn block_on<F: Future>(reactor: &mut Reactor, fut: F) -> F::Output {
    let notifier = reactor.notifier();
    reactor.begin_turn();
    drive(
        fut,
        move || notifier.notify(),
        |is_woken| {
            turn(reactor, is_woken.then_some(Duration::ZERO));
            reactor.begin_turn();
        },
    )
}

/// One turn, and who it woke.
pub(crate) fn turn(reactor: &mut Reactor, timeout: Option<Duration>) {
    let mut woken = Vec::new();
    reactor.poll(timeout, &mut woken).unwrap();
    woken.drain(..).for_each(Waker::wake);
}

/// Polls `fut` once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future>(fut: Pin<&mut F>) -> Poll<F::Output> {
    fut.poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().expect("it was not reaped").cast_signed()).unwrap()
}

/// Sleeps until the child has ended, and leaves it to be reaped: by its thread, if it has one.
pub(crate) fn sleep_until_ended(child: &Child) {
    if let Some(id) = child.id() {
        let pid = Pid::from_raw(id.cast_signed()).unwrap();
        let waited = waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        );
        assert!(matches!(waited, Ok(Some(_)) | Err(Errno::CHILD)));
    }
}

/// Reaps it behind the crate's back, when it has ended.
pub(crate) fn steal(child: &Child) {
    waitid(WaitId::Pid(pid(child)), WaitIdOptions::EXITED).unwrap();
}

/// False if not even a zombie is a child of this process.
pub(crate) fn has_children() -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, look), Err(Errno::CHILD))
}

/// Returns when it is so; whoever calls it has a watchdog.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        thread::yield_now();
    }
}

/// How many descriptors are open.
pub(crate) fn fd_count() -> usize {
    // Less its own.
    fs::read_dir("/proc/self/fd").unwrap().count() - 1
}

/// How many threads of this name there are.
pub(crate) fn thread_count(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|its_name| its_name.trim_end() == name).count()
}
