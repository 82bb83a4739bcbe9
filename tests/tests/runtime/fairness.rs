//! How long what is ready may have to wait, counted in polls: with k tasks that are always ready, k + 64
//! polls; timers and I/O are looked at every 64 polls.

use std::future::poll_fn;
use std::io::Write;
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use evloop::{Handle, ManualClock, Promise, Runtime, TcpStream, create_task, sleep, yield_now};
use evloop_tests::{on_thread, watchdog::Watchdog};
use futures_lite::AsyncReadExt;

use crate::virtual_runtime;

/// Tasks that are always ready, and the number of polls that they have had.
#[derive(Clone, Default)]
struct Crowd(Arc<AtomicUsize>);

const N_BUSY: usize = 100;

impl Crowd {
    /// Has them begin, on the worker of the caller.
    fn begin(&self) {
        for _ in 0..N_BUSY {
            let polls = self.clone();
            create_task(async move {
                loop {
                    polls.0.fetch_add(1, SeqCst);
                    yield_now().await;
                }
            })
            .detach();
        }
    }

    fn n_polls(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// Runs `test` as a task of the only worker.
fn on_one_worker<F: Future<Output: Send + 'static> + Send + 'static>(
    runtime: &Runtime,
    test: F,
) -> F::Output {
    runtime
        .block_on(runtime.create_task(test))
        .expect("the runtime is open")
        .expect("the test does not panic")
}

#[test]
fn a_task_from_outside_is_polled_soon() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = virtual_runtime(1);
    let crowd = Crowd::default();
    let waited = on_one_worker(&runtime, async move {
        crowd.begin();
        let mut most = 0;
        for _ in 0..20 {
            yield_now().await;
            let handle = Handle::current();
            let (sent_at, seen) = (crowd.n_polls(), crowd.clone());
            // The worker is in the midst of this very step until the other thread is gone.
            let sending = on_thread(move || handle.create_task(async move { seen.n_polls() }));
            let polled_at = sending.join().unwrap().await.unwrap();
            most = most.max(polled_at - sent_at);
        }
        most
    });
    assert!(waited <= N_BUSY + 64, "{waited}");
}

#[test]
fn a_task_that_is_woken_is_polled_soon() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = virtual_runtime(1);
    let crowd = Crowd::default();
    let waited = on_one_worker(&runtime, async move {
        crowd.begin();
        let mut most = 0;
        for _ in 0..20 {
            let promise = Promise::new();
            let (setter, seen) = (promise.clone(), crowd.clone());
            let waiting = create_task(async move {
                promise.await.unwrap();
                seen.n_polls()
            });
            yield_now().await;
            let set_at = crowd.n_polls();
            setter.set_result(()).unwrap();
            most = most.max(waiting.await.unwrap() - set_at);
        }
        most
    });
    assert!(waited <= N_BUSY + 64, "{waited}");
}

#[test]
fn museum_bm10_two_tasks_that_wake_each_other_leave_room_for_a_third() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = virtual_runtime(1);
    let counted = Arc::new(AtomicUsize::new(0));
    let waited = on_one_worker(&runtime, async move {
        let wakers = Arc::default();
        for own in [0, 1] {
            let task = wake_the_other(own, Arc::clone(&wakers), Arc::clone(&counted));
            create_task(task).detach();
        }
        let third = async move {
            yield_now().await;
            let before = counted.load(SeqCst);
            yield_now().await;
            counted.load(SeqCst) - before
        };
        create_task(third).await.unwrap()
    });
    assert!(waited <= 64, "{waited}");
}

/// One of two tasks that wake each other for ever, and count their turns.
async fn wake_the_other(
    own: usize,
    wakers: Arc<[Mutex<Option<Waker>>; 2]>,
    turns: Arc<AtomicUsize>,
) {
    poll_fn(|cx| {
        turns.fetch_add(1, SeqCst);
        let place = |of: usize| wakers[of].lock().expect("nobody panics with it");
        *place(own) = Some(cx.waker().clone());
        let other = place(1 - own).take();
        other.into_iter().for_each(Waker::wake);
        Poll::<()>::Pending
    })
    .await;
}

#[test]
fn timers_are_looked_at_every_64_polls() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let clock = ManualClock::new();
    let builder = Runtime::builder().n_workers(1).clock(clock.clone());
    let runtime = builder.build().unwrap();
    let crowd = Crowd::default();
    let waited = on_one_worker(&runtime, async move {
        crowd.begin();
        let mut most = 0;
        for _ in 0..20 {
            let seen = crowd.clone();
            let sleeping = create_task(async move {
                sleep(Duration::from_millis(1)).await;
                seen.n_polls()
            });
            yield_now().await;
            let due_at = crowd.n_polls();
            clock.advance(Duration::from_millis(2));
            most = most.max(sleeping.await.unwrap() - due_at);
        }
        most
    });
    assert!(waited <= N_BUSY + 2 * 64, "{waited}");
}

#[test]
fn io_is_looked_at_every_64_polls() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = virtual_runtime(1);
    let crowd = Crowd::default();
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut peer = StdStream::connect(address).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    accepted.set_nonblocking(true).unwrap();
    let waited = on_one_worker(&runtime, async move {
        let mut stream = TcpStream::try_from(accepted).unwrap();
        crowd.begin();
        let mut most = 0;
        for _ in 0..20 {
            let seen = crowd.clone();
            let reading = create_task(async move {
                stream.read_exact(&mut [0]).await.unwrap();
                (seen.n_polls(), stream)
            });
            yield_now().await;
            yield_now().await;
            let sent_at = crowd.n_polls();
            peer.write_all(&[1]).unwrap();
            let (read_at, same) = reading.await.unwrap();
            stream = same;
            most = most.max(read_at - sent_at);
        }
        most
    });
    assert!(waited <= N_BUSY + 2 * 64, "{waited}");
}

/// Whoever has nothing to do and a timer that is due already has time for a look at I/O.
#[test]
fn io_is_looked_at_between_sleeps_that_end_at_once() {
    for n_workers in [1, 2, 8] {
        let _watchdog = Watchdog::new(Duration::from_secs(60));
        let runtime = virtual_runtime(n_workers);
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let mut peer = StdStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        accepted.set_nonblocking(true).unwrap();
        let n_sleeps = on_one_worker(&runtime, async move {
            let mut stream = TcpStream::try_from(accepted).unwrap();
            let reading = create_task(async move { stream.read_exact(&mut [0]).await.unwrap() });
            sleep(Duration::from_millis(1)).await;
            peer.write_all(&[1]).unwrap();
            let mut n_sleeps = 0;
            while !reading.done() && n_sleeps < 10_000 {
                sleep(Duration::from_millis(1)).await;
                n_sleeps += 1;
            }
            n_sleeps
        });
        assert!(n_sleeps <= 64, "{n_sleeps} with {n_workers} workers");
    }
}
