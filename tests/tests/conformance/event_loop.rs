//! The loop's turns, callbacks, timers and threads.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::Duration;

use evloop::{EventLoop, ManualClock, RunError, SystemClock, create_task, sleep};
use evloop_tests::{
    Reports, Seen, in_child, on_thread, virtual_builder, virtual_loop, watched_loop, witness,
};

use crate::guarded;

#[test]
fn case_141_what_a_timer_callback_queues_waits_for_the_next_turn() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let (queues, handle) = (seen.clone(), event_loop.handle());
        event_loop.call_later(Duration::from_secs(1), move || {
            queues.push("timer");
            handle.call_soon(queues.pusher("queued by the timer"));
            handle.stop();
        });
        event_loop.call_later(
            Duration::from_secs(1),
            seen.pusher("timer of the same turn"),
        );

        event_loop.run_forever().unwrap();
        assert_eq!(seen.take(), ["timer", "timer of the same turn"]);

        event_loop.stop();
        event_loop.run_forever().unwrap();
        assert_eq!(seen.take(), ["queued by the timer"]);
    });
}

#[test]
fn case_142_a_cancelled_timer_is_unlinked_at_once() {
    guarded(|| {
        let (event_loop, clock) = watched_loop(ManualClock::new().with_auto_jump());
        let timers: Vec<_> = (1..=200)
            .map(|second| {
                let (captured, dropped) = witness();
                let timer =
                    event_loop.call_later(Duration::from_secs(second), move || drop(captured));
                (timer, dropped)
            })
            .collect();
        let left = Duration::from_secs(150);

        for (timer, dropped) in &timers {
            if timer.when() != Some(event_loop.now() + left) {
                assert!(!dropped.is_dropped());
                assert!(timer.cancel());
                assert!(
                    dropped.is_dropped(),
                    "what the callback captured goes with `cancel`"
                );
                assert!(timer.cancelled());
                assert!(!timer.cancel());
            }
        }
        event_loop
            .run_until_complete(sleep(Duration::from_secs(151)))
            .unwrap();

        let waits = [Some(left), Some(Duration::from_secs(151))];
        assert_eq!(
            clock.waits(),
            waits,
            "the loop waits for no cancelled timer"
        );
        assert_eq!(
            timers
                .iter()
                .filter(|(_, dropped)| dropped.is_dropped())
                .count(),
            200
        );
    });
}

#[test]
fn case_142_a_timer_cancelled_by_another_thread_is_dropped_there_and_never_runs() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let (captured, dropped) = witness();
        let ran = seen.clone();
        let timer = event_loop.call_later(Duration::from_secs(1), move || {
            drop(captured);
            ran.push("cancelled timer");
        });

        let cancelled = on_thread(move || timer.cancel()).join().unwrap();
        assert!(cancelled);
        assert!(dropped.is_dropped());
        event_loop
            .run_until_complete(sleep(Duration::from_secs(2)))
            .unwrap();

        assert!(seen.is_empty());
    });
}

#[test]
fn case_142_a_timer_cancelled_by_another_one_of_its_turn_does_not_run() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let (timer_tx, timer_rx) = mpsc::channel::<evloop::TimerHandle>();
        let told = seen.clone();
        event_loop.call_later(Duration::from_secs(1), move || {
            told.push(timer_rx.recv().unwrap().cancel());
        });
        let never = seen.clone();
        let second = event_loop.call_later(Duration::from_secs(1), move || never.push(false));
        timer_tx.send(second.clone()).unwrap();

        event_loop
            .run_until_complete(sleep(Duration::from_secs(2)))
            .unwrap();

        assert_eq!(seen.take(), [true]);
        assert!(second.cancelled());
    });
}

#[test]
fn case_143_a_stop_before_the_run_gives_exactly_one_turn_that_does_not_wait() {
    guarded(|| {
        let (event_loop, clock) = watched_loop(ManualClock::new());
        let seen = Seen::new();
        let (first, handle) = (seen.clone(), event_loop.handle());
        event_loop.call_soon(move || {
            first.push("ready");
            handle.call_soon(first.pusher("queued in the turn"));
        });
        event_loop.call_later(Duration::ZERO, seen.pusher("timer that is due"));
        event_loop.call_later(Duration::from_secs(1), seen.pusher("timer"));
        let (mut peer, watched) = UnixStream::pair().unwrap();
        peer.write_all(b"x").unwrap();
        event_loop
            .add_reader(&watched, {
                let seen = seen.clone();
                move || seen.push("reader")
            })
            .unwrap();

        event_loop.stop();
        event_loop.run_forever().unwrap();

        assert_eq!(seen.take(), ["ready", "reader", "timer that is due"]);
        assert_eq!(clock.waits(), [], "the turn only looked at I/O");
        assert!(event_loop.remove_reader(&watched));

        event_loop.call_soon({
            let handle = event_loop.handle();
            move || handle.stop()
        });
        event_loop.run_forever().unwrap();
        assert_eq!(
            seen.take(),
            ["queued in the turn"],
            "the former stop is forgotten"
        );
    });
}

#[test]
fn case_143_a_stop_from_another_thread_reaches_a_loop_that_waits() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (running_tx, running_rx) = mpsc::channel();
        event_loop.call_soon(move || running_tx.send(()).unwrap());
        let handle = event_loop.handle();
        let thread = on_thread(move || {
            running_rx.recv().unwrap();
            handle.stop();
        });

        event_loop.run_forever().unwrap();

        thread.join().unwrap();
    });
}

#[test]
fn case_143_a_future_that_ends_in_the_one_turn_of_a_stopped_loop_has_ended() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop.stop();
        assert_eq!(event_loop.run_until_complete(async { 5 }).unwrap(), 5);
    });
}

#[test]
fn case_145_no_loop_runs_inside_a_running_one() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let callback = seen.clone();
        event_loop.call_soon(move || {
            let other = virtual_loop();
            callback.push(other.run_forever().unwrap_err().to_string());
        });

        event_loop
            .run_until_complete(async {
                let other = virtual_loop();
                let (main, dropped) = witness();
                let ran = seen.pusher("never".to_owned());
                let nested = other.run_until_complete(async move {
                    drop(main);
                    ran();
                });
                assert!(matches!(nested, Err(RunError::Nested)));
                assert!(dropped.is_dropped());
                seen.push(nested.unwrap_err().to_string());
                assert!(matches!(event_loop.run_forever(), Err(RunError::Nested)));
                assert!(event_loop.is_running());
                assert!(!other.is_running());
                sleep(Duration::from_secs(1)).await;
            })
            .unwrap();

        let texts = seen.take();
        assert_eq!(texts.len(), 2, "{texts:?}");
        for text in texts {
            assert!(
                text.contains("one is running on this thread already"),
                "{text}"
            );
        }
        assert!(evloop::get_running_loop().is_err());
    });
}

#[test]
fn case_146_a_callback_that_panics_is_reported_and_the_loop_goes_on() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let seen = Seen::new();
        event_loop.call_soon(|| panic!("callback failed"));
        event_loop.call_soon(seen.pusher("next"));
        event_loop.call_later(Duration::from_secs(1), || panic!("timer failed"));

        event_loop
            .run_until_complete(sleep(Duration::from_secs(2)))
            .unwrap();

        assert_eq!(seen.take(), ["next"]);
        let reports = reports.take();
        assert_eq!(reports.len(), 2, "{reports:?}");
        for (report, text) in reports.iter().zip(["callback failed", "timer failed"]) {
            assert!(report.message.contains("callback"), "{report:?}");
            assert!(report.to_string().contains(text), "the error: {report}");
            let source = report.source.as_deref().unwrap_or_default();
            assert!(source.contains(file!()), "the handle: {report:?}");
        }
    });
}

#[test]
fn case_146_the_report_of_a_callback_has_the_error_as_a_value() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        event_loop.call_soon(|| panic!("callback failed"));

        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        let report = reports.only();
        let exception = report
            .exception
            .as_ref()
            .expect("a report of a panic has it as exception");
        assert!(exception.is_panic());
        assert!(exception.to_string().contains("callback failed"));
        drop(report);
        assert_eq!(reports.messages(), [""; 0], "it is reported once");
    });
}

#[test]
fn case_147_a_handler_that_panics_is_reported_by_the_default_one_with_what_it_was_called_for() {
    const NAME: &str = "event_loop::\
        case_147_a_handler_that_panics_is_reported_by_the_default_one_with_what_it_was_called_for";
    let output = in_child(NAME, || {
        guarded(|| {
            let event_loop = virtual_builder()
                .exception_handler(|_, _| panic!("the handler is broken"))
                .build()
                .unwrap();
            let seen = Seen::new();
            event_loop.call_soon(|| panic!("what went wrong first"));
            event_loop
                .create_task(async { panic!("what went wrong second") })
                .detach();
            event_loop.call_soon(seen.pusher("the loop goes on"));
            event_loop
                .run_until_complete(sleep(Duration::from_secs(1)))
                .unwrap();
            assert_eq!(seen.take(), ["the loop goes on"]);
        });
    });

    let Some(output) = output else { return };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    for original in ["what went wrong first", "what went wrong second"] {
        let both = |line: &&str| line.starts_with("evloop: ") && line.contains(original);
        let reported: Vec<&str> = stderr.lines().filter(both).collect();
        assert_eq!(reported.len(), 1, "{stderr}");
        assert!(reported[0].contains("the handler is broken"), "{stderr}");
    }
}

#[test]
fn case_147_a_handler_may_replace_itself_and_cause_another_report() {
    guarded(|| {
        let seen = Seen::new();
        let (first, second) = (seen.clone(), seen.clone());
        let builder = virtual_builder().exception_handler(move |event_loop, context| {
            first.push(format!("first: {}", context.message));
            let second = second.clone();
            event_loop.set_exception_handler(Some(
                move |_: &evloop::Handle, context: &evloop::ErrorContext| {
                    second.push(format!("second: {}", context.message));
                },
            ));
            event_loop.call_exception_handler(&evloop::ErrorContext::new("from the handler"));
        });
        let event_loop = builder.build().unwrap();

        event_loop.call_exception_handler(&evloop::ErrorContext::new("from outside"));

        assert_eq!(
            seen.take(),
            ["first: from outside", "second: from the handler"]
        );
        assert!(event_loop.has_exception_handler());
    });
}

#[test]
fn case_149_debug_mode_names_slow_callbacks_and_tasks() {
    guarded(|| {
        let builder = virtual_builder()
            .debug(true)
            .slow_callback_duration(Duration::ZERO);
        let event_loop = builder.build().unwrap();
        let reports = Reports::of(&event_loop);
        event_loop.call_soon(|| {});
        let made_at = format!("{}:{}", file!(), line!() - 1);
        let named = evloop::TaskBuilder::new().name("slow one");
        event_loop.create_task_with(named, async {}).detach();

        event_loop.run_until_complete(async {}).unwrap();

        let messages = reports.messages();
        assert!(
            messages.iter().all(|text| text.starts_with("executing ")),
            "{messages:?}"
        );
        assert!(
            messages.iter().any(|text| text.contains(&made_at)),
            "{made_at}: {messages:?}"
        );
        assert!(
            messages.iter().any(|text| text.contains("name='slow one'")),
            "{messages:?}"
        );
    });
}

#[test]
fn case_149_a_step_is_slow_from_the_threshold_on_and_only_in_debug_mode() {
    guarded(|| {
        let clock = ManualClock::new().with_auto_jump();
        let event_loop = EventLoop::builder()
            .clock(clock.clone())
            .debug(true)
            .build()
            .unwrap();
        let reports = Reports::of(&event_loop);
        event_loop.set_slow_callback_duration(Duration::from_secs(2));
        let takes = |duration| {
            let clock = clock.clone();
            event_loop.call_soon(move || clock.advance(duration));
            event_loop.run_until_complete(async {}).unwrap();
        };

        takes(Duration::from_nanos(1_999_999_999));
        assert_eq!(reports.messages(), [""; 0]);
        takes(Duration::from_secs(2));
        let message = reports.only().message;
        assert!(message.ends_with("took 2.000 seconds"), "{message}");

        event_loop.set_debug(false);
        takes(Duration::from_secs(3));
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn case_150_a_sleep_costs_one_wait_however_short_it_is() {
    guarded(|| {
        let (event_loop, clock) = watched_loop(ManualClock::new().with_auto_jump());

        event_loop
            .run_until_complete(sleep_shorter_and_shorter(1.0))
            .unwrap();

        // 1e-10 seconds are no nanosecond: a sleep of zero, which does not wait.
        assert_eq!(clock.waits().len(), 10, "{:?}", clock.waits());
    });
}

#[test]
fn case_150_on_the_systems_clock_no_sleep_is_waited_for_twice() {
    guarded(|| {
        let (event_loop, clock) = watched_loop(SystemClock);

        event_loop
            .run_until_complete(sleep_shorter_and_shorter(1e-3))
            .unwrap();

        // A wait may be one short of the deadline where the system wakes early; a busy loop would
        // make thousands of them.
        let n_waits = clock.waits().len();
        assert!(
            n_waits <= 2 * 7,
            "{n_waits} waits for 8 sleeps: {:?}",
            clock.waits()
        );
    });
}

/// Sleeps of a tenth each, down to 1e-10 seconds.
async fn sleep_shorter_and_shorter(longest_secs: f64) {
    let mut secs = longest_secs;
    while secs > 0.5e-10 {
        sleep(Duration::from_secs_f64(secs)).await;
        secs /= 10.0;
    }
}

#[test]
fn case_151_a_callback_cancelled_by_its_thread_before_it_starts_never_runs() {
    guarded(|| {
        let event_loop = virtual_loop();
        let handle = event_loop.handle();
        let seen = Seen::new();
        let (busy_tx, busy_rx) = mpsc::channel();
        let (cancelled_tx, cancelled_rx) = mpsc::channel();
        event_loop.call_soon(move || {
            busy_tx.send(()).unwrap();
            cancelled_rx.recv().unwrap();
        });
        let (never, last) = (seen.pusher("never"), seen.pusher("last"));
        let thread = on_thread(move || {
            busy_rx.recv().unwrap(); // The loop is in the callback above until we are done.
            let call = handle.call_soon_threadsafe(never).unwrap();
            assert!(call.cancel());
            assert!(call.cancelled() && !call.cancel());
            let stop = handle.clone();
            handle
                .call_soon_threadsafe(move || {
                    last();
                    stop.stop();
                })
                .unwrap();
            cancelled_tx.send(()).unwrap();
        });

        event_loop.run_forever().unwrap();
        thread.join().unwrap();

        assert_eq!(seen.take(), ["last"]);
    });
}

#[test]
fn case_151_cancelling_a_callback_that_runs_or_has_run_is_refused() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (handle_tx, handle_rx) = mpsc::channel::<evloop::CallHandle>();
        let seen = Seen::new();
        let inside = seen.clone();
        let call = event_loop.call_soon(move || {
            let own = handle_rx.recv().unwrap();
            inside.push(own.cancel());
            inside.push(own.cancelled());
        });
        handle_tx.send(call.clone()).unwrap();

        event_loop.run_until_complete(async {}).unwrap();

        assert_eq!(seen.take(), [false, false]);
        assert!(!call.cancel());
        assert!(call.done() && !call.cancelled());
    });
}

#[test]
fn case_151_a_callback_cancelled_by_another_one_of_its_turn_does_not_run() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let (call_tx, call_rx) = mpsc::channel::<evloop::CallHandle>();
        let told = seen.clone();
        event_loop.call_soon(move || told.push(call_rx.recv().unwrap().cancel()));
        let never = seen.clone();
        call_tx
            .send(event_loop.call_soon(move || never.push(false)))
            .unwrap();

        event_loop.run_until_complete(async {}).unwrap();

        assert_eq!(seen.take(), [true]);
    });
}

#[test]
fn case_153_both_ways_of_queueing_a_callback_share_one_fifo() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let handle = event_loop.handle();
        let queues = seen.clone();
        event_loop.call_soon(move || {
            handle
                .call_soon_threadsafe(queues.pusher("threadsafe 1"))
                .unwrap();
            handle.call_soon(queues.pusher("soon 1"));
            handle
                .call_soon_threadsafe(queues.pusher("threadsafe 2"))
                .unwrap();
            handle.call_soon(queues.pusher("soon 2"));
            let step = queues.pusher("task");
            create_task(async { step() }).detach();
            handle
                .call_soon_threadsafe(queues.pusher("threadsafe 3"))
                .unwrap();
        });

        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        let order = [
            "threadsafe 1",
            "soon 1",
            "threadsafe 2",
            "soon 2",
            "task",
            "threadsafe 3",
        ];
        assert_eq!(seen.take(), order);
    });
}

#[test]
fn case_153_what_another_thread_sends_runs_in_the_order_it_was_sent() {
    guarded(|| {
        // Callbacks and tasks by turns.
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let (handle, sends) = (event_loop.handle(), seen.clone());
        let thread = on_thread(move || {
            for n in 0..100 {
                let push = sends.pusher(n);
                if n % 2 == 0 {
                    handle.call_soon_threadsafe(push).unwrap();
                } else {
                    handle.create_task(async move { push() }).detach();
                }
            }
            let stop = handle.clone();
            handle.call_soon_threadsafe(move || stop.stop()).unwrap();
        });

        event_loop.run_forever().unwrap();
        thread.join().unwrap();

        assert_eq!(seen.take(), (0..100).collect::<Vec<_>>());
    });
}
