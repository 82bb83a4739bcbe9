//! The program in which threads end, and the whole process, with things of evloop in thread-locals. Its
//! arguments are a scenario and, for some, when the thread-local is first touched.

mod kept;
mod leaving;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use evloop::{EventLoop, Runtime, to_thread};
use evloop_tests::on_thread;
use evloop_tests::watchdog::Watchdog;

use kept::{Kept, When, hold, hold_with_loop};

/// Destructors of thread-locals that have run to their end.
static N_DESTROYED: AtomicUsize = AtomicUsize::new(0);

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    // It is never called off: what follows `main` could hang as well.
    std::mem::forget(Watchdog::new(Duration::from_secs(20)));
    match words[..] {
        ["main_thread", when] => run_loop(When::named(when)),
        ["loop_thread", when] => loop_thread(When::named(when)),
        ["loop_in_thread_local", when] => loop_in_thread_local(When::named(when)),
        ["worker", when] => worker(When::named(when)),
        ["pool_of_a_loop", when] => pool_of_a_loop(When::named(when)),
        ["pool_of_a_runtime", when] => pool_of_a_runtime(When::named(when)),
        ["handle_of_a_loop", when] => handle_of_a_loop(When::named(when)),
        ["handle_of_a_runtime", when] => handle_of_a_runtime(When::named(when)),
        ["main_returns", flavour] => leaving::main_returns(flavour),
        ["exit_in_a_task", flavour] => leaving::exit_in_a_task(flavour),
        ["exit_beside_tasks", flavour] => leaving::exit_beside_tasks(flavour),
        _ => panic!("there is no scenario {words:?}"),
    }
    say("main ends");
}

fn say(line: impl Display) {
    writeln!(io::stdout(), "{line}").expect("the test reads standard output");
}

/// Threads that nobody joins end in their own time.
fn wait_for_destructors() {
    while N_DESTROYED.load(Ordering::SeqCst) < 2 {
        thread::yield_now();
    }
}

fn new_loop() -> EventLoop {
    EventLoop::new().expect("the system has descriptors")
}

fn new_runtime() -> Runtime {
    let runtime = Runtime::builder().n_workers(2).build();
    runtime.expect("the system has descriptors and threads")
}

/// The loop is gone when the thread ends.
fn run_loop(when: When) {
    when.touch_early();
    let event_loop = new_loop();
    event_loop
        .run_until_complete(async move { hold(Kept::new().await) })
        .expect("it ends");
}

fn loop_thread(when: When) {
    let thread = on_thread(move || run_loop(when));
    thread.join().expect("it does not panic");
    wait_for_destructors();
}

/// The loop ends in the same destructor, after everything was touched.
fn loop_in_thread_local(when: When) {
    let body = move || {
        when.touch_early();
        let event_loop = new_loop();
        let kept = event_loop.run_until_complete(Kept::new());
        hold_with_loop(kept.expect("it ends"), event_loop);
    };
    on_thread(body).join().expect("it does not panic");
    wait_for_destructors();
}

/// The workers end when the runtime is dropped.
fn worker(when: When) {
    let runtime = Runtime::builder()
        .n_workers(2)
        .on_thread_start(move |_| when.touch_early())
        .build();
    let runtime = runtime.expect("the system has descriptors and threads");
    let task = runtime.create_task(async move {
        hold(Kept::new().await);
    });
    runtime
        .block_on(task)
        .expect("it is open")
        .expect("it ends");
    drop(runtime);
    wait_for_destructors();
}

async fn hold_on_a_pool_thread(when: When) {
    let kept = Kept::new().await;
    let held = to_thread(move || {
        when.touch_early();
        hold(kept);
    });
    held.await.expect("it does not panic");
}

fn pool_of_a_loop(when: When) {
    evloop::run(hold_on_a_pool_thread(when));
    wait_for_destructors();
}

fn pool_of_a_runtime(when: When) {
    let runtime = new_runtime();
    runtime
        .run(hold_on_a_pool_thread(when))
        .expect("it is open");
    drop(runtime);
    wait_for_destructors();
}

/// A thread that runs nothing, and ends while the loop runs.
fn hold_on_a_foreign_thread(when: When, kept: Kept) {
    let thread = on_thread(move || {
        when.touch_early();
        let (called, is_called) = mpsc::channel();
        let call = move || called.send(()).expect("it is waited for");
        kept.handle
            .call_soon_threadsafe(call)
            .expect("it is not closed");
        is_called.recv().expect("the loop runs");
        hold(kept.of_a_loop_that_stays());
    });
    thread.join().expect("it does not panic");
}

fn handle_of_a_loop(when: When) {
    let event_loop = new_loop();
    let kept = event_loop.run_until_complete(Kept::new());
    let kept = kept.expect("it ends");
    let has_ended = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&has_ended);
    let handle = event_loop.handle();
    let thread = on_thread(move || {
        hold_on_a_foreign_thread(when, kept);
        ended.store(true, Ordering::SeqCst);
        handle.stop();
    });
    while !has_ended.load(Ordering::SeqCst) {
        event_loop.run_forever().expect("it is stopped");
    }
    thread.join().expect("it does not panic");
    wait_for_destructors();
}

fn handle_of_a_runtime(when: When) {
    let runtime = new_runtime();
    let task = runtime.create_task(Kept::new());
    let kept = runtime.block_on(task).expect("it is open");
    hold_on_a_foreign_thread(when, kept.expect("it ends"));
    wait_for_destructors();
}
