//! Queues.

use std::sync::Arc;
use std::time::Duration;

use evloop::sync::{Queue, QueueShutDown, Shutdown};
use evloop::{Task, create_task, sleep, timeout};
use evloop_tests::{Seen, at_rest, in_every_loop};

/// A task that has begun to wait for an item, which it says and gives.
async fn getter(queue: &Arc<Queue<u32>>, seen: &Seen<u32>) -> Task<Result<u32, QueueShutDown>> {
    let (queue, seen) = (Arc::clone(queue), seen.clone());
    let task = create_task(async move {
        let item = queue.get().await?;
        seen.push(item);
        Ok(item)
    });
    at_rest().await;
    task
}

/// A task that has begun to put an item.
async fn putter(queue: &Arc<Queue<u32>>, item: u32) -> Task<Result<(), QueueShutDown<u32>>> {
    let queue = Arc::clone(queue);
    let task = create_task(async move { queue.put(item).await });
    at_rest().await;
    task
}

/// A task that waits until all is done.
async fn joiner(queue: &Arc<Queue<u32>>) -> Task<()> {
    let queue = Arc::clone(queue);
    let task = create_task(async move { queue.join().await });
    at_rest().await;
    task
}

#[test]
fn case_131_an_item_goes_to_the_second_getter_if_the_first_is_cancelled() {
    in_every_loop(async || {
        let (queue, seen) = (Arc::new(Queue::bounded(5).unwrap()), Seen::new());
        let (first, second) = (getter(&queue, &seen).await, getter(&queue, &seen).await);

        first.cancel();
        at_rest().await;
        queue.put_nowait(1).unwrap();

        assert_eq!(second.await.unwrap(), Ok(1));
        assert!(first.cancelled());
        assert_eq!(seen.take(), [1]);
    });
}

#[test]
fn case_133_two_of_three_getters_receive_both_items_if_the_first_is_cancelled() {
    in_every_loop(async || {
        let (queue, seen) = (Arc::new(Queue::unbounded()), Seen::new());
        let first = getter(&queue, &seen).await;
        let (second, third) = (getter(&queue, &seen).await, getter(&queue, &seen).await);

        // Before any item is there: after it, on several threads, the first might have it.
        first.cancel();
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();

        let mut items = [
            second.await.unwrap().unwrap(),
            third.await.unwrap().unwrap(),
        ];
        items.sort_unstable();
        assert_eq!(items, [1, 2]);
        assert!(first.cancelled());
        assert!(queue.is_empty());
    });
}

#[test]
fn case_134_room_for_a_cancelled_putter_serves_a_retry_and_nothing_is_doubled() {
    in_every_loop(async || {
        let queue = Arc::new(Queue::bounded(1).unwrap());
        queue.put_nowait(1).unwrap();
        let put = putter(&queue, 2).await;

        put.cancel();
        assert_eq!(queue.get_nowait(), Ok(1));
        at_rest().await;
        assert!(put.cancelled());
        assert!(queue.is_empty(), "it has put nothing");

        queue.put(2).await.unwrap();
        assert_eq!(queue.get_nowait(), Ok(2));
        assert!(queue.is_empty());
    });
}

#[test]
fn case_135_a_producer_and_a_consumer_of_one_slot_both_finish() {
    in_every_loop(async || {
        let queue = Arc::new(Queue::bounded(1).unwrap());
        let consumer = create_task({
            let queue = Arc::clone(&queue);
            async move {
                let mut items = Vec::new();
                while let Ok(item) = queue.get().await {
                    items.push(item);
                    queue.task_done().unwrap();
                    sleep(Duration::from_millis(1)).await;
                }
                items
            }
        });
        let producer = create_task({
            let queue = Arc::clone(&queue);
            async move {
                for item in 0..10 {
                    queue.put(item).await.unwrap();
                    if item % 3 == 0 {
                        sleep(Duration::from_millis(2)).await;
                    }
                }
                queue.shutdown(Shutdown::Drain);
            }
        });

        producer.await.unwrap();
        assert_eq!(consumer.await.unwrap(), Vec::from_iter(0..10));
        queue.join().await;
    });
}

#[test]
fn case_137_a_shutdown_of_an_empty_queue_fails_its_getter_and_everything_after() {
    in_every_loop(async || {
        let (queue, seen) = (Arc::new(Queue::unbounded()), Seen::new());
        let get = getter(&queue, &seen).await;

        queue.shutdown(Shutdown::Drain);

        assert_eq!(get.await.unwrap(), Err(QueueShutDown(())));
        queue.join().await;
        assert_eq!(queue.put(1).await, Err(QueueShutDown(1)));
        assert_eq!(queue.get().await, Err(QueueShutDown(())));
        assert!(queue.put_nowait(1).is_err());
        assert!(queue.get_nowait().is_err());
    });
}

#[test]
fn case_138_a_shutdown_of_a_full_queue_fails_its_putter_and_keeps_the_item() {
    in_every_loop(async || {
        let queue = Arc::new(Queue::bounded(1).unwrap());
        queue.put_nowait(1).unwrap();
        let (put, join) = (putter(&queue, 2).await, joiner(&queue).await);

        queue.shutdown(Shutdown::Drain);

        assert_eq!(put.await.unwrap(), Err(QueueShutDown(2)));
        assert_eq!(queue.get().await, Ok(1));
        assert_eq!(queue.get().await, Err(QueueShutDown(())));
        at_rest().await;
        assert!(!join.done(), "it waits until the item is done");
        queue.task_done().unwrap();
        join.await.unwrap();
    });
}

#[test]
fn case_139_an_immediate_shutdown_leaves_only_what_was_taken_to_be_done() {
    in_every_loop(async || {
        let queue = Arc::new(Queue::bounded(2).unwrap());
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();
        assert_eq!(queue.get().await, Ok(1));
        let join = joiner(&queue).await;

        queue.shutdown(Shutdown::Immediate);

        assert!(queue.is_empty());
        assert_eq!(queue.get().await, Err(QueueShutDown(())));
        at_rest().await;
        assert!(!join.done());
        queue.task_done().unwrap();
        assert!(queue.task_done().is_err(), "it was exactly one");
        join.await.unwrap();
    });
}

/// Timeouts of a getter race items on every kind of loop.
#[test]
fn museum_bm69_items_survive_getters_that_time_out() {
    in_every_loop(async || {
        let queue = Arc::new(Queue::bounded(2).unwrap());
        let producer = create_task({
            let queue = Arc::clone(&queue);
            async move {
                for item in 0..20_u32 {
                    queue.put(item).await.unwrap();
                    sleep(Duration::from_millis(u64::from(item % 3))).await;
                }
            }
        });

        let mut items = Vec::new();
        while items.len() < 20 {
            if let Ok(item) = timeout(Duration::from_millis(1), queue.get()).await {
                items.push(item.unwrap());
            }
        }

        producer.await.unwrap();
        assert_eq!(items, Vec::from_iter(0..20));
        assert!(queue.is_empty());
    });
}
