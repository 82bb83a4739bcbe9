//! An end for tests that would hang.

use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Aborts the process, naming the test, when it is not dropped in time.
///
/// The time is real, whatever clock the test uses.
///
/// ```
/// use std::time::Duration;
/// use evloop_tests::watchdog::Watchdog;
///
/// let _watchdog = Watchdog::new(Duration::from_secs(10));
/// // What must not hang.
/// ```
pub struct Watchdog {
    /// Closed to call the watch off; taken by `drop`.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Watches the calling thread's test for `limit`.
    ///
    /// # Panics
    ///
    /// When the system refuses a thread.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        // The test harness names each thread after its test.
        let test = thread::current().name().unwrap_or("a test").to_owned();
        let (alive, ended) = mpsc::channel();
        let watch = move || {
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                bark(&test, limit);
            }
        };
        let thread = thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(watch)
            .expect("a test cannot be watched without a thread");
        Self {
            alive: Some(alive),
            thread: Some(thread),
        }
    }
}

fn bark(test: &str, limit: Duration) {
    // Not `eprintln`: it panics, and leaves the process alive, when nobody reads any more.
    let _unheard = writeln!(
        io::stderr(),
        "`{test}` hangs: it has not ended after {limit:?}"
    );
    std::process::abort();
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic: it aborts, or it ends.
            let _ended = thread.join();
        }
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").finish_non_exhaustive()
    }
}
