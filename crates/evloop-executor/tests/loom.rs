//! Model checks of the protocols between threads, on the shipped code: what arrives while the
//! owner parks, ends or hands its block to the next executor, and who gets a callback.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p evloop-executor --release --test loom`
//!
//! async-task and the lock-free inbox are not interleaved from inside: each of their operations is
//! one step here.
#![cfg(loom)]
#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use evloop_executor::{CallHandle, LocalExecutor, loom_models};
use evloop_fixtures::models::{Bell, explore_with};
use evloop_task::Task;
use loom::model::Builder;
use loom::thread;

fn explore(model: impl Fn() + Send + Sync + 'static) {
    explore_with(&explorer(), model);
}

/// The same for a model that is too large for more than one preemption.
fn explore_shallowly(model: impl Fn() + Send + Sync + 'static) {
    let mut explorer = explorer();
    explorer.preemption_bound = Some(1);
    explore_with(&explorer, model);
}

fn explorer() -> Builder {
    let mut explorer = Builder::new();
    // The rounds of a close alone take more than the default.
    explorer.max_branches = 10_000;
    explorer
}

/// Counts how many guests it made and how many were dropped; outside of loom, since only the
/// numbers at the end count.
#[derive(Clone, Default)]
struct Tally(Arc<[AtomicUsize; 2]>);

struct Guest(Tally);

impl Tally {
    fn guest(&self) -> Guest {
        self.0[0].fetch_add(1, Ordering::SeqCst);
        Guest(self.clone())
    }

    fn live(&self) -> usize {
        self.0[0].load(Ordering::SeqCst) - self.0[1].load(Ordering::SeqCst)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.0[1].fetch_add(1, Ordering::SeqCst);
    }
}

/// Crossed by two threads, in either order: async-task's own steps are no reason for loom to try
/// both.
#[derive(Clone, Default)]
struct StartLine(loom::sync::Arc<loom::sync::atomic::AtomicUsize>);

impl StartLine {
    fn cross(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// An executor and the bell that its arrivals ring.
fn parking() -> (LocalExecutor, Arc<Bell>) {
    let executor = LocalExecutor::new();
    let bell = Arc::new(Bell::default());
    executor.set_unparker(Waker::from(Arc::clone(&bell)));
    (executor, bell)
}

/// Turns the loop until `ended`, asleep while nothing is ready.
fn run_until(executor: &LocalExecutor, bell: &Bell, ended: impl Fn() -> bool) {
    loop {
        executor.take_arrivals();
        let n_run = executor.run_ready(executor.n_ready());
        if ended() {
            return;
        }
        if n_run == 0 {
            bell.wait();
        }
    }
}

#[test]
fn ownership_passes_with_all_that_was_done() {
    explore(loom_models::ownership_passes_with_all_that_was_done);
}

/// LM-02: the owner of a run queue takes from it, and thieves steal.
#[test]
fn each_item_of_a_full_ring_is_taken_once() {
    explore(loom_models::each_item_of_a_full_ring_is_taken_once);
}

/// LM-02, with a thief that reads a buffer which is replaced.
#[test]
fn each_item_of_a_ring_that_grows_is_taken_once_with_one_thief() {
    explore(|| loom_models::each_item_of_a_ring_that_grows_is_taken_once(1));
}

#[test]
fn each_item_of_a_ring_that_grows_is_taken_once_with_two_thieves() {
    explore(|| loom_models::each_item_of_a_ring_that_grows_is_taken_once(2));
}

/// LM-01: a callback from another thread finds the owner before it sleeps, or wakes it.
#[test]
fn an_arrival_meets_an_owner_that_goes_to_sleep() {
    explore(|| {
        let (executor, bell) = parking();
        let tally = Tally::default();
        let guest = tally.guest();
        let handle = executor.handle();
        let sender = thread::spawn(move || handle.call_soon(move || drop(guest)).is_ok());

        run_until(&executor, &bell, || tally.live() == 0);

        assert!(sender.join().unwrap());
    });
}

/// LM-01, with an arrival that relies on the wake of another one.
#[test]
fn two_arrivals_meet_an_owner_that_goes_to_sleep() {
    explore(|| {
        let (executor, bell) = parking();
        let tally = Tally::default();
        let send = || {
            let (handle, guest) = (executor.handle(), tally.guest());
            thread::spawn(move || handle.call_soon(move || drop(guest)).is_ok())
        };
        let senders = [send(), send()];

        run_until(&executor, &bell, || tally.live() == 0);

        for sender in senders {
            assert!(sender.join().unwrap());
        }
    });
}

/// LM-03: a wake from another thread causes a poll that sees what was written before it.
#[test]
fn a_wake_publishes_what_was_written_before_it() {
    explore(|| {
        let (executor, bell) = parking();
        let written = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let place = Arc::new(std::sync::Mutex::new(None));
        let (cell, waker) = (Arc::clone(&written), Arc::clone(&place));
        let task = executor.spawn(poll_fn(move |cx| {
            if cell.load(Ordering::Relaxed) == 1 {
                return Poll::Ready(());
            }
            *waker.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        }));
        executor.run_ready(1);
        let waker: Waker = place.lock().unwrap().take().unwrap();
        let writer = thread::spawn(move || {
            written.store(1, Ordering::Relaxed);
            waker.wake();
        });

        run_until(&executor, &bell, || task.done());

        writer.join().unwrap();
    });
}

/// LM-09 and LM-19: what arrives while its executor ends is run, dropped or refused, and nothing
/// stays behind.
#[test]
fn an_arrival_meets_the_end() {
    explore(|| {
        let executor = LocalExecutor::new();
        let tally = Tally::default();
        let guest = tally.guest();
        let handle = executor.handle();
        let sender = thread::spawn(move || drop(handle.call_soon(move || drop(guest))));

        drop(executor);

        sender.join().unwrap();
        assert_eq!(tally.live(), 0, "nothing is stranded");
    });
}

/// The same for a task that is woken.
#[test]
fn a_wake_meets_the_end() {
    explore(|| {
        let tally = Tally::default();
        let guest = tally.guest();
        let coroutine = |place: Place| {
            poll_fn(move |cx| {
                let _guest = &guest;
                *place.lock().unwrap() = Some(cx.waker().clone());
                Poll::Pending
            })
        };
        woken_at_the_end(|executor, place| executor.spawn(coroutine(place)));
        assert_eq!(tally.live(), 0);
    });
}

/// LM-20: a local task that is woken is dropped at home; elsewhere it could only be leaked.
#[test]
fn a_wake_of_a_local_task_meets_the_end() {
    explore(|| {
        let tally = Tally::default();
        let guest = tally.guest();
        let coroutine = |place: Place| {
            poll_fn(move |cx| {
                let _guest = &guest;
                *place.lock().unwrap() = Some(cx.waker().clone());
                Poll::Pending
            })
        };
        woken_at_the_end(|executor, place| executor.spawn_local(coroutine(place)));
        assert_eq!(tally.live(), 0);
    });
}

/// Where a coroutine leaves its waker.
type Place = Arc<std::sync::Mutex<Option<Waker>>>;

/// Ends an executor while another thread wakes its one task.
fn woken_at_the_end(spawn: impl FnOnce(&LocalExecutor, Place) -> Task<()>) {
    let executor = LocalExecutor::new();
    let place = Place::default();
    let task = spawn(&executor, Arc::clone(&place));
    executor.run_ready(1);
    let waker = place.lock().unwrap().take().unwrap();
    let line = StartLine::default();
    let theirs = line.clone();
    let sender = thread::spawn(move || {
        theirs.cross();
        waker.wake();
    });

    line.cross();
    drop(executor);

    sender.join().unwrap();
    assert!(task.cancelled());
}

/// A late arrival for an executor that has ended takes nothing from the one that follows in its
/// block: what was sent to that one wakes it and runs.
#[test]
fn a_late_arrival_leaves_the_next_executor_its_own() {
    explore(|| {
        let former = LocalExecutor::new();
        let late = former.handle();
        let latecomer = thread::spawn(move || late.call_soon(|| {}).is_ok());
        drop(former);

        let (next, bell) = parking();
        let tally = Tally::default();
        let guest = tally.guest();
        let handle = next.handle();
        let sender = thread::spawn(move || handle.call_soon(move || drop(guest)).is_ok());
        run_until(&next, &bell, || tally.live() == 0);

        assert!(sender.join().unwrap());
        latecomer.join().unwrap();
    });
}

/// Nor does it leave behind, in the block, what was sent to an executor that has ended meanwhile.
#[test]
fn a_late_arrival_and_the_end_of_the_next_executor_leave_nothing() {
    explore(|| {
        let former = LocalExecutor::new();
        let late = former.handle();
        let latecomer = thread::spawn(move || late.call_soon(|| {}).is_ok());
        drop(former);

        let next = LocalExecutor::new();
        let tally = Tally::default();
        let guest = tally.guest();
        let handle = next.handle();
        let sender = thread::spawn(move || drop(handle.call_soon(move || drop(guest))));
        drop(next);

        sender.join().unwrap();
        latecomer.join().unwrap();
        assert_eq!(tally.live(), 0, "nothing is stranded");
    });
}

/// Of a run and a cancel one gets the callback.
#[test]
fn a_callback_is_run_or_cancelled() {
    explore(|| {
        let executor = LocalExecutor::new();
        let tally = Tally::default();
        let n_calls = Arc::new(AtomicUsize::new(0));
        let (guest, calls) = (tally.guest(), Arc::clone(&n_calls));
        let handle: CallHandle = executor.call_soon(move || {
            drop(guest);
            calls.fetch_add(1, Ordering::SeqCst);
        });
        let theirs = handle.clone();
        let canceller = thread::spawn(move || theirs.cancel());

        executor.run_ready(1);

        let cancelled = canceller.join().unwrap();
        assert_eq!(n_calls.load(Ordering::SeqCst), usize::from(!cancelled));
        assert_eq!((handle.cancelled(), handle.done()), (cancelled, true));
        assert_eq!(tally.live(), 0);
    });
}

/// LM-20: a task cancelled from another thread ends, wherever the owner is.
#[test]
fn a_cancel_from_another_thread_meets_an_owner_that_goes_to_sleep() {
    explore(|| {
        let (executor, bell) = parking();
        let task = Arc::new(executor.spawn(std::future::pending::<()>()));
        executor.run_ready(1);
        let theirs = Arc::clone(&task);
        let canceller = thread::spawn(move || theirs.cancel());

        run_until(&executor, &bell, || task.done());

        assert!(canceller.join().unwrap());
        assert!(task.cancelled());
    });
}

/// An awaiter on another thread's executor gets the value and is woken for it.
#[test]
fn an_awaiter_on_another_thread_is_woken() {
    explore(|| {
        let executor = LocalExecutor::new();
        let task = executor.spawn(async { 7 });
        let line = StartLine::default();
        let theirs = line.clone();
        let there = thread::spawn(move || {
            let (executor, bell) = parking();
            theirs.cross();
            let awaits = executor.spawn(task);
            run_until(&executor, &bell, || awaits.done());
            matches!(awaits.result(), Ok(Ok(Ok(7))))
        });

        line.cross();
        executor.run_ready(1);

        assert!(there.join().unwrap());
    });
}

/// The models of the executor with workers.
mod workers {
    use std::cell::Cell;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use evloop_executor::Workers;
    use evloop_task::create_task;
    use loom::sync::Mutex;
    use loom::sync::atomic::{AtomicBool, Ordering};
    use loom::thread::{self, JoinHandle};

    use super::{Bell, Tally, explore, explore_shallowly};

    thread_local! {
        /// Time passes when somebody looks at it. Outside of loom on purpose, whose threads are all on one
        /// of the machine's: it is the same in each run of one interleaving.
        static LOOKS: Cell<u32> = const { Cell::new(0) };
    }

    fn now() -> Instant {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        #[expect(clippy::disallowed_methods, reason = "any instant will do, once")]
        let start = *START.get_or_init(Instant::now);
        let n_looks = LOOKS.get();
        LOOKS.set(n_looks + 1);
        start + n_looks * Duration::from_micros(20)
    }

    /// An executor whose workers run.
    struct Crew {
        workers: Arc<Workers>,
        threads: Vec<JoinHandle<()>>,
    }

    impl Crew {
        fn of(n_workers: usize) -> Self {
            LOOKS.set(0);
            let workers = Arc::new(Workers::new(n_workers, now));
            let start = |index| {
                let workers = Arc::clone(&workers);
                thread::spawn(move || workers.worker(index).unwrap().run())
            };
            let threads = (0..n_workers).map(start).collect();
            Self { workers, threads }
        }

        fn end(self) {
            self.workers.stop();
            for thread in self.threads {
                thread.join().unwrap();
            }
            assert_eq!(self.workers.close(), 0);
        }
    }

    /// LM-01: a job from outside finds a worker before it sleeps, or wakes it.
    fn a_job_from_outside_is_run(n_workers: usize, n_jobs: usize) {
        let crew = Crew::of(n_workers);
        let bells: Vec<_> = (0..n_jobs).map(|_| Arc::new(Bell::default())).collect();
        for bell in &bells {
            let bell = Arc::clone(bell);
            let ring = move || std::task::Wake::wake(bell);
            crew.workers.handle().call_soon(ring).unwrap();
        }
        for bell in &bells {
            bell.wait();
        }
        crew.end();
    }

    #[test]
    fn a_job_from_outside_is_run_by_the_one_worker() {
        explore(|| a_job_from_outside_is_run(1, 2));
    }

    #[test]
    fn a_job_from_outside_is_run_by_one_of_two_workers() {
        explore_shallowly(|| a_job_from_outside_is_run(2, 1));
    }

    /// A job behind a step that waits for it is run by another worker, whatever that was about to do.
    #[test]
    fn a_job_behind_a_blocked_step_is_run_by_the_other_worker() {
        explore_shallowly(|| {
            let crew = Crew::of(2);
            let (behind, all) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
            let done = Arc::clone(&all);
            drop(crew.workers.spawn(async move {
                let bell = Arc::clone(&behind);
                drop(create_task(async move { std::task::Wake::wake(bell) }));
                behind.wait();
                std::task::Wake::wake(done);
            }));
            all.wait();
            crew.end();
        });
    }

    /// Looks whether the only worker, which has been told to set `has_run`, seems to rest before.
    fn nobody_rests_before(has_run: &AtomicBool, workers: &Workers) {
        let at_rest = workers.at_rest();
        if at_rest.is_some() && workers.at_rest() == at_rest {
            assert!(has_run.load(Ordering::SeqCst), "a worker at rest has work");
        }
    }

    /// A clock that jumps when all rest must not jump over it.
    #[test]
    fn a_worker_that_is_sent_pinned_work_does_not_rest_before_it_has_run() {
        explore(|| {
            LOOKS.set(0);
            let workers = Arc::new(Workers::new(1, now));
            let same = Arc::clone(&workers);
            let (tell, place) = (Arc::new(Bell::default()), Arc::new(Mutex::new(None)));
            let (told, there) = (Arc::clone(&tell), Arc::clone(&place));
            let thread = thread::spawn(move || {
                let worker = same.worker(0).unwrap();
                *there.lock().unwrap() = Some(worker.pinned());
                std::task::Wake::wake(told);
                worker.run();
            });
            tell.wait();
            let pinned = place.lock().unwrap().unwrap();
            let has_run = Arc::new(AtomicBool::new(false));
            let run = Arc::clone(&has_run);
            pinned
                .call_soon(move || run.store(true, Ordering::SeqCst))
                .unwrap();

            nobody_rests_before(&has_run, &workers);

            workers.stop();
            thread.join().unwrap();
            assert_eq!(workers.close(), 0);
        });
    }

    #[test]
    fn a_worker_that_has_given_itself_pinned_work_does_not_rest_before_it_has_run() {
        explore(|| {
            LOOKS.set(0);
            let workers = Arc::new(Workers::new(1, now));
            let same = Arc::clone(&workers);
            let tell = Arc::new(Bell::default());
            let has_run = Arc::new(AtomicBool::new(false));
            let (told, run) = (Arc::clone(&tell), Arc::clone(&has_run));
            let thread = thread::spawn(move || {
                let worker = same.worker(0).unwrap();
                // As a timer does that the worker fires before it sleeps.
                let set = move || run.store(true, Ordering::SeqCst);
                worker.pinned().call_soon(set).unwrap();
                std::task::Wake::wake(told);
                drop(worker.nap());
                worker.turn();
            });
            tell.wait();

            nobody_rests_before(&has_run, &workers);

            thread.join().unwrap();
            assert_eq!(workers.close(), 0);
        });
    }

    /// LM-19: what is sent while the executor ends is run, dropped or refused.
    #[test]
    fn a_job_from_outside_meets_the_end() {
        explore(|| {
            LOOKS.set(0);
            let workers = Workers::new(1, now);
            let tally = Tally::default();
            let guest = tally.guest();
            let handle = workers.handle();
            let sender = thread::spawn(move || drop(handle.call_soon(move || drop(guest))));

            drop(workers);

            sender.join().unwrap();
            assert_eq!(tally.live(), 0, "nothing is stranded");
        });
    }
}
