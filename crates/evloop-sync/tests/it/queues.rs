//! Queues.

use std::cell::Cell;
use std::sync::Arc;

use evloop_sync::{
    GetNowaitError, LifoQueue, PriorityQueue, PutNowaitError, Queue, QueueEmpty, QueueFull,
    QueueShutDown, Shutdown,
};

use crate::support::{Polled, at_once};

#[test]
fn items_come_out_in_the_order_of_the_queue() {
    let (fifo, lifo, lowest) = (
        Queue::unbounded(),
        LifoQueue::unbounded(),
        PriorityQueue::unbounded(),
    );
    for n in [2, 3, 1] {
        fifo.put_nowait(n).unwrap();
        lifo.put_nowait(n).unwrap();
        lowest.put_nowait(n).unwrap();
    }

    assert_eq!([(); 3].map(|()| fifo.get_nowait().unwrap()), [2, 3, 1]);
    assert_eq!([(); 3].map(|()| lifo.get_nowait().unwrap()), [1, 3, 2]);
    assert_eq!([(); 3].map(|()| lowest.get_nowait().unwrap()), [1, 2, 3]);
}

#[test]
fn a_getter_that_was_woken_gets_what_is_lowest_then() {
    let queue = PriorityQueue::unbounded();
    let waits = Polled::waiting(queue.get());
    queue.put_nowait(2).unwrap();
    queue.put_nowait(1).unwrap();

    assert_eq!(waits.woken(), Ok(1));
    assert_eq!(queue.get_nowait(), Ok(2));
}

#[test]
fn nobody_takes_what_another_was_woken_for() {
    let queue = Queue::bounded(1).unwrap();
    let getter = Polled::waiting(queue.get());

    queue.put_nowait(1).unwrap();

    assert_eq!(queue.get_nowait(), Err(GetNowaitError::Empty(QueueEmpty)));
    let putter = Polled::waiting(queue.put(2));
    assert_eq!(getter.woken(), Ok(1));
    assert_eq!(queue.put_nowait(3), Err(PutNowaitError::Full(QueueFull(3))));
    assert!(!queue.is_full());
    assert_eq!(putter.woken(), Ok(()));
    assert_eq!(queue.get_nowait(), Ok(2));
}

#[test]
fn a_putter_that_is_dropped_passes_its_room_on() {
    let queue = Queue::bounded(1).unwrap();
    queue.put_nowait(0).unwrap();
    let [first, second] = [1, 2].map(|n| Polled::waiting(queue.put(n)));

    queue.get_nowait().unwrap();
    assert_eq!((first.n_wakes(), second.n_wakes()), (1, 0));
    drop(first);

    assert_eq!(second.woken(), Ok(()));
    assert_eq!(queue.get_nowait(), Ok(2));
    assert!(queue.is_empty(), "the first has put nothing");
}

#[test]
fn a_putter_that_gives_up_has_its_item_back_and_passes_its_room_on() {
    let queue = Queue::bounded(1).unwrap();
    queue.put_nowait(String::from("there")).unwrap();
    let mut gives_up = queue.put(String::from("back"));
    assert!(at_once(&mut gives_up).is_none());
    let stays = Polled::waiting(queue.put(String::from("stays")));
    queue.get_nowait().unwrap();
    assert_eq!(stays.n_wakes(), 0);

    assert_eq!(gives_up.into_item().as_deref(), Some("back"));

    assert_eq!(stays.woken(), Ok(()));
}

#[test]
fn a_future_that_moves_to_another_task_is_woken_there() {
    let queue = Queue::bounded(1).unwrap();
    let mut getter = Polled::waiting(queue.get());
    assert!(getter.move_to_other_task().is_pending());
    queue.put_nowait(1).unwrap();
    let mut putter = Polled::waiting(queue.put(2));
    assert!(putter.move_to_other_task().is_pending());
    let mut joiner = Polled::waiting(queue.join());
    assert!(joiner.move_to_other_task().is_pending());

    assert_eq!(getter.woken(), Ok(1));
    assert_eq!(putter.woken(), Ok(()));
    queue.task_done().unwrap();
    assert_eq!(joiner.n_wakes(), 0);
    queue.task_done().unwrap();
    joiner.woken();
}

#[test]
fn who_joins_goes_on_though_more_was_put_meanwhile() {
    let queue = Queue::unbounded();
    queue.put_nowait(1).unwrap();
    let joins = Polled::waiting(queue.join());
    drop(Polled::waiting(queue.join()));

    queue.task_done().unwrap();
    queue.put_nowait(2).unwrap();

    joins.woken();
    assert_eq!(format!("{queue:?}"), "<Queue maxsize=0 size=2 tasks=1>");
}

#[test]
fn a_shutdown_wakes_all_and_keeps_what_getters_were_woken_for() {
    let queue = Queue::bounded(1).unwrap();
    let [has_one, has_none] = [(); 2].map(|()| Polled::waiting(queue.get()));
    queue.put_nowait(1).unwrap();
    let putter = Polled::waiting(queue.put(2));

    queue.shutdown(Shutdown::Drain);
    queue.shutdown(Shutdown::Drain);

    assert_eq!(has_none.woken(), Err(QueueShutDown(())));
    assert_eq!(has_one.woken(), Ok(1));
    assert_eq!(putter.woken(), Err(QueueShutDown(2)));
    assert_eq!(
        queue.put_nowait(3),
        Err(PutNowaitError::ShutDown(QueueShutDown(3)))
    );
    assert_eq!(
        queue.get_nowait(),
        Err(GetNowaitError::ShutDown(QueueShutDown(())))
    );
}

#[test]
fn a_putter_that_has_been_granted_room_puts_nothing_after_a_shutdown() {
    let queue = Queue::bounded(1).unwrap();
    queue.put_nowait(1).unwrap();
    let putter = Polled::waiting(queue.put(2));
    queue.get_nowait().unwrap();

    queue.shutdown(Shutdown::Drain);

    assert_eq!(putter.woken(), Err(QueueShutDown(2)));
    assert!(queue.is_empty());
}

#[test]
fn an_immediate_shutdown_drops_also_what_getters_were_woken_for() {
    let queue = Queue::unbounded();
    let getter = Polled::waiting(queue.get());
    let item = Arc::new(());
    queue.put_nowait(Arc::clone(&item)).unwrap();
    let joins = Polled::waiting(queue.join());
    queue.shutdown(Shutdown::Drain);
    assert_eq!(joins.n_wakes(), 0);

    queue.shutdown(Shutdown::Immediate);

    assert_eq!(Arc::strong_count(&item), 1);
    joins.woken();
    assert_eq!(getter.woken(), Err(QueueShutDown(())));
}

/// An item may use the queue when it is dropped.
#[test]
fn items_are_dropped_when_the_queue_is_not_locked() {
    struct Asks(Arc<Queue<Asks>>, Arc<std::sync::atomic::AtomicBool>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let is_empty = self.0.is_empty();
            self.1.store(is_empty, std::sync::atomic::Ordering::SeqCst);
        }
    }
    let (queue, was_empty) = (Arc::new(Queue::unbounded()), Arc::default());
    let item = Asks(Arc::clone(&queue), Arc::clone(&was_empty));
    assert!(queue.put_nowait(item).is_ok());

    queue.shutdown(Shutdown::Immediate);

    assert!(was_empty.load(std::sync::atomic::Ordering::SeqCst));
}

/// What a comparison leaves behind when it panics.
#[test]
fn a_comparison_that_panics_leaves_a_queue_that_can_be_used() {
    thread_local!(static PANICS: Cell<bool> = const { Cell::new(false) });
    #[derive(Debug, PartialEq, Eq)]
    struct Fragile(u8);
    impl PartialOrd for Fragile {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Fragile {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            assert!(!PANICS.get(), "it cannot be compared now");
            self.0.cmp(&other.0)
        }
    }
    let queue = PriorityQueue::unbounded();
    queue.put_nowait(Fragile(1)).unwrap();

    PANICS.set(true);
    let put = std::panic::AssertUnwindSafe(|| queue.put_nowait(Fragile(2)));
    assert!(std::panic::catch_unwind(put).is_err());
    PANICS.set(false);

    assert_eq!(queue.get_nowait(), Ok(Fragile(1)));
    assert_eq!(queue.get_nowait(), Ok(Fragile(2)));
    assert!(queue.is_empty());
}

#[test]
fn a_queue_shows_itself_as_asyncios_does() {
    let queue = Queue::bounded(1).unwrap();
    let getter = Polled::waiting(queue.get());
    assert_eq!(format!("{queue:?}"), "<Queue maxsize=1 _getters[1]>");
    drop(getter);
    queue.put_nowait(1).unwrap();
    let putter = Polled::waiting(queue.put(2));
    assert_eq!(
        format!("{queue:?}"),
        "<Queue maxsize=1 size=1 _putters[1] tasks=1>"
    );
    queue.shutdown(Shutdown::Immediate);
    assert_eq!(format!("{queue:?}"), "<Queue maxsize=1 shutdown>");
    assert_eq!(putter.woken(), Err(QueueShutDown(2)));
    let empty = PriorityQueue::<u8>::default();
    assert_eq!(format!("{empty:?}"), "<PriorityQueue maxsize=0>");
}

#[test]
fn errors_say_what_failed() {
    let texts = [
        Queue::<u8>::bounded(0).unwrap_err().to_string(),
        QueueEmpty.to_string(),
        QueueFull(1).to_string(),
        QueueShutDown(1).to_string(),
        Queue::<u8>::unbounded()
            .task_done()
            .unwrap_err()
            .to_string(),
    ];

    assert_eq!(
        texts,
        [
            "failed to make a queue: it would hold 0 items",
            "failed to get an item: the queue is empty",
            "failed to put an item: the queue is full",
            "failed to use the queue: it has been shut down",
            "failed to report an item as done: all that were put are done",
        ]
    );
}
