//! Running a test in a process of its own: a disposition belongs to the process.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use evloop_signal::Signal;

const IN_CHILD: &str = "EVLOOP_SIGNAL_TEST_IN_CHILD";

/// How long a test may take; more under a memory checker.
fn patience() -> Duration {
    let given = std::env::var("EVLOOP_TEST_PATIENCE").ok();
    let seconds = given.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

/// Runs the test that calls this once more, alone in a new process, where `body` runs; returns how
/// that process ended. In the new process it returns `None`.
pub(crate) fn end_of_child(test: &str, body: impl FnOnce()) -> Option<ExitStatus> {
    if std::env::var_os(IN_CHILD).is_some() {
        let (ended, end) = mpsc::channel::<()>();
        let watchdog = move || {
            if end.recv_timeout(patience()) == Err(RecvTimeoutError::Timeout) {
                std::process::abort();
            }
        };
        thread::Builder::new()
            .spawn(watchdog)
            .expect("the system has threads");
        // The tests may have been started in the background, where SIGINT is ignored.
        Signal::INTERRUPT
            .set_default()
            .expect("the system has signals");
        body();
        drop(ended);
        return None;
    }
    let program = std::env::current_exe().expect("a test knows its own program");
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(IN_CHILD, "1")
        .output()
        .expect("a test can be started again");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("running 1 test"),
        "`{test}` is not the name of the test: {stdout}"
    );
    if output.status.code() == Some(101) {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Some(output.status)
}

/// As [`end_of_child`], and requires that the process ends well.
pub(crate) fn in_child(test: &str, body: impl FnOnce()) {
    if let Some(status) = end_of_child(test, body) {
        assert!(status.success(), "{status}");
    }
}

/// As [`end_of_child`], and requires that SIGINT kills the process.
pub(crate) fn killed_in_child(test: &str, body: impl FnOnce()) {
    if let Some(status) = end_of_child(test, body) {
        assert_eq!(status.signal(), Some(2), "{status}");
    }
}
