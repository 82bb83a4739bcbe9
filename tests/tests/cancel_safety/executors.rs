//! Work on other threads, on a loop whose executor runs it when the test says so.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use evloop::{EventLoop, Handle, Task, create_task, to_thread, yield_now};
use evloop_tests::{HeldJobs, Seen, virtual_loop};

use crate::guarded;

/// A loop, and its executor.
fn held_loop() -> (EventLoop, HeldJobs) {
    let (event_loop, jobs) = (virtual_loop(), HeldJobs::new());
    event_loop.set_default_executor(jobs.clone());
    (event_loop, jobs)
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn work_whose_waiter_is_dropped_is_taken_back_and_that_of_a_promise_is_not() {
    guarded(|| {
        let (event_loop, jobs) = held_loop();
        let seen = Seen::new();

        let struck = async {
            let unpolled = to_thread(seen.pusher("never begun"));
            drop(unpolled);
            let mut waiter = Box::pin(to_thread(seen.pusher("by to_thread")));
            assert!(poll_once(waiter.as_mut()).is_pending());
            drop(waiter);
            let work = seen.pusher("by run_in_executor");
            drop(Handle::current().run_in_executor(None, work));
        };
        event_loop.run_until_complete(struck).unwrap();
        jobs.run_all();

        assert_eq!(seen.take(), ["by run_in_executor"]);
    });
}

/// Has the task of `waiter` wait, cancels it, and runs the jobs.
fn cancel_waiting<F>(waiter: impl FnOnce() -> F + Send + 'static)
where
    F: Future<Output: Send> + Send + 'static,
{
    let (event_loop, jobs) = held_loop();
    let cancelled = event_loop.run_until_complete(async move {
        let task: Task<_> = create_task(async move { waiter().await });
        yield_now().await;
        task.cancel();
        let mut task = pin!(task);
        while poll_once(task.as_mut()).is_pending() {
            yield_now().await;
        }
        task.cancelled()
    });
    let cancelled = cancelled.expect("nothing stops the loop");
    assert!(cancelled, "it waits for no thread");
    jobs.run_all();
}

#[test]
fn a_request_to_who_awaits_to_thread_takes_back_what_has_not_begun() {
    guarded(|| {
        let seen = Seen::new();
        let work = seen.pusher("done");

        cancel_waiting(move || to_thread(work));

        assert!(seen.is_empty());
    });
}

#[test]
fn a_request_to_who_awaits_a_promise_of_work_takes_back_what_has_not_begun() {
    guarded(|| {
        let seen = Seen::new();
        let work = seen.pusher("done");

        cancel_waiting(move || Handle::current().run_in_executor(None, work));

        assert!(seen.is_empty());
    });
}
