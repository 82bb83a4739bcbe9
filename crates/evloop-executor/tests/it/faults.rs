//! F12, F14 and F16: panics at every place, wakes at every moment.

use std::any::Any;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use evloop_executor::{CallHandle, LocalExecutor};
use evloop_fixtures::{Wakes, watched};
use evloop_task::{
    JoinError, Promise, Task, create_task, current_scheduler, current_task, yield_now,
};

use crate::support::{Door, OnDrop, Tally, reporting, run_until_idle};

#[test]
fn f12_a_panic_at_the_first_or_a_later_poll_ends_that_task_alone() {
    watched(|| {
        let (executor, reports) = reporting();
        let first = executor.spawn(async { panic!("first") });
        let second = executor.spawn(async {
            yield_now().await;
            panic!("second")
        });
        let third = executor.spawn(async { 3 });
        let nobody_looks: Task<()> = executor.spawn(async { panic!("unseen {}", 1) });
        drop(nobody_looks);

        run_until_idle(&executor);

        let message = |task: &Task<()>| match task.result().unwrap() {
            Err(JoinError::Panicked(panic)) => panic.message().to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (message(&first), message(&second)),
            ("first".into(), "second".into())
        );
        assert_eq!(third.result().unwrap().as_ref().ok(), Some(&3));
        let reports = reports.take();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].contains("unseen 1"), "{reports:?}");
    });
}

#[test]
fn f12_a_task_of_a_panic_is_reported_only_when_nobody_awaited_it() {
    watched(|| {
        let (executor, reports) = reporting();
        let task: Task<()> = executor.spawn(async { panic!("seen") });

        let error = executor.block_on(task).unwrap_err();

        assert!(error.is_panic());
        drop(error);
        assert_eq!(reports.take(), Vec::<String>::new());
    });
}

#[test]
fn f12_panics_of_callbacks_are_reported_and_the_next_ones_run() {
    watched(|| {
        let (executor, reports) = reporting();
        let (wakes, waker) = Wakes::new();
        let task = executor.spawn(async {});
        task.add_done_callback(|_| panic!("a done callback"));
        let later = waker.clone();
        task.add_done_callback(move |_| later.wake());
        let promise = Promise::<u8>::new_in(executor.scheduler());
        promise.add_done_callback(|_| panic!("a promise's callback"));
        let later = waker.clone();
        promise.add_done_callback(move |_| later.wake());
        promise.set_result(1).unwrap();
        executor.call_soon(|| panic!("a callback"));
        executor.call_soon(move || waker.wake());

        run_until_idle(&executor);

        assert_eq!((wakes.count(), reports.take().len()), (3, 3));
    });
}

#[test]
fn the_reporter_hears_of_a_callback_that_panics_in_a_turn_without_enter() {
    watched(|| {
        let (executor, reports) = reporting();
        executor.call_soon(|| panic!("a callback"));

        executor.run_ready(1);

        assert_eq!(
            reports.take().len(),
            1,
            "the executor that runs it has a reporter"
        );
    });
}

#[test]
fn a_turn_makes_its_executor_current() {
    watched(|| {
        let executor = LocalExecutor::new();
        let seen = Arc::new(Mutex::new(None));
        let place = Arc::clone(&seen);
        executor.call_soon(move || *place.lock().unwrap() = Some(current_scheduler().is_some()));

        executor.run_ready(1);

        assert_eq!(
            *seen.lock().unwrap(),
            Some(true),
            "callbacks may create tasks"
        );
    });
}

#[test]
fn f14_a_wake_from_a_destructor_is_harmless() {
    watched(|| {
        let executor = LocalExecutor::new();
        let tally = Tally::default();
        let guest = tally.guest();
        let task = executor.spawn(async move {
            let _guest = guest;
            let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
            let _wakes = OnDrop(move || waker.wake_by_ref());
            pending::<()>().await;
        });
        executor.run_ready(1);
        task.cancel();
        run_until_idle(&executor);

        assert!(task.cancelled());
        assert_eq!(tally.live(), 0);
        assert_eq!(executor.n_ready(), 0);
    });
}

#[test]
fn f14_a_million_wakes_in_one_poll_are_one_poll_more() {
    watched(|| {
        let executor = LocalExecutor::new();
        let n_polls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&n_polls);
        let task = executor.spawn(poll_fn(move |cx| {
            if count.fetch_add(1, Ordering::Relaxed) > 0 {
                return Poll::Ready(());
            }
            (0..1_000_000).for_each(|_| cx.waker().wake_by_ref());
            Poll::Pending
        }));

        run_until_idle(&executor);

        assert!(task.done());
        assert_eq!(n_polls.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn f14_a_wake_after_completion_is_nothing() {
    watched(|| {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let task = executor.spawn(door.clone());
        run_until_idle(&executor);
        let waker = door.waker().unwrap();
        let reference = executor.tasks().pop().unwrap();
        door.open();
        run_until_idle(&executor);

        waker.wake();
        reference.wake();
        assert!(!reference.cancel() && !task.cancel());

        assert_eq!((executor.n_ready(), reference.done()), (0, true));
        drop(task);
        assert_eq!(
            reference.id().to_string(),
            reference.name()["Task-".len()..]
        );
    });
}

#[test]
fn f14_a_waker_called_inside_of_another_waker() {
    struct Outer(Waker);
    impl Wake for Outer {
        fn wake(self: Arc<Self>) {
            self.0.wake_by_ref();
        }
    }
    watched(|| {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let inner = executor.spawn(door.clone());
        run_until_idle(&executor);
        let nested = Waker::from(Arc::new(Outer(door.waker().unwrap())));
        let promise = Promise::<u8>::new();
        let mut awaits = promise.clone();
        assert!(
            Pin::new(&mut awaits)
                .poll(&mut Context::from_waker(&nested))
                .is_pending()
        );

        promise.set_result(1).unwrap();
        run_until_idle(&executor);

        assert_eq!(door.n_polls(), 2, "woken once, through both");
        assert!(!inner.done());
    });
}

#[test]
fn current_task_is_right_at_every_moment() {
    watched(|| {
        let executor = LocalExecutor::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let note = {
            let seen = Arc::clone(&seen);
            move |at: &'static str| {
                let task = current_task().map(|task| task.name().to_string());
                seen.lock().unwrap().push((at, task));
            }
        };
        let in_drop = note.clone();
        let in_poll = note.clone();
        let task = executor.spawn(async move {
            let _guard = OnDrop(move || in_drop("dropped after a return"));
            in_poll("polled");
        });
        task.set_name("a");
        let in_callback = note.clone();
        task.add_done_callback(move |_| in_callback("done callback"));
        let in_drop = note.clone();
        let cancelled = executor.spawn(async move {
            let _guard = OnDrop(move || in_drop("dropped by a cancel"));
            pending::<()>().await;
        });
        cancelled.set_name("b");
        let plain = note.clone();
        executor.call_soon(move || plain("callback"));
        executor.run_ready(3);
        cancelled.cancel();
        run_until_idle(&executor);
        note("outside");

        let named = |name: &str| Some(name.to_owned());
        assert_eq!(
            *seen.lock().unwrap(),
            [
                ("polled", named("a")),
                ("dropped after a return", named("a")),
                ("callback", None),
                ("done callback", None),
                ("dropped by a cancel", named("b")),
                ("outside", None),
            ]
        );
    });
}

#[test]
fn a_reference_of_a_task_outlives_everything_else() {
    watched(|| {
        let executor = LocalExecutor::new();
        let kept = Arc::new(Mutex::new(None));
        let place = Arc::clone(&kept);
        executor
            .spawn(async move { *place.lock().unwrap() = current_task() })
            .detach();
        run_until_idle(&executor);
        drop(executor);

        let task = kept.lock().unwrap().take().unwrap();
        assert!(task.done() && !task.cancelled() && !task.cancel());
        task.wake();
        task.set_name("renamed");
        assert_eq!(format!("{task:?}"), "<Task finished name='renamed'>");
        assert_eq!(task, task.clone());
    });
}

#[test]
fn f16_a_done_callback_may_turn_another_executor() {
    watched(|| {
        let executor = LocalExecutor::new();
        let (wakes, waker) = Wakes::new();
        let task = executor.spawn(async {});
        task.add_done_callback(move |_| {
            let inner = LocalExecutor::new();
            inner.block_on(async { create_task(async {}).await.unwrap() });
            waker.wake();
        });
        run_until_idle(&executor);
        assert_eq!(wakes.count(), 1);
    });
}

#[test]
fn guards_that_are_forgotten_or_dropped_in_the_wrong_order_leave_a_working_thread() {
    watched(|| {
        let first = LocalExecutor::new();
        let second = LocalExecutor::new();
        let (outer, inner) = (first.enter(), second.enter());
        drop(outer);
        drop(inner);
        std::mem::forget(first.enter());
        drop(first);

        // The current scheduler is one that has ended: a task on it ends at once.
        let task = create_task(async { 1 });
        run_until_idle(&second);

        assert!(task.cancelled() || task.result().is_ok());
        let answer = second.spawn(async { 2 });
        assert_eq!(second.block_on(answer).ok(), Some(2));
    });
}

#[test]
fn forgotten_handles_keep_nobody_from_ending() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        let (guest, called) = (tally.guest(), tally.guest());
        forget(executor.spawn(async move {
            let _guest = guest;
            pending::<()>().await;
        }));
        forget::<CallHandle>(executor.call_soon(move || drop(called)));
        forget(executor.tasks());
        run_until_idle(&executor);
        drop(executor);
        assert_eq!(tally.live(), 0);
    });
}

/// Never drops `value`, which a leak checker still finds.
fn forget<T: Send + 'static>(value: T) {
    static KEPT: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(Box::new(value));
}

#[test]
fn l03_a_hundred_thousand_tasks_cancelled_at_once_are_each_dropped_once() {
    const N: usize = 100_000;
    watched(|| {
        let executor = LocalExecutor::new();
        let tally = Tally::default();
        let tasks: Vec<_> = (0..N)
            .map(|_| {
                let guest = tally.guest();
                executor.spawn(async move {
                    let _guest = guest;
                    pending::<()>().await;
                })
            })
            .collect();
        executor.run_ready(N / 2);
        assert!(tasks.iter().all(Task::cancel));
        run_until_idle(&executor);

        assert!(tasks.iter().all(Task::cancelled));
        assert_eq!((tally.made(), tally.dropped()), (N, N));
        assert!(executor.tasks().is_empty());
    });
}
