//! Locks, semaphores, events, conditions and barriers.

use std::sync::Arc;

use evloop::sync::{Barrier, BrokenBarrier, Condition, Event, Lock, Semaphore};
use evloop::{catch_cancel, create_task, gather};

use crate::program::{Program, sleep_ms, truth};

#[test]
fn diff_lock_in_order() {
    async fn worker(lock: Arc<Lock<()>>, name: &'static str, delay: u64) {
        sleep_ms(delay).await;
        event!("{name} asks");
        let guard = lock.acquire().await;
        event!("{name} has the lock");
        sleep_ms(10).await;
        event!("{name} unlocks");
        drop(guard);
        event!("{name} is through");
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let lock = Arc::new(Lock::new(()));
            let tasks = [("a", 1), ("b", 2), ("c", 3), ("d", 25)]
                .map(|(name, delay)| create_task(worker(Arc::clone(&lock), name, delay)));
            gather(tasks).await;
            event!("locked: {}", truth(lock.locked()));
        });
        program.compare(recorded!("lock_in_order"));
    });
}

#[test]
fn diff_lock_cancelled() {
    async fn worker(lock: Arc<Lock<()>>, name: &'static str) {
        let work = async {
            let _guard = lock.acquire().await;
            event!("{name} has the lock");
            sleep_ms(10).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("{name} is cancelled");
            cancelled.resume().await;
        }
    }

    // On several threads, one may go on between two requests.
    Program::on_one_thread(|program| {
        program.run(async {
            let lock = Arc::new(Lock::new(()));
            let mut tasks = Vec::new();
            for name in ["a", "b", "c", "d", "e"] {
                tasks.push(create_task(worker(Arc::clone(&lock), name)));
                sleep_ms(1).await;
            }
            tasks[1].cancel();
            sleep_ms(1).await;
            event!("locked: {}", truth(lock.locked()));
            tasks[0].cancel();
            tasks[2].cancel();
            gather(tasks).await;
            event!("locked: {}", truth(lock.locked()));
        });
        program.compare(recorded!("lock_cancelled"));
    });
}

#[test]
fn diff_semaphore_limits() {
    async fn worker(semaphore: Arc<Semaphore>, name: &'static str, delay: u64) {
        sleep_ms(delay).await;
        let permit = semaphore.acquire().await;
        event!("{name} works");
        sleep_ms(10).await;
        drop(permit);
        event!("{name} is through");
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let semaphore = Arc::new(Semaphore::new(2));
            let workers = (1..).zip(["a", "b", "c", "d", "e", "f"]);
            let tasks: Vec<_> = workers
                .map(|(n, name)| create_task(worker(Arc::clone(&semaphore), name, n)))
                .collect();
            sleep_ms(8).await;
            event!("locked: {}", truth(semaphore.locked()));
            semaphore.release(1).unwrap();
            gather(tasks).await;
            event!("locked: {}", truth(semaphore.locked()));
        });
        program.compare(recorded!("semaphore_limits"));
    });
}

#[test]
fn diff_event_pulse() {
    async fn waiter(flag: Arc<Event>, name: &'static str, delay: u64) {
        sleep_ms(delay).await;
        event!("{name} waits, set: {}", truth(flag.is_set()));
        flag.wait().await;
        event!("{name} goes on, set: {}", truth(flag.is_set()));
    }

    // On several threads, one may go on between the two calls.
    Program::on_one_thread(|program| {
        program.run(async {
            let flag = Arc::new(Event::new());
            let tasks = [("a", 1), ("b", 2), ("c", 15), ("d", 35)]
                .map(|(name, delay)| create_task(waiter(Arc::clone(&flag), name, delay)));
            sleep_ms(10).await;
            flag.set();
            flag.clear();
            sleep_ms(20).await;
            flag.set();
            gather(tasks).await;
        });
        program.compare(recorded!("event_pulse"));
    });
}

/// The condition, and the items under its lock.
type Shared = Arc<(Lock<Vec<&'static str>>, Condition)>;

#[test]
fn diff_condition_items() {
    async fn consumer(shared: Shared, name: &'static str, delay: u64) {
        sleep_ms(delay).await;
        let items = shared.0.acquire().await;
        let mut items = shared.1.wait_for(items, |items| !items.is_empty()).await;
        event!("{name} takes {}", items.remove(0));
        sleep_ms(2).await;
        drop(items);
        event!("{name} unlocks");
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let shared = Shared::default();
            let tasks = [("a", 1), ("b", 2), ("c", 3)]
                .map(|(name, delay)| create_task(consumer(Arc::clone(&shared), name, delay)));
            sleep_ms(10).await;
            {
                let mut items = shared.0.acquire().await;
                event!("locked: {}", truth(shared.0.locked()));
                items.push("one");
                shared.1.notify(1, &items);
                sleep_ms(5).await;
                event!("the producer unlocks");
            }
            sleep_ms(10).await;
            {
                let mut items = shared.0.acquire().await;
                items.extend(["two", "three"]);
                shared.1.notify_all(&items);
            }
            gather(tasks).await;
        });
        program.compare(recorded!("condition_items"));
    });
}

#[test]
fn diff_condition_cancelled() {
    async fn consumer(shared: Shared, name: &'static str) {
        let consumes = async {
            let items = shared.0.acquire().await;
            let mut items = shared.1.wait_for(items, |items| !items.is_empty()).await;
            event!("{name} takes {}", items.remove(0));
        };
        if let Err(cancelled) = catch_cancel(consumes).await {
            event!("{name} is cancelled");
            cancelled.resume().await;
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let shared = Shared::default();
            let mut tasks = Vec::new();
            for name in ["a", "b", "c"] {
                tasks.push(create_task(consumer(Arc::clone(&shared), name)));
                sleep_ms(1).await;
            }
            tasks[0].cancel();
            for (item, delay) in [("one", 1), ("two", 10)] {
                sleep_ms(delay).await;
                let mut items = shared.0.acquire().await;
                items.push(item);
                shared.1.notify(1, &items);
            }
            gather(tasks).await;
            let items = shared.0.acquire().await;
            event!("left: [{}]", items.join(", "));
        });
        program.compare(recorded!("condition_cancelled"));
    });
}

#[test]
fn diff_barrier_rounds() {
    async fn party(barrier: Arc<Barrier>, name: &'static str, delay: u64) {
        for _ in 0..2 {
            sleep_ms(delay).await;
            event!("{name} arrives, waiting: {}", barrier.n_waiting());
            let place = barrier.wait().await.unwrap();
            event!("{name} goes on as {place}");
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let barrier = Arc::new(Barrier::new(3));
            let mut leaver = create_task({
                let barrier = Arc::clone(&barrier);
                async move { barrier.wait().await }
            });
            sleep_ms(1).await;
            event!("waiting: {}", barrier.n_waiting());
            leaver.cancel();
            let is_cancelled = (&mut leaver).await.is_err_and(|error| error.is_cancelled());
            let is_cancelled = truth(is_cancelled);
            let n_waiting = barrier.n_waiting();
            event!("waiting: {n_waiting}, the leaver is cancelled: {is_cancelled}");
            let tasks = [("a", 1), ("b", 2), ("c", 3)]
                .map(|(name, delay)| create_task(party(Arc::clone(&barrier), name, delay)));
            gather(tasks).await;
        });
        program.compare(recorded!("barrier_rounds"));
    });
}

#[test]
fn diff_barrier_broken() {
    async fn party(barrier: Arc<Barrier>, name: &'static str, delay: u64) {
        sleep_ms(delay).await;
        match barrier.wait().await {
            Ok(place) => event!("{name} goes on as {place}"),
            Err(BrokenBarrier { .. }) => {
                event!("{name} finds it broken: {}", truth(barrier.broken()));
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let barrier = Arc::new(Barrier::new(2));
            let tasks = [("a", 1), ("b", 20), ("c", 30), ("d", 50), ("e", 60)]
                .map(|(name, delay)| create_task(party(Arc::clone(&barrier), name, delay)));
            sleep_ms(10).await;
            barrier.abort();
            event!("broken: {}", truth(barrier.broken()));
            sleep_ms(15).await;
            barrier.reset();
            event!("broken: {}", truth(barrier.broken()));
            sleep_ms(10).await;
            event!("waiting: {}", barrier.n_waiting());
            barrier.reset();
            gather(tasks).await;
        });
        program.compare(recorded!("barrier_broken"));
    });
}
