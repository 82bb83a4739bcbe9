//! Child processes that do nothing and end.
//!
//! Most of the time is the system's: it makes a process, loads a program and takes it down again. What
//! a runtime adds is how the end of a child is noticed.

use std::future::Future;
use std::hint::black_box;
use std::process::{Command, ExitStatus};

use crate::row::{Contender, Effort, Family, Row, Sample, Unit, on_each, on_each_send};
use crate::runtimes::{
    EventLoop, EvloopRuntime, N_WORKERS, Runtime, SendRuntime, Smol, SmolThreads, Tokio,
    TokioWorkers,
};
use crate::stopwatch::Rounds;

/// Does nothing, successfully.
const PROGRAM: &str = "/bin/true";

const STARTS: &str = "the program is there";
const ENDS: &str = "nobody else reaps it";

/// Children in a measurement.
const N_CHILDREN: usize = 1_000;

/// Children at the same time.
const AT_ONCE: usize = 16;

pub(crate) fn family() -> Family {
    let row = |name, text, contenders| Row::new(name, Unit::Nanoseconds, text, contenders);
    let mut one = on_each!(|effort| start_and_wait(effort, 1): EventLoop, Tokio, Smol);
    one.push(Contender::new("floor: std", blocking));
    Family {
        title: "Processes",
        rows: vec![
            row(
                "process_spawn_wait",
                "a task starts `/bin/true` and waits for its end, one after the other; per child (the floor \
                 blocks in the wait)",
                one,
            ),
            row(
                "process_spawn_wait_16",
                "the same with 16 at a time, started one after the other and then waited for",
                on_each!(|effort| start_and_wait(effort, AT_ONCE): EventLoop, Tokio, Smol),
            ),
            row(
                "mt_process_spawn_wait",
                "as `process_spawn_wait`, in a task on two workers",
                on_each_send!(
                    |effort, _| on_workers(effort, 1): EvloopRuntime, TokioWorkers,
                    SmolThreads<N_WORKERS>
                ),
            ),
            row(
                "mt_process_spawn_wait_16",
                "16 tasks on two workers each start a child and wait for it, and are joined; per child",
                on_each_send!(
                    |effort, _| on_workers(effort, AT_ONCE): EvloopRuntime, TokioWorkers,
                    SmolThreads<N_WORKERS>
                ),
            ),
        ],
    }
}

/// Starts one at once; the future waits for it.
trait Processes: 'static {
    fn start() -> impl Future<Output = ExitStatus> + Send + 'static;
}

macro_rules! processes {
    ($start:ident: $($runtime:ty),+) => {$(
        impl Processes for $runtime {
            fn start() -> impl Future<Output = ExitStatus> + Send + 'static {
                $start()
            }
        }
    )+};
}

processes!(start_evloop: EventLoop, EvloopRuntime);
processes!(start_tokio: Tokio, TokioWorkers);
processes!(start_smol: Smol, SmolThreads<N_WORKERS>);

fn start_evloop() -> impl Future<Output = ExitStatus> + Send + 'static {
    let child = evloop::process::Command::new(PROGRAM)
        .spawn()
        .expect(STARTS);
    async move { child.wait().await.expect(ENDS) }
}

fn start_tokio() -> impl Future<Output = ExitStatus> + Send + 'static {
    let mut child = tokio::process::Command::new(PROGRAM).spawn().expect(STARTS);
    async move { child.wait().await.expect(ENDS) }
}

fn start_smol() -> impl Future<Output = ExitStatus> + Send + 'static {
    let mut child = async_process::Command::new(PROGRAM).spawn().expect(STARTS);
    async move { child.status().await.expect(ENDS) }
}

async fn start_and_wait<R: Runtime + Processes>(effort: Effort, n_at_once: usize) -> Sample {
    let mut rounds = Rounds::new((effort.times(N_CHILDREN) / n_at_once).max(10));
    for _ in rounds.by_ref() {
        let children: Vec<_> = (0..n_at_once).map(|_| R::start()).collect();
        for child in children {
            assert!(child.await.success());
        }
    }
    rounds.sample(n_at_once)
}

async fn on_workers<R: SendRuntime + Processes>(effort: Effort, n_at_once: usize) -> Sample {
    let mut rounds = Rounds::new((effort.times(N_CHILDREN) / n_at_once).max(10));
    for _ in rounds.by_ref() {
        let task = || async { assert!(R::start().await.success()) };
        let tasks: Vec<_> = (0..n_at_once).map(|_| R::spawn(task())).collect();
        for task in tasks {
            black_box(task.await);
        }
    }
    rounds.sample(n_at_once)
}

fn blocking(effort: Effort) -> Sample {
    let mut rounds = Rounds::new(effort.times(N_CHILDREN));
    for _ in rounds.by_ref() {
        assert!(Command::new(PROGRAM).status().expect(STARTS).success());
    }
    rounds.sample(1)
}
