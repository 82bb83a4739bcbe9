//! E02 to E06: calls in the wrong place, and sizes at their ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use evloop::{
    FirstCompleted, Handle, Promise, Task, create_task, create_task_local, gather,
    get_running_loop, interval, race, sleep, try_gather, wait, yield_now,
};
use evloop_tests::{Seen, in_child, panic_text, virtual_loop};

use crate::guarded;

#[test]
fn e02_a_task_outside_of_a_loop_is_refused_with_a_way_out() {
    guarded(|| {
        let local = catch_unwind(|| drop(create_task_local(async {}))).unwrap_err();
        let sent = catch_unwind(|| drop(create_task(async {}))).unwrap_err();
        let queued = catch_unwind(|| drop(evloop::call_soon(|| {}))).unwrap_err();
        let current = catch_unwind(|| drop(Handle::current())).unwrap_err();

        for payload in [local, sent, queued, current] {
            let text = panic_text(&*payload);
            assert!(
                text.contains("no event loop is running on this thread"),
                "{text}"
            );
            assert!(text.contains("call this from inside `run(...)`"), "{text}");
        }
        assert!(get_running_loop().is_err());
        assert!(Handle::try_current().is_err());
    });
}

#[test]
fn e02_the_panic_of_a_task_outside_of_a_loop_is_at_the_callers_line() {
    const NAME: &str =
        "arguments::e02_the_panic_of_a_task_outside_of_a_loop_is_at_the_callers_line";
    let output = in_child(NAME, || {
        let refused = catch_unwind(|| drop(create_task_local(async {})));
        assert!(refused.is_err());
    });

    let Some(output) = output else { return };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains(file!()), "{stderr}");
}

#[test]
fn e02_sleeping_outside_of_a_loop_is_refused_unless_the_delay_is_zero() {
    guarded(|| {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let mut nap = Box::pin(sleep(Duration::from_secs(1)));
        let refused = catch_unwind(AssertUnwindSafe(|| nap.as_mut().poll(&mut cx).is_ready()));
        assert!(!panic_text(&*refused.unwrap_err()).is_empty());

        let mut nap = Box::pin(sleep(Duration::ZERO));
        assert!(nap.as_mut().poll(&mut cx).is_pending());
        assert!(nap.as_mut().poll(&mut cx).is_ready());
    });
}

#[test]
fn e03_a_result_is_taken_once() {
    guarded(|| {
        let event_loop = virtual_loop();
        let mut task = event_loop.create_task(async { "value" });

        assert_eq!(
            event_loop.run_until_complete(&mut task).unwrap().unwrap(),
            "value"
        );
        let again = event_loop
            .run_until_complete(&mut task)
            .unwrap()
            .unwrap_err();

        assert!(again.is_invalid_state(), "{again}");
        assert!(
            again.to_string().contains("taken by an earlier await"),
            "{again}"
        );
        assert!(task.result().is_err());
        assert!(task.exception().is_err());
        assert!(task.done() && !task.cancelled() && !task.cancel());
        let waited = event_loop
            .run_until_complete(wait([&mut task]))
            .unwrap()
            .unwrap();
        assert_eq!(
            (waited.0.len(), waited.1.len()),
            (1, 0),
            "a taken one is done"
        );
        assert!(event_loop.run_until_complete(gather([task])).unwrap()[0].is_err());
    });
}

#[test]
fn e03_a_callback_added_after_the_result_was_taken_is_told_so() {
    guarded(|| {
        let event_loop = virtual_loop();
        let mut task = event_loop.create_task(async { 1 });
        assert!(event_loop.run_until_complete(&mut task).unwrap().is_ok());
        let seen = Seen::new();
        let told = seen.clone();

        task.add_done_callback(move |result| {
            told.push(result.as_ref().unwrap_err().is_invalid_state())
        });
        crate::run_one_turn(&event_loop);

        assert_eq!(seen.take(), [true]);
    });
}

#[test]
fn e03_awaiting_a_cancelled_task_again_and_again_is_an_error_each_time() {
    guarded(|| {
        let event_loop = virtual_loop();
        let mut task = event_loop.create_task(std::future::pending::<()>());
        task.cancel();

        let first = event_loop
            .run_until_complete(&mut task)
            .unwrap()
            .unwrap_err();
        let second = event_loop
            .run_until_complete(&mut task)
            .unwrap()
            .unwrap_err();

        assert!(first.is_cancelled());
        assert!(
            second.is_invalid_state() || second.is_cancelled(),
            "{second}"
        );
    });
}

#[test]
fn e03_awaiting_a_task_of_a_closed_loop_says_that_it_is_closed() {
    guarded(|| {
        let (here, other) = (virtual_loop(), virtual_loop());
        let suspended = other.create_task(std::future::pending::<()>());
        let unstarted = other.create_task(async {});
        other.stop();
        other.run_forever().unwrap();
        let never_run = other.create_task(std::future::pending::<()>());
        other.close();
        let too_late = other.create_task(std::future::pending::<()>());

        assert!(
            here.run_until_complete(unstarted).unwrap().is_ok(),
            "it ran before"
        );
        for task in [suspended, never_run, too_late] {
            let error = here.run_until_complete(task).unwrap().unwrap_err();
            assert!(error.is_cancelled());
            assert!(error.to_string().contains("closed"), "{error}");
        }
    });
}

#[test]
fn e04_a_sleep_for_ever_is_accepted_and_can_be_cancelled() {
    guarded(|| {
        let event_loop = virtual_loop();
        let mut forever = event_loop.create_task(sleep(Duration::MAX));

        event_loop
            .run_until_complete(sleep(Duration::from_secs(400 * 86_400)))
            .unwrap();

        assert!(!forever.done());
        forever.cancel();
        assert!(
            event_loop
                .run_until_complete(&mut forever)
                .unwrap()
                .is_err()
        );
        assert_eq!(event_loop.time(), Duration::from_secs(400 * 86_400));
    });
}

#[test]
fn e04_a_callback_in_no_time_runs_in_the_next_turn_and_one_in_all_time_never() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        event_loop.call_later(Duration::ZERO, seen.pusher("at once"));
        let never = event_loop.call_later(Duration::MAX, seen.pusher("never"));

        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert_eq!(seen.take(), ["at once"]);
        assert_eq!(never.when(), None);
        assert!(!never.cancelled());
        assert!(never.cancel());
        assert!(never.cancelled() && !never.cancel());
    });
}

#[test]
fn e04_an_interval_of_zero_is_an_error() {
    guarded(|| {
        let error = interval(Duration::ZERO).unwrap_err();
        assert!(!error.to_string().is_empty());

        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let mut rare = interval(Duration::MAX).unwrap();
                let ticks = async move {
                    rare.tick().await;
                    rare.tick().await;
                };
                let (done, pending) = wait([create_task(ticks)])
                    .timeout(sleep(Duration::from_secs(9)))
                    .await
                    .unwrap();
                assert_eq!(
                    (done.len(), pending.len()),
                    (0, 1),
                    "the second tick is never"
                );
            })
            .unwrap();
    });
}

#[test]
fn e05_a_task_that_waits_for_itself_up_to_a_limit_goes_on() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (own_tx, own_rx) = std::sync::mpsc::channel::<Task<usize>>();
        let task = event_loop.create_task(async move {
            let me = own_rx.recv().unwrap();
            wait([me])
                .timeout(sleep(Duration::from_secs(1)))
                .await
                .unwrap()
                .1
                .len()
        });
        let seen = Seen::new();
        let told = seen.clone();
        task.add_done_callback(move |result| told.push(result.is_ok()));
        own_tx.send(task).unwrap();

        event_loop
            .run_until_complete(sleep(Duration::from_secs(2)))
            .unwrap();

        assert_eq!(seen.take(), [true]);
    });
}

#[test]
fn e05_a_race_without_children_is_an_error() {
    guarded(|| {
        let nobody: Vec<Promise<u32>> = Vec::new();
        let raced = virtual_loop().run_until_complete(race(nobody)).unwrap();
        assert_eq!(
            raced.unwrap_err().to_string(),
            "failed to race: there are no children"
        );
    });
}

#[test]
fn e05_done_and_foreign_members_are_as_good_as_others() {
    guarded(|| {
        let (here, other) = (virtual_loop(), virtual_loop());
        let foreign: Promise<u32> = other.create_future();
        foreign.set_result(1).unwrap();
        let done = here.create_future();
        done.set_result(2).unwrap();

        let gathered = here
            .run_until_complete(gather([foreign.clone(), done.clone()]))
            .unwrap();
        let tried = here
            .run_until_complete(try_gather([foreign.clone(), done.clone()]))
            .unwrap();
        let waited = here
            .run_until_complete(wait([foreign, done]))
            .unwrap()
            .unwrap();

        assert_eq!(
            gathered.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(tried.unwrap(), [1, 2]);
        assert_eq!((waited.0.len(), waited.1.len()), (2, 0));
    });
}

#[test]
fn e05_a_hundred_thousand_members_are_gathered_and_waited_for() {
    const MANY: usize = 100_000;
    guarded(|| {
        let event_loop = virtual_loop();
        let promises: Vec<Promise<usize>> = (0..MANY).map(|_| event_loop.create_future()).collect();
        let setters = promises.clone();
        event_loop.call_soon(move || {
            for (n, promise) in setters.into_iter().enumerate() {
                promise.set_result(n).unwrap();
            }
        });

        let values = event_loop
            .run_until_complete(gather(promises.clone()))
            .unwrap();
        assert!(values.into_iter().map(Result::unwrap).eq(0..MANY));
        let (done, pending) = event_loop
            .run_until_complete(wait(promises))
            .unwrap()
            .unwrap();
        assert_eq!((done.len(), pending.len()), (MANY, 0));
    });
}

#[test]
fn e06_limits_of_a_wait_at_both_ends_raise_and_cancel_nothing() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let never = create_task(std::future::pending::<u32>());
                let (done, pending) = wait([never]).timeout(sleep(Duration::ZERO)).await.unwrap();
                assert_eq!((done.len(), pending.len()), (0, 1));

                let mut pending = pending;
                pending.insert(create_task(async {
                    yield_now().await;
                    1
                }));
                let waiting = wait(pending).return_when(FirstCompleted);
                let (done, pending) = waiting.timeout(sleep(Duration::MAX)).await.unwrap();
                assert_eq!((done.len(), pending.len()), (1, 1));
                assert_eq!(pending.iter().next().unwrap().cancelling(), 0);
                assert_eq!(event_loop.time(), Duration::ZERO);
            })
            .unwrap();
    });
}
