//! A worker that is in the midst of a long step strands nothing that another one could do.

use std::io::Write;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use evloop::{
    Clock, Handle, Runtime, SystemClock, TcpStream, create_task, gather, sleep, yield_now,
};
use evloop_tests::{on_thread, watchdog::Watchdog};
use futures_lite::AsyncReadExt;

use crate::real_runtime;

/// Blocks a worker until the test lets it go, which is once the awaited thing has happened.
fn block_a_worker(runtime: &Runtime) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let (blocked, is_blocked) = mpsc::channel();
    runtime
        .create_task(async move {
            blocked.send(()).expect("the test waits for it");
            released.recv().expect("the test lets it go");
        })
        .detach();
    is_blocked.recv().expect("a worker takes it");
    release
}

#[test]
fn museum_bm11_tasks_in_the_queue_of_a_blocked_worker_run_elsewhere() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(2);
    for _ in 0..50 {
        let (release, released) = mpsc::channel();
        let (ran, has_run) = mpsc::channel();
        let blocked = runtime.create_task(async move {
            // It is in this worker's own queue, and the worker does not get to it.
            create_task(async move { ran.send(()).unwrap() }).detach();
            released.recv().unwrap();
        });
        has_run.recv().unwrap();
        release.send(()).unwrap();
        runtime.block_on(blocked).unwrap().unwrap();
    }
}

#[test]
fn museum_bm11_a_task_woken_last_by_a_worker_that_blocks_runs_elsewhere() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(2);
    for _ in 0..50 {
        let (release, released) = mpsc::channel();
        let (ran, has_run) = mpsc::channel();
        let promise = evloop::Promise::new();
        let setter = promise.clone();
        let waiting = runtime.create_task(async move {
            promise.await.unwrap();
            ran.send(()).unwrap();
        });
        let blocked = runtime.create_task(async move {
            yield_now().await;
            setter.set_result(()).unwrap();
            released.recv().unwrap();
        });
        has_run.recv().unwrap();
        release.send(()).unwrap();
        runtime
            .block_on(async { (waiting.await, blocked.await) })
            .unwrap()
            .0
            .unwrap();
    }
}

#[test]
fn timers_of_a_blocked_worker_fire() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(2);
    for _ in 0..20 {
        let (release, released) = mpsc::channel();
        let (fired, has_fired) = mpsc::channel();
        let blocked = runtime.create_task(async move {
            let sleeper = async move {
                sleep(Duration::from_millis(2)).await;
                fired.send(()).unwrap();
            };
            let mut sleeper = Box::pin(sleeper);
            // Its timer is with this worker now.
            assert!(
                futures_lite::future::poll_once(&mut sleeper)
                    .await
                    .is_none()
            );
            create_task(sleeper).detach();
            released.recv().unwrap();
        });
        has_fired.recv().unwrap();
        release.send(()).unwrap();
        runtime.block_on(blocked).unwrap().unwrap();
    }
}

#[test]
fn io_goes_on_beside_a_blocked_worker() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(2);
    for _ in 0..20 {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connected, is_connected) = mpsc::channel();
        let reading = runtime.create_task(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            connected.send(()).unwrap();
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            byte[0]
        });
        let (mut peer, _) = listener.accept().unwrap();
        is_connected.recv().unwrap();
        let release = block_a_worker(&runtime);
        peer.write_all(&[9]).unwrap();
        assert_eq!(runtime.block_on(reading).unwrap().unwrap(), 9);
        release.send(()).unwrap();
    }
}

#[test]
fn tasks_in_the_queue_of_a_blocked_worker_run_on_one_that_is_always_busy() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(2);
    for _ in 0..10 {
        let (release, released) = mpsc::channel();
        let (ran, has_run) = mpsc::channel();
        let blocked = runtime.create_task(async move {
            for _ in 0..3 {
                let busy = async {
                    loop {
                        yield_now().await;
                    }
                };
                create_task(busy).detach();
            }
            create_task(async move { ran.send(()).unwrap() }).detach();
            released.recv().unwrap();
        });
        has_run.recv().unwrap();
        release.send(()).unwrap();
        runtime.block_on(blocked).unwrap().unwrap();
    }
}

#[test]
fn work_from_outside_reaches_a_busy_runtime() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    for n_workers in [1, 2] {
        let runtime = real_runtime(n_workers);
        let busy: Vec<_> = (0..2 * n_workers)
            .map(|_| {
                runtime.create_task(async {
                    loop {
                        yield_now().await;
                    }
                })
            })
            .collect();
        for n in 0..100 {
            let task = runtime.create_task(async move { n });
            assert_eq!(runtime.block_on(task).unwrap().unwrap(), n);
        }
        for task in busy {
            task.cancel();
            assert!(runtime.block_on(task).unwrap().unwrap_err().is_cancelled());
        }
    }
}

#[test]
fn timers_and_io_are_looked_at_while_tasks_are_always_ready() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    for n_workers in [1, 2] {
        let runtime = real_runtime(n_workers);
        for _ in 0..2 * n_workers {
            let busy = async {
                loop {
                    yield_now().await;
                }
            };
            runtime.create_task(busy).detach();
        }
        let slept = runtime.create_task(sleep(Duration::from_millis(2)));
        runtime.block_on(slept).unwrap().unwrap();

        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let peer = on_thread(move || {
            let (mut peer, _) = listener.accept().unwrap();
            peer.write_all(b"abc").unwrap();
        });
        let read = runtime.create_task(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            text
        });
        assert_eq!(runtime.block_on(read).unwrap().unwrap(), "abc");
        peer.join().unwrap();
    }
}

#[test]
fn timers_of_a_blocked_worker_fire_while_the_other_one_is_never_idle() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(2);
    for _ in 0..20 {
        let (release, released) = mpsc::channel();
        let (blocked, is_blocked) = mpsc::channel();
        let (fired, has_fired) = mpsc::channel();
        let blocking = runtime.create_task_on(0, async move || {
            // The first worker's timers are those of the handle.
            let fire = move || fired.send(()).unwrap();
            Handle::current().call_later(Duration::from_millis(2), fire);
            blocked.send(()).unwrap();
            released.recv().unwrap();
        });
        is_blocked.recv().unwrap();
        let busy = runtime.create_task(async {
            loop {
                yield_now().await;
            }
        });
        has_fired.recv().unwrap();
        release.send(()).unwrap();
        runtime.block_on(blocking).unwrap().unwrap();
        busy.cancel();
    }
}

#[test]
fn timers_and_io_go_on_beside_a_worker_that_blocks_in_a_pinned_task() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = real_runtime(2);
    for worker in [0, 1].into_iter().cycle().take(20) {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connected, is_connected) = mpsc::channel();
        let reading = runtime.create_task(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            connected.send(()).unwrap();
            stream.read_exact(&mut [0]).await.unwrap();
        });
        let (mut peer, _) = listener.accept().unwrap();
        is_connected.recv().unwrap();
        // Long enough for both to sleep until they are woken.
        runtime.block_on(sleep(Duration::from_millis(20))).unwrap();
        let (release, released) = mpsc::channel();
        let (blocked, is_blocked) = mpsc::channel();
        let blocking = runtime.create_task_on(worker, async move || {
            blocked.send(()).unwrap();
            released.recv().unwrap();
        });
        is_blocked.recv().unwrap();
        peer.write_all(&[9]).unwrap();
        runtime.block_on(reading).unwrap().unwrap();
        runtime.block_on(sleep(Duration::from_millis(2))).unwrap();
        release.send(()).unwrap();
        runtime.block_on(blocking).unwrap().unwrap();
    }
}

/// The system's time, so many times as fast, and how often it was asked how long to wait.
#[derive(Clone, Debug)]
struct FastClock {
    start: Instant,
    factor: u32,
    n_waits: Arc<AtomicUsize>,
}

impl FastClock {
    fn new(factor: u32) -> Self {
        Self {
            start: SystemClock.now(),
            factor,
            n_waits: Arc::default(),
        }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Instant {
        self.start + self.factor * (SystemClock.now() - self.start)
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        self.n_waits.fetch_add(1, SeqCst);
        let left = until?.saturating_duration_since(self.now());
        Some(left / self.factor)
    }
}

#[test]
fn a_clock_that_is_faster_than_the_systems_keeps_nobody_waiting() {
    crate::with_each_number_of_workers(|n_workers| {
        let clock = FastClock::new(1_000_000);
        let builder = Runtime::builder().n_workers(n_workers).clock(clock);
        let runtime = builder.build().unwrap();
        let hour = Duration::from_secs(3600);
        let slept = runtime.block_on(async {
            let sleeping = (0..n_workers).map(|n| runtime.create_task_on(n, move || sleep(hour)));
            let sleeping = gather(sleeping.collect::<Vec<_>>());
            // The workers fall asleep while this is awake.
            for _ in 0..5_000 {
                std::thread::yield_now();
            }
            sleeping.await
        });
        assert!(slept.unwrap().iter().all(Result::is_ok));
    });
}

#[test]
fn a_timer_of_one_worker_keeps_no_other_one_busy() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let clock = FastClock::new(1);
    let n_waits = Arc::clone(&clock.n_waits);
    let builder = Runtime::builder().n_workers(2).clock(clock);
    let runtime = builder.build().unwrap();
    let ticking = async {
        for _ in 0..100 {
            sleep(Duration::from_millis(3)).await;
        }
    };
    runtime
        .block_on(runtime.create_task(ticking))
        .unwrap()
        .unwrap();
    let n_waits = n_waits.load(SeqCst);
    assert!(n_waits < 100 * 50, "{n_waits}");
}
