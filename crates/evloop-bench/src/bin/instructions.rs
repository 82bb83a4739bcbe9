//! Our hot paths, each so many times and no more, for `cargo xtask verify instructions`.
//!
//! `--list` prints the cases, one a line; a case's name runs it. `nothing` is what starting costs.
//! No case reads a clock or asks the system for anything but memory, so the same program executes
//! the same instructions each time.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks through its standard output"
)]

use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evloop_cancel::{catch_cancel, timeout_scope};
use evloop_combinators::{FirstCompleted, WaitSet, Waitable, gather, wait};
use evloop_executor::LocalExecutor;
use evloop_task::{Promise, Task, TaskGroup, create_task, yield_now};
use evloop_time::{ManualClock, TimeDriver, sleep};

/// Of tasks, callbacks, children and so on in each case.
const N: usize = 1_000;

const MINUTE: Duration = Duration::from_secs(60);

/// A name and what it runs.
type Case = (&'static str, fn());

const CASES: &[Case] = &[
    ("nothing", || {}),
    ("spawn_join_1000", || run(spawn_join())),
    ("spawn_join_one", || run(spawn_join_one())),
    ("spawn_detached", || run(spawn_detached())),
    ("yield", || run(yielding())),
    ("call_soon", || run(call_soon())),
    ("promise_set_await", || run(promise_set_await())),
    ("wait_first_completed_tasks", || {
        run(wait_first_completed_tasks())
    }),
    ("wait_first_completed", wait_first_completed),
    ("gather_1000", gather_1000),
    ("scope_ready", || run(scopes())),
    ("timeout_ready", || run_with_timers(timeouts_ready())),
    ("timeout_yield", || run_with_timers(timeouts_yield())),
    ("group_spawn_join", || run(group())),
    ("cancel_sleeping", || run(cancel_sleeping())),
    ("timer_insert_cancel", timer_insert_cancel),
    ("timer_reset", timer_reset),
];

fn main() -> ExitCode {
    let argument = std::env::args().nth(1).unwrap_or_default();
    if argument == "--list" {
        CASES.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    match CASES.iter().find(|(name, _)| *name == argument) {
        Some((_, case)) => {
            case();
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("instructions: no case `{argument}`; --list shows them");
            ExitCode::FAILURE
        }
    }
}

/// Turns a bare executor until `main` has ended.
fn run(main: impl Future<Output = ()> + 'static) {
    let executor = LocalExecutor::new();
    let _entered = executor.enter();
    let task: Task<()> = executor.spawn_local(main);
    while !task.done() {
        executor.take_arrivals();
        executor.run_ready(executor.n_ready());
    }
}

async fn spawn_join() {
    let tasks: Vec<_> = (0..N)
        .map(|n| create_task(async move { black_box(n) }))
        .collect();
    for task in tasks {
        assert!(task.await.is_ok());
    }
}

async fn spawn_join_one() {
    for n in 0..N {
        assert!(create_task(async move { black_box(n) }).await.is_ok());
    }
}

async fn spawn_detached() {
    for n in 0..N {
        create_task(async move { assert!(black_box(n) < N) }).detach();
    }
    yield_now().await;
}

async fn yielding() {
    const N_YIELDERS: usize = 10;
    let yielder = || async {
        for _ in 0..N {
            yield_now().await;
        }
    };
    let tasks: Vec<_> = (0..N_YIELDERS).map(|_| create_task(yielder())).collect();
    for task in tasks {
        assert!(task.await.is_ok());
    }
}

async fn call_soon() {
    let scheduler = evloop_task::current_scheduler().expect("a task runs on one");
    for n in 0..N {
        scheduler.call_soon(Box::new(move || assert!(black_box(n) < N)));
    }
    yield_now().await;
}

async fn promise_set_await() {
    for n in 0..N {
        let promise = Promise::new();
        let setter = promise.clone();
        let setting = create_task(async move { setter.set_result(n).is_ok() });
        assert_eq!(promise.await.ok(), Some(n));
        drop(setting);
    }
}

/// Ends when told, through a promise.
async fn wait_first_completed_tasks() {
    let promises: Vec<Promise<usize>> = (0..N).map(|_| Promise::new()).collect();
    let tasks = promises.iter().cloned().map(create_task_of);
    let (_, mut set) = wait(tasks)
        .timeout(yield_now())
        .await
        .expect("there are tasks");
    for (n, promise) in promises.iter().enumerate() {
        assert!(promise.set_result(n).is_ok());
        let waited = set.wait().return_when(FirstCompleted).await;
        let (done, pending) = waited.expect("there are tasks");
        assert_eq!(done.len(), 1);
        set = pending;
    }
}

fn create_task_of(promise: Promise<usize>) -> Task<bool> {
    create_task(async move { promise.await.is_ok() })
}

#[derive(Default)]
struct Flag {
    is_set: Cell<bool>,
    waiter: Cell<Option<Waker>>,
}

/// Pending until its flag is set.
struct Flagged(Rc<Flag>);

impl Future for Flagged {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.is_set.get() {
            return Poll::Ready(());
        }
        self.0.waiter.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

fn wait_first_completed() {
    let flags: Vec<Rc<Flag>> = (0..N).map(|_| Rc::default()).collect();
    let futures = flags.iter().map(|flag| Flagged(Rc::clone(flag)));
    let mut cx = Context::from_waker(Waker::noop());
    let register = pin!(wait(futures.map(Waitable::new)).timeout(std::future::ready(())));
    let Poll::Ready(Ok((_, mut set))) = register.poll(&mut cx) else {
        unreachable!("its time is over at once")
    };
    for flag in &flags {
        flag.is_set.set(true);
        flag.waiter.take().expect("it was polled").wake();
        set = first_of(set, &mut cx);
    }
    assert!(set.is_empty());
}

fn first_of(set: WaitSet<Waitable<Flagged>>, cx: &mut Context<'_>) -> WaitSet<Waitable<Flagged>> {
    match pin!(set.wait().return_when(FirstCompleted)).poll(cx) {
        Poll::Ready(Ok((done, pending))) if done.len() == 1 => pending,
        _ => unreachable!("one has ended"),
    }
}

/// As [`run`], with timers on a clock that stands still.
fn run_with_timers(main: impl Future<Output = ()> + 'static) {
    let driver = TimeDriver::new(Arc::new(ManualClock::new()));
    let _entered = driver.enter();
    run(main);
}

async fn scopes() {
    for n in 0..N {
        black_box(catch_cancel(ready(black_box(n))).await.is_ok());
    }
}

async fn timeouts_ready() {
    for n in 0..N {
        black_box(
            timeout_scope(sleep(MINUTE), ready(black_box(n)))
                .await
                .is_ok(),
        );
    }
}

async fn timeouts_yield() {
    for _ in 0..N {
        black_box(timeout_scope(sleep(MINUTE), yield_now()).await.is_ok());
    }
}

async fn group() {
    let ended = TaskGroup::scope(async |group| {
        for n in 0..N {
            let child = async move {
                black_box(n);
            };
            drop(group.create_task(child).expect("the group is open"));
        }
    });
    ended.await.expect("nobody fails");
}

async fn cancel_sleeping() {
    let tasks: Vec<Task<()>> = (0..N).map(|_| create_task(pending())).collect();
    yield_now().await;
    for task in &tasks {
        task.cancel();
    }
    for task in tasks {
        black_box(task.await.is_err());
    }
}

fn gather_1000() {
    let mut gathered = pin!(gather((0..N).map(async |n| {
        yield_now().await;
        black_box(n)
    })));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(gathered.as_mut().poll(&mut cx).is_pending());
    assert!(gathered.as_mut().poll(&mut cx).is_ready());
}

fn timer_insert_cancel() {
    let driver = TimeDriver::new(Arc::new(ManualClock::new()));
    let _entered = driver.enter();
    let mut cx = Context::from_waker(Waker::noop());
    for n in 0..N {
        let mut nap = pin!(sleep(Duration::from_millis(1 + n as u64)));
        assert!(nap.as_mut().poll(&mut cx).is_pending());
    }
}

fn timer_reset() {
    let driver = TimeDriver::new(Arc::new(ManualClock::new()));
    let _entered = driver.enter();
    let mut cx = Context::from_waker(Waker::noop());
    let mut nap = sleep(Duration::from_secs(1));
    assert!(Pin::new(&mut nap).poll(&mut cx).is_pending());
    let start = driver.now();
    for n in 0..N {
        // Whole seconds: whether their fractions carry over would depend on when the clock was made.
        nap.reset(start + Duration::from_secs((n as u64 * 7_919) % 10_000));
    }
}
