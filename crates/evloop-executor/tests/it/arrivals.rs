//! When an executor is told of work from other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use evloop_executor::LocalExecutor;
use evloop_fixtures::{in_thread, join};

/// Counts its wakes, and panics in the first so many.
#[derive(Default)]
struct Bell {
    n_wakes: AtomicUsize,
    n_panics: usize,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let n_before = self.n_wakes.fetch_add(1, Ordering::SeqCst);
        assert!(n_before >= self.n_panics, "scripted");
    }
}

impl Bell {
    fn n_wakes(&self) -> usize {
        self.n_wakes.load(Ordering::SeqCst)
    }
}

fn send(executor: &LocalExecutor) {
    let handle = executor.handle();
    join(in_thread(move || handle.call_soon(|| ()).map(drop))).expect("it is open");
}

#[test]
fn many_arrivals_wake_once_until_they_are_taken_over() {
    let (executor, bell) = (LocalExecutor::new(), Arc::new(Bell::default()));
    executor.set_unparker(Waker::from(Arc::clone(&bell)));
    for round in 1..=3 {
        for _ in 0..5 {
            send(&executor);
        }
        assert_eq!(bell.n_wakes(), round);
        assert!(executor.has_arrivals());

        assert!(!executor.take_arrivals());
        assert!(!executor.has_arrivals());
        assert_eq!(executor.run_turn(), 5);
    }
}

#[test]
fn an_unparker_that_is_named_late_hears_of_what_came_before() {
    let (executor, bell) = (LocalExecutor::new(), Arc::new(Bell::default()));
    send(&executor);
    executor.set_unparker(Waker::from(Arc::clone(&bell)));
    assert_eq!(bell.n_wakes(), 1);
}

#[test]
fn the_next_executor_of_a_thread_is_woken_though_the_former_took_nothing_over() {
    let former = LocalExecutor::new();
    send(&former);
    drop(former);

    let (executor, bell) = (LocalExecutor::new(), Arc::new(Bell::default()));
    executor.set_unparker(Waker::from(Arc::clone(&bell)));
    send(&executor);
    assert_eq!(bell.n_wakes(), 1);
}

#[test]
fn after_a_wake_that_panicked_the_next_arrival_wakes_again() {
    let bell = Bell {
        n_panics: 1,
        ..Bell::default()
    };
    let (executor, bell) = (LocalExecutor::new(), Arc::new(bell));
    executor.set_unparker(Waker::from(Arc::clone(&bell)));
    send(&executor);
    send(&executor);
    assert_eq!(bell.n_wakes(), 2);
    send(&executor);
    assert_eq!(bell.n_wakes(), 2);
}
