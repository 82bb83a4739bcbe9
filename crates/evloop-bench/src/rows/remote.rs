//! Tasks that other threads make and wake, and threads that wait for tasks.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use crate::bell::Bell;
use crate::countdown::Countdown;
use crate::row::{Contender, Effort, Family, Row, Sample, Unit, on_each_send};
use crate::runtimes::{
    BareExecutor, EventLoop, EvloopRuntime, EvloopWorkers, ExecutorThreads, N_WORKERS, SendRuntime,
    SmolThreads, Tokio, TokioWorkers,
};
use crate::stopwatch::Rounds;

/// `$work` on one thread, and on two workers.
macro_rules! on_one {
    ($work:ident) => {
        on_each_send!(
            |effort, handle| $work(effort, handle):
                EventLoop, BareExecutor, Tokio, ExecutorThreads<1>, SmolThreads<1>
        )
    };
}
macro_rules! on_two {
    ($work:ident) => {
        on_each_send!(
            |effort, handle| $work(effort, handle):
                EvloopRuntime, EvloopWorkers, TokioWorkers,
                ExecutorThreads<N_WORKERS>, SmolThreads<N_WORKERS>
        )
    };
}

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row::new(name, Unit::Nanoseconds, text, contenders);
    let spawning = "another thread spawns 100,000 tasks while the runtime runs them; the main task \
                    awaits the last; per task (monoio takes no tasks from elsewhere)";
    let waking = "another thread wakes a task, which unparks that thread; per round trip (floor: two \
                  threads that park and unpark each other)";
    let blocking = "a thread outside spawns a task that does nothing and blocks until it has ended, \
                    again and again; per task";
    Family {
        title: "From other threads",
        rows: vec![
            row("spawn_remote", spawning, on_one!(spawn_remote)),
            row("block_on_task", blocking, on_one!(block_on_task)),
            row("wake_remote", waking, with_floor(on_one!(wake_remote))),
            row("mt_spawn_remote", spawning, on_two!(spawn_remote)),
            row("mt_block_on_task", blocking, on_two!(block_on_task)),
            row("mt_wake_remote", waking, with_floor(on_two!(wake_remote))),
            row(
                "block_on_wake",
                "another thread wakes the future that a thread blocks on, and is unparked by it; per \
                 round trip (tokio: on its current_thread runtime; smol: `async_io::block_on`)",
                vec![
                    block_on_wake("evloop", |future| evloop::block_on(future)),
                    block_on_wake("tokio", |future| {
                        let mut builder = tokio::runtime::Builder::new_current_thread();
                        let runtime = builder.enable_all().build();
                        runtime
                            .expect("the system gives a descriptor")
                            .block_on(future);
                    }),
                    block_on_wake("futures-lite", |future| {
                        futures_lite::future::block_on(future)
                    }),
                    block_on_wake("smol", |future| async_io::block_on(future)),
                    floor(),
                ],
            ),
        ],
    }
}

async fn spawn_remote<R: SendRuntime>(effort: Effort, handle: R::Handle) -> Sample {
    let n_tasks = effort.times(100_000);
    let countdown = Countdown::default();
    let mut rounds = Rounds::new(1);
    for _ in rounds.by_ref() {
        countdown.start(n_tasks);
        let (handle, counted) = (handle.clone(), countdown.clone());
        let spawn_all = move || {
            for _ in 0..n_tasks {
                let counted = counted.clone();
                R::spawn_remote(&handle, async move { counted.step() });
            }
        };
        let spawner = start(spawn_all);
        countdown.wait().await;
        end(spawner);
    }
    rounds.sample(n_tasks)
}

/// Starts a thread that asks and parks until there is an answer, again and again. The future answers,
/// which takes a wake each time.
fn start_asking(effort: Effort) -> (JoinHandle<Sample>, impl Future<Output = ()> + Send) {
    let rounds = Rounds::new(effort.times(20_000));
    let n_rounds = rounds.n_all();
    let (bell, n_answers) = (Bell::default(), Arc::new(AtomicUsize::new(0)));
    let (asked, answered) = (bell.clone(), Arc::clone(&n_answers));
    let asker = start(move || ask_all(rounds, &answered, || asked.ring()));
    let thread = asker.thread().clone();
    let answer_all = async move {
        for _ in 0..n_rounds {
            bell.wait().await;
            n_answers.fetch_add(1, Ordering::SeqCst);
            thread.unpark();
        }
    };
    (asker, answer_all)
}

fn start<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let thread = thread::Builder::new().spawn(work);
    thread.expect("the system gives a thread")
}

fn end<T>(thread: JoinHandle<T>) -> T {
    thread.join().expect("no thread of a measurement panics")
}

fn ask_all(mut rounds: Rounds, n_answers: &AtomicUsize, ask: impl Fn()) -> Sample {
    for n in rounds.by_ref() {
        ask();
        while n_answers.load(Ordering::SeqCst) == n {
            thread::park();
        }
    }
    rounds.sample(1)
}

async fn wake_remote<R: SendRuntime>(effort: Effort, _: R::Handle) -> Sample {
    let (asker, answer_all) = start_asking(effort);
    answer_all.await;
    end(asker)
}

fn block_on_wake(name: &'static str, block_on: fn(Pin<&mut dyn Future<Output = ()>>)) -> Contender {
    Contender::new(name, move |effort| {
        let (asker, answer_all) = start_asking(effort);
        block_on(pin!(answer_all));
        end(asker)
    })
}

/// What the system takes: two threads without a future.
fn floor() -> Contender {
    Contender::new("floor: park", |effort| {
        let rounds = Rounds::new(effort.times(20_000));
        let n_rounds = rounds.n_all();
        let (n_questions, n_answers) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (asked, answered) = (Arc::clone(&n_questions), Arc::clone(&n_answers));
        let asker = thread::current();
        let answer_all = start(move || {
            for n in 0..n_rounds {
                while asked.load(Ordering::SeqCst) == n {
                    thread::park();
                }
                answered.fetch_add(1, Ordering::SeqCst);
                asker.unpark();
            }
        });
        let sample = ask_all(rounds, &n_answers, || {
            n_questions.fetch_add(1, Ordering::SeqCst);
            answer_all.thread().unpark();
        });
        end(answer_all);
        sample
    })
}

fn with_floor(mut contenders: Vec<Contender>) -> Vec<Contender> {
    contenders.push(floor());
    contenders
}

async fn block_on_task<R: SendRuntime>(effort: Effort, handle: R::Handle) -> Sample {
    let done = Bell::default();
    let ring = done.clone();
    let blocking = start(move || {
        let mut rounds = Rounds::new(effort.times(20_000));
        for _ in rounds.by_ref() {
            R::block_on_task(&handle, async {});
        }
        ring.ring();
        rounds.sample(1)
    });
    done.wait().await;
    end(blocking)
}
