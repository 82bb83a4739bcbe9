//! Tasks on a scheduler that is run by hand.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use evloop_combinators::{Completion, wait};
use evloop_fixtures::{Wakes, in_thread, join, watched};
use evloop_task::{
    Builder, InvalidState, Task, closed_scheduler, create_task, current_task, ensure_future,
    enter_scheduler,
};

use crate::by_hand::ByHand;
use crate::harness::poll;

#[test]
fn a_task_that_waits_for_itself_does_not_hang() {
    watched(|| {
        let scheduler = ByHand::new();
        let place = Arc::new(Mutex::new(None::<Task<()>>));
        let own = Arc::clone(&place);
        let task = Builder::new().spawn(scheduler, async move {
            let own = own.lock().unwrap().take().unwrap();
            let waited = wait([own]).await;
            drop(waited);
        });
        let reference = Arc::new(Mutex::new(None));
        *place.lock().unwrap() = Some(task);
        let step = scheduler.next_step().unwrap();
        *reference.lock().unwrap() = Some(step.task());
        step.run();
        scheduler.run();

        let reference = reference.lock().unwrap().take().unwrap();
        assert!(
            reference.done(),
            "awaiting oneself is an error, by `wait` as well: {reference:?}"
        );
    });
}

#[test]
fn a_task_that_awaits_itself_gets_an_error() {
    watched(|| {
        let scheduler = ByHand::new();
        let place = Arc::new(Mutex::new(None::<Task<()>>));
        let (own, seen) = (Arc::clone(&place), Arc::new(Mutex::new(None)));
        let said = Arc::clone(&seen);
        let task = Builder::new().spawn(scheduler, async move {
            let own = own.lock().unwrap().take().unwrap();
            *said.lock().unwrap() = Some(own.await.unwrap_err().to_string());
        });
        *place.lock().unwrap() = Some(task);
        scheduler.run();

        let seen = seen.lock().unwrap().take().unwrap();
        assert!(seen.contains("cannot await itself"), "{seen}");
    });
}

#[test]
fn a_handle_awaited_twice_gives_an_error() {
    let scheduler = ByHand::new();
    let mut task = Builder::new().spawn(scheduler, async { 1 });
    scheduler.run();
    assert!(matches!(poll(&mut task, Waker::noop()), Poll::Ready(Ok(1))));
    let Poll::Ready(Err(error)) = poll(&mut task, Waker::noop()) else {
        panic!("{task:?}")
    };
    assert!(error.is_invalid_state());
    let read: Result<_, InvalidState> = task.result();
    assert!(read.unwrap_err().to_string().contains("taken"));

    let seen = Arc::new(Mutex::new(None));
    let place = Arc::clone(&seen);
    task.add_done_callback(move |result| {
        *place.lock().unwrap() = result.as_ref().err().map(|error| error.is_invalid_state());
    });
    scheduler.run();
    assert_eq!(*seen.lock().unwrap(), Some(true));
}

#[test]
fn a_result_that_was_read_can_still_be_awaited() {
    let scheduler = ByHand::new();
    let mut task = Builder::new().spawn(scheduler, async { "a value".to_owned() });
    assert!(task.result().is_err());
    scheduler.run();
    assert_eq!(task.result().unwrap().as_ref().unwrap(), "a value");
    assert!(
        task.poll_done(&mut std::task::Context::from_waker(Waker::noop()))
            .is_ready()
    );
    let Poll::Ready(Ok(value)) = poll(&mut task, Waker::noop()) else {
        panic!("{task:?}")
    };
    assert_eq!(value, "a value");
}

#[test]
fn a_dropped_step_cancels_its_task() {
    let scheduler = ByHand::new();
    let task = Builder::new().spawn(scheduler, pending::<()>());
    scheduler.run();
    let reference = scheduler.tasks().pop().unwrap();
    reference.wake();
    drop(scheduler.next_step());

    assert!(task.done() && task.cancelled() && reference.cancelled());
    assert!(task.result().unwrap().as_ref().unwrap_err().is_cancelled());
    assert!(scheduler.tasks().is_empty());
}

#[test]
fn a_task_on_a_closed_scheduler_ends_at_once() {
    let task = Builder::new().spawn(closed_scheduler(), async { 1 });
    assert!(task.cancelled());
    let text = task.result().unwrap().as_ref().unwrap_err().to_string();
    assert!(text.contains("closed"), "{text}");
    task.add_done_callback(|_| panic!("nobody runs it"));
}

#[test]
fn cancel_requests_are_counted_and_the_last_message_wins() {
    let scheduler = ByHand::new();
    let task = Builder::new().spawn(scheduler, pending::<()>());
    scheduler.run();
    assert!(task.cancel_with("first") && task.cancel_with("second"));
    assert_eq!(
        (task.cancelling(), task.uncancel(), task.cancelling()),
        (2, 1, 1)
    );
    scheduler.run();
    let text = task.result().unwrap().as_ref().unwrap_err().to_string();
    assert_eq!(text, "cancelled: second");
    assert!(!task.cancel());
}

#[test]
fn a_request_taken_back_leaves_the_task_alone() {
    let scheduler = ByHand::new();
    let task = Builder::new().spawn(scheduler, pending::<()>());
    scheduler.run();
    task.cancel();
    assert_eq!(task.uncancel(), 0);
    scheduler.run();
    assert!(!task.done());
}

#[test]
fn a_task_that_returns_with_a_request_undelivered_ends_cancelled() {
    let scheduler = ByHand::new();
    let task = Builder::new().spawn(scheduler, async { current_task().unwrap().cancel() });

    scheduler.run();

    assert!(task.cancelled(), "as in asyncio: {task:?}");
}

#[test]
fn a_local_task_polled_elsewhere_ends_panicked_and_says_why() {
    watched(|| {
        let scheduler = ByHand::new();
        let unsendable = std::rc::Rc::new(1);
        let task = Builder::new().spawn_local(scheduler, async move { *unsendable });
        join(in_thread(move || scheduler.run()));

        let error = task.result().unwrap().as_ref().unwrap_err();
        assert!(
            error.is_panic() && error.to_string().contains("local task"),
            "{error}"
        );
    });
}

#[test]
fn creating_tasks_needs_a_running_loop() {
    let refused = std::panic::catch_unwind(|| create_task(async {}).detach());
    let payload = refused.unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    assert!(text.contains("no event loop is running"), "{text}");

    let scheduler = ByHand::new();
    let _entered = enter_scheduler(scheduler);
    let task = create_task(async { current_task().map(|task| task.id()) });
    let id = task.id();
    let same = ensure_future!(task);
    assert_eq!(same.id(), id);
    scheduler.run();
    assert_eq!(same.result().unwrap().as_ref().unwrap(), &Some(id));
}

#[test]
fn a_debug_form_seen_by_another_thread_steals_no_wake() {
    // A second thread looks at the task while it ends; the awaiter's waker must be called.
    const ROUNDS: usize = 1000;
    watched(|| {
        for _ in 0..ROUNDS {
            let scheduler = ByHand::new();
            let mut task = Builder::new().spawn(scheduler, async { 1 });
            let (wakes, waker) = Wakes::new();
            assert!(poll(&mut task, &waker).is_pending());
            let step = scheduler.next_step().unwrap();
            let runs = in_thread(move || step.run());
            while !task.done() {
                std::hint::spin_loop();
            }
            assert!(task.result().is_ok());
            join(runs);
            assert_eq!(wakes.count(), 1);
        }
    });
}
