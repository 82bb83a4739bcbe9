//! Queues.

use std::sync::Arc;

use evloop::sync::{LifoQueue, Order, OrderedQueue, PriorityQueue, Queue};
use evloop::{catch_cancel, create_task, gather};

use crate::program::{Program, sleep_ms, truth};

#[test]
fn diff_queue_workers() {
    async fn worker(queue: Arc<Queue<u32>>, name: &'static str, delay: u64) {
        sleep_ms(delay).await;
        loop {
            let item = queue.get().await.unwrap();
            event!("{name} takes {item}");
            sleep_ms(10).await;
            queue.task_done().unwrap();
        }
    }

    // On several threads, what is put may be taken before its putter says so.
    Program::on_one_thread(|program| {
        program.run(async {
            let queue = Arc::new(Queue::bounded(2).unwrap());
            let workers = [("a", 1), ("b", 2), ("c", 3)]
                .map(|(name, delay)| create_task(worker(Arc::clone(&queue), name, delay)));
            sleep_ms(5).await;
            for item in 0..8 {
                queue.put(item).await.unwrap();
                event!("put {item}");
                sleep_ms(2).await;
            }
            event!("full: {}", truth(queue.is_full()));
            queue.join().await;
            event!("joined, size: {}", queue.qsize());
            for task in &workers {
                task.cancel();
            }
            gather(workers).await;
        });
        program.compare(recorded!("queue_workers"));
    });
}

#[test]
fn diff_queue_cancelled() {
    async fn getter(queue: Arc<Queue<&'static str>>, name: &'static str) {
        match catch_cancel(queue.get()).await {
            Ok(item) => event!("{name} takes {}", item.unwrap()),
            Err(cancelled) => {
                event!("{name} is cancelled");
                cancelled.resume().await;
            }
        }
    }

    async fn putter(queue: Arc<Queue<&'static str>>, name: &'static str) {
        match catch_cancel(queue.put(name)).await {
            Ok(put) => {
                put.unwrap();
                event!("{name} is put");
            }
            Err(cancelled) => {
                event!("{name} is cancelled");
                cancelled.resume().await;
            }
        }
    }

    // On several threads, one may go on between two requests.
    Program::on_one_thread(|program| {
        program.run(async {
            let queue = Arc::new(Queue::bounded(1).unwrap());
            let mut getters = Vec::new();
            for name in ["a", "b"] {
                getters.push(create_task(getter(Arc::clone(&queue), name)));
                sleep_ms(1).await;
            }
            queue.put_nowait("first").unwrap();
            getters[0].cancel();
            gather(getters).await;
            event!("size: {}", queue.qsize());
            queue.put_nowait("second").unwrap();
            let mut putters = Vec::new();
            for name in ["x", "y"] {
                putters.push(create_task(putter(Arc::clone(&queue), name)));
                sleep_ms(1).await;
            }
            event!("got {}", queue.get_nowait().unwrap());
            putters[0].cancel();
            gather(putters).await;
            event!(
                "got {}, size: {}",
                queue.get_nowait().unwrap(),
                queue.qsize()
            );
        });
        program.compare(recorded!("queue_cancelled"));
    });
}

#[test]
fn diff_queue_orders() {
    async fn use_up<O: Order<u32> + 'static>(name: &'static str, queue: OrderedQueue<u32, O>)
    where
        OrderedQueue<u32, O>: Send + Sync,
    {
        let queue = Arc::new(queue);
        let task = create_task({
            let queue = Arc::clone(&queue);
            async move {
                let item = queue.get().await.unwrap();
                event!("{name}: the waiter takes {item}");
            }
        });
        sleep_ms(1).await;
        for item in [3, 1, 4, 2] {
            queue.put_nowait(item).unwrap();
        }
        if queue.put_nowait(5).is_err() {
            event!("{name}: full");
        }
        task.await.unwrap();
        while !queue.is_empty() {
            event!("{name}: {}", queue.get_nowait().unwrap());
            queue.task_done().unwrap();
        }
        if queue.get_nowait().is_err() {
            event!("{name}: empty");
        }
        queue.task_done().unwrap();
        if queue.task_done().is_err() {
            event!("{name}: nothing is left to be done");
        }
        queue.join().await;
    }

    // On several threads, the waiter may take what is there before the rest is put.
    Program::on_one_thread(|program| {
        program.run(async {
            use_up("fifo", Queue::bounded(4).unwrap()).await;
            use_up("lifo", LifoQueue::bounded(4).unwrap()).await;
            use_up("priority", PriorityQueue::bounded(4).unwrap()).await;
        });
        program.compare(recorded!("queue_orders"));
    });
}
