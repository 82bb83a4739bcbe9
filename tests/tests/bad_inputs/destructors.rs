//! F13: destructors that panic, wherever the loop runs them.

use std::future::pending;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use evloop::{Promise, sleep, yield_now};
use evloop_tests::{PanicsInDrop, Reports, Seen, on_thread, virtual_loop, witness};

use crate::{guarded, run_one_turn};

/// Polls as it is told to and panics when dropped, also after a poll that panicked.
struct Hostile {
    polls: fn() -> Poll<u32>,
    _bomb: PanicsInDrop,
}

impl Hostile {
    fn new(polls: fn() -> Poll<u32>) -> Self {
        Self {
            polls,
            _bomb: PanicsInDrop("future dropped"),
        }
    }
}

impl Future for Hostile {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        (self.polls)()
    }
}

#[test]
fn f13_a_future_that_panics_in_drop_still_gives_its_value() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let task = event_loop.create_task(Hostile::new(|| Poll::Ready(5)));

        assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), 5);

        assert!(reports.only().message.contains("future dropped"));
    });
}

#[test]
fn f13_a_future_that_panics_in_drop_after_its_poll_panicked_gives_the_first_panic() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let task = event_loop.create_task(Hostile::new(|| panic!("poll failed")));

        let error = event_loop.run_until_complete(task).unwrap().unwrap_err();

        assert!(error.to_string().contains("poll failed"), "{error}");
        assert!(reports.only().message.contains("future dropped"));
    });
}

#[test]
fn f13_a_cancelled_future_that_panics_in_drop_is_cancelled() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let suspended = event_loop.create_task(Hostile::new(|| Poll::Pending));
        run_one_turn(&event_loop);
        let unstarted = event_loop.create_task(Hostile::new(|| Poll::Pending));

        for task in [suspended, unstarted] {
            task.cancel();
            assert!(
                event_loop
                    .run_until_complete(task)
                    .unwrap()
                    .unwrap_err()
                    .is_cancelled()
            );
            assert!(reports.only().message.contains("future dropped"));
        }
    });
}

#[test]
fn f13_closing_a_loop_survives_futures_that_panic_in_drop() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        event_loop
            .create_task(Hostile::new(|| Poll::Pending))
            .detach();
        run_one_turn(&event_loop);
        event_loop
            .create_task(Hostile::new(|| Poll::Pending))
            .detach();
        let last = event_loop.create_task(pending::<()>());

        event_loop.close();

        assert!(last.cancelled(), "what comes behind them is ended as well");
        assert!(event_loop.is_closed());
        let messages = reports.messages();
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(
            messages
                .iter()
                .all(|message| message.contains("future dropped")),
            "{messages:?}"
        );
    });
}

#[test]
fn f13_closing_a_loop_survives_callbacks_that_panic_in_drop() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let bomb = PanicsInDrop("callback dropped");
        event_loop.call_soon(move || drop(bomb));
        let last = event_loop.create_task(pending::<()>());

        event_loop.close();

        assert!(last.cancelled(), "what comes behind it is ended as well");
        assert!(event_loop.is_closed());
        assert!(reports.only().message.contains("callback dropped"));
    });
}

#[test]
fn f13_dropping_a_loop_survives_timers_that_panic_in_drop() {
    guarded(|| {
        let event_loop = virtual_loop();
        let bomb = PanicsInDrop("timer dropped");
        event_loop.call_later(Duration::from_secs(1), move || drop(bomb));
        let (later, dropped) = witness();
        event_loop.call_later(Duration::from_secs(2), move || drop(later));

        drop(event_loop);

        assert!(
            dropped.is_dropped(),
            "what comes behind it is dropped as well"
        );
    });
}

#[test]
fn f13_closing_a_loop_survives_done_callbacks_that_panic_in_drop() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let bomb = PanicsInDrop("done callback dropped");
        let task = event_loop.create_task(pending::<()>());
        task.add_done_callback(move |_| drop(bomb));
        task.detach();
        run_one_turn(&event_loop);

        event_loop.close();

        assert!(event_loop.is_closed());
        assert_eq!(reports.messages().len(), 1);
    });
}

#[test]
fn f13_an_output_that_panics_in_drop_is_reported_wherever_it_is_dropped() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let output = || async { PanicsInDrop("output dropped") };

        event_loop.create_task(output()).detach();
        run_one_turn(&event_loop);
        assert!(
            reports.only().message.contains("output dropped"),
            "of a detached task"
        );

        let task = event_loop.create_task(output());
        let dropping = async {
            yield_now().await;
            assert!(task.done());
            drop(task);
        };
        event_loop.run_until_complete(dropping).unwrap();
        assert!(
            reports.only().message.contains("output dropped"),
            "of an unread handle"
        );

        let task = event_loop.create_task(output());
        task.add_done_callback(|result| assert!(result.is_ok()));
        task.detach();
        run_one_turn(&event_loop);
        run_one_turn(&event_loop);
        assert!(
            reports.only().message.contains("output dropped"),
            "of a callback"
        );

        let seen = Seen::new();
        event_loop.call_soon(seen.pusher("the loop goes on"));
        run_one_turn(&event_loop);
        assert_eq!(seen.take(), ["the loop goes on"]);
    });
}

#[test]
fn f13_a_read_output_that_panics_in_drop_is_reported_when_its_handle_is_dropped() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let task = event_loop.create_task(async { PanicsInDrop("output dropped") });

        event_loop
            .run_until_complete(async {
                yield_now().await;
                assert!(task.result().unwrap().is_ok());
                drop(task);
            })
            .unwrap();

        assert!(reports.only().message.contains("output dropped"));
    });
}

#[test]
fn f13_a_cancelled_callback_that_panics_in_drop_is_cancelled() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        event_loop
            .run_until_complete(async {
                let (soon, later) = (PanicsInDrop("soon dropped"), PanicsInDrop("later dropped"));
                let call = event_loop.call_soon(move || drop(soon));
                let timer = event_loop.call_later(Duration::from_secs(1), move || drop(later));
                assert!(call.cancel() && timer.cancel());
                assert!(call.cancelled() && timer.cancelled());
            })
            .unwrap();

        let messages = reports.messages();
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(messages[0].contains("soon dropped"), "{messages:?}");
        assert!(messages[1].contains("later dropped"), "{messages:?}");
    });
}

#[test]
fn f13_a_payload_that_panics_in_drop_is_swallowed_after_its_report() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let payload = || -> u32 { panic_any(PanicsInDrop("payload dropped")) };

        event_loop.create_task(async move { payload() }).detach();
        event_loop.call_soon(move || {
            payload();
        });
        let promise = event_loop.create_future::<u32>();
        promise.add_done_callback(move |_| {
            payload();
        });
        promise.set_result(1).unwrap();
        let job = event_loop.run_in_executor(None, payload);
        event_loop.run_until_complete(job).unwrap().unwrap_err();
        let task = event_loop.create_task(async move { payload() });
        let error = event_loop.run_until_complete(task).unwrap().unwrap_err();
        drop(error);
        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        let messages = reports.messages();
        assert_eq!(
            messages.len(),
            3,
            "the task, the callback, the done callback: {messages:?}"
        );
    });
}

/// A foreign waker that panics when it is used, or when it is dropped.
struct HostileWaker {
    on_wake: bool,
    on_drop: bool,
}

impl HostileWaker {
    fn waker(on_wake: bool, on_drop: bool) -> Waker {
        Waker::from(Arc::new(Self { on_wake, on_drop }))
    }
}

impl Wake for HostileWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        assert!(!self.on_wake, "hostile wake");
    }
}

impl Drop for HostileWaker {
    fn drop(&mut self) {
        assert!(
            !self.on_drop || std::thread::panicking(),
            "hostile waker dropped"
        );
    }
}

#[test]
fn f13_a_foreign_waker_of_a_task_that_panics_is_reported_and_the_loop_goes_on() {
    guarded(|| {
        for (on_wake, on_drop) in [(true, false), (false, true), (true, true)] {
            let event_loop = virtual_loop();
            let reports = Reports::of(&event_loop);
            let mut task = event_loop.create_task(async {
                yield_now().await;
                9
            });
            {
                let waker = HostileWaker::waker(on_wake, on_drop);
                let mut cx = Context::from_waker(&waker);
                assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
                // Only the task has it now, unless dropping our own reference is the last.
            }

            event_loop
                .run_until_complete(sleep(Duration::from_secs(1)))
                .unwrap();

            assert!(
                !reports.messages().is_empty(),
                "wake {on_wake}, drop {on_drop}"
            );
            assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), 9);
        }
    });
}

#[test]
fn f13_a_foreign_waker_of_a_promise_that_panics_keeps_nobody_else_from_being_woken() {
    guarded(|| {
        for (on_wake, on_drop) in [(true, false), (false, true), (true, true)] {
            let event_loop = virtual_loop();
            let reports = Reports::of(&event_loop);
            let promise: Promise<u32> = event_loop.create_future();
            let mut hostile = promise.clone();
            {
                let waker = HostileWaker::waker(on_wake, on_drop);
                let mut cx = Context::from_waker(&waker);
                assert!(Pin::new(&mut hostile).poll(&mut cx).is_pending());
            }
            let awaiting = event_loop.create_task(promise.clone());
            run_one_turn(&event_loop);

            promise.set_result(3).unwrap();

            assert_eq!(
                reports.messages().len(),
                1,
                "wake {on_wake}, drop {on_drop}"
            );
            assert_eq!(
                event_loop
                    .run_until_complete(awaiting)
                    .unwrap()
                    .unwrap()
                    .unwrap(),
                3
            );
        }
    });
}

#[test]
fn f13_work_on_a_thread_that_panics_in_drop_ends_with_an_error() {
    guarded(|| {
        let event_loop = virtual_loop();
        let bomb = PanicsInDrop("captured by the work");
        let promise = event_loop.run_in_executor(None, move || {
            drop(bomb);
            1
        });

        let error = event_loop.run_until_complete(promise).unwrap().unwrap_err();
        assert!(error.is_panic());

        // The pool lives on.
        assert_eq!(
            event_loop
                .run_until_complete(event_loop.run_in_executor(None, || 2))
                .unwrap()
                .unwrap(),
            2
        );
    });
}

#[test]
fn f13_a_local_task_whose_handle_is_dropped_elsewhere_is_not_touched_there() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let ran = seen.pusher("ran here");
        let local = std::rc::Rc::new(());
        let task = event_loop.create_task_local(async move {
            yield_now().await;
            ran();
            drop(local);
        });

        on_thread(move || drop(task)).join().unwrap();
        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert_eq!(seen.take(), ["ran here"]);
    });
}
