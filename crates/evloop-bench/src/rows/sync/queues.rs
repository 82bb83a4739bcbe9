//! Queues with room for 64 items, all on the same executor, so that nothing else differs.

use std::future::Future;
use std::rc::Rc;

use crate::row::{Contender, Effort, Row, Sample};
use crate::runtimes::{BareExecutor, Runtime};
use crate::stopwatch;

/// Items that may be in a queue at once.
const ROOM: usize = 64;

/// Items in a measurement, however many tasks pass them on.
const N_ITEMS: usize = 400_000;

pub(crate) fn rows() -> Vec<Row> {
    let queue = "so many tasks put items into a queue with room for 64, and as many get them; per item (all on \
                 evloop's executor; tokio's receiver lies behind its mutex where several get)";
    let mpsc = "so many tasks put items into a queue with room for 64, and one gets them; per item (all on \
                evloop's executor; tokio's `mpsc` is what `evloop::channel` has)";
    let queues = [1, 2, 64, 10_000].map(|n_tasks| row("queue_64", n_tasks, n_tasks, queue));
    let mpscs = [2, 64, 10_000].map(|n_tasks| row("mpsc_64", n_tasks, 1, mpsc));
    queues.into_iter().chain(mpscs).collect()
}

fn row(name: &str, n_puts: usize, n_gets: usize, text: &'static str) -> Row {
    Row::of_size(
        name,
        n_puts,
        text,
        vec![
            Contender::new("evloop", move |e| {
                BareExecutor::run(pass::<EvloopQueue>(e, n_puts, n_gets))
            }),
            Contender::new("tokio", move |e| match n_gets {
                1 => BareExecutor::run(pass::<TokioMpsc>(e, n_puts, n_gets)),
                _ => BareExecutor::run(pass::<TokioShared>(e, n_puts, n_gets)),
            }),
            Contender::new("async-channel", move |e| {
                BareExecutor::run(pass::<AsyncChannel>(e, n_puts, n_gets))
            }),
        ],
    )
}

/// What takes numbers from tasks to tasks.
trait Channel: 'static {
    fn new() -> Self;

    fn put(&self, item: usize) -> impl Future<Output = ()>;

    fn get(&self) -> impl Future<Output = usize>;
}

struct EvloopQueue(evloop_sync::Queue<usize>);

impl Channel for EvloopQueue {
    fn new() -> Self {
        Self(evloop_sync::Queue::bounded(ROOM).expect("it is not 0"))
    }

    async fn put(&self, item: usize) {
        self.0.put(item).await.expect("it is not shut down");
    }

    async fn get(&self) -> usize {
        self.0.get().await.expect("it is not shut down")
    }
}

/// One gets: the cell costs next to nothing.
struct TokioMpsc {
    tx: tokio::sync::mpsc::Sender<usize>,
    rx: std::cell::RefCell<tokio::sync::mpsc::Receiver<usize>>,
}

impl Channel for TokioMpsc {
    fn new() -> Self {
        let (tx, rx) = tokio::sync::mpsc::channel(ROOM);
        Self { tx, rx: rx.into() }
    }

    async fn put(&self, item: usize) {
        self.tx.send(item).await.expect("it is open");
    }

    async fn get(&self) -> usize {
        let item = std::future::poll_fn(|cx| self.rx.borrow_mut().poll_recv(cx)).await;
        item.expect("it is open")
    }
}

struct TokioShared {
    tx: tokio::sync::mpsc::Sender<usize>,
    rx: tokio::sync::Mutex<tokio::sync::mpsc::Receiver<usize>>,
}

impl Channel for TokioShared {
    fn new() -> Self {
        let (tx, rx) = tokio::sync::mpsc::channel(ROOM);
        Self { tx, rx: rx.into() }
    }

    async fn put(&self, item: usize) {
        self.tx.send(item).await.expect("it is open");
    }

    async fn get(&self) -> usize {
        self.rx.lock().await.recv().await.expect("it is open")
    }
}

struct AsyncChannel(async_channel::Sender<usize>, async_channel::Receiver<usize>);

impl Channel for AsyncChannel {
    fn new() -> Self {
        let (tx, rx) = async_channel::bounded(ROOM);
        Self(tx, rx)
    }

    async fn put(&self, item: usize) {
        self.0.send(item).await.expect("it is open");
    }

    async fn get(&self) -> usize {
        self.1.recv().await.expect("it is open")
    }
}

async fn pass<C: Channel>(effort: Effort, n_puts: usize, n_gets: usize) -> Sample {
    let n_items = (effort.times(N_ITEMS) / n_puts).max(2);
    let n_of_each = n_puts * n_items / n_gets;
    let channel = Rc::new(C::new());
    let started = stopwatch::now();
    let put = |_| {
        let channel = Rc::clone(&channel);
        BareExecutor::spawn(async move {
            for item in 0..n_items {
                channel.put(item).await;
            }
        })
    };
    let puts: Vec<_> = (0..n_puts).map(put).collect();
    let get = |_| {
        let channel = Rc::clone(&channel);
        BareExecutor::spawn(async move {
            for _ in 0..n_of_each {
                std::hint::black_box(channel.get().await);
            }
        })
    };
    let gets: Vec<_> = (0..n_gets).map(get).collect();
    for task in puts {
        assert!(task.await.is_ok(), "it ends");
    }
    for task in gets {
        assert!(task.await.is_ok(), "it ends");
    }
    Sample::of_time(started.elapsed(), n_puts * n_items)
}
