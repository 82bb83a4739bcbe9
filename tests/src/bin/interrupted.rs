//! The program that the tests of interrupts send SIGINT to: a run on a process's main thread, which
//! the test harness keeps for itself. Its argument names one of [`SCENARIOS`].

use std::cell::Cell;
use std::fmt::Display;
use std::future::pending;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use evloop::sync::Event;
use evloop::{
    Clock, EventLoop, Handle, RunError, Runner, Runtime, Signal, SystemClock, create_task, ctrl_c,
    current_task, get_running_loop, sleep, yield_now,
};
use evloop_cancel::catch_cancel;
use evloop_signal::Watch;
use evloop_tests::watchdog::Watchdog;
use rustix::process::{Signal as Sent, getpid, kill_process};

const SCENARIOS: &[(&str, fn())] = &[
    ("run", run),
    ("run_with_unfinished_line", run_with_unfinished_line),
    ("run_as_started", run_as_started),
    ("run_not_ignored", run_as_started),
    ("idle_runner", idle_runner),
    ("busy_runner", busy_runner),
    ("about_to_wait", about_to_wait),
    ("busy_with_a_reader", busy_with_a_reader),
    ("cancelled_by_others", cancelled_by_others),
    ("cleans_up", cleans_up),
    ("swallowed", swallowed),
    ("second_while_it_goes_on", second_while_it_goes_on),
    ("swallowed_twice", swallowed_twice),
    ("blocked", blocked),
    ("late", late),
    ("before_the_run", before_the_run),
    ("after_the_run", after_the_run),
    ("during_teardown", during_teardown),
    ("every_way_out", every_way_out),
    ("other_thread", other_thread),
    ("handled_by_others", handled_by_others),
    ("runners_in_sequence", runners_in_sequence),
    ("loop_alone", loop_alone),
    ("idle_runtime", idle_runtime),
    ("second_on_a_runtime", second_on_a_runtime),
    ("runtime_alone", runtime_alone),
    ("awaits_ctrl_c", awaits_ctrl_c),
    ("awaits_ctrl_c_on_a_runtime", awaits_ctrl_c_on_a_runtime),
    ("handles_interrupts", handles_interrupts),
    ("handles_while_busy", handles_while_busy),
];

fn main() {
    // Whatever goes wrong, nothing of this outlives the test for long.
    let _watchdog = Watchdog::new(Duration::from_secs(20));
    let name = std::env::args().nth(1).unwrap_or_default();
    if name != "run_as_started" {
        // The tests may have been started in the background, where SIGINT is ignored.
        Signal::INTERRUPT
            .set_default()
            .expect("the system has signals");
    }
    match SCENARIOS.iter().find(|(known, _)| *known == name) {
        Some((_, scenario)) => scenario(),
        None => panic!("there is no scenario `{name}`"),
    }
}

fn say(line: impl Display) {
    writeln!(io::stdout(), "{line}").expect("the test reads standard output");
}

/// Says what has become of SIGINT.
fn say_disposition(when: &str) {
    let disposition = Signal::INTERRUPT.disposition();
    say(format!(
        "{when}: {:?}",
        disposition.expect("it can be asked")
    ));
}

/// On the main thread it is handled when this returns: the system prefers that one.
fn interrupt_self() {
    kill_process(getpid(), Sent::INT).expect("a process may signal itself");
}

/// Says so when it is dropped.
struct Says(&'static str);

impl Drop for Says {
    fn drop(&mut self) {
        say(self.0);
    }
}

fn new_runner() -> Runner {
    Runner::new().expect("the system has descriptors")
}

/// The main task of most scenarios: waits for ever.
async fn wait_to_be_interrupted() {
    let _dropped = Says("main dropped");
    say("ready");
    pending::<()>().await;
}

/// Is interrupted, and refuses.
async fn swallow_one_interrupt() {
    interrupt_self();
    let interrupted = catch_cancel(pending::<()>()).await.expect_err("it pends");
    assert_eq!(interrupted.message(), Some("interrupted by SIGINT"));
    interrupted.swallow();
    say("swallowed");
}

fn run() {
    evloop::run(async {
        create_task(async {
            let _ended = Says("leftover ended");
            pending::<()>().await;
        })
        .detach();
        yield_now().await;
        say_disposition("during");
        wait_to_be_interrupted().await;
    });
    say("never said");
}

fn run_with_unfinished_line() {
    evloop::run(async {
        let mut out = io::stdout();
        write!(out, "no newline").expect("the test reads standard output");
        interrupt_self();
        pending::<()>().await;
    });
}

/// What the shell has decided, outside.
fn run_as_started() {
    say_disposition("before");
    let value = evloop::run(async {
        say_disposition("during");
        interrupt_self();
        yield_now().await;
        7
    });
    say_disposition("after");
    say(value);
}

fn idle_runner() {
    let runner = new_runner();
    let interrupted = runner.run(wait_to_be_interrupted());
    say(interrupted.expect_err("nothing else ends it"));
    say_disposition("after");
    say(runner.run(async { 1 }).expect("a runner can be used again"));
}

fn new_runtime() -> Runtime {
    let builder = Runtime::builder().n_workers(2);
    builder.build().expect("the system has descriptors")
}

/// The main task cleans up with the help of the workers.
fn idle_runtime() {
    let runtime = new_runtime();
    let interrupted = runtime.run(async {
        let waited = catch_cancel(wait_to_be_interrupted()).await;
        let task = create_task(async {
            yield_now().await;
            "cleaned up"
        });
        say(task.await.expect("it is not cancelled"));
        drop(waited);
    });
    say(interrupted.expect_err("the request was passed on"));
    say_disposition("after");
    say(runtime
        .run(async { 1 })
        .expect("a runtime can be used again"));
}

fn second_on_a_runtime() {
    let runtime = new_runtime();
    let interrupted = runtime.run(async {
        let _dropped = Says("main dropped");
        swallow_one_interrupt().await;
        say("ready");
        pending::<()>().await;
    });
    say(interrupted.expect_err("nothing else ends it"));
    say_disposition("after");
}

fn runtime_alone() {
    let runtime = new_runtime();
    let blocked = runtime.block_on(async { say_disposition("during") });
    blocked.expect("nobody closes it");
}

fn busy_runner() {
    let interrupted = new_runner().run(async {
        say("ready");
        loop {
            yield_now().await;
        }
    });
    say(interrupted.map(|()| "").expect_err("nothing else ends it"));
}

/// The last look is over when the signal arrives: the handler has returned before the wait begins.
fn about_to_wait() {
    #[derive(Debug, Default)]
    struct Interrupts(AtomicBool);

    impl Clock for Interrupts {
        fn now(&self) -> Instant {
            SystemClock.now()
        }

        fn idle(&self, until: Option<Instant>) -> Option<Duration> {
            if !self.0.swap(true, Ordering::Relaxed) {
                interrupt_self();
                say("interrupted");
            }
            SystemClock.idle(until)
        }
    }

    let builder = EventLoop::builder().clock(Interrupts::default());
    let runner = Runner::with(builder).expect("the system has descriptors");
    let interrupted = runner.run(pending::<()>());
    say(interrupted.expect_err("nothing else ends it"));
}

/// The descriptor of the signal is left alone while work is ready; this one must not be.
fn busy_with_a_reader() {
    let (ours, mut theirs) = UnixStream::pair().expect("the system has descriptors");
    theirs.write_all(b"x").expect("there is room");
    let is_read = Arc::new(AtomicBool::new(false));
    let read = Arc::clone(&is_read);
    let ran = new_runner().run(async move {
        let handle = Handle::current();
        let callback = move || read.store(true, Ordering::Relaxed);
        handle
            .add_reader(&ours, callback)
            .expect("a socket can be watched");
        while !is_read.load(Ordering::Relaxed) {
            yield_now().await;
        }
        handle.remove_reader(&ours);
    });
    ran.expect("nothing ends it");
    say("read");
}

fn cancelled_by_others() {
    let cancelled = new_runner().run(async {
        interrupt_self();
        current_task().expect("this is a task").cancel_with("mine");
        pending::<()>().await;
    });
    match cancelled {
        Err(RunError::Cancelled(_)) => say("cancelled"),
        other => say(format!("{other:?}")),
    }
}

/// Cleans up asynchronously, and passes the request on.
fn cleans_up() {
    let interrupted = new_runner().run(async {
        let waited = catch_cancel(wait_to_be_interrupted()).await;
        let task = create_task(async {
            yield_now().await;
            "cleaned up"
        });
        say(task.await.expect("it is not cancelled"));
        drop(waited);
    });
    say(interrupted.expect_err("the request was passed on"));
}

fn swallowed() {
    let value = new_runner().run(async {
        swallow_one_interrupt().await;
        sleep(Duration::ZERO).await;
        7
    });
    say(value.expect("an interrupt that is swallowed interrupts nothing"));
    say_disposition("after");
}

fn second_while_it_goes_on() {
    let runner = new_runner();
    let interrupted = runner.run(async {
        let _dropped = Says("main dropped");
        swallow_one_interrupt().await;
        say("ready");
        pending::<()>().await;
    });
    say(interrupted.expect_err("nothing else ends it"));
    say_disposition("after");
}

/// The second comes back to a task that would swallow that one too, if it were asked.
fn swallowed_twice() {
    let interrupted = new_runner().run(async {
        let _dropped = Says("main dropped");
        swallow_one_interrupt().await;
        swallow_one_interrupt().await;
        say("never said");
    });
    say(interrupted.expect_err("it is not asked"));
}

fn blocked() {
    evloop::run(async {
        interrupt_self();
        say("alive after one");
        interrupt_self();
        say("alive after two");
        interrupt_self();
        say("never said");
    });
}

/// The main task ends before it can be told.
fn late() {
    let value = new_runner().run(async {
        interrupt_self();
        7
    });
    say(format!("{value:?}"));
}

fn before_the_run() {
    let runner = new_runner();
    say("made");
    interrupt_self();
    let _value = runner.run(async { say("never said") });
}

fn after_the_run() {
    let runner = new_runner();
    runner.run(async {}).expect("nothing ends it");
    say("ran");
    interrupt_self();
    say("never said");
}

/// A leftover task whose end takes for ever.
fn during_teardown() {
    struct Blocks;

    impl Drop for Blocks {
        fn drop(&mut self) {
            say_disposition("teardown");
            interrupt_self();
            say("never said");
        }
    }

    evloop::run(async {
        create_task(async {
            let _blocks = Blocks;
            pending::<()>().await;
        })
        .detach();
        yield_now().await;
    });
}

fn every_way_out() {
    let runner = new_runner();

    runner.run(async {}).expect("nothing ends it");
    say_disposition("value");

    std::panic::set_hook(Box::new(|_| {}));
    let panicked = catch_unwind(AssertUnwindSafe(|| runner.run(async { panic!("main") })));
    assert!(panicked.is_err());
    say_disposition("panic");

    let handle = runner.handle();
    let stopped = runner.run(async move {
        handle.stop();
        pending::<()>().await;
    });
    assert!(matches!(stopped, Err(RunError::Stopped)), "{stopped:?}");
    say_disposition("stop");

    let cancelled = runner.run(async {
        current_task().expect("this is a task").cancel();
        yield_now().await;
    });
    assert!(matches!(cancelled, Err(RunError::Cancelled(_))));
    say_disposition("cancel");

    runner
        .run(async {
            let inner = new_runner();
            assert!(matches!(inner.run(async {}), Err(RunError::Nested)));
            say_disposition("inside");
        })
        .expect("the outer run goes on");

    runner.close();
    assert!(matches!(runner.run(async {}), Err(RunError::Closed)));
    say_disposition("closed");
}

fn other_thread() {
    let thread = thread::Builder::new().spawn(|| {
        evloop::run(async {
            say_disposition("during");
            interrupt_self();
            pending::<()>().await;
        });
    });
    let _ended = thread.expect("the system has threads").join();
    say("never said");
}

fn handled_by_others() {
    let theirs = Watch::instead_of_default(Signal::INTERRUPT, 10).expect("it is the default one");
    let value = new_runner().run(async {
        interrupt_self();
        yield_now().await;
        7
    });
    say(value.expect("it is not ours"));
    say(theirs.count());
    say_disposition("after");
}

fn runners_in_sequence() {
    let (first, second) = (new_runner(), new_runner());
    for runner in [&first, &second, &first] {
        let n_steps = Cell::new(0);
        let interrupted = runner.run(async {
            assert!(get_running_loop().is_ok());
            interrupt_self();
            loop {
                n_steps.set(n_steps.get() + 1);
                yield_now().await;
            }
        });
        let interrupted = interrupted.map(|()| "").expect_err("nothing else ends it");
        say(format!("{interrupted} after {} step", n_steps.get()));
        say_disposition("between");
    }
}

/// Only a runner takes SIGINT, as in asyncio.
fn loop_alone() {
    let event_loop = EventLoop::new().expect("the system has descriptors");
    let _value = event_loop.run_until_complete(async {
        say_disposition("during");
        interrupt_self();
        say("never said");
    });
}

/// The first is awaited, and the second cancels the main task.
async fn await_ctrl_c() {
    let awaited = ctrl_c();
    say("ready");
    awaited.await.expect("nobody else handles it");
    say("awaited");
    wait_to_be_interrupted().await;
}

fn awaits_ctrl_c() {
    let interrupted = new_runner().run(await_ctrl_c());
    say(interrupted.expect_err("nothing else ends it"));
    say_disposition("after");
}

fn awaits_ctrl_c_on_a_runtime() {
    let interrupted = new_runtime().run(await_ctrl_c());
    say(interrupted.expect_err("nothing else ends it"));
    say_disposition("after");
}

fn handles_interrupts() {
    let interrupted = new_runner().run(async {
        let called = Arc::new(Event::new());
        let call = Arc::clone(&called);
        let handle = Handle::current();
        let added = handle.add_signal_handler(Signal::INTERRUPT, move || call.set());
        added.expect("nobody else handles it");
        for n_calls in 1..=5 {
            say("ready");
            called.wait().await;
            called.clear();
            say(format!("call {n_calls}"));
        }
        assert!(handle.remove_signal_handler(Signal::INTERRUPT));
        say("removed");
        wait_to_be_interrupted().await;
    });
    say(interrupted.expect_err("nothing else ends it"));
}

/// The run's own look at SIGINT needs no descriptor while work is ready; a handler does.
fn handles_while_busy() {
    let ran = new_runner().run(async {
        let is_called = Arc::new(AtomicBool::new(false));
        let called = Arc::clone(&is_called);
        let callback = move || called.store(true, Ordering::Relaxed);
        Handle::current()
            .add_signal_handler(Signal::INTERRUPT, callback)
            .expect("nobody else handles it");
        interrupt_self();
        while !is_called.load(Ordering::Relaxed) {
            yield_now().await;
        }
    });
    ran.expect("nothing ends it");
    say("handled");
}
