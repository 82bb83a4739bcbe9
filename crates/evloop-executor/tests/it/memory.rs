//! Executors made and dropped ten thousand times, at random points of their life.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;

use evloop_executor::LocalExecutor;
use evloop_fixtures::{in_thread, join};
use evloop_task::{Promise, yield_now};

use crate::allocations::net_bytes;
use crate::support::{Door, Tally, survives};

const N_WARM: usize = 200;
const N: usize = 10_000;

#[test]
fn museum_bm89_executors_dropped_at_any_point_leave_nothing_behind() {
    survives(
        "memory::museum_bm89_executors_dropped_at_any_point_leave_nothing_behind",
        || {
            let tally = Tally::default();
            let nudger = Nudger::start();
            let mut random = Random(0x9E37_79B9_7F4A_7C15);
            (0..N_WARM).for_each(|_| live_and_die(&mut random, &tally, &nudger));
            nudger.settle();
            let before = net_bytes();

            (0..N).for_each(|_| live_and_die(&mut random, &tally, &nudger));

            nudger.settle();
            assert_eq!(tally.live(), 0, "of {}", tally.made());
            let grown = net_bytes() - before;
            assert!(
                grown.abs() < 16 * 1024,
                "{grown} bytes more after {N} executors"
            );
            nudger.stop();
        },
    );
}

#[test]
fn an_idle_task_takes_at_most_144_bytes_and_a_burst_leaves_no_long_queue() {
    survives(
        "memory::an_idle_task_takes_at_most_144_bytes_and_a_burst_leaves_no_long_queue",
        || {
            const N_TASKS: usize = 100_000;
            let executor = LocalExecutor::new();
            let word = std::hint::black_box(7_u64);
            let before = net_bytes();
            for _ in 0..N_TASKS {
                let idle = async move {
                    pending::<()>().await;
                    std::hint::black_box(word);
                };
                executor.spawn(idle).detach();
            }
            executor.run_turn();
            // The queue, which had to be long once, is given back after some turns.
            for _ in 0..100 {
                executor.run_turn();
            }
            let bytes = usize::try_from(net_bytes() - before).unwrap();
            assert!(bytes <= 144 * N_TASKS, "{} bytes a task", bytes / N_TASKS);
        },
    );
}

/// One executor with tasks in every state, which ends after a random number of steps.
fn live_and_die(random: &mut Random, tally: &Tally, nudger: &Nudger) {
    let executor = LocalExecutor::new();
    let door = Door::default();
    let promise = Promise::<u8>::new_in(executor.scheduler());
    for n in 0..1 + random.below(8) {
        let (door, guest) = (door.clone(), tally.guest());
        let awaited = promise.clone();
        let task = executor.spawn_local(async move {
            let _guest = guest;
            match n % 3 {
                0 => door.await,
                1 => drop(awaited.await),
                _ => yield_now().await,
            }
            pending::<()>().await;
        });
        let called = tally.guest();
        match random.below(5) {
            0 => drop(task.cancel()),
            1 => drop(task.add_done_callback(move |_| drop(called))),
            2 => drop(executor.call_soon(move || drop(called))),
            3 => drop(task),
            _ => drop(promise.add_done_callback(move |_| drop(called))),
        }
    }
    executor.run_ready(random.below(12));
    nudger.nudge(door.waker());
    if random.below(2) == 0 {
        promise.set_result(1).unwrap();
    }
    executor.take_arrivals();
    executor.run_ready(random.below(12));
    let handle = executor.handle();
    let called = tally.guest();
    handle.call_soon(move || drop(called)).unwrap();
    drop(executor);
}

/// A thread that wakes whatever it is given, again and again.
struct Nudger {
    wakers: Arc<Mutex<Vec<Waker>>>,
    stops: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Nudger {
    fn start() -> Self {
        let wakers = Arc::new(Mutex::new(Vec::<Waker>::new()));
        let stops = Arc::new(AtomicBool::new(false));
        let (given, stop) = (Arc::clone(&wakers), Arc::clone(&stops));
        let thread = in_thread(move || {
            while !stop.load(Ordering::SeqCst) {
                let wakers = std::mem::take(&mut *given.lock().unwrap());
                for waker in &wakers {
                    (0..20).for_each(|_| waker.wake_by_ref());
                }
                drop(wakers);
                std::thread::yield_now();
            }
        });
        Self {
            wakers,
            stops,
            thread,
        }
    }

    fn nudge(&self, waker: Option<Waker>) {
        self.wakers.lock().unwrap().extend(waker);
    }

    /// Waits until everything given was woken and dropped.
    fn settle(&self) {
        let seen = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&seen);
        self.nudge(Some(Waker::from(Arc::new(Flag(flag)))));
        while !seen.load(Ordering::SeqCst) || Arc::strong_count(&seen) > 1 {
            std::thread::yield_now();
        }
    }

    fn stop(self) {
        self.stops.store(true, Ordering::SeqCst);
        join(self.thread);
    }
}

struct Flag(Arc<AtomicBool>);

impl std::task::Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A small generator: the same sequence in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n).expect("it is small")
    }
}
