//! Bugs of others that must not happen here: the rows of the list that concern one thread.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use evloop_executor::{ExecutorHandle, LocalExecutor};
use evloop_fixtures::{Wakes, in_thread, join, watched};
use evloop_task::{Promise, Task, yield_now};

use crate::support::{Door, Tally, run_until_idle, survives};

#[test]
fn museum_bm12_what_the_root_queues_in_its_poll_runs_before_the_thread_parks() {
    watched(|| {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let (inside, mut waits) = (door.clone(), door);
        let mut spawned = false;

        executor.block_on(poll_fn(|cx| {
            if !std::mem::replace(&mut spawned, true) {
                let opener = inside.clone();
                executor.call_soon(move || opener.open());
            }
            Pin::new(&mut waits).poll(cx)
        }));
    });
}

#[test]
fn museum_bm12_a_task_that_yields_is_not_left_behind_by_a_parking_thread() {
    watched(|| {
        let executor = LocalExecutor::new();
        let task = executor.spawn(async {
            for _ in 0..100 {
                yield_now().await;
            }
        });

        assert!(executor.block_on(task).is_ok());
    });
}

#[test]
fn museum_bm23_promises_that_complete_one_another_need_no_stack() {
    fn link(n: usize, end: Waker) {
        let promise = Promise::new();
        promise.add_done_callback(move |_| if n == 0 { end.wake() } else { link(n - 1, end) });
        promise.set_result(()).unwrap();
    }
    on_small_stack(|| {
        let executor = LocalExecutor::new();
        let (wakes, waker) = Wakes::new();
        executor.call_soon(move || link(100_000, waker));
        run_until_idle(&executor);
        assert_eq!(wakes.count(), 1);
    });
}

#[test]
fn museum_bm23_tasks_that_await_one_another_need_no_stack() {
    const N: usize = 100_000;
    on_small_stack(|| {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let mut last = executor.spawn(door.clone());
        for _ in 0..N {
            let before = last;
            last = executor.spawn(async move { before.await.unwrap() });
        }
        run_until_idle(&executor);
        door.open();
        run_until_idle(&executor);
        assert!(last.result().unwrap().is_ok());
    });
}

#[test]
fn museum_bm23_dropping_a_chain_of_suspended_tasks_needs_no_stack() {
    const N: usize = 100_000;
    on_small_stack(|| {
        let executor = LocalExecutor::new();
        let tally = Tally::default();
        let mut last = executor.spawn(pending::<()>());
        for _ in 0..N {
            let (before, guest) = (last, tally.guest());
            last = executor.spawn(async move {
                let _guest = guest;
                before.await.unwrap();
            });
        }
        run_until_idle(&executor);
        drop((last, executor));
        assert_eq!((tally.made(), tally.live()), (N, 0));
    });
}

#[test]
fn f26_callbacks_that_add_callbacks_need_no_stack() {
    fn again(handle: ExecutorHandle, n: usize, count: Arc<AtomicUsize>) {
        count.fetch_add(1, Ordering::Relaxed);
        if n > 0 {
            handle
                .call_soon(move || again(handle, n - 1, count))
                .unwrap();
        }
    }
    on_small_stack(|| {
        let executor = LocalExecutor::new();
        let count = Arc::new(AtomicUsize::new(0));
        again(executor.handle(), 100_000, Arc::clone(&count));
        run_until_idle(&executor);
        assert_eq!(count.load(Ordering::Relaxed), 100_001);
    });
}

/// Runs a test where a recursion of some thousand levels overflows.
fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    watched(|| {
        let thread = std::thread::Builder::new()
            .stack_size(128 * 1024)
            .spawn(test);
        join(thread.expect("the system starts a thread"));
    });
}

#[test]
fn museum_bm61_only_the_waker_of_the_last_poll_is_woken() {
    watched(|| {
        let executor = LocalExecutor::new();

        let door = Door::default();
        let mut task = executor.spawn(door.clone());
        run_until_idle(&executor);
        only_b_is_woken("a task", &mut task, || {
            door.open();
            run_until_idle(&executor);
        });

        // Here the callbacks come first, and then the awaiter.
        let mut task = executor.spawn(async {});
        task.add_done_callback(|_| {});
        executor.run_ready(1);
        assert!(task.done());
        only_b_is_woken("a task with callbacks", &mut task, || {
            run_until_idle(&executor)
        });

        let door = Door::default();
        let inside = door.clone();
        let task = executor.spawn(async move {
            inside.await;
            Ok::<u8, u8>(1)
        });
        let mut flat = task.flatten();
        run_until_idle(&executor);
        only_b_is_woken("a flattened task", &mut flat, || {
            door.open();
            run_until_idle(&executor);
        });
    });
}

#[track_caller]
fn only_b_is_woken<F: Future + Unpin>(what: &str, future: &mut F, complete: impl FnOnce()) {
    let ((a, waker_a), (b, waker_b)) = (Wakes::new(), Wakes::new());
    for waker in [&waker_a, &waker_b] {
        assert!(
            Pin::new(&mut *future)
                .poll(&mut Context::from_waker(waker))
                .is_pending(),
            "{what}"
        );
    }
    complete();
    assert_eq!((a.count(), b.count()), (0, 1), "{what}");
    assert!(
        Pin::new(future)
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready(),
        "{what}"
    );
}

#[test]
fn museum_bm73_tasks_without_a_handle_all_complete() {
    const N: usize = 100_000;
    watched(|| {
        let executor = LocalExecutor::new();
        let finished = Arc::new(AtomicUsize::new(0));
        for _ in 0..N {
            let finished = Arc::clone(&finished);
            let task = executor.spawn(async move {
                yield_now().await;
                finished.fetch_add(1, Ordering::Relaxed);
            });
            drop(task);
        }

        run_until_idle(&executor);

        assert_eq!(finished.load(Ordering::Relaxed), N);
        assert!(executor.tasks().is_empty());
    });
}

#[test]
fn museum_bm73_a_suspended_task_without_handle_and_waker_lives_on() {
    watched(|| {
        let executor = LocalExecutor::new();
        let tally = Tally::default();
        let guest = tally.guest();
        executor
            .spawn(async move {
                let _guest = guest;
                pending::<()>().await;
            })
            .detach();

        run_until_idle(&executor);

        assert_eq!((tally.live(), executor.tasks().len()), (1, 1));
    });
}

#[test]
fn museum_bm74_awaits_of_one_endless_task_leave_one_waiter() {
    watched(|| {
        let executor = LocalExecutor::new();
        let mut endless = executor.spawn(pending::<()>());
        let (wakes, waker) = Wakes::new();
        for _ in 0..100_000 {
            let await_once = &mut endless;
            let mut await_once = std::pin::pin!(await_once);
            assert!(
                await_once
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        // Ours, the one in `waker`, and at most one that the task keeps.
        assert!(Arc::strong_count(&wakes) <= 3);
    });
}

#[test]
fn museum_bm94_what_is_stored_in_thread_locals_ends_cleanly() {
    thread_local! {
        static EARLY: RefCell<Option<Stored>> = const { RefCell::new(None) };
        static LATE: RefCell<Option<Stored>> = const { RefCell::new(None) };
    }
    survives(
        "museum::museum_bm94_what_is_stored_in_thread_locals_ends_cleanly",
        || {
            let dropped = Tally::default();
            for order in 0..2 {
                let tally = dropped.clone();
                join(in_thread(move || {
                    if order == 0 {
                        // Registers its destructor before any thread-local of evloop is touched.
                        EARLY.with_borrow(|stored| assert!(stored.is_none()));
                    }
                    let stored = Stored::new(&tally);
                    if order == 0 {
                        EARLY.set(Some(stored))
                    } else {
                        LATE.set(Some(stored))
                    }
                }));
            }
            assert_eq!((dropped.made(), dropped.live()), (4, 0));
        },
    );
}

struct Stored {
    _task: Task<()>,
    _promise: Promise<u8>,
    _handle: ExecutorHandle,
    _waker: Option<Waker>,
    _executor: LocalExecutor,
}

impl Stored {
    fn new(tally: &Tally) -> Self {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let (inside, guest, queued) = (door.clone(), tally.guest(), tally.guest());
        let task = executor.spawn_local(async move {
            let _guest = guest;
            inside.await;
        });
        run_until_idle(&executor);
        let promise = Promise::new_in(executor.scheduler());
        promise.add_done_callback(|_| {});
        executor.call_soon(move || drop(queued));
        Self {
            _task: task,
            _promise: promise,
            _handle: executor.handle(),
            _waker: door.waker(),
            _executor: executor,
        }
    }
}

#[test]
fn museum_bm78_a_hook_that_uses_the_executor_it_is_called_by() {
    watched(|| {
        let executor = LocalExecutor::new();
        let handle = executor.handle();
        let ran = Arc::new(Mutex::new(Vec::new()));
        // A reporter may queue work, and so may a destructor that runs inside of a cancel.
        let seen = Arc::clone(&ran);
        executor.set_reporter(Some(Arc::new(move |context| {
            let (seen, text) = (Arc::clone(&seen), context.message.clone());
            handle
                .call_soon(move || seen.lock().unwrap().push(text))
                .unwrap();
        })));
        executor.spawn(async { panic!("a panic") }).detach();
        let dropped = Arc::clone(&ran);
        let guard = crate::support::OnDrop(move || {
            let dropped = Arc::clone(&dropped);
            handle
                .call_soon(move || dropped.lock().unwrap().push("dropped".to_owned()))
                .unwrap();
        });
        executor.call_soon(move || drop(guard)).cancel();

        run_until_idle(&executor);

        assert_eq!(ran.lock().unwrap().len(), 2, "{ran:?}");
    });
}

#[test]
fn museum_bm20_a_task_that_always_wakes_itself_leaves_the_turn_to_others() {
    watched(|| {
        let executor = LocalExecutor::new();
        let n_polls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&n_polls);
        executor
            .spawn(poll_fn(move |cx| {
                count.fetch_add(1, Ordering::Relaxed);
                cx.waker().wake_by_ref();
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            }))
            .detach();
        let (wakes, waker) = Wakes::new();
        executor.call_soon(move || waker.wake());

        assert_eq!(executor.run_ready(executor.n_ready()), 2);

        assert_eq!((n_polls.load(Ordering::Relaxed), wakes.count()), (1, 1));
        assert_eq!(executor.n_ready(), 1, "however often it woke itself");
    });
}
