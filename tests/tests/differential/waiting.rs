//! `wait` in all its modes, interrupted, and again on what is left.

use std::time::Duration;

use evloop::{
    FirstCompleted, FirstException, Promise, Task, TaskBuilder, WaitSet, catch_cancel, on_cancel,
    sleep, wait,
};

use crate::program::{
    End, Program, error, ms, names, outcome, reference, sleep_ms, standing, truth,
};

type Child = Task<End<String>>;

async fn child(name: &'static str, delay: u64, fails: bool) -> End<String> {
    event!("{name} starts");
    sleep_ms(delay).await;
    event!("{name} ends");
    if fails {
        return error(format!("{name} failed"));
    }
    Ok(name.to_uppercase())
}

fn start(program: &Program, name: &'static str, delay: u64, fails: bool) -> Child {
    program.create_task_with(TaskBuilder::new().name(name), child(name, delay, fails))
}

fn start_all(program: &Program, delays: &[(&'static str, u64)]) -> WaitSet<Child> {
    delays
        .iter()
        .map(|&(name, delay)| start(program, name, delay, false))
        .collect()
}

#[test]
fn diff_wait_first_completed() {
    Program::on_every_loop(|program| {
        program.run(async {
            let mut pending = start_all(&program, &[("a", 30), ("b", 10), ("c", 40), ("d", 20)]);
            while !pending.is_empty() {
                event!("main waits for {}", names(pending.iter().map(Task::name)));
                let (done, rest) = wait(pending).return_when(FirstCompleted).await.unwrap();
                for task in &done {
                    let value = task.result().unwrap().as_ref().unwrap().as_ref().unwrap();
                    event!(
                        "done {} with {value}, pending {}",
                        task.name(),
                        names(rest.iter().map(Task::name))
                    );
                }
                pending = rest;
            }
            event!("main ends");
        });
        program.compare(recorded!("wait_first_completed"));
    });
}

#[test]
fn diff_wait_several_done() {
    async fn first_of(pending: WaitSet<Child>) -> WaitSet<Child> {
        event!("main waits for {}", names(pending.iter().map(Task::name)));
        let (done, pending) = wait(pending)
            .return_when(FirstCompleted)
            .await
            .expect("somebody is pending");
        event!(
            "done {}, pending {}",
            names(done.iter().map(Task::name)),
            names(pending.iter().map(Task::name))
        );
        pending
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let delays = [
                ("a", 10),
                ("b", 20),
                ("c", 10),
                ("d", 30),
                ("e", 40),
                ("f", 55),
            ];
            let pending = first_of(start_all(&program, &delays)).await;
            sleep_ms(25).await;
            event!("main was away");
            let pending = first_of(pending).await;
            let pending = first_of(pending).await;
            first_of(pending).await;
        });
        program.compare(recorded!("wait_several_done"));
    });
}

#[test]
fn diff_wait_first_exception() {
    async fn round_of(pending: WaitSet<Child>) -> WaitSet<Child> {
        event!("main waits for {}", names(pending.iter().map(Task::name)));
        let (mut done, pending) = wait(pending)
            .return_when(FirstException)
            .await
            .expect("somebody is pending");
        event!(
            "done {}, pending {}",
            names(done.iter().map(Task::name)),
            names(pending.iter().map(Task::name))
        );
        done.sort_by_key(Task::name);
        for task in &done {
            event!("{} is {}", task.name(), outcome(task));
        }
        pending
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let tasks = [
                start(&program, "a", 10, false),
                start(&program, "b", 900, false),
                start(&program, "c", 20, true),
                start(&program, "d", 30, false),
                start(&program, "e", 40, false),
            ];
            let to_cancel = reference(&tasks[1]);
            program.call_later(ms(15), move || assert!(to_cancel.cancel()));
            let pending = round_of(tasks.into_iter().collect()).await;
            round_of(pending).await;
        });
        program.compare(recorded!("wait_first_exception"));
    });
}

#[test]
fn diff_wait_all() {
    fn settle(name: &str, future: &Promise<String>, error: Option<&str>) {
        event!("{name} is set");
        let set = match error {
            Some(error) => future.set_exception(error),
            None => future.set_result(name.to_uppercase()),
        };
        set.expect("it is pending");
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let (a, b) = (
                start(&program, "a", 20, false),
                start(&program, "b", 10, true),
            );
            event!("main waits for two tasks");
            let (mut done, pending) = wait([a, b]).await.unwrap();
            done.sort_by_key(Task::name);
            let ends = format!("{}, {}", outcome(&done[0]), outcome(&done[1]));
            event!(
                "done {}, pending {}: {ends}",
                names(done.iter().map(Task::name)),
                names(pending.iter().map(Task::name))
            );

            let [p, q, r]: [Promise<String>; 3] = std::array::from_fn(|_| program.create_future());
            let (set_p, set_q, set_r) = (p.clone(), q.clone(), r.clone());
            program.call_later(ms(10), move || settle("q", &set_q, Some("q failed")));
            program.call_later(ms(15), move || assert!(set_r.cancel()));
            program.call_later(ms(20), move || settle("p", &set_p, None));
            event!("main waits for three futures, listed six times");
            let (done, pending) = wait([&p, &q, &p, &r, &q, &p].map(Clone::clone))
                .await
                .unwrap();
            let ends = [&p, &q, &r].map(standing).join(", ");
            event!("done {}, pending {}: {ends}", done.len(), pending.len());
            let (done, pending) = wait([p, q]).await.unwrap();
            event!("done {}, pending {} at once", done.len(), pending.len());
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("wait_all"));
    });
}

#[test]
fn diff_wait_timeout() {
    async fn limited(pending: WaitSet<Child>, limit: Duration) -> WaitSet<Child> {
        event!("main waits for {}", names(pending.iter().map(Task::name)));
        let (done, pending) = wait(pending)
            .timeout(sleep(limit))
            .await
            .expect("somebody is pending");
        event!(
            "done {}, pending {}",
            names(done.iter().map(Task::name)),
            names(pending.iter().map(Task::name))
        );
        pending
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let pending = start_all(&program, &[("a", 10), ("b", 20), ("c", 30), ("d", 40)]);
            let pending = limited(pending, ms(5)).await;
            let pending = limited(pending, ms(6)).await;
            let pending = limited(pending, Duration::ZERO).await;
            let pending = limited(pending, ms(24)).await;
            limited(pending, ms(10_000)).await;
            event!("main ends");
        });
        program.compare(recorded!("wait_timeout"));
    });
}

#[test]
fn diff_wait_cancelled() {
    async fn child(name: &'static str, delay: u64) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(delay).await;
        };
        on_cancel(work, || async { event!("{name} is never cancelled") }).await;
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    async fn waiter(mut tasks: [Child; 3]) -> End<&'static str> {
        let waits = async {
            wait(tasks.iter_mut()).await.expect("it waits for three");
            event!("the waiter is never here");
        };
        if let Err(cancelled) = catch_cancel(waits).await {
            let ends = tasks.each_ref().map(outcome).join(", ");
            event!("the waiter is interrupted: {ends}");
            cancelled.swallow();
        }
        sleep_ms(5).await;
        event!("the waiter waits again");
        let (done, pending) = wait(tasks.iter_mut()).await.expect("it waits for three");
        event!(
            "done {}, pending {}",
            names(done.iter().map(|task| task.name())),
            names(pending.iter().map(|task| task.name()))
        );
        Ok("the waiter has waited")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let children = [("a", 30), ("b", 20), ("c", 5)];
            let tasks = children.map(|(name, delay)| {
                program.create_task_with(TaskBuilder::new().name(name), child(name, delay))
            });
            let task = program.create_task(waiter(tasks));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            event!("main gets {}", task.await.unwrap().unwrap());
        });
        program.compare(recorded!("wait_cancelled"));
    });
}

#[test]
fn diff_wait_then_cancel() {
    async fn child(name: &'static str, work: u64, cleanup: u64, refuses: bool) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(work).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            sleep_ms(cleanup).await;
            event!(
                "{name} {}",
                if refuses { "refuses" } else { "has cleaned up" }
            );
            if !refuses {
                match cancelled.resume().await {}
            }
            cancelled.swallow();
            return Ok(format!("what {name} has"));
        }
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    fn tell(done: &[&mut Child], pending: &WaitSet<&mut Child>) {
        event!(
            "done {}, pending {}",
            names(done.iter().map(|task| task.name())),
            names(pending.iter().map(|task| task.name()))
        );
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let children = [
                ("a", 10, 0, false),
                ("b", 900, 10, false),
                ("c", 900, 5, true),
            ];
            let mut tasks = children.map(|(name, work, cleanup, refuses)| {
                let options = TaskBuilder::new().name(name);
                program.create_task_with(options, child(name, work, cleanup, refuses))
            });
            let to_cancel = [reference(&tasks[1]), reference(&tasks[2])];
            let limited = wait(tasks.iter_mut()).timeout(sleep(ms(20)));
            let (done, pending) = limited.await.unwrap();
            tell(&done, &pending);
            for task in to_cancel {
                event!(
                    "cancel of {} is granted: {}",
                    task.name(),
                    truth(task.cancel())
                );
            }
            let first = wait(pending).return_when(FirstCompleted);
            let (done, pending) = first.await.unwrap();
            tell(&done, &pending);
            let (done, pending) = wait(pending).await.unwrap();
            tell(&done, &pending);
            event!("they are {}", tasks.each_ref().map(outcome).join(", "));
        });
        program.compare(recorded!("wait_then_cancel"));
    });
}
