//! F12: panics of everything that is called by the loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use evloop::{Task, create_task, gather, sleep, wait, yield_now};
use evloop_tests::{Reports, Seen, panic_text, virtual_loop, witness};

use crate::{guarded, run_one_turn};

/// A coroutine that panics at its n-th poll, counted from one.
async fn panics_at_poll(n: usize) -> u32 {
    for _ in 1..n {
        yield_now().await;
    }
    panic!("at poll {n}");
}

#[test]
fn f12_a_task_that_panics_gives_its_payload_to_the_awaiter_and_nothing_to_the_handler() {
    guarded(|| {
        for n in [1, 2] {
            let event_loop = virtual_loop();
            let reports = Reports::of(&event_loop);
            let (held, dropped) = witness();
            let task = event_loop.create_task(async move {
                let _held = held;
                panics_at_poll(n).await
            });

            let error = event_loop.run_until_complete(task).unwrap().unwrap_err();

            assert!(dropped.is_dropped(), "what it held is released");
            let evloop::JoinError::Panicked(panic) = error else {
                panic!("{error:?}")
            };
            assert_eq!(panic.message(), format!("at poll {n}"));
            let payload = panic.take_payload().unwrap();
            assert_eq!(panic_text(&*payload), format!("at poll {n}"));
            assert!(panic.take_payload().is_none(), "there is one payload");
            assert_eq!(reports.messages(), [""; 0]);
        }
    });
}

#[test]
fn f12_a_panic_that_nobody_looks_at_is_reported_once_with_the_tasks_name_and_line() {
    guarded(|| {
        for n in [1, 2] {
            let event_loop = virtual_loop();
            let reports = Reports::of(&event_loop);
            let named = evloop::TaskBuilder::new().name("unlucky");
            event_loop
                .create_task_with(named, panics_at_poll(n))
                .detach();
            let seen = Seen::new();
            event_loop.call_later(Duration::from_secs(1), seen.pusher("the loop goes on"));

            event_loop
                .run_until_complete(sleep(Duration::from_secs(2)))
                .unwrap();

            let message = reports.only().message;
            for part in ["unlucky", file!(), &format!("at poll {n}")] {
                assert!(message.contains(part), "{part}: {message}");
            }
            assert_eq!(seen.take(), ["the loop goes on"]);
        }
    });
}

#[test]
fn f12_a_panic_kept_by_a_handle_is_reported_when_the_handle_goes_unread() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let task = event_loop.create_task(panics_at_poll(1));
        let read = event_loop.create_task(panics_at_poll(1));
        run_one_turn(&event_loop);
        assert!(task.done() && read.done());
        assert!(read.exception().unwrap().is_some());

        drop((task, read));

        assert!(reports.only().message.contains("at poll 1"));
    });
}

#[test]
fn f12_a_gather_child_that_panics_ends_the_gather_and_its_siblings() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let (sibling, dropped) = witness();
        let gathering = event_loop.create_task(async move {
            let waits = async move {
                std::future::pending::<()>().await;
                drop(sibling);
                0
            };
            gather((panics_at_poll(2), waits)).await
        });

        let error = event_loop
            .run_until_complete(gathering)
            .unwrap()
            .unwrap_err();

        assert!(error.is_panic());
        assert!(dropped.is_dropped());
        drop(error);
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn f12_a_gathered_task_that_panics_is_an_error_in_its_place() {
    guarded(|| {
        let event_loop = virtual_loop();
        let outcome = event_loop.run_until_complete(async {
            gather((create_task(panics_at_poll(2)), create_task(async { 7 }))).await
        });

        let (panicked, fine) = outcome.unwrap();
        assert!(panicked.unwrap_err().is_panic());
        assert_eq!(fine.unwrap(), 7);
    });
}

#[test]
fn f12_a_rule_of_wait_that_panics_ends_the_waiter_only() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let (member, other) = (create_task(async { 1 }), create_task(async { 2 }));
                let other_id = other.id();
                let waiter = create_task(async move {
                    let rule = |_: &evloop::TaskResult<i32>| -> bool { panic!("in the rule") };
                    wait([member, other]).return_when(rule).await.map(drop)
                });
                let error = waiter.await.unwrap_err();
                assert!(error.to_string().contains("in the rule"), "{error}");
                assert!(evloop::all_tasks().iter().all(|task| task.id() != other_id));
            })
            .unwrap();
    });
}

#[test]
fn f12_done_callbacks_that_panic_are_reported_once_each_and_keep_nobody_from_the_value() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let seen = Seen::new();
        let task = event_loop.create_task(async { "value" });
        let promise = event_loop.create_future::<&str>();
        promise.set_result("value").unwrap();
        for callback in 0..2 {
            task.add_done_callback(move |_| panic!("task callback {callback}"));
            promise.add_done_callback(move |_| panic!("promise callback {callback}"));
        }
        let (of_task, of_promise) = (seen.clone(), seen.clone());
        task.add_done_callback(move |result| of_task.push(*result.as_ref().unwrap()));
        promise.add_done_callback(move |result| of_promise.push(*result.as_ref().unwrap()));

        let values = event_loop
            .run_until_complete(gather((task, promise)))
            .unwrap();

        assert_eq!((values.0.unwrap(), values.1.unwrap()), ("value", "value"));
        assert_eq!(seen.take(), ["value", "value"]);
        let messages = reports.messages();
        assert_eq!(messages.len(), 4, "{messages:?}");
        for text in [
            "task callback 0",
            "task callback 1",
            "promise callback 0",
            "promise callback 1",
        ] {
            assert_eq!(
                messages
                    .iter()
                    .filter(|message| message.contains(text))
                    .count(),
                1
            );
        }
    });
}

#[test]
fn f12_callbacks_of_every_kind_that_panic_are_reported_once_each() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let (_peer, watched) = std::os::unix::net::UnixStream::pair().unwrap();
        event_loop.call_soon(|| panic!("soon"));
        event_loop
            .call_soon_threadsafe(|| panic!("threadsafe"))
            .unwrap();
        event_loop.call_later(Duration::from_secs(1), || panic!("later"));
        let handle = event_loop.handle();
        event_loop
            .add_writer(&watched, move || {
                handle.stop();
                panic!("writer");
            })
            .unwrap();

        event_loop.run_forever().unwrap();
        assert!(event_loop.remove_writer(&watched));
        event_loop
            .run_until_complete(sleep(Duration::from_secs(2)))
            .unwrap();

        let messages = reports.messages();
        assert_eq!(messages.len(), 4, "{messages:?}");
        for text in ["soon", "threadsafe", "later", "writer"] {
            assert_eq!(
                messages
                    .iter()
                    .filter(|message| message.contains(text))
                    .count(),
                1,
                "{text}"
            );
        }
    });
}

#[test]
fn f12_a_panic_of_the_main_future_goes_on_in_the_caller_and_the_loop_is_usable() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let survivor: Task<u32> = event_loop.create_task(async {
            sleep(Duration::from_secs(1)).await;
            7
        });

        for n in [1, 2] {
            let running = AssertUnwindSafe(|| event_loop.run_until_complete(panics_at_poll(n)));
            let payload = catch_unwind(running).unwrap_err();
            assert_eq!(panic_text(&*payload), format!("at poll {n}"));
            assert!(!event_loop.is_running());
            assert!(evloop::get_running_loop().is_err());
        }

        assert_eq!(event_loop.run_until_complete(survivor).unwrap().unwrap(), 7);
        assert_eq!(reports.messages(), [""; 0]);
    });
}
