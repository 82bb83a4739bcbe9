//! E21: loops that run already, are closed, or belong to another thread.

use std::future::pending;
use std::io;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use evloop::{GroupError, RunError, Runner, TaskGroup, catch_cancel, sleep};
use evloop_tests::{Reports, Seen, on_thread, panic_text, virtual_builder, virtual_loop, witness};

use crate::{guarded, run_one_turn};

#[test]
fn e21_a_closed_loop_does_not_run() {
    guarded(|| {
        let event_loop = virtual_loop();
        assert!(!event_loop.is_closed());

        event_loop.close();
        event_loop.close();

        assert!(event_loop.is_closed() && !event_loop.is_running());
        let (main, dropped) = witness();
        let refused = event_loop.run_until_complete(async move { drop(main) });
        assert!(matches!(refused, Err(RunError::Closed)));
        assert!(dropped.is_dropped());
        let refused = event_loop.run_forever().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "failed to run the event loop: it is closed"
        );
        assert_eq!(
            format!("{event_loop:?}"),
            "<EventLoop running=False closed=True debug=False>"
        );
    });
}

#[test]
fn e21_an_error_of_a_run_and_of_a_group_is_an_io_error_where_that_is_asked_for() {
    fn run_closed() -> io::Result<()> {
        let event_loop = virtual_loop();
        event_loop.close();
        event_loop.run_until_complete(async {})?;
        Ok(())
    }
    guarded(|| {
        let error = run_closed().unwrap_err();
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        assert!(matches!(inner, Some(RunError::Closed)), "{error}");
        let full = io::Error::from(io::ErrorKind::OutOfMemory);
        let error = io::Error::from(RunError::Create(full));
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        let error = io::Error::from(RunError::Interrupted);
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);

        let ended = virtual_loop().run_until_complete(async {
            let group = TaskGroup::scope(async |group| {
                group.create_task(async { Err::<(), _>("the disk is full") })?;
                sleep(Duration::from_secs(1)).await;
                group.create_task(async {})?;
                io::Result::Ok(())
            });
            io::Result::Ok(group.await?)
        });
        let error = ended.unwrap().unwrap_err();
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        let group: &GroupError = inner.expect("it is in there");
        assert_eq!(group.failures().len(), 1);
    });
}

#[test]
fn e21_a_closed_loop_schedules_nothing() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (_peer, watched) = UnixStream::pair().unwrap();
        event_loop.add_reader(&watched, || {}).unwrap();
        event_loop.close();
        let seen = Seen::new();

        let callback = || seen.pusher("never");
        let panics = [
            catch_unwind(AssertUnwindSafe(|| drop(event_loop.call_soon(callback())))),
            catch_unwind(AssertUnwindSafe(|| {
                drop(event_loop.call_later(Duration::from_secs(1), callback()));
            })),
            catch_unwind(AssertUnwindSafe(|| {
                drop(event_loop.call_at(event_loop.now(), callback()))
            })),
        ];
        for refused in panics {
            let text = panic_text(&*refused.unwrap_err());
            assert!(text.contains("the event loop is closed"), "{text}");
        }
        assert!(event_loop.call_soon_threadsafe(callback()).is_err());
        let ran = callback();
        let task = event_loop.create_task(async move { ran() });
        assert!(task.cancelled());
        let ran = callback();
        let job = event_loop.run_in_executor(None, ran);
        assert!(job.exception().unwrap().is_some());
        assert!(event_loop.add_reader(&watched, || {}).is_err());
        assert!(event_loop.add_writer(&watched, || {}).is_err());
        assert!(!event_loop.remove_reader(&watched));
        assert!(!event_loop.remove_writer(&watched));
        event_loop.stop();
        assert_eq!(
            event_loop
                .all_tasks()
                .map(|tasks| tasks.len())
                .unwrap_or_default(),
            0
        );
        assert!(seen.is_empty());
    });
}

#[test]
fn e21_a_local_task_of_a_closed_loop_ends_at_once() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop.close();

        let (body, dropped) = witness();
        let task = event_loop.create_task_local(async move { drop(body) });

        assert!(dropped.is_dropped());
        assert!(task.done());
    });
}

#[test]
fn e21_a_closed_loop_refuses_other_threads() {
    guarded(|| {
        let event_loop = virtual_loop();
        let handle = event_loop.handle();
        drop(event_loop);

        let refused = on_thread(move || {
            assert!(handle.is_closed());
            let (callback, dropped) = witness();
            let error = handle
                .call_soon_threadsafe(move || drop(callback))
                .unwrap_err();
            assert!(dropped.is_dropped());
            assert!(handle.create_task(async {}).cancelled());
            handle.stop();
            error.to_string()
        });

        assert!(refused.join().unwrap().contains("the event loop is closed"));
    });
}

#[test]
fn e21_closing_a_running_loop_is_refused_and_it_goes_on() {
    guarded(|| {
        let event_loop = virtual_loop();

        let text = event_loop.run_until_complete(async {
            let refused = catch_unwind(AssertUnwindSafe(|| event_loop.close()));
            sleep(Duration::from_secs(1)).await;
            panic_text(&*refused.unwrap_err())
        });

        assert!(text.unwrap().contains("it is running; stop it first"));
    });
}

#[test]
fn e21_a_handle_of_a_loop_that_ended_does_not_reach_the_next_one() {
    guarded(|| {
        let first = virtual_loop();
        let old = first.handle();
        let kept = old.create_future::<u32>();
        drop(first);
        let next = virtual_loop();
        let seen = Seen::new();

        assert!(old.is_closed() && !next.is_closed());
        assert!(old.call_soon_threadsafe(seen.pusher("strayed")).is_err());
        assert!(old.create_task(async {}).cancelled());
        let strayed = seen.pusher("strayed");
        kept.add_done_callback(move |_| strayed());
        kept.set_result(1).unwrap();
        next.run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert_eq!(seen.take(), [""; 0], "a loop that has ended calls nothing");
        assert_ne!(old, next.handle());
    });
}

#[test]
fn e21_a_closed_runner_refuses_and_closing_it_twice_is_fine() {
    guarded(|| {
        let runner = Runner::with(virtual_builder()).unwrap();
        assert_eq!(runner.run(async { 1 }).unwrap(), 1);

        runner.close();
        runner.close();

        assert!(matches!(runner.run(async { 2 }), Err(RunError::Closed)));
    });
}

#[test]
fn a_cancel_of_another_thread_reaches_its_task_though_the_loop_is_closed_meanwhile() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let task = event_loop.create_task(async {
            let asked = catch_cancel(pending::<()>()).await.expect_err("it pends");
            asked.swallow();
            "cleaned up"
        });
        run_one_turn(&event_loop);
        let task = on_thread(move || {
            task.cancel();
            task
        })
        .join()
        .expect("it does not panic");

        event_loop.close();

        let ended = task.result().expect("it is done");
        assert!(matches!(ended, Ok("cleaned up")), "{ended:?}");
        assert!(reports.messages().is_empty(), "{:?}", reports.messages());
    });
}
