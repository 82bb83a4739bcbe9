//! Promises: set once, awaited by many.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use evloop_cancel::catch_cancel;
use evloop_fixtures::{Wakes, in_thread, join, watched};
use evloop_task::{Builder, CallbackId, JoinError, Promise};

use crate::by_hand::ByHand;
use crate::harness::{only_b_is_woken, poll};

#[test]
fn museum_bm61_only_the_waker_of_the_last_poll_is_woken() {
    watched(|| {
        let promise = Promise::new();
        let setter = promise.clone();
        only_b_is_woken("a promise", &mut promise.clone(), || {
            setter.set_result(1).unwrap()
        });

        let promise = Promise::new();
        let setter = promise.clone();
        only_b_is_woken("a wait", &mut promise.wait(), || {
            setter.set_result(1).unwrap()
        });
    });
}

#[test]
fn museum_bm74_a_million_awaits_of_one_endless_promise_leave_one_waiter() {
    watched(|| {
        let endless = Promise::<u8>::new();
        let (wakes, waker) = Wakes::new();
        let mut kept = endless.clone();
        for _ in 0..1_000_000 / 2 {
            assert!(poll(&mut endless.clone(), &waker).is_pending());
            assert!(poll(&mut kept, &waker).is_pending());
        }
        // Ours, the one in `waker`, and the one that `kept` registered.
        assert_eq!(Arc::strong_count(&wakes), 3);
        drop(kept);
        assert_eq!(Arc::strong_count(&wakes), 2);
    });
}

#[test]
fn museum_bm78_the_drop_of_a_refused_value_may_use_the_promise() {
    watched(|| {
        let scheduler = ByHand::new();
        let promise = Promise::new_in(scheduler);
        promise.set_result(Refused(None)).unwrap();
        let inside = promise.clone();

        assert!(promise.set_result(Refused(Some(inside))).is_err());

        assert_eq!(scheduler.n_queued(), 1);
        scheduler.run();
    });
}

/// Uses the promise that refused it when it is dropped.
struct Refused(Option<Promise<Refused>>);

impl Drop for Refused {
    fn drop(&mut self) {
        if let Some(promise) = self.0.take() {
            promise.add_done_callback(|_| {});
        }
    }
}

#[test]
fn callbacks_and_awaiters_go_in_the_order_of_their_registration() {
    watched(|| {
        let scheduler = ByHand::new();
        let order = Arc::new(Mutex::new(Vec::new()));
        let promise = Promise::new_in(scheduler);
        let (a, b) = (Arc::clone(&order), Arc::clone(&order));
        promise.add_done_callback(move |result| a.lock().unwrap().push(("a", result.is_ok())));
        let shared = CallbackId::new();
        for _ in 0..2 {
            promise.add_done_callback_as(shared, |_| panic!("it was removed"));
        }
        promise.add_done_callback(move |result| b.lock().unwrap().push(("b", result.is_ok())));
        assert_eq!(promise.remove_done_callback(shared), 2);
        assert_eq!(promise.remove_done_callback(shared), 0);

        promise.set_result(1).unwrap();
        let late = Arc::clone(&order);
        promise
            .add_done_callback(move |result| late.lock().unwrap().push(("late", result.is_ok())));

        assert_eq!(order.lock().unwrap().len(), 0, "never inside of a call");
        scheduler.run();
        assert_eq!(
            *order.lock().unwrap(),
            [("a", true), ("b", true), ("late", true)]
        );
    });
}

#[test]
fn callbacks_run_before_the_awaiter_whose_cancel_request_it_got() {
    watched(|| {
        let scheduler = ByHand::new();
        let order = Arc::new(Mutex::new(Vec::new()));
        let promise = Promise::<u8>::new_in(scheduler);
        let (called, resumed) = (Arc::clone(&order), Arc::clone(&order));
        promise.add_done_callback(move |_| called.lock().unwrap().push("callback"));
        let same = promise.clone();
        let task = Builder::new().spawn(scheduler, async move {
            let cancelled = catch_cancel(same).await.unwrap_err();
            resumed.lock().unwrap().push("awaiter");
            match cancelled.resume().await {}
        });
        scheduler.run();

        task.cancel();
        scheduler.next_step().unwrap().run();
        assert!(promise.cancelled());
        assert_eq!(order.lock().unwrap().len(), 0, "the callback is queued");
        scheduler.next_callback().unwrap()();
        scheduler.run();

        assert_eq!(*order.lock().unwrap(), ["callback", "awaiter"]);
        assert!(task.cancelled());
    });
}

#[test]
fn it_is_set_once_by_whoever_comes_first() {
    const ROUNDS: usize = 300;
    watched(|| {
        for _ in 0..ROUNDS {
            let promise = Promise::new();
            let setters: Vec<_> = (0..3)
                .map(|n| {
                    let promise = promise.clone();
                    in_thread(move || match n {
                        0 => promise.cancel(),
                        _ => promise.set_result(n).is_ok(),
                    })
                })
                .collect();
            let set = setters.into_iter().map(join).filter(|set| *set).count();
            assert_eq!(set, 1);
            assert!(promise.done());
        }
    });
}

#[test]
fn an_error_that_nobody_looks_at_is_reported_when_the_last_clone_goes() {
    let scheduler = ByHand::new();
    let promise = Promise::<u8>::new_in(scheduler);
    promise.set_exception("lost").unwrap();
    let clone = promise.clone();
    drop(promise);
    assert!(scheduler.take_reports().is_empty());
    drop(clone);
    let reports = scheduler.take_reports();
    assert!(
        reports.len() == 1 && reports[0].contains("lost"),
        "{reports:?}"
    );

    let seen = Promise::<u8>::new_in(scheduler);
    seen.set_exception("seen").unwrap();
    assert!(seen.exception().unwrap().is_some());
    drop(seen);
    let awaited = Promise::<u8>::new_in(scheduler);
    awaited.set_exception("awaited").unwrap();
    assert!(poll(&mut awaited.clone(), Waker::noop()).is_ready());
    drop(awaited);
    assert!(scheduler.take_reports().is_empty());
}

#[test]
fn reading_too_early_and_setting_twice_are_errors() {
    let promise = Promise::new();
    assert!(promise.result().is_err() && promise.exception().is_err());
    promise.set_result(1).unwrap();
    assert!(promise.set_result(2).is_err());
    assert!(promise.set_exception("late").is_err());
    assert!(promise.set(Err(JoinError::from_cancel("late"))).is_err());
    assert!(!promise.cancel() && !promise.cancelled());
    assert!(matches!(promise.result(), Ok(Ok(1))));
}

#[test]
#[should_panic(expected = "a done callback needs a loop to run on")]
fn a_callback_without_a_loop_is_refused() {
    Promise::<u8>::new().add_done_callback(|_| {});
}

#[test]
fn each_handle_waits_for_itself() {
    watched(|| {
        let promise = Promise::new();
        let ((n_first, first), (n_second, second)) = (Wakes::new(), Wakes::new());
        let (mut a, mut b) = (promise.clone(), promise.clone());
        assert!(poll(&mut a, &first).is_pending() && poll(&mut b, &second).is_pending());
        drop(a);
        promise.set_result(Arc::new(1)).unwrap();
        assert_eq!((n_first.count(), n_second.count()), (0, 1));
        let again = pin!(IntoFuture::into_future(&promise));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(again.poll(&mut cx), Poll::Ready(Ok(_))));
        assert!(b.is_same(&promise));
    });
}
