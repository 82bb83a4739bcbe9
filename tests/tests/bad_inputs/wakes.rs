//! F14: wakes at the wrong time and from the wrong place.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use evloop::{sleep, yield_now};
use evloop_tests::{Reports, on_thread, virtual_loop};

use crate::{guarded, run_one_turn};

/// What a [`Probe`] did, and its waker.
#[derive(Clone, Default)]
struct Record {
    n_polls: Arc<AtomicUsize>,
    waker: Arc<Mutex<Option<Waker>>>,
}

impl Record {
    fn n_polls(&self) -> usize {
        self.n_polls.load(Ordering::SeqCst)
    }

    fn waker(&self) -> Waker {
        self.waker
            .lock()
            .expect("no panic under the lock")
            .clone()
            .expect("it was polled")
    }
}

/// Wakes itself so many times in its first poll, and ends at the poll with that number.
struct Probe {
    record: Record,
    n_wakes: usize,
    ends_at: usize,
    wakes_in_drop: bool,
}

impl Future for Probe {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let n = self.record.n_polls.fetch_add(1, Ordering::SeqCst) + 1;
        *self.record.waker.lock().expect("no panic under the lock") = Some(cx.waker().clone());
        if n == 1 {
            (0..self.n_wakes).for_each(|_| cx.waker().wake_by_ref());
        }
        if n >= self.ends_at {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let waker = self
            .record
            .waker
            .lock()
            .expect("no panic under the lock")
            .clone();
        if let Some(waker) = waker.filter(|_| self.wakes_in_drop) {
            waker.wake_by_ref();
            waker.wake();
        }
    }
}

fn probe(n_wakes: usize, ends_at: usize) -> (Probe, Record) {
    let record = Record::default();
    (
        Probe {
            record: record.clone(),
            n_wakes,
            ends_at,
            wakes_in_drop: false,
        },
        record,
    )
}

#[test]
fn f14_wakes_during_a_poll_cost_one_more_poll_however_many_they_are() {
    guarded(|| {
        for n_wakes in [1, 1_000_000] {
            let event_loop = virtual_loop();
            let (never_ends, record) = probe(n_wakes, usize::MAX);
            event_loop.create_task(never_ends).detach();

            event_loop
                .run_until_complete(sleep(Duration::from_secs(1)))
                .unwrap();

            assert_eq!(record.n_polls(), 2);
        }
    });
}

#[test]
fn f14_wakes_of_a_sleeping_task_cost_one_poll_however_many_they_are() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (never_ends, record) = probe(0, usize::MAX);
        event_loop.create_task(never_ends).detach();
        run_one_turn(&event_loop);
        assert_eq!(record.n_polls(), 1);

        let waker = record.waker();
        (0..1_000_000).for_each(|_| waker.wake_by_ref());
        let elsewhere = waker.clone();
        on_thread(move || (0..1_000).for_each(|_| elsewhere.wake_by_ref()))
            .join()
            .unwrap();
        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert_eq!(record.n_polls(), 2);
    });
}

#[test]
fn f14_a_wake_from_the_futures_own_drop_does_nothing() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let (mut finishes, of_finished) = probe(0, 1);
        finishes.wakes_in_drop = true;
        let (mut cancelled, of_cancelled) = probe(0, usize::MAX);
        cancelled.wakes_in_drop = true;
        let (mut closed, of_closed) = probe(0, usize::MAX);
        closed.wakes_in_drop = true;
        let finished = event_loop.create_task(finishes);
        let cancelled = event_loop.create_task(cancelled);
        event_loop.create_task(closed).detach();
        run_one_turn(&event_loop);

        cancelled.cancel();
        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();
        assert!(finished.done() && cancelled.cancelled());
        event_loop.close();

        let n_polls = [of_finished, of_cancelled, of_closed].map(|record| record.n_polls());
        assert_eq!(n_polls, [1, 1, 1]);
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn f14_a_wake_after_the_end_does_nothing() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (ends, record) = probe(0, 1);
        let task = event_loop.create_task(ends);
        event_loop.run_until_complete(task).unwrap().unwrap();

        record.waker().wake_by_ref();
        let waker = record.waker();
        on_thread(move || waker.wake()).join().unwrap();
        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert_eq!(record.n_polls(), 1);
    });
}

#[test]
fn f14_a_wake_after_the_loop_is_closed_does_nothing() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (never_ends, record) = probe(0, usize::MAX);
        let task = event_loop.create_task(never_ends);
        run_one_turn(&event_loop);
        event_loop.close();
        assert!(task.cancelled());

        record.waker().wake_by_ref();
        drop(event_loop);
        let next = virtual_loop(); // It may use the same memory.
        let waker = record.waker();
        record.waker().wake();
        on_thread(move || waker.wake()).join().unwrap();
        next.run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert_eq!(record.n_polls(), 1);
    });
}

#[test]
fn f14_a_task_that_outlives_its_loop_in_a_foreign_place_is_dropped_quietly() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (never_ends, record) = probe(1, usize::MAX);
        let task = event_loop.create_task(never_ends);
        run_one_turn(&event_loop); // It is queued for its second step.
        drop(event_loop);

        assert!(task.done() && task.cancelled());
        assert_eq!(record.n_polls(), 1);
        drop(task);
        record.waker().wake();
    });
}

/// Wakes another waker when it is woken, and again when it is dropped.
struct Relay(Waker);

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.0.wake_by_ref();
    }
}

#[test]
fn f14_wakers_that_wake_others_from_inside_a_wake_and_a_drop_are_heard_once() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (never_ends, record) = probe(0, usize::MAX);
        event_loop.create_task(never_ends).detach();
        run_one_turn(&event_loop);
        let relay = Waker::from(Arc::new(Relay(Waker::from(Arc::new(Relay(
            record.waker(),
        ))))));
        let promise = event_loop.create_future::<()>();
        let mut awaited = promise.clone();
        assert!(
            Pin::new(&mut awaited)
                .poll(&mut Context::from_waker(&relay))
                .is_pending()
        );
        let mut task = event_loop.create_task(async { yield_now().await });
        assert!(
            Pin::new(&mut task)
                .poll(&mut Context::from_waker(&relay))
                .is_pending()
        );

        promise.set_result(()).unwrap();
        run_one_turn(&event_loop);
        assert_eq!(record.n_polls(), 2);
        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert!(task.done());
        assert_eq!(
            record.n_polls(),
            3,
            "once for the promise, once for the task"
        );
    });
}
