//! Other threads: what they send, wake, cancel, and take away.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use evloop_executor::LocalExecutor;
use evloop_fixtures::{Wakes, in_thread, join, watched};
use evloop_task::{Builder, yield_now};

use crate::support::{Door, OnDrop, Tally, run_until_idle};

#[test]
fn museum_bm15_a_local_task_cancelled_elsewhere_is_dropped_at_home() {
    watched(|| {
        let home = std::thread::current().id();
        let seen = Arc::new(Mutex::new(None));
        let executor = LocalExecutor::new();
        let place = Arc::clone(&seen);
        let unsendable = Rc::new(());
        let task = executor.spawn_local(async move {
            let _guard = OnDrop(move || *place.lock().unwrap() = Some(std::thread::current().id()));
            let _unsendable = unsendable;
            std::future::pending::<()>().await;
        });
        run_until_idle(&executor);

        let task = join(in_thread(move || {
            assert!(task.cancel());
            task
        }));
        assert_eq!(
            *seen.lock().unwrap(),
            None,
            "a request acts in no call of the canceller"
        );
        run_until_idle(&executor);

        assert!(task.cancelled());
        assert_eq!(*seen.lock().unwrap(), Some(home));
    });
}

#[test]
fn museum_bm15_a_local_task_woken_while_its_executor_ends_is_dropped_at_home() {
    const ROUNDS: usize = 100;
    watched(|| {
        let home = std::thread::current().id();
        let away = Arc::new(AtomicUsize::new(0));
        let tally = Tally::default();
        for _ in 0..ROUNDS {
            let executor = LocalExecutor::new();
            let door = Door::default();
            let (inside, guest, away) = (door.clone(), tally.guest(), Arc::clone(&away));
            executor
                .spawn_local(async move {
                    let _unsendable = Rc::new(());
                    let _guest = guest;
                    let _where = OnDrop(move || {
                        let here = std::thread::current().id();
                        away.fetch_add(usize::from(here != home), Ordering::SeqCst);
                    });
                    loop {
                        inside.clone().await;
                        yield_now().await;
                    }
                })
                .detach();
            run_until_idle(&executor);
            let waker = door.waker().unwrap();
            let started = Arc::new(AtomicBool::new(false));
            let go = Arc::clone(&started);
            let waking = in_thread(move || {
                go.store(true, Ordering::SeqCst);
                (0..50).for_each(|_| waker.wake_by_ref());
            });
            while !started.load(Ordering::SeqCst) {
                std::hint::spin_loop();
            }
            drop(executor);
            join(waking);
        }
        assert_eq!(away.load(Ordering::SeqCst), 0);
        assert_eq!((tally.made(), tally.live()), (ROUNDS, 0));
    });
}

#[test]
fn museum_bm07_an_executor_dropped_while_another_thread_wakes_it() {
    watched(|| {
        let tally = Tally::default();
        let executor = LocalExecutor::new();
        let door = Door::default();
        let (inside, guest) = (door.clone(), tally.guest());
        let task = executor.spawn(async move {
            let _guest = guest;
            inside.await;
        });
        run_until_idle(&executor);
        // The other thread has queued the task and stands inside of the unparker.
        let (entered_tx, entered_rx) = std::sync::mpsc::channel();
        let (leave_tx, leave_rx) = std::sync::mpsc::channel::<()>();
        let leave_rx = Mutex::new(leave_rx);
        executor.set_unparker(Waker::from(Arc::new(Hook(move || {
            entered_tx.send(()).unwrap();
            // An error means that the test failed already.
            let _ = leave_rx.lock().unwrap().recv();
        }))));
        let waker = door.waker().unwrap();
        let waking = in_thread(move || waker.wake());
        entered_rx.recv().unwrap();

        drop(executor);
        assert_eq!(tally.live(), 0);
        assert!(task.cancelled());

        leave_tx.send(()).unwrap();
        join(waking);
    });
}

struct Hook<F>(F);

impl<F: Fn() + Send + Sync + 'static> std::task::Wake for Hook<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

#[test]
fn museum_bm01_work_from_every_source_wakes_a_parked_executor() {
    const ROUNDS: usize = 3000;
    watched(|| {
        let executor = LocalExecutor::new();
        let handle = executor.handle();
        // Each round: the executor waits for one thing from the other thread, and nothing else.
        let (tx, rx) = std::sync::mpsc::channel::<(usize, Arc<Round>)>();
        let sender = in_thread(move || {
            while let Ok((n, round)) = rx.recv() {
                match n % 4 {
                    0 => drop(handle.call_soon({
                        let round = Arc::clone(&round);
                        move || round.door.open()
                    })),
                    1 => round.door.open(),
                    2 => {
                        let door = round.door.clone();
                        let coroutine = async move { door.open() };
                        Builder::new().spawn(handle.scheduler(), coroutine).detach();
                    }
                    _ => drop(
                        round
                            .victim
                            .lock()
                            .unwrap()
                            .take()
                            .map(|task| task.cancel()),
                    ),
                }
            }
        });
        for n in 0..ROUNDS {
            let round = Arc::new(Round::default());
            let door = round.door.clone();
            let waits = executor.spawn(async move {
                let _opens = OnDrop(|| ());
                door.await;
            });
            if n % 4 == 3 {
                let opener = round.door.clone();
                let victim = executor.spawn(async move {
                    let _opens = OnDrop(move || opener.open());
                    std::future::pending::<()>().await;
                });
                *round.victim.lock().unwrap() = Some(victim);
            }
            run_until_idle(&executor);
            tx.send((n, round)).unwrap();
            assert!(executor.block_on(waits).is_ok());
        }
        drop(tx);
        join(sender);
    });
}

#[derive(Default)]
struct Round {
    door: Door,
    victim: Mutex<Option<evloop_task::Task<()>>>,
}

#[test]
fn museum_bm02_a_wake_publishes_what_was_written_before_it() {
    const ROUNDS: usize = 20_000;
    watched(|| {
        let executor = LocalExecutor::new();
        let written = Arc::new(AtomicUsize::new(0));
        let wakers = Arc::new(Mutex::new(None::<Waker>));
        let (cell, place) = (Arc::clone(&written), Arc::clone(&wakers));
        let sees = executor.spawn(std::future::poll_fn(move |cx| {
            if cell.load(Ordering::Relaxed) == ROUNDS {
                return Poll::Ready(());
            }
            let old = place.lock().unwrap().replace(cx.waker().clone());
            drop(old);
            Poll::Pending
        }));
        let writer = in_thread(move || {
            let waker = loop {
                if let Some(waker) = wakers.lock().unwrap().clone() {
                    break waker;
                }
                std::thread::yield_now();
            };
            for n in 1..=ROUNDS {
                // Relaxed: the wake has to order it, also when the task is queued already.
                written.store(n, Ordering::Relaxed);
                waker.wake_by_ref();
            }
        });

        assert!(
            executor.block_on(sees).is_ok(),
            "the last wake showed the last value"
        );
        join(writer);
    });
}

#[test]
fn callbacks_of_each_thread_run_in_its_order() {
    const THREADS: usize = 3;
    const EACH: usize = 2000;
    watched(|| {
        let executor = LocalExecutor::new();
        let ran = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (handle, ran) = (executor.handle(), Arc::clone(&ran));
                in_thread(move || {
                    for n in 0..EACH {
                        let ran = Arc::clone(&ran);
                        handle
                            .call_soon(move || ran.lock().unwrap().push((thread, n)))
                            .unwrap();
                    }
                })
            })
            .collect();
        let all = Arc::clone(&ran);
        executor.block_on(std::future::poll_fn(move |cx| {
            if all.lock().unwrap().len() == THREADS * EACH {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));

        threads.into_iter().for_each(join);
        let ran = ran.lock().unwrap();
        for thread in 0..THREADS {
            let order = ran
                .iter()
                .filter(|(who, _)| *who == thread)
                .map(|(_, n)| *n);
            assert!(order.eq(0..EACH), "thread {thread}");
        }
    });
}

#[test]
fn a_cancelled_callback_never_runs_and_a_run_one_is_never_cancelled() {
    const ROUNDS: usize = 3000;
    watched(|| {
        let executor = LocalExecutor::new();
        let (mut n_cancelled, mut n_run) = (0, 0);
        let (tx, rx) = std::sync::mpsc::sync_channel::<evloop_executor::CallHandle>(1);
        let (done_tx, done_rx) = std::sync::mpsc::channel();
        let canceller = in_thread(move || {
            for handle in rx {
                done_tx.send(handle.cancel()).unwrap();
            }
        });
        for n in 0..ROUNDS {
            let (wakes, waker) = Wakes::new();
            let handle = executor.call_soon(move || waker.wake());
            tx.send(handle.clone()).unwrap();
            // Varies who comes first.
            (0..n % 200).for_each(|_| std::hint::spin_loop());
            assert_eq!(executor.run_ready(1), 1);
            let cancelled = done_rx.recv().unwrap();
            assert_eq!(wakes.count(), usize::from(!cancelled));
            assert_eq!(handle.cancelled(), cancelled);
            assert!(handle.done());
            if cancelled {
                n_cancelled += 1
            } else {
                n_run += 1
            }
        }
        drop(tx);
        join(canceller);
        assert!(
            n_cancelled > 0 && n_run > 0,
            "{n_cancelled} cancelled, {n_run} run"
        );
    });
}

type Opener = Box<dyn FnMut()>;

#[test]
fn museum_bm13_a_wake_from_a_destructor_of_thread_locals_arrives() {
    thread_local! {
        static WAKES_AT_EXIT: RefCell<Option<OnDrop<Opener>>> = const { RefCell::new(None) };
    }
    watched(|| {
        let executor = LocalExecutor::new();
        let door = Door::default();
        let task = executor.spawn(door.clone());
        run_until_idle(&executor);
        let thread = in_thread(move || {
            WAKES_AT_EXIT.set(Some(OnDrop(Box::new(move || door.open()))));
            // A later thread-local of ours is destroyed first.
            let _here = evloop_task::thread_number();
            assert!(evloop_task::current_task().is_none());
        });

        assert!(executor.block_on(task).is_ok());
        join(thread);
    });
}
