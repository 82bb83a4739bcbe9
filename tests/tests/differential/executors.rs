//! Blocking work: its completion is a turn's work, whatever the thread has done.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use evloop::{BlockingPool, Handle, Promise, create_task, to_thread};

use crate::program::{Program, Raised, sleep_ms, standing, truth};

fn one_thread() -> BlockingPool {
    BlockingPool::builder()
        .max_threads(1)
        .build()
        .expect("one thread is a valid limit")
}

#[test]
fn diff_executor_handshake() {
    Program::on_one_thread(|program| {
        let pool = one_thread();
        let here = thread::current().id();
        let submit = |name: &'static str| -> Promise<String> {
            let (started, has_started) = mpsc::channel();
            let trace = program.trace();
            let job = move || {
                let elsewhere = thread::current().id() != here;
                trace.event(format_args!(
                    "{name} runs, on another thread: {}",
                    truth(elsewhere)
                ));
                started.send(()).expect("the loop's thread waits for it");
                name.to_uppercase()
            };
            let future = program.run_in_executor(Some(&pool), job);
            has_started.recv().expect("the job says when it starts");
            future
        };
        let value = |result: evloop::TaskResult<String>| result.expect("jobs do not fail");

        let a = submit("a");
        event!(
            "a is {}, reading it is refused: {}",
            standing(&a),
            truth(a.result().is_err())
        );
        let first = value(program.run(&a));
        event!("the run gives {first}, a is {}", standing(&a));
        program.run(async {
            let b = submit("b");
            let c = submit("c");
            event!("b is over on the only thread, yet it is {}", standing(&b));
            let (same_b, same_c) = (b.clone(), c.clone());
            c.add_done_callback(move |_| event!("callback of c sees {}", standing(&same_c)));
            b.add_done_callback(move |_| event!("callback of b sees {}", standing(&same_b)));
            event!("main awaits c: {}", value(c.await));
            event!("main awaits b: {}", value((&b).await));
            event!("main awaits b again: {}", value(b.await));
            for name in ["d", "e"] {
                let future = submit(name);
                event!("{name} is {}", standing(&future));
                event!("main awaits {name}: {}", value(future.await));
            }
        });
        program.compare(recorded!("executor_handshake"));
    });
}

#[test]
fn diff_executor_beside_tasks() {
    fn job(name: &'static str, gate: &Receiver<()>) -> String {
        gate.recv().expect("main opens the gate");
        name.to_uppercase()
    }

    async fn awaiter(name: &'static str, gate: Receiver<()>) -> String {
        event!("{name} submits");
        let future = Handle::current().run_in_executor(None, move || job(name, &gate));
        let result = future.await.expect("the job does not fail");
        event!("{name} gets {result}");
        result
    }

    async fn busy() {
        for n in 0..3 {
            event!("busy {n}");
            sleep_ms(10).await;
        }
        event!("busy ends");
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let mut tasks = BTreeMap::new();
            for name in ["a", "b", "c"] {
                let (opener, gate): (Sender<()>, _) = mpsc::channel();
                tasks.insert(name, (opener, create_task(awaiter(name, gate))));
            }
            create_task(busy()).await.unwrap();
            for name in ["c", "a", "b"] {
                event!("main lets {name} end");
                let (opener, task) = tasks.remove(name).unwrap();
                opener.send(()).unwrap();
                event!("main has {}", task.await.unwrap());
            }
            event!("to_thread gives {}", to_thread(|| 6 * 7).await.unwrap());
        });
        program.compare(recorded!("executor_beside_tasks"));
    });
}

#[test]
fn diff_executor_fails() {
    fn failing(name: &str) -> String {
        panic!("{name} failed");
    }

    Program::on_every_loop(|program| {
        let pool = one_thread();
        program.run(async {
            for name in ["a", "b"] {
                if let Err(error) = program.run_in_executor(Some(&pool), || failing(name)).await {
                    event!("main gets {}", Raised::from(error));
                }
            }
            event!(
                "the thread lives: {}",
                program
                    .run_in_executor(Some(&pool), || "yes")
                    .await
                    .unwrap()
            );
            let (started, has_started) = mpsc::channel();
            let (opener, gate) = mpsc::channel();
            let slow = move || {
                started.send(()).expect("main waits for it");
                gate.recv().expect("main opens the gate");
                "nobody wants it"
            };
            let future = program.run_in_executor(Some(&pool), slow);
            let same = future.clone();
            future.add_done_callback(move |_| {
                event!("callback sees cancelled: {}", truth(same.cancelled()))
            });
            has_started.recv().unwrap();
            event!(
                "cancel is granted: {}, now {}",
                truth(future.cancel()),
                standing(&future)
            );
            event!("cancel is granted again: {}", truth(future.cancel()));
            sleep_ms(10).await;
            let behind = program.run_in_executor(Some(&pool), || "the next job");
            event!("the next job is {}", standing(&behind));
            opener.send(()).unwrap();
            event!("main awaits {}", behind.await.unwrap());
            event!("the cancelled one is still {}", standing(&future));
        });
        program.compare(recorded!("executor_fails"));
    });
}
