//! Signals that run callbacks in a loop, and streams of them. Each test has a process of its own.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use evloop::sync::Event;
use evloop::{
    ContextVar, Disposition, EventLoop, Handle, Runtime, Signal, ctrl_c, get_running_loop, signals,
};
use evloop_tests::{
    Interrupted, Reports, at_rest, in_child, in_every_loop, on_every_loop, survives_in_child,
};
use rustix::process::{Signal as Sent, getpid, kill_process};

use crate::guarded;

/// In a process of its own, where SIGINT does what it does by default.
fn in_process(test: &str, body: impl FnOnce()) {
    survives_in_child(test, || {
        Signal::INTERRUPT
            .set_default()
            .expect("the system has signals");
        guarded(body);
    });
}

fn send(signal: Sent) {
    kill_process(getpid(), signal).expect("a process may signal itself");
}

fn disposition(signal: Signal) -> Disposition {
    signal.disposition().expect("it can be asked")
}

/// Counts the calls of a handler, for whoever waits for one.
#[derive(Clone, Default)]
struct Calls {
    n_calls: Arc<AtomicUsize>,
    called: Arc<Event>,
}

impl Calls {
    fn handler(&self) -> impl FnMut() + Send + 'static {
        let this = self.clone();
        move || {
            assert!(get_running_loop().is_ok(), "it runs in the loop");
            this.n_calls.fetch_add(1, Ordering::SeqCst);
            this.called.set();
        }
    }

    fn n_calls(&self) -> usize {
        self.n_calls.load(Ordering::SeqCst)
    }

    /// Each call is awaited before the next signal is sent, which the system would merge with it.
    async fn next(&self) {
        self.called.wait().await;
        self.called.clear();
    }
}

#[test]
fn case_159_a_handler_runs_in_the_loop_until_it_is_removed() {
    in_process(
        "signals::case_159_a_handler_runs_in_the_loop_until_it_is_removed",
        || {
            on_every_loop(|any_loop| {
                let calls = Calls::default();
                any_loop
                    .add_signal_handler(Signal::INTERRUPT, calls.handler())
                    .expect("nobody else handles it");
                let ended = any_loop.run_until_complete(async {
                    for _ in 0..3 {
                        send(Sent::INT);
                        calls.next().await;
                    }
                });
                ended.expect("it ends");

                assert_eq!(calls.n_calls(), 3);
                assert_eq!(disposition(Signal::INTERRUPT), Disposition::Handled);
                assert!(any_loop.remove_signal_handler(Signal::INTERRUPT));
                assert_eq!(disposition(Signal::INTERRUPT), Disposition::Default);
                assert!(!any_loop.remove_signal_handler(Signal::INTERRUPT));
            });
        },
    );
}

#[test]
fn case_159_a_removed_handler_lets_the_signal_kill() {
    let test = "signals::case_159_a_removed_handler_lets_the_signal_kill";
    let output = in_child(test, || {
        guarded(|| {
            Signal::INTERRUPT
                .set_default()
                .expect("the system has signals");
            let event_loop = EventLoop::new().expect("the system has descriptors");
            event_loop
                .add_signal_handler(Signal::INTERRUPT, || {})
                .expect("nobody else handles it");
            event_loop.remove_signal_handler(Signal::INTERRUPT);
            send(Sent::INT);
            event_loop.run_forever().expect("it is killed before");
        });
    });

    if let Some(output) = output {
        assert_eq!(output.status.signal(), Some(2), "{output:?}");
    }
}

#[test]
fn case_159_signals_that_cannot_be_handled_are_refused() {
    for number in [Sent::KILL.as_raw(), Sent::STOP.as_raw(), 0, -1, 65, 1000] {
        let refused = Signal::from_raw(number).expect_err("none has this number, or nobody may");
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_handler_replaces_the_one_of_the_same_loop_only() {
    in_process(
        "signals::a_handler_replaces_the_one_of_the_same_loop_only",
        || {
            on_every_loop(|any_loop| {
                let (first, second, others) =
                    (Calls::default(), Calls::default(), Calls::default());
                let other_loop = EventLoop::new().expect("the system has descriptors");
                let add = |handle: &Handle, calls: &Calls| {
                    handle
                        .add_signal_handler(Signal::USER_1, calls.handler())
                        .expect("nobody else handles it");
                };
                add(&any_loop, &first);
                add(&other_loop, &others);
                add(&any_loop, &second);

                let ended = any_loop.run_until_complete(async {
                    send(Sent::USR1);
                    second.next().await;
                });
                ended.expect("it ends");
                other_loop
                    .run_until_complete(others.next())
                    .expect("it ends, though this loop has not seen the descriptor");

                let n_calls = [&first, &second, &others].map(Calls::n_calls);
                assert_eq!(n_calls, [0, 1, 1]);
                other_loop.close();
                assert_eq!(disposition(Signal::USER_1), Disposition::Handled);
                any_loop.close();
                assert_eq!(disposition(Signal::USER_1), Disposition::Default);
                let refused = any_loop.add_signal_handler(Signal::USER_1, || {});
                assert_eq!(
                    refused.expect_err("it is closed").kind(),
                    ErrorKind::NotConnected
                );
                assert!(!any_loop.remove_signal_handler(Signal::USER_1));
            });
        },
    );
}

#[test]
fn a_handler_that_panics_is_reported_and_goes_on_and_one_may_remove_itself() {
    in_process(
        "signals::a_handler_that_panics_is_reported_and_goes_on_and_one_may_remove_itself",
        || {
            std::panic::set_hook(Box::new(|_| {}));
            on_every_loop(|any_loop| {
                let reports = Reports::of(&any_loop);
                let calls = Calls::default();
                let (mut call, counted) = (calls.handler(), calls.clone());
                let handle = any_loop.handle();
                let handler = move || {
                    call();
                    assert!(counted.n_calls() != 1, "the first call");
                    handle.remove_signal_handler(Signal::USER_1);
                };
                any_loop
                    .add_signal_handler(Signal::USER_1, handler)
                    .expect("nobody else handles it");

                let ended = any_loop.run_until_complete(async {
                    for _ in 0..2 {
                        send(Sent::USR1);
                        calls.next().await;
                        // The call goes on after that, elsewhere.
                        at_rest().await;
                    }
                });
                ended.expect("it ends");

                assert_eq!(calls.n_calls(), 2);
                assert!(!any_loop.remove_signal_handler(Signal::USER_1));
                assert_eq!(disposition(Signal::USER_1), Disposition::Default);
                assert_eq!(reports.take().len(), 1);
                any_loop.set_exception_handler(None::<fn(&Handle, &_)>);
            });
        },
    );
}

#[test]
fn a_handler_runs_once_for_each_delivery_in_the_context_that_added_it() {
    static WHO: ContextVar<&str> = ContextVar::new("who");
    const N_SIGNALS: usize = 1000;
    in_process(
        "signals::a_handler_runs_once_for_each_delivery_in_the_context_that_added_it",
        || {
            let event_loop = EventLoop::new().expect("the system has descriptors");
            let n_calls = Arc::new(AtomicUsize::new(0));
            let (count, handle) = (Arc::clone(&n_calls), event_loop.handle());
            let handler = move || {
                assert_eq!(WHO.get(), Some("the one who added it"));
                if count.fetch_add(1, Ordering::SeqCst) + 1 == N_SIGNALS {
                    handle.stop();
                }
            };
            evloop::copy_context().run(|| {
                WHO.set("the one who added it");
                let added = event_loop.add_signal_handler(Signal::USER_1, handler);
                added.expect("nobody else handles it");
            });
            // All before the loop looks, each once the one before is delivered.
            let mut delivered = evloop_signal::Signals::new([Signal::USER_1]).expect("as above");
            for _ in 0..N_SIGNALS {
                send(Sent::USR1);
                while delivered.try_next().is_none() {
                    thread::yield_now();
                }
            }

            event_loop.run_forever().expect("it is stopped");

            assert_eq!(n_calls.load(Ordering::SeqCst), N_SIGNALS);
            event_loop.stop();
            event_loop.run_forever().expect("it is stopped");
            assert_eq!(n_calls.load(Ordering::SeqCst), N_SIGNALS);
        },
    );
}

#[test]
fn streams_of_several_signals_are_woken_on_every_loop() {
    in_process(
        "signals::streams_of_several_signals_are_woken_on_every_loop",
        || {
            in_every_loop(|| async {
                let mut both = signals([Signal::USER_1, Signal::USER_2]).expect("nobody else");
                let mut one = signals([Signal::USER_2]).expect("nobody else handles it");
                for _ in 0..3 {
                    send(Sent::USR1);
                    assert_eq!(both.next().await, Some(Signal::USER_1));
                    send(Sent::USR2);
                    assert_eq!(both.next().await, Some(Signal::USER_2));
                    assert_eq!(one.next().await, Some(Signal::USER_2));
                }
                assert_eq!(one.try_next(), None);
            });
            assert_eq!(disposition(Signal::USER_1), Disposition::Default);
        },
    );
}

#[test]
fn ctrl_c_counts_from_the_call_on_and_not_only_from_the_first_poll() {
    in_process(
        "signals::ctrl_c_counts_from_the_call_on_and_not_only_from_the_first_poll",
        || {
            in_every_loop(|| async {
                let interrupted = ctrl_c();
                send(Sent::INT);
                interrupted.await.expect("nobody else handles it");
                let again = ctrl_c();
                send(Sent::INT);
                again.await.expect("nobody else handles it");
            });
            assert_eq!(disposition(Signal::INTERRUPT), Disposition::Default);
        },
    );
}

#[test]
fn signals_outside_of_a_loop_are_refused() {
    signals([Signal::USER_1]).expect_err("no loop runs here");
    let event_loop = EventLoop::new().expect("the system has descriptors");
    let outside = ctrl_c();
    let refused = event_loop.run_until_complete(outside);
    refused.expect("it ends").expect_err("no loop ran there");
    assert_eq!(disposition(Signal::USER_1), Disposition::Default);
}

#[test]
fn a_stream_ends_with_the_loop_it_was_made_on_and_wakes_who_waits_elsewhere() {
    in_process(
        "signals::a_stream_ends_with_the_loop_it_was_made_on_and_wakes_who_waits_elsewhere",
        || {
            let runtime = Runtime::new().expect("the system has descriptors");
            for closing in 0..2 {
                let event_loop = EventLoop::new().expect("the system has descriptors");
                let made = event_loop.handle().signals([Signal::USER_1]);
                let mut stream = made.expect("nobody else handles it");
                let waiting = Arc::new(Event::new());
                let is_waiting = Arc::clone(&waiting);
                let task = runtime.create_task(async move {
                    let next = stream.next();
                    let mut next = std::pin::pin!(next);
                    let first =
                        std::future::poll_fn(|cx| std::task::Poll::Ready(next.as_mut().poll(cx)));
                    assert!(first.await.is_pending());
                    is_waiting.set();
                    next.await
                });
                runtime
                    .block_on(waiting.wait())
                    .expect("the runtime is open");
                if closing == 0 {
                    event_loop.close();
                } else {
                    drop(event_loop);
                }
                let ended = runtime.block_on(task).expect("the runtime is open");
                assert_eq!(ended.expect("nobody cancels it"), None);
            }
        },
    );
}

fn start(scenario: &str) -> Interrupted {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interrupted"));
    command.arg(scenario);
    Interrupted::start(command)
}

#[test]
fn ctrl_c_that_is_awaited_does_not_cancel_the_main_task_and_the_next_one_does() {
    guarded(|| {
        for scenario in ["awaits_ctrl_c", "awaits_ctrl_c_on_a_runtime"] {
            let mut run = start(scenario);
            run.wait_for("ready");
            run.wait_until_asleep();
            run.interrupt();
            run.wait_for("awaited");
            run.wait_for("ready");
            run.wait_until_asleep();

            run.interrupt();

            let expected = [
                "main dropped",
                "the run was interrupted by SIGINT",
                "after: Default",
            ];
            assert_eq!(run.end().well(), expected);
        }
    });
}

#[test]
fn a_handler_takes_the_place_of_the_runners_until_it_is_removed() {
    guarded(|| {
        let mut run = start("handles_interrupts");
        for n_calls in 1..=5 {
            run.wait_for("ready");
            run.interrupt();
            run.wait_for(&format!("call {n_calls}"));
        }
        run.wait_for("removed");
        run.wait_for("ready");
        run.wait_until_asleep();

        run.interrupt();

        let lines = run.end().well();
        assert_eq!(lines, ["main dropped", "the run was interrupted by SIGINT"]);
    });
}

#[test]
fn a_handler_runs_while_the_loop_is_busy() {
    guarded(|| {
        assert_eq!(start("handles_while_busy").end().well(), ["handled"]);
    });
}

#[test]
fn museum_bm96_a_storm_of_ctrl_c_reaches_every_stream_and_leaves_the_default() {
    const N_ONE_BY_ONE: usize = 200;
    const N_AT_ONCE: usize = 5000;
    guarded(|| {
        let mut storm = Interrupted::start(Command::new(env!("CARGO_BIN_EXE_ctrl_c_storm")));
        storm.wait_for("ready");
        for n_seen in 1..=N_ONE_BY_ONE {
            storm.interrupt();
            storm.wait_for(&format!("seen {n_seen}"));
        }

        for _ in 0..N_AT_ONCE {
            storm.interrupt();
        }
        storm.terminate();

        let mut lines = storm.end().by_interrupt();
        assert_eq!(lines.pop().as_deref(), Some("after: Default"));
        assert_eq!(lines.pop().as_deref(), Some("all saw the same"));
        let all_of_it = (N_ONE_BY_ONE + 1..).map(|n_seen| format!("seen {n_seen}"));
        assert!(!lines.is_empty() && lines.len() <= N_AT_ONCE);
        assert!(all_of_it.zip(&lines).all(|(seen, line)| seen == *line));
    });
}
