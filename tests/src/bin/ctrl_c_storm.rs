//! Ctrl-C without end to streams and handlers of a loop and a runtime, until SIGTERM comes; then once
//! more, which kills.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evloop::{Handle, Runtime, Signal, Signals, create_task, signals, yield_now};
use evloop_tests::watchdog::Watchdog;

fn main() {
    let _watchdog = Watchdog::new(Duration::from_secs(20));
    Signal::INTERRUPT
        .set_default()
        .expect("this system has signals");
    let runtime = Runtime::builder().n_workers(2);
    let runtime = runtime.build().expect("the system has descriptors");

    evloop::run(async {
        let here = Counted::by(signals([Signal::INTERRUPT]).expect("nobody else handles it"));
        let there = runtime.handle().signals([Signal::INTERRUPT]);
        let there = Counted::by(there.expect("as above"));
        let handled = Counted::default();
        let count = Arc::clone(&handled.0);
        let handler = move || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        Handle::current()
            .add_signal_handler(Signal::INTERRUPT, handler)
            .expect("as above");
        // A flood, and its end: in one stream neither holds up the other.
        let mut both = signals([Signal::INTERRUPT, Signal::TERMINATE]).expect("as above");
        say("ready");

        let mut n_seen = 0;
        while let Some(Signal::INTERRUPT) = both.next().await {
            n_seen += 1;
            say(format!("seen {n_seen}"));
        }
        // The others have yet to look.
        loop {
            while both.try_next().is_some() {
                n_seen += 1;
                say(format!("seen {n_seen}"));
            }
            let counts = [&here, &there, &handled].map(|counted| counted.0.load(Ordering::SeqCst));
            if counts == [n_seen; 3] {
                break;
            }
            yield_now().await;
        }
        say("all saw the same");
    });
    drop(runtime);

    let disposition = Signal::INTERRUPT.disposition();
    say(format!(
        "after: {:?}",
        disposition.expect("it can be asked")
    ));
    Signal::INTERRUPT.kill_this_process();
}

fn say(line: impl Display) {
    writeln!(io::stdout(), "{line}").expect("the test reads standard output");
}

/// How many signals somebody has seen.
#[derive(Default)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    /// Counts in a task of the loop.
    fn by(mut stream: Signals) -> Self {
        let this = Self::default();
        let count = Arc::clone(&this.0);
        create_task(async move {
            while stream.next().await.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        })
        .detach();
        this
    }
}
