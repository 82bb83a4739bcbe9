//! Processes of their own for what might abort, and guests that count their drops.

use std::env;
use std::future::Future;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use evloop_executor::LocalExecutor;
use evloop_fixtures::{in_thread, join, patience};

/// Names the scenario that a child process of the test binary has to play.
const SCENARIO: &str = "EVLOOP_SCENARIO";

/// Plays `scenario` in a process of its own, in which only the test called `test` runs. Fails
/// when that process aborts, panics or hangs.
#[track_caller]
pub(crate) fn survives(test: &str, scenario: fn()) {
    if env::var_os(SCENARIO).is_some_and(|name| name == test) {
        return scenario();
    }
    let program = env::current_exe().expect("the test binary has a path");
    let child = Command::new(program)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(SCENARIO, test)
        // A payload whose destructor panics is leaked on purpose.
        .env("ASAN_OPTIONS", "detect_leaks=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the test binary starts again");
    let pid = child.id();
    let (tx, rx) = mpsc::channel();
    let waiter = in_thread(move || {
        let output = child.wait_with_output();
        // Nobody listens after a timeout.
        let _ = tx.send(());
        output
    });
    if rx.recv_timeout(patience()).is_err() {
        let kill = Command::new("kill").args(["-9", &pid.to_string()]).status();
        panic!("the process of {test} hangs (killed: {kill:?})");
    }
    let output = join(waiter).expect("the child can be waited for");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("1 passed") || text.contains("1 failed"),
        "no test is called {test}"
    );
    assert!(
        output.status.success(),
        "the process of {test} ended with {}:\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

/// An executor whose failures that nobody receives are kept.
pub(crate) fn reporting() -> (LocalExecutor, Reports) {
    let executor = LocalExecutor::new();
    let reports = Reports::default();
    let sink = reports.clone();
    executor.set_reporter(Some(Arc::new(move |context| {
        sink.0.lock().unwrap().push(context.to_string());
    })));
    (executor, reports)
}

#[derive(Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<Vec<String>>>);

impl Reports {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Runs turns until nothing is ready.
pub(crate) fn run_until_idle(executor: &LocalExecutor) {
    let _entered = executor.enter();
    loop {
        executor.take_arrivals();
        if executor.run_ready(executor.n_ready()) == 0 {
            return;
        }
    }
}

/// Counts how many guests it made and how many were dropped.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<(AtomicUsize, AtomicUsize)>);

impl Tally {
    pub(crate) fn guest(&self) -> Guest {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        Guest(self.clone())
    }

    pub(crate) fn made(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    pub(crate) fn dropped(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }

    pub(crate) fn live(&self) -> usize {
        self.made() - self.dropped()
    }
}

pub(crate) struct Guest(Tally);

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.0.1.fetch_add(1, Ordering::SeqCst);
    }
}

/// Panics when it is dropped.
#[derive(Debug)]
pub(crate) struct Bomb(pub(crate) &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// Calls a closure when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A future that stays pending until it is opened, and shows the waker of its last poll.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<Mutex<DoorState>>);

#[derive(Default)]
struct DoorState {
    is_open: bool,
    n_polls: usize,
    waker: Option<Waker>,
}

impl Door {
    pub(crate) fn open(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.is_open = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn waker(&self) -> Option<Waker> {
        self.0.lock().unwrap().waker.clone()
    }

    pub(crate) fn n_polls(&self) -> usize {
        self.0.lock().unwrap().n_polls
    }
}

impl Future for Door {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        state.n_polls += 1;
        if state.is_open {
            return Poll::Ready(());
        }
        let old = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }
}
