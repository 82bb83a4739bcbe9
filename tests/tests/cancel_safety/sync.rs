//! What waits for a lock, a permit, a notification or others: nothing that it was given is lost on it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use evloop::sync::{
    Barrier, Condition, Event, Fifo, Lifo, Lock, LowestFirst, Order, OrderedQueue, RwLock,
    Semaphore,
};
use evloop::{create_task_local, gather, sleep};
use evloop_test::{CancelAtEachAwait, Report};

use crate::{SECOND, is_begun};

#[track_caller]
fn check<S>(make: impl Fn() -> S, scenario: impl AsyncFn(&S), is_as_before: impl Fn(&S) -> bool) {
    let report: Report = CancelAtEachAwait::new().check_with(make, scenario, |state, _run| {
        assert!(is_as_before(state), "somebody has kept something");
    });
    assert!(report.n_suspensions > 0, "there was something to wait for");
}

#[test]
fn a_lock_is_passed_on() {
    let turn = async |lock: &Lock<u32>| {
        let mut n_turns = lock.acquire().await;
        sleep(SECOND).await;
        *n_turns += 1;
    };
    check(
        || Lock::new(0),
        async |lock| {
            gather((turn(lock), turn(lock), turn(lock))).await;
            assert_eq!(*lock.acquire().await, 3);
        },
        |lock| format!("{lock:?}") == "<Lock [unlocked]>",
    );
}

#[test]
fn a_lock_for_readers_is_passed_on() {
    let reads = async |lock: &RwLock<u32>| {
        let n_turns = lock.read().await;
        sleep(SECOND).await;
        *n_turns
    };
    let writes = async |lock: &RwLock<u32>| {
        let mut n_turns = lock.write().await;
        sleep(SECOND).await;
        *n_turns += 1;
    };
    check(
        || RwLock::new(0),
        async |lock| {
            let ends = gather((
                writes(lock),
                reads(lock),
                reads(lock),
                writes(lock),
                reads(lock),
            ));
            let (_, first, second, _, third) = ends.await;
            assert_eq!([first, second, third], [1, 1, 2]);
        },
        |lock| format!("{lock:?}") == "<RwLock [unlocked]>",
    );
}

#[test]
fn permits_are_passed_on() {
    let takes = async |semaphore: &Semaphore, n_permits| {
        let _permits = semaphore.acquire_many(n_permits).await;
        sleep(SECOND).await;
    };
    check(
        || Semaphore::new(3),
        async |semaphore| {
            let all = [2, 3, 1, 1].map(|n_permits| takes(semaphore, n_permits));
            gather(all).await;
        },
        |semaphore| format!("{semaphore:?}") == "<Semaphore [unlocked, value:3]>",
    );
}

#[test]
fn an_event_forgets_who_leaves() {
    check(
        Event::new,
        async |event| {
            let sets = async {
                sleep(SECOND).await;
                event.set();
                event.clear();
            };
            gather((event.wait(), event.wait(), sets)).await;
        },
        |event| format!("{event:?}") == "<Event [unset]>",
    );
}

#[test]
fn a_condition_unlocks_and_forgets_who_leaves() {
    check(
        <(Lock<u32>, Condition)>::default,
        async |(items, changed)| {
            let consumes = async || {
                let items = items.acquire().await;
                *changed.wait_for(items, |items| *items > 0).await -= 1;
            };
            let produces = async {
                for _ in 0..2 {
                    sleep(SECOND).await;
                    let mut items = items.acquire().await;
                    *items += 1;
                    changed.notify(1, &items);
                    sleep(SECOND).await;
                }
            };
            gather((consumes(), consumes(), produces)).await;
        },
        |(items, changed)| {
            format!("{items:?} {changed:?}") == "<Lock [unlocked]> <Condition [waiters:0]>"
        },
    );
}

#[test]
fn a_condition_with_owned_guards_unlocks_and_forgets_who_leaves() {
    check(
        <(Arc<Lock<u32>>, Condition)>::default,
        async |(items, changed)| {
            let consumes = async || {
                let items = items.acquire_owned().await;
                *changed.wait_for(items, |items| *items > 0).await -= 1;
            };
            let produces = async {
                for _ in 0..2 {
                    sleep(SECOND).await;
                    let mut items = items.acquire_owned().await;
                    *items += 1;
                    changed.notify(1, &items);
                    sleep(SECOND).await;
                }
            };
            gather((consumes(), consumes(), produces)).await;
        },
        |(items, changed)| {
            Arc::strong_count(items) == 1
                && format!("{items:?} {changed:?}") == "<Lock [unlocked]> <Condition [waiters:0]>"
        },
    );
}

#[test]
fn a_barrier_counts_nobody_who_leaves() {
    let meets = async |barrier: &Barrier, secs| {
        for _ in 0..2 {
            sleep(SECOND * secs).await;
            barrier.wait().await.expect("nobody breaks it");
        }
    };
    check(
        || Barrier::new(3),
        async |barrier| {
            gather([1, 2, 3].map(|secs| meets(barrier, secs))).await;
        },
        |barrier| format!("{barrier:?}") == "<Barrier [filling, waiters:0/3]>",
    );
}

/// A queue with little room, and what its users know of it.
struct Counted<O: Order<u32>> {
    queue: OrderedQueue<u32, O>,
    n_put: Cell<usize>,
    n_got: Cell<usize>,
    n_done: Cell<usize>,
}

fn count(cell: &Cell<usize>) {
    cell.set(cell.get() + 1);
}

impl<O: Order<u32>> Counted<O> {
    fn new() -> Self {
        Self {
            queue: OrderedQueue::bounded(1).expect("there is room for one"),
            n_put: Cell::default(),
            n_got: Cell::default(),
            n_done: Cell::default(),
        }
    }

    async fn put(&self, item: u32) {
        self.queue.put(item).await.expect("it is open");
        count(&self.n_put);
    }

    async fn get(&self) {
        self.queue.get().await.expect("it is open");
        count(&self.n_got);
        sleep(SECOND).await;
        self.queue.task_done().expect("it was put");
        count(&self.n_done);
    }

    /// Every item that was put was got or is there, and is known to be unfinished; nobody waits.
    fn is_consistent(&self) -> bool {
        let n_left = self.n_put.get() - self.n_got.get();
        let n_unfinished = self.n_put.get() - self.n_done.get();
        let shown = format!("{:?}", self.queue);
        let nobody_waits = !shown.contains("getters") && !shown.contains("putters");
        nobody_waits
            && self.queue.qsize() == n_left
            && (0..n_unfinished).all(|_| self.queue.task_done().is_ok())
            && self.queue.task_done().is_err()
            && (0..n_left).all(|_| self.queue.get_nowait().is_ok())
            && self.queue.get_nowait().is_err()
            // Whatever was granted to who has left can be had again.
            && self.queue.put_nowait(0).is_ok()
    }
}

fn check_queue<O: Order<u32>>() {
    // Getters come first and wait, then putters wait for room, then getters again.
    check(
        Counted::<O>::new,
        async |counted| {
            let puts = async {
                sleep(SECOND).await;
                gather([1, 2, 3, 4].map(|item| counted.put(item))).await;
                counted.queue.join().await;
            };
            let gets_late = async {
                sleep(3 * SECOND).await;
                counted.get().await;
                counted.get().await;
            };
            gather((counted.get(), counted.get(), puts, gets_late)).await;
            assert_eq!(counted.n_done.get(), 4);
        },
        Counted::is_consistent,
    );
}

/// A task that does this after so many seconds, whatever becomes of the scenario; the harness sees to it that
/// it ends.
fn stays<S: 'static>(state: &Rc<S>, secs: u32, does: impl AsyncFnOnce(&S) + 'static) {
    let state = Rc::clone(state);
    let task = create_task_local(async move {
        sleep(SECOND * secs).await;
        does(&state).await;
    });
    task.detach();
}

/// Others stay, if the scenario has begun at all, and have what it was given.
#[track_caller]
fn check_those_who_stay<S>(
    make: impl Fn() -> S,
    scenario: impl AsyncFn(&S),
    have_theirs: impl Fn(&S) -> bool,
) {
    let mut n_struck = 0;
    CancelAtEachAwait::new().check_with(make, scenario, |state, run| {
        if is_begun(run) {
            assert!(have_theirs(state), "what the scenario was given is lost");
            n_struck += usize::from(run.fault().is_some());
        }
    });
    assert!(n_struck > 0, "it waited");
}

/// One item, meant for a getter that leaves, and another getter that stays.
fn check_getters<O: Order<u32> + 'static>() {
    check_those_who_stay(
        || Rc::new(Counted::<O>::new()),
        async |counted| {
            stays(counted, 1, async |counted| counted.get().await);
            stays(counted, 2, async |counted| counted.put(1).await);
            counted.queue.get().await.expect("it is open");
            // It was not struck: the other one needs an item of its own.
            counted.queue.task_done().expect("it was put");
            counted.queue.put_nowait(2).expect("there is room");
        },
        |counted| counted.n_got.get() == 1 && counted.queue.get_nowait().is_err(),
    );
}

/// Room for one, meant for a putter that leaves, and another putter that stays.
fn check_putters<O: Order<u32> + 'static>() {
    check_those_who_stay(
        || {
            let counted = Counted::<O>::new();
            counted.queue.put_nowait(1).expect("there is room");
            Rc::new(counted)
        },
        async |counted| {
            stays(counted, 1, async |counted| counted.put(3).await);
            stays(counted, 2, async |counted| {
                counted.queue.get_nowait().expect("there is one");
            });
            counted.queue.put(2).await.expect("it is open");
            // It was not struck: the other one needs room of its own.
            counted.queue.get_nowait().expect("there is one");
        },
        |counted| counted.n_put.get() == 1 && counted.queue.get_nowait() == Ok(3),
    );
}

/// A joiner that leaves, and another that stays.
fn check_joiners<O: Order<u32> + 'static>() {
    check_those_who_stay(
        || Rc::new(Counted::<O>::new()),
        async |counted| {
            counted.put(1).await;
            stays(counted, 1, async |counted| {
                counted.queue.join().await;
                count(&counted.n_got);
            });
            stays(counted, 2, async |counted| {
                counted.queue.get_nowait().expect("there is one");
                counted.queue.task_done().expect("it was put");
            });
            counted.queue.join().await;
        },
        |counted| counted.n_got.get() == counted.n_put.get(),
    );
}

fn check_all<O: Order<u32> + 'static>() {
    check_queue::<O>();
    check_getters::<O>();
    check_putters::<O>();
    check_joiners::<O>();
}

#[test]
fn a_queue_loses_no_item_and_no_room() {
    check_all::<Fifo>();
}

#[test]
fn a_queue_in_reverse_loses_no_item_and_no_room() {
    check_all::<Lifo>();
}

#[test]
fn a_queue_by_priority_loses_no_item_and_no_room() {
    check_all::<LowestFirst>();
}
