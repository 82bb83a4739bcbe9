//! Running a test in a process of its own: to see what it prints, or because it would take all
//! other tests with it if it failed.

use std::process::{Command, Output, Stdio};

const IN_CHILD: &str = "EVLOOP_TEST_IN_CHILD";

/// Runs the test that calls this once more, alone in a new process, where `body` runs; returns what
/// that process printed and how it ended. In the new process it returns `None`.
///
/// `test` is the full name of the calling test, as the test runner prints it.
///
/// # Panics
///
/// When the process cannot be started, or `body` did not run in it.
pub fn in_child(test: &str, body: impl FnOnce()) -> Option<Output> {
    if std::env::var_os(IN_CHILD).is_some() {
        body();
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
    Some(output)
}

/// As [`in_child`], and requires that the process ends well.
///
/// # Panics
///
/// When the process does not end well; says what it printed.
pub fn survives_in_child(test: &str, body: impl FnOnce()) {
    if let Some(output) = in_child(test, body) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {stderr}", output.status);
    }
}

/// As [`survives_in_child`], in a process whose standard error is a pipe that nobody reads.
///
/// # Panics
///
/// When the process does not end well.
pub fn deaf_child(test: &str, body: impl FnOnce()) {
    if std::env::var_os(IN_CHILD).is_some() {
        // The panics that `body` provokes are not what fails here.
        std::panic::set_hook(Box::new(|_| {}));
        return body();
    }
    let program = std::env::current_exe().expect("a test knows its own program");
    let (reader, writer) = std::io::pipe().expect("the system has descriptors");
    drop(reader);
    let status = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(IN_CHILD, "1")
        .stdout(Stdio::null())
        .stderr(writer)
        .status()
        .expect("a test can be started again");
    assert!(status.success(), "{status}");
}
