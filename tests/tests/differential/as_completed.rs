//! `as_completed`: the order, a limit, and a loop that is left and gone on with.

use std::time::Duration;

use evloop::{Promise, Task, TaskBuilder, as_completed, sleep};

use crate::program::{
    End, Program, error, flat, ms, outcome, reference, settled, sleep_ms, standing,
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

fn start_all<const N: usize>(
    program: &Program,
    children: [(&'static str, u64, bool); N],
) -> [Child; N] {
    children.map(|(name, delay, fails)| {
        program.create_task_with(TaskBuilder::new().name(name), child(name, delay, fails))
    })
}

#[test]
fn diff_as_completed_order() {
    Program::on_one_thread(|program| {
        program.run(async {
            let tasks = start_all(
                &program,
                [
                    ("a", 30, false),
                    ("b", 10, false),
                    ("c", 25, true),
                    ("d", 10, false),
                    ("e", 900, false),
                    ("f", 60, true),
                ],
            );
            let to_cancel = reference(&tasks[4]);
            program.call_later(ms(27), move || assert!(to_cancel.cancel()));
            event!("main begins");
            let mut completed = as_completed(tasks);
            while let Some(task) = completed.next().await {
                let item = settled(&flat(task.result().expect("it is done")));
                event!("main has {item}");
                if item == "value D" {
                    sleep_ms(25).await;
                    event!("main was away");
                }
            }
            event!("main ends");
        });
        program.compare(recorded!("as_completed_order"));
    });
}

#[test]
fn diff_as_completed_timeout() {
    async fn limited(tasks: &mut [Child], limit: Duration, pause: u64) {
        event!("main begins");
        let mut completed = as_completed(&mut *tasks).timeout(sleep(limit));
        while let Some(item) = completed.next().await {
            let Ok(task) = item else {
                let standing: Vec<String> = tasks.iter().map(outcome).collect();
                event!("main is late: {}", standing.join(", "));
                return;
            };
            let value = flat(task.result().expect("it is done")).expect("it does not fail");
            event!("main has {value}");
            sleep_ms(pause).await;
        }
        event!("main has all");
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let delays = [
                ("a", 10),
                ("b", 15),
                ("c", 20),
                ("d", 40),
                ("e", 90),
                ("f", 120),
            ];
            let mut tasks = start_all(&program, delays.map(|(name, delay)| (name, delay, false)));
            limited(&mut tasks, ms(25), 20).await;
            limited(&mut tasks[4..], ms(5), 0).await;
            limited(&mut tasks[4..], Duration::ZERO, 0).await;
            limited(&mut tasks[4..], ms(10_000), 0).await;
            event!("main ends");
        });
        program.compare(recorded!("as_completed_timeout"));
    });
}

#[test]
fn diff_as_completed_left() {
    fn settle(name: &str, future: &Promise<String>) {
        event!("{name} is set");
        let set = match name {
            "q" => future.set_exception("q failed"),
            _ => future.set_result(name.to_uppercase()),
        };
        set.expect("it is pending");
    }

    async fn take(completed: &mut evloop::AsCompleted<Promise<String>>, n: usize) {
        event!("main takes {n}");
        for _ in 0..n {
            let Some(done) = completed.next().await else {
                event!("there is no more");
                return;
            };
            match done.await {
                Ok(value) => event!("main has {value}"),
                Err(error) => event!("main has error {error}"),
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let [p, q, r, s, t]: [Promise<String>; 5] =
                std::array::from_fn(|_| program.create_future());
            for (name, delay, future) in
                [("r", 10, &r), ("p", 20, &p), ("q", 30, &q), ("t", 40, &t)]
            {
                let future = future.clone();
                program.call_later(ms(delay), move || settle(name, &future));
            }
            let mut completed = as_completed([&p, &q, &p, &r, &t, &r, &p].map(Clone::clone));
            take(&mut completed, 2).await;
            sleep_ms(15).await;
            event!("main was away");
            take(&mut completed, 3).await;
            take(&mut as_completed([]), 1).await;

            let mut completed = as_completed([s.clone(), p]);
            take(&mut completed, 1).await;
            drop(completed);
            event!("s is {}", standing(&s));
            settle("s", &s);
            event!("s is {}", standing(&s));
        });
        program.compare(recorded!("as_completed_left"));
    });
}
