//! F13: destructors, wakers and payloads that panic. Each scenario has a process of its own, since
//! what goes wrong here aborts.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use evloop_executor::LocalExecutor;
use evloop_fixtures::{in_thread, join};
use evloop_task::Promise;

use crate::support::{Bomb, Door, Tally, reporting, run_until_idle, survives};

macro_rules! scenarios {
    ($($name:ident $body:block)+) => { $(
        #[test]
        fn $name() {
            survives(concat!("panicking_drops::", stringify!($name)), || $body);
        }
    )+ };
}

/// Fails unless `f` returns.
#[track_caller]
fn no_unwind<R>(what: &str, f: impl FnOnce() -> R) -> R {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => value,
        Err(_) => panic!("{what} unwound into its caller"),
    }
}

scenarios! {
    a_coroutine_that_panics_in_drop_is_reported_once {
        let (executor, reports) = reporting();
        let bomb = Bomb("coroutine");
        let task = executor.spawn(async move {
            let _bomb = bomb;
            pending::<()>().await;
        });
        run_until_idle(&executor);
        task.cancel();
        no_unwind("a step", || run_until_idle(&executor));
        assert!(task.cancelled());
        assert_eq!(reports.take().len(), 1);
    }

    a_coroutine_that_panics_in_poll_and_then_in_drop_ends_panicked {
        let (executor, reports) = reporting();
        let bomb = Bomb("second");
        // The bomb is a part of the future that is dropped after the panic was caught.
        let mut bomb = Some(bomb);
        let task = executor.spawn(std::future::poll_fn(move |_| -> Poll<()> {
            assert!(bomb.is_none(), "first");
            bomb.take();
            Poll::Pending
        }));
        no_unwind("a step", || run_until_idle(&executor));
        assert!(task.result().unwrap().as_ref().unwrap_err().is_panic());
        assert_eq!(reports.take().len(), 1, "the destructor is reported, the panic was read");
    }

    museum_bm17_an_output_that_panics_in_drop_without_a_handle {
        let (executor, reports) = reporting();
        executor.spawn(async { Bomb("output") }).detach();
        no_unwind("a step", || run_until_idle(&executor));
        assert_eq!(reports.take().len(), 1);
    }

    museum_bm17_an_output_that_panics_in_drop_with_its_handle {
        let (executor, reports) = reporting();
        let task = executor.spawn(async { Bomb("output") });
        run_until_idle(&executor);
        let _entered = executor.enter();
        no_unwind("dropping the handle", || drop(task));
        assert_eq!(reports.take().len(), 1);
    }

    museum_bm17_an_output_that_was_read_panics_in_drop_with_its_handle {
        let (executor, reports) = reporting();
        let task = executor.spawn(async { Bomb("output") });
        run_until_idle(&executor);
        assert!(task.result().is_ok());
        let _entered = executor.enter();
        no_unwind("dropping the handle", || drop(task));
        assert_eq!(reports.take().len(), 1);
    }

    museum_bm17_an_output_with_callbacks_panics_in_drop_behind_them {
        let (executor, reports) = reporting();
        let task = executor.spawn(async { Bomb("output") });
        task.add_done_callback(|result| assert!(result.is_ok()));
        drop(task);
        no_unwind("a turn", || run_until_idle(&executor));
        assert_eq!(reports.take().len(), 1);
    }

    a_done_callback_that_panics_in_drop_after_its_run {
        let (executor, reports) = reporting();
        let task = executor.spawn(async {});
        let bomb = Bomb("callback");
        task.add_done_callback(move |_| drop(bomb));
        no_unwind("a turn", || run_until_idle(&executor));
        assert_eq!(reports.take().len(), 1);
        assert!(task.done());
    }

    a_done_callback_that_panics_in_drop_at_the_end_of_the_executor {
        let executor = LocalExecutor::new();
        let task = executor.spawn(pending::<()>());
        let bomb = Bomb("callback");
        task.add_done_callback(move |_| drop(bomb));
        drop(task);
        run_until_idle(&executor);
        no_unwind("dropping the executor", || drop(executor));
    }

    a_done_callback_that_panics_in_drop_with_the_runnable {
        // The step is dropped, not run: the task is abandoned with its callbacks.
        let executor = LocalExecutor::new();
        let task = executor.spawn(pending::<()>());
        let bomb = Bomb("callback");
        task.add_done_callback(move |_| drop(bomb));
        drop(task);
        let step = executor.next_step();
        no_unwind("dropping the step", || drop(step));
    }

    a_queued_callback_that_panics_in_drop_at_the_end_of_the_executor {
        let executor = LocalExecutor::new();
        let bomb = Bomb("callback");
        executor.call_soon(move || drop(bomb));
        no_unwind("dropping the executor", || drop(executor));
    }

    an_arrived_callback_that_panics_in_drop_at_the_end_of_the_executor {
        let executor = LocalExecutor::new();
        let handle = executor.handle();
        let bomb = Bomb("callback");
        join(in_thread(move || drop(handle.call_soon(move || drop(bomb)))));
        no_unwind("dropping the executor", || drop(executor));
    }

    a_late_callback_that_panics_in_drop_does_not_make_its_executor_leak {
        let executor = LocalExecutor::new();
        executor.close();
        let promise = Promise::<u8>::new_in(executor.scheduler());
        promise.set_result(1).unwrap();
        let bomb = Bomb("late callback");
        // Whether it unwinds is another test's business.
        drop(catch_unwind(AssertUnwindSafe(|| promise.add_done_callback(move |_| drop(bomb)))));

        let tally = Tally::default();
        let guest = tally.guest();
        drop(executor.spawn(async move { drop(guest) }));
        assert_eq!(tally.live(), 0, "later guests are dropped all the same");
    }

    a_callback_that_panics_in_drop_when_cancelled {
        let (executor, reports) = reporting();
        let _entered = executor.enter();
        let bomb = Bomb("callback");
        let handle = executor.call_soon(move || drop(bomb));
        assert!(no_unwind("cancel", || handle.cancel()));
        assert_eq!(reports.take().len(), 1);
    }

    a_payload_that_panics_in_drop {
        let (executor, _reports) = reporting();
        executor.spawn(async { std::panic::panic_any(Bomb("payload")) }).detach();
        executor.call_soon(|| std::panic::panic_any(Bomb("payload")));
        let task = executor.spawn(async { std::panic::panic_any(Bomb("payload")) });
        no_unwind("a turn", || run_until_idle(&executor));
        no_unwind("dropping the handle", || drop(task));
    }

    museum_bm19_an_awaiter_whose_waker_panics {
        let (executor, _reports) = reporting();
        let door = Door::default();
        let mut task = executor.spawn(door.clone());
        run_until_idle(&executor);
        let waker = Waker::from(Arc::new(Mine));
        assert!(poll(&mut task, &waker).is_pending());
        drop(waker);
        door.open();
        no_unwind("a turn", || run_until_idle(&executor));
        assert!(task.done());
    }

    museum_bm19_an_awaiter_behind_callbacks_whose_waker_panics {
        let (executor, _reports) = reporting();
        let mut task = executor.spawn(async { 1 });
        task.add_done_callback(|_| {});
        executor.run_ready(1);
        let waker = Waker::from(Arc::new(Mine));
        assert!(poll(&mut task, &waker).is_pending(), "the callbacks come first");
        no_unwind("a turn", || run_until_idle(&executor));
        assert!(poll(&mut task, Waker::noop()).is_ready());
    }

    museum_bm19_an_awaiter_whose_waker_panics_when_it_is_dropped {
        let (executor, _reports) = reporting();
        let door = Door::default();
        let mut task = executor.spawn(door.clone());
        run_until_idle(&executor);
        let waker = Waker::from(Arc::new(MineInDrop(Bomb("waker"))));
        assert!(poll(&mut task, &waker).is_pending());
        // Ours is not the last one: the task's is, and it is dropped when another one comes.
        assert!(catch_unwind(AssertUnwindSafe(|| drop(waker))).is_ok());
        assert!(no_unwind("another await", || poll(&mut task, Waker::noop())).is_pending());
        door.open();
        no_unwind("a turn", || run_until_idle(&executor));
        assert!(task.done());
    }

    an_unparker_that_panics_does_not_reach_who_wakes {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let _task = executor.spawn(door.clone());
        run_until_idle(&executor);
        executor.set_unparker(Waker::from(Arc::new(Mine)));
        let waker = door.waker().unwrap();
        join(in_thread(move || no_unwind("wake", || waker.wake())));
        door.open();
        run_until_idle(&executor);
        assert_eq!(door.n_polls(), 2, "the wake counted");
    }

    an_unparker_that_panics_when_a_task_ends_does_not_abort {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let task = executor.spawn(door.clone());
        run_until_idle(&executor);
        // The awaiter lives on another thread's executor, which is never dropped.
        let awaits = join(in_thread(move || {
            let there = LocalExecutor::new();
            let awaits = there.spawn(task);
            run_until_idle(&there);
            there.set_unparker(Waker::from(Arc::new(Mine)));
            std::mem::forget(there);
            awaits
        }));
        door.open();
        no_unwind("a turn", || run_until_idle(&executor));
        drop(awaits);
    }

    a_reporter_that_panics_is_no_way_out {
        let (executor, _) = reporting();
        executor.set_reporter(Some(Arc::new(|_| panic!("a reporter"))));
        executor.spawn(async { panic!("a task") }).detach();
        executor.call_soon(|| panic!("a callback"));
        no_unwind("a turn", || run_until_idle(&executor));
    }

    a_reporter_that_panics_in_drop_at_the_end_of_the_executor {
        let executor = LocalExecutor::new();
        let bomb = Bomb("reporter");
        executor.set_reporter(Some(Arc::new(move |_| {
            let _ = &bomb;
        })));
        no_unwind("dropping the executor", || drop(executor));
    }
}

/// A waker that panics when it is dropped for good.
struct MineInDrop(#[expect(dead_code, reason = "its drop is what counts")] Bomb);

impl Wake for MineInDrop {
    fn wake(self: Arc<Self>) {}
}

/// A waker that panics when it wakes.
struct Mine;

impl Wake for Mine {
    fn wake(self: Arc<Self>) {
        panic!("a waker");
    }
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(waker))
}
