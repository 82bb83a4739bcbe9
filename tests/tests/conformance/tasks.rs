//! Tasks: creating, finding, stopping and cancelling them.

use std::future::pending;
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use evloop::{
    EventLoop, Promise, RunError, Task, all_tasks, create_task, current_task, ensure_future,
    gather, sleep, yield_now,
};
use evloop_tests::{Reports, Seen, at_rest, on_every_loop, on_thread, virtual_loop, witness};

use crate::guarded;

#[test]
fn case_013_nested_coroutines_give_their_values_to_the_outer_one() {
    guarded(|| {
        async fn inner() -> u32 {
            yield_now().await;
            42
        }
        async fn middle() -> u32 {
            inner().await + 1000
        }

        let value = virtual_loop().run_until_complete(async { create_task(middle()).await });

        assert_eq!(value.unwrap().unwrap(), 1042);
    });
}

#[test]
fn case_014_a_promise_of_another_loop_may_be_awaited() {
    guarded(|| {
        let (here, other) = (virtual_loop(), virtual_loop());
        let promise = other.create_future();
        let setter = promise.clone();
        here.call_soon(move || setter.set_result("from there").unwrap());

        let awaited = here.run_until_complete(async { create_task(promise).await.unwrap() });

        assert_eq!(awaited.unwrap().unwrap(), "from there");
    });
}

#[test]
fn case_014_a_task_of_another_loop_may_be_awaited() {
    on_every_loop(|here| {
        let (tx, rx) = mpsc::channel();
        let leave: Promise<()> = Promise::new();
        let until = leave.clone();
        let other = on_thread(move || {
            let other = virtual_loop();
            let gate: Promise<u32> = other.create_future();
            let task = other.create_task({
                let gate = gate.clone();
                async move { gate.await.unwrap() + 1 }
            });
            tx.send((gate, task)).unwrap();
            other.run_until_complete(until).unwrap().unwrap();
        });
        let (gate, task) = rx.recv().unwrap();

        let awaited = here.run_until_complete(async move {
            let awaiting = create_task(task);
            yield_now().await; // It is waiting now.
            gate.set_result(41).unwrap();
            awaiting.await.unwrap()
        });
        leave.set_result(()).unwrap();
        other.join().unwrap();

        assert_eq!(awaited.unwrap().unwrap(), 42);
    });
}

#[test]
fn case_014_a_task_that_awaits_itself_gets_an_error() {
    on_every_loop(|event_loop| {
        let own: Arc<Mutex<Option<Task<String>>>> = Arc::default();
        let inside = Arc::clone(&own);
        let task = event_loop.create_task(async move {
            at_rest().await; // Its own handle is there now.
            let mut me = inside.lock().unwrap().take().unwrap();
            let error = (&mut me).await.unwrap_err();
            assert!(error.is_invalid_state());
            assert!(!me.done(), "the handle is as good as before");
            let among_others = gather(vec![me]).await.remove(0).unwrap_err();
            assert!(among_others.is_invalid_state());
            error.to_string()
        });
        let seen = Seen::new();
        let said = seen.clone();
        task.add_done_callback(move |result| said.push(result.as_ref().unwrap().clone()));
        own.lock().unwrap().replace(task);

        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert_eq!(seen.take(), ["invalid state: a task cannot await itself"]);
    });
}

#[test]
fn case_015_ensure_future_keeps_a_task_or_promise_of_any_loop_and_starts_anything_else() {
    guarded(|| {
        let (here, other) = (virtual_loop(), virtual_loop());
        let foreign: Promise<u32> = other.create_future();

        here.run_until_complete(async {
            let task = create_task(async { 1 });
            let id = task.id();
            let same = ensure_future!(task);
            assert_eq!(same.id(), id);

            let promise = here.create_future::<u32>();
            assert!(ensure_future!(promise.clone()).is_same(&promise));
            assert!(ensure_future!(foreign.clone()).is_same(&foreign));

            let started = ensure_future!(async { 2 });
            let from_awaitable = ensure_future!(std::future::ready(3));
            assert_eq!(gather((same, started)).await.1.unwrap(), 2);
            assert_eq!(from_awaitable.await.unwrap(), 3);
        })
        .unwrap();
    });
}

#[test]
fn case_027_a_task_cancelled_before_its_first_step_never_runs_and_says_why() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let (captured, dropped) = witness();
        let body = seen.pusher("body");
        let mut task = event_loop.create_task(async move {
            body();
            drop(captured);
        });
        let callback = seen.clone();
        task.add_done_callback(move |result| {
            assert!(result.as_ref().is_err_and(evloop::JoinError::is_cancelled));
            callback.push("callback");
        });

        assert!(task.cancel_with("an early message"));
        assert!(task.cancel_with("not today"), "a later message replaces it");
        assert_eq!(task.cancelling(), 2);
        assert!(
            !task.done() && !task.cancelled(),
            "it takes effect at the next step"
        );
        assert!(!dropped.is_dropped());
        let error = event_loop
            .run_until_complete(&mut task)
            .unwrap()
            .unwrap_err();

        assert!(error.is_cancelled());
        assert_eq!(error.to_string(), "cancelled: not today");
        assert!(task.cancelled());
        assert!(!task.cancel(), "too late");
        assert!(dropped.is_dropped());
        assert_eq!(seen.take(), ["callback"]);
    });
}

#[test]
fn case_027_a_cancel_request_taken_back_before_the_first_step_lets_the_task_run() {
    guarded(|| {
        let event_loop = virtual_loop();
        let task = event_loop.create_task(async { "ran" });

        assert!(task.cancel());
        assert_eq!(task.uncancel(), 0);

        assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), "ran");
    });
}

#[test]
fn case_027_a_cancel_from_another_thread_reaches_a_task_that_sleeps() {
    on_every_loop(|event_loop| {
        let (sleeping_tx, sleeping_rx) = mpsc::channel();
        let (captured, dropped) = witness();
        let task = event_loop.create_task(async move {
            sleeping_tx.send(current_task().unwrap()).unwrap();
            pending::<()>().await;
            drop(captured);
        });
        let thread = on_thread(move || sleeping_rx.recv().unwrap().cancel_with("from afar"));

        let error = event_loop.run_until_complete(task).unwrap().unwrap_err();

        assert!(thread.join().unwrap());
        assert_eq!(error.to_string(), "cancelled: from afar");
        assert!(dropped.is_dropped());
    });
}

#[test]
fn case_029_a_stopped_run_says_so_and_the_task_can_go_on_later() {
    guarded(|| {
        let event_loop = virtual_loop();
        let mut task = event_loop.create_task(async {
            sleep(Duration::from_secs(5)).await;
            "done"
        });
        event_loop.call_later(Duration::from_secs(1), {
            let handle = event_loop.handle();
            move || handle.stop()
        });

        let stopped = event_loop.run_until_complete(&mut task).unwrap_err();

        assert!(matches!(stopped, RunError::Stopped));
        assert_eq!(
            stopped.to_string(),
            "the event loop was stopped before the future completed"
        );
        assert_eq!(event_loop.time(), Duration::from_secs(1));
        assert!(!task.done());

        // The end of the task, at five seconds, does not end this run.
        event_loop
            .run_until_complete(sleep(Duration::from_secs(9)))
            .unwrap();

        assert_eq!(event_loop.time(), Duration::from_secs(10));
        assert_eq!(
            event_loop.run_until_complete(task).unwrap().unwrap(),
            "done"
        );
    });
}

#[test]
fn case_029_after_a_stopped_run_the_task_can_be_cancelled() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (captured, dropped) = witness();
        let mut task = event_loop.create_task(async move {
            pending::<()>().await;
            drop(captured);
        });
        event_loop.stop();

        assert!(matches!(
            event_loop.run_until_complete(&mut task),
            Err(RunError::Stopped)
        ));
        assert!(!task.done() && !dropped.is_dropped());

        assert!(task.cancel());
        let ended = event_loop.run_until_complete(&mut task).unwrap();
        assert!(ended.unwrap_err().is_cancelled());
        assert!(dropped.is_dropped());
    });
}

#[test]
fn case_029_a_stopped_run_drops_a_plain_future_and_keeps_a_promise_pending() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (captured, dropped) = witness();
        event_loop.stop();
        let plain = async move {
            pending::<()>().await;
            drop(captured);
        };
        assert!(matches!(
            event_loop.run_until_complete(plain),
            Err(RunError::Stopped)
        ));
        assert!(dropped.is_dropped());

        let promise = event_loop.create_future::<u32>();
        event_loop.stop();
        assert!(matches!(
            event_loop.run_until_complete(&promise),
            Err(RunError::Stopped)
        ));
        promise.set_result(3).unwrap();
        assert_eq!(event_loop.run_until_complete(&promise).unwrap().unwrap(), 3);
    });
}

#[test]
fn case_030_each_of_two_interleaving_tasks_sees_itself_as_the_current_one() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let looks = |name: &'static str| {
            let seen = seen.clone();
            async move {
                for _ in 0..3 {
                    seen.push((name, current_task().map(|task| task.name())));
                    yield_now().await;
                }
            }
        };
        let named = |name: &'static str| evloop::TaskBuilder::new().name(name);
        let first = event_loop.create_task_with(named("first"), looks("first"));
        let second = event_loop.create_task_with(named("second"), looks("second"));
        let outside = seen.clone();
        event_loop.call_soon(move || outside.push(("callback", current_task().map(|t| t.name()))));
        let outside = seen.clone();
        first.add_done_callback(move |_| outside.push(("done", current_task().map(|t| t.name()))));

        assert!(current_task().is_none());
        let ended = event_loop
            .run_until_complete(gather((first, second)))
            .unwrap();
        assert!(ended.0.is_ok() && ended.1.is_ok());
        assert!(current_task().is_none());

        let (first, second) = (
            ("first", Some("first".into())),
            ("second", Some("second".into())),
        );
        let expected = [
            first.clone(),
            second.clone(),
            ("callback", None),
            first.clone(),
            second.clone(),
            first,
            second,
            ("done", None),
        ];
        assert_eq!(seen.take(), expected);
    });
}

#[test]
fn case_033_sleeping_for_nan_seconds_is_an_error() {
    assert!(evloop_time::sleep_secs(f64::NAN).is_err());
    assert!(
        Duration::try_from_secs_f64(f64::NAN).is_err(),
        "no `Duration` is NaN"
    );
}

#[test]
fn case_034_what_is_queued_runs_before_a_sleep_of_zero_ends() {
    guarded(|| {
        let seen = Seen::new();

        let returned = virtual_loop().run_until_complete(async {
            evloop::call_soon(seen.pusher("callback"));
            sleep(Duration::ZERO).await;
            assert_eq!(seen.take(), ["callback"]);
            evloop::call_soon(seen.pusher("another"));
            yield_now().await;
            assert_eq!(seen.take(), ["another"]);
            10
        });

        assert_eq!(returned.unwrap(), 10);
    });
}

#[test]
fn case_039_each_of_ten_loops_lists_its_own_tasks_only() {
    guarded(|| {
        const N_LOOPS: usize = 10;
        const N_TASKS: usize = 100;
        let all_there = Arc::new(Barrier::new(N_LOOPS));
        let threads: Vec<_> = (0..N_LOOPS)
            .map(|_| {
                let all_there = Arc::clone(&all_there);
                on_thread(move || count_own_tasks(&virtual_loop(), N_TASKS, &all_there))
            })
            .collect();

        for thread in threads {
            assert_eq!(thread.join().unwrap(), [N_TASKS + 1; 2]);
        }
    });
}

/// Lists the tasks of a loop before and after their first steps, while all loops have theirs.
fn count_own_tasks(event_loop: &EventLoop, n_tasks: usize, all_there: &Barrier) -> [usize; 2] {
    let counted = event_loop.run_until_complete(async {
        let own: Vec<_> = (0..n_tasks).map(|_| create_task(pending::<()>())).collect();
        all_there.wait();
        let before = all_tasks();
        yield_now().await;
        all_there.wait();
        let after = all_tasks();
        all_there.wait();
        for task in &own {
            assert!(after.iter().any(|listed| listed.id() == task.id()));
        }
        [before.len(), after.len()]
    });
    counted.expect("the loop ran")
}

#[test]
fn case_039_tasks_are_not_listed_from_another_thread_and_not_after_their_end() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let handle = event_loop.handle();
        let listed = on_thread(move || handle.all_tasks().map(|tasks| tasks.len()));
        let error = listed.join().unwrap().unwrap_err();
        assert!(
            error.to_string().contains("thread of the event loop"),
            "{error}"
        );

        event_loop
            .run_until_complete(async {
                let task = create_task(async {});
                assert_eq!(all_tasks().len(), 2);
                task.await.unwrap();
                assert_eq!(all_tasks(), [current_task().unwrap()]);
            })
            .unwrap();

        assert_eq!(event_loop.all_tasks().unwrap(), []);
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn case_039_a_loop_does_not_list_the_running_task_of_another_loop_of_its_thread() {
    guarded(|| {
        let (here, other) = (virtual_loop(), virtual_loop());

        let listed = here.run_until_complete(async { other.all_tasks().unwrap().len() });

        assert_eq!(listed.unwrap(), 0);
    });
}
