//! The program that the tests of forks run: a process with loops and runtimes, and its children.
//!
//! # Invariants
//!
//! 1. A child has the one thread that forks, and ends in `in_child`, whatever it does: it never returns to
//!    what the parent was doing, and destructors of the caller do not run in it. Other threads of the parent
//!    hold none of the locks that it takes, except where the scenario is about that.

#![expect(unsafe_code, reason = "only C forks")]

use std::fmt::Display;
use std::future::pending;
use std::io::{self, Write};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use evloop::process::{Child, ChildLost, Command as AsyncCommand};
use evloop::{
    Async, EventLoop, Handle, PipeWriter, RunError, Runtime, Signal, create_task, current_task,
    gather, get_running_loop, signals, sleep, to_thread, yield_now,
};
use evloop_reactor::Reactor;
use evloop_tests::on_thread;
use evloop_tests::watchdog::Watchdog;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, waitid, waitpid};

const SCENARIOS: &[(&str, fn())] = &[
    ("in_a_task", in_a_task),
    ("old_loop", old_loop),
    ("old_runtime", old_runtime),
    ("back_in_the_old_loop", back_in_the_old_loop),
    ("parent_keeps_its_events", parent_keeps_its_events),
    (
        "parent_keeps_its_portable_reactor",
        parent_keeps_its_portable_reactor,
    ),
    ("while_workers_wake", while_workers_wake),
    ("signals_of_a_child", signals_of_a_child),
    ("descriptors_of_a_program", descriptors_of_a_program),
    ("beside_orphans", beside_orphans),
    ("while_orphans_end", while_orphans_end),
    ("children_of_the_parent", children_of_the_parent),
];

fn main() {
    let _watchdog = Watchdog::new(Duration::from_secs(20));
    let name = std::env::args().nth(1).unwrap_or_default();
    match SCENARIOS.iter().find(|(known, _)| *known == name) {
        Some((_, scenario)) => scenario(),
        None => panic!("there is no scenario `{name}`"),
    }
    say("done");
}

fn say(line: impl Display) {
    writeln!(io::stdout(), "{line}").expect("the test reads standard output");
}

/// Runs `body` in a child, which ends well unless it panics or hangs. Returns in the parent, at once.
fn in_child(body: impl FnOnce()) -> Pid {
    // SAFETY: (1) of the child.
    let forked = unsafe { libc::fork() };
    if forked == 0 {
        // The watchdog's thread is the parent's.
        // SAFETY: (1) the default action of the alarm ends the child.
        unsafe { libc::alarm(10) };
        let ended = catch_unwind(AssertUnwindSafe(body));
        // SAFETY: (1) it ends here.
        unsafe { libc::_exit(i32::from(ended.is_err())) };
    }
    Pid::from_raw(forked).expect("the system makes a process")
}

/// Waits for a child, which has to end well.
#[track_caller]
fn wait_for(child: Pid) {
    let waited = waitpid(Some(child), WaitOptions::empty()).expect("it is a child");
    let (_, status) = waited.expect("it has ended");
    assert_eq!(status.exit_status(), Some(0), "{status:?}");
}

/// What every child can do: run a loop of its own.
fn run_own_loop() {
    let sum = evloop::run(async {
        let tasks = (1..=10).map(|n| {
            create_task(async move {
                sleep(Duration::from_micros(10)).await;
                n
            })
        });
        let numbers = gather(tasks).await.into_iter();
        let sum: u32 = numbers.map(|n| n.expect("nobody cancels it")).sum();
        assert!(get_running_loop().is_ok() && current_task().is_some());
        sum + to_thread(|| 1).await.expect("it does not panic")
    });
    assert_eq!(sum, 56);
}

fn in_a_task() {
    evloop::run(async {
        let parent = current_task().expect("this is a task");
        let old = Handle::current();
        let child = in_child(|| {
            assert!(get_running_loop().is_err());
            assert!(Handle::try_current().is_err());
            assert!(current_task().is_none());
            let refused = catch_unwind(|| create_task(async {}));
            assert!(refused.is_err(), "there is no loop to run it");
            run_own_loop();
            assert!(get_running_loop().is_err());
            assert!(current_task().is_none());
            assert!(old.call_soon_threadsafe(|| {}).is_err());
            run_own_loop();
        });
        wait_for(child);
        assert_eq!(current_task().map(|task| task.id()), Some(parent.id()));
        create_task(async {}).await.expect("the parent goes on");
    });
}

fn old_loop() {
    let event_loop = EventLoop::new().expect("the system has descriptors");
    event_loop.create_task(pending::<()>()).detach();
    let (ours, _theirs) = StdUnixStream::pair().expect("the system has descriptors");
    let child = in_child(|| {
        let refused = event_loop.run_until_complete(async {});
        assert!(matches!(refused, Err(RunError::Forked)), "{refused:?}");
        let refused = event_loop.run_forever();
        assert!(matches!(refused, Err(RunError::Forked)), "{refused:?}");
        assert!(event_loop.call_soon_threadsafe(|| {}).is_err());
        let refused = event_loop.create_task(async {});
        assert!(refused.cancelled(), "nobody would run it: {refused:?}");
        assert!(event_loop.add_reader(&ours, || {}).is_err());
        assert!(
            event_loop
                .add_signal_handler(Signal::USER_1, || {})
                .is_err()
        );
        run_own_loop();
        event_loop.close();
        run_own_loop();
    });
    wait_for(child);
    event_loop
        .run_until_complete(sleep(Duration::from_millis(1)))
        .expect("it is the parent's");
}

fn old_runtime() {
    let runtime = Runtime::builder().n_workers(2).build();
    let runtime = runtime.expect("the system has descriptors");
    let child = in_child(|| {
        let refused = runtime.block_on(async {});
        assert!(matches!(refused, Err(RunError::Forked)), "{refused:?}");
        assert!(runtime.call_soon_threadsafe(|| {}).is_err());
        assert!(runtime.create_task(async {}).cancelled());
        let own = Runtime::builder().n_workers(2).build();
        let own = own.expect("the system has descriptors");
        let task = own.create_task(async { 5 });
        assert_eq!(own.block_on(task).expect("it is open").expect("it ends"), 5);
        // Its workers do not exist: nobody waits for them.
        runtime.close();
    });
    wait_for(child);
    let task = runtime.create_task(async { 6 });
    let ended = runtime.block_on(task).expect("it is the parent's");
    assert_eq!(ended.expect("it ends"), 6);
}

/// The child does not end in its task but lets the old loop go on, which has to notice. It has threads of
/// its own only, so that the whole program may end in it.
fn back_in_the_old_loop() {
    let event_loop = EventLoop::new().expect("the system has descriptors");
    let child = AtomicUsize::new(0);
    let ran = event_loop.run_until_complete(async {
        // SAFETY: (1) the child ends below.
        let forked = unsafe { libc::fork() };
        child.store(
            usize::try_from(forked).expect("it is forked"),
            Ordering::SeqCst,
        );
        sleep(Duration::from_millis(1)).await;
        9
    });
    let child = i32::try_from(child.load(Ordering::SeqCst)).expect("it was one");
    match Pid::from_raw(child) {
        Some(child) => {
            assert_eq!(ran.expect("it is the parent's"), 9);
            wait_for(child);
        }
        None => {
            let is_noticed = matches!(ran, Err(RunError::Forked));
            // SAFETY: (1) it ends here.
            unsafe { libc::_exit(i32::from(!is_noticed)) };
        }
    }
}

/// Neither a child that drops everything, nor one that turns the loop, takes anything from the parent.
fn parent_keeps_its_events() {
    let event_loop = EventLoop::new().expect("the system has descriptors");
    let n_called = Arc::new(AtomicUsize::new(0));
    let (ours, mut theirs) = StdUnixStream::pair().expect("the system has descriptors");
    let called = Arc::clone(&n_called);
    let handle = event_loop.handle();
    event_loop
        .add_reader(&ours, move || {
            called.fetch_add(1, Ordering::SeqCst);
            handle.stop();
        })
        .expect("a socket can be watched");
    let (mine, mut yours) = StdUnixStream::pair().expect("the system has descriptors");
    let socket = event_loop
        .run_until_complete(async { Async::new(mine).expect("it can be watched") })
        .expect("it ends");
    let mut kept = Some((event_loop, socket));

    for _ in 0..3 {
        let child = in_child(|| {
            let (event_loop, socket) = kept.take().expect("it was not taken yet");
            event_loop.remove_reader(&ours);
            assert!(event_loop.run_until_complete(async {}).is_err());
            drop(socket);
            drop(event_loop);
            run_own_loop();
        });
        wait_for(child);
    }

    let (event_loop, socket) = kept.expect("only children have taken it");
    theirs.write_all(b"x").expect("there is room");
    event_loop.run_forever().expect("it is stopped");
    assert!(n_called.load(Ordering::SeqCst) > 0);
    event_loop.remove_reader(&ours);
    yours.write_all(b"y").expect("there is room");
    event_loop
        .run_until_complete(socket.readable())
        .expect("it ends")
        .expect("it is readable");
}

/// As above, where the parent waits as on systems other than Linux.
fn parent_keeps_its_portable_reactor() {
    let reactor = Reactor::portable().expect("the system has descriptors");
    let (ours, mut theirs) = StdUnixStream::pair().expect("the system has descriptors");
    ours.set_nonblocking(true).expect("a socket can be");
    let source = reactor.handle().register(ours);
    let source = source.expect("a socket can be watched");
    let mut kept = Some((reactor, source));

    for _ in 0..3 {
        let child = in_child(|| {
            let (mut reactor, source) = kept.take().expect("it was not taken yet");
            reactor.notifier().notify();
            assert!(reactor.poll(None, &mut Vec::new()).is_err());
            drop(source);
            drop(reactor);
            let mut own = Reactor::portable().expect("the system has descriptors");
            own.notifier().notify();
            own.poll(None, &mut Vec::new()).expect("it is notified");
        });
        wait_for(child);
    }

    let (mut reactor, source) = kept.expect("only children have taken it");
    let mut woken = Vec::new();
    // That the socket can be written is the first event.
    let waited = reactor.poll(Some(Duration::ZERO), &mut woken);
    assert_eq!(waited.expect("the reactor is the parent's"), 1);
    // A timer of the system ends this wait, a notification the next, which has begun or not.
    let waited = reactor.poll(Some(Duration::from_millis(1)), &mut woken);
    assert_eq!(waited.expect("the timer is there"), 0);
    reactor.begin_turn();
    let notifier = reactor.notifier();
    thread::scope(|scope| {
        scope.spawn(|| notifier.notify());
        let waited = reactor.poll(None, &mut woken);
        assert_eq!(waited.expect("it is notified"), 0);
    });
    let mut readable = pin!(source.readable());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(readable.as_mut().poll(&mut cx).is_pending());
    theirs.write_all(b"x").expect("there is room");
    while woken.is_empty() {
        let waited = reactor.poll(None, &mut woken);
        waited.expect("the reactor is the parent's");
    }
    assert!(readable.poll(&mut cx).is_ready());
}

fn while_workers_wake() {
    let runtime = Runtime::builder().n_workers(8).build();
    let runtime = runtime.expect("the system has descriptors and threads");
    let n_steps = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let n_steps = Arc::clone(&n_steps);
            runtime.create_task(async move {
                for _ in 0..2000 {
                    n_steps.fetch_add(1, Ordering::SeqCst);
                    yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..20 {
        let child = in_child(|| {
            assert!(runtime.block_on(async {}).is_err());
            let event_loop = EventLoop::new().expect("the system has descriptors");
            let ran = event_loop.run_until_complete(sleep(Duration::from_micros(1)));
            ran.expect("it is the child's own");
        });
        wait_for(child);
    }
    runtime.block_on(gather(tasks)).expect("it is the parent's");
    assert_eq!(n_steps.load(Ordering::SeqCst), 32 * 2000);
}

/// A signal of the child is the child's: the parent neither counts it nor wakes up.
fn signals_of_a_child() {
    let event_loop = EventLoop::new().expect("the system has descriptors");
    let mut ours = event_loop
        .handle()
        .signals([Signal::USER_1])
        .expect("nobody else handles it");
    let child = in_child(|| {
        // SAFETY: (1) the handler is evloop's.
        unsafe { libc::raise(libc::SIGUSR1) };
        evloop::run(async {
            let mut own = signals([Signal::USER_1]).expect("nobody else handles it");
            assert_eq!(own.try_next(), None, "that was before");
            // SAFETY: (1) as above.
            unsafe { libc::raise(libc::SIGUSR1) };
            assert_eq!(own.next().await, Some(Signal::USER_1));
        });
    });
    wait_for(child);
    assert_eq!(ours.try_next(), None);
    event_loop
        .run_until_complete(async {
            // SAFETY: (1) as above.
            unsafe { libc::raise(libc::SIGUSR1) };
            assert_eq!(ours.next().await, Some(Signal::USER_1));
        })
        .expect("it ends");
}

/// What a program has open that is started here.
fn descriptors() -> String {
    let listed = Command::new("ls").arg("/proc/self/fd").output();
    let listed = listed.expect("the system has `ls`");
    String::from_utf8(listed.stdout).expect("these are numbers")
}

fn descriptors_of_a_program() {
    let before = descriptors();
    let runtime = Runtime::builder().n_workers(2).build();
    let runtime = runtime.expect("the system has descriptors");
    evloop::run(async {
        let anywhere = ("127.0.0.1", 0);
        let listener = evloop::TcpListener::bind(anywhere).await;
        let listener = listener.expect("the system has ports");
        let address = listener.local_addr().expect("it is bound");
        let (client, accepted) =
            gather((evloop::TcpStream::connect(address), listener.accept())).await;
        let datagrams = evloop::UdpSocket::bind(anywhere).await;
        let pipe = evloop::pipe().expect("the system has descriptors");
        let pair = evloop::UnixStream::pair().expect("the system has descriptors");
        let watched = StdUnixStream::pair().expect("the system has descriptors");
        let handle = Handle::current();
        handle
            .add_reader(&watched.0, || {})
            .expect("a socket can be watched");
        let heard = signals([Signal::USER_1]).expect("nobody else handles it");
        let during = to_thread(descriptors).await.expect("it does not panic");
        assert_eq!(during, before);
        handle.remove_reader(&watched.0);
        drop((client, accepted, datagrams, pipe, pair, heard));
    });
    drop(runtime);
}

/// Runs until its input ends, which is returned.
fn cat() -> (Child, PipeWriter) {
    let mut command = AsyncCommand::new("/bin/cat");
    let child = command.stdin(Stdio::piped()).spawn();
    let mut child = child.expect("the system has processes");
    let stdin = child.stdin.take().expect("it is piped");
    (child, stdin)
}

/// Leaves a running child to be reaped, by a thread that the process has for that.
fn leave_an_orphan() -> PipeWriter {
    let (child, stdin) = cat();
    drop(child);
    stdin
}

/// Returns when all children are reaped, as this process sees it.
fn wait_until_alone() {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while !matches!(waitid(WaitId::All, look), Err(Errno::CHILD)) {
        thread::yield_now();
    }
}

/// Children of its own, of which one is waited for and two are not.
fn have_children() {
    evloop::run(async {
        let waited = AsyncCommand::new("/bin/true").spawn();
        let waited = waited.expect("the system has processes").wait().await;
        assert!(waited.expect("nobody else reaps it").success());
        drop((leave_an_orphan(), leave_an_orphan()));
    });
    wait_until_alone();
}

fn beside_orphans() {
    let inputs = evloop::run(async { [leave_an_orphan(), leave_an_orphan()] });
    let child = in_child(|| {
        have_children();
        let inputs = evloop::run(async { [leave_an_orphan(), leave_an_orphan()] });
        wait_for(in_child(have_children));
        drop(inputs);
        wait_until_alone();
    });
    wait_for(child);
    let child = in_child(have_children);
    wait_for(child);
    // The parent's are still there, and the parent reaps them.
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    assert!(matches!(waitid(WaitId::All, look), Ok(None)));
    drop(inputs);
    wait_until_alone();
}

/// Another thread has children all the time, so that children begin with any state of who reaps them.
fn while_orphans_end() {
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&is_over);
    // Forks are counted from the first loop on: none is to begin while another thread makes that.
    drop(EventLoop::new().expect("the system has descriptors"));
    let busy = on_thread(move || {
        while !ends.load(Ordering::SeqCst) {
            evloop::run(async { drop((leave_an_orphan(), leave_an_orphan())) });
        }
    });
    for _ in 0..50 {
        wait_for(in_child(have_children));
    }
    is_over.store(true, Ordering::SeqCst);
    busy.join().expect("it does not panic");
    wait_until_alone();
}

/// A child process that the parent has started is none of the child's, which is told, and kills it not.
fn children_of_the_parent() {
    for is_descriptor in [true, false] {
        evloop::run(async {
            let mut command = AsyncCommand::new("/bin/cat");
            command.stdin(Stdio::piped()).kill_on_drop();
            if !is_descriptor {
                command.without_pidfd();
            }
            let mut child = command.spawn().expect("the system has processes");
            let stdin = child.stdin.take();
            let mut kept = Some(child);
            let forked = in_child(|| {
                let child = kept.take().expect("it was not taken yet");
                let waited = evloop::run(async { child.wait().await });
                for lost in [waited, child.try_wait().map(Option::unwrap_or_default)] {
                    let lost = lost.expect_err("it is no child here");
                    let is_lost = lost.get_ref().is_some_and(|inner| inner.is::<ChildLost>());
                    assert!(is_lost, "{lost}");
                }
                drop(child);
                have_children();
            });
            wait_for(forked);
            let child = kept.take().expect("only the child has taken it");
            let running = child.try_wait().expect("it is a child");
            assert!(running.is_none(), "{running:?}");
            drop(stdin);
            let status = child.wait().await.expect("nobody else reaps it");
            assert!(status.success(), "{status}");
        });
    }
}
