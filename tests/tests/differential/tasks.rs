//! Tasks: their first steps, how they alternate, what they return, who asks for them.

use std::sync::Arc;
use std::time::Duration;

use evloop::{
    CallbackId, Handle, Task, TaskBuilder, all_tasks, call_soon, create_task, current_task,
    ensure_future, sleep,
};

use crate::program::{
    End, Program, error, flat, ms, names, outcome, say, settled, sleep_ms, truth,
};

#[test]
fn diff_first_steps() {
    async fn child(name: &'static str, delay: u64) -> String {
        event!("{name} starts");
        sleep_ms(delay).await;
        event!("{name} ends");
        name.to_uppercase()
    }

    Program::on_every_loop(|program| {
        let early = program.create_task(child("early", 40));
        event!("made before the loop runs");
        let returned = program.run(async {
            event!("main starts");
            let a = program.create_task(child("a", 30));
            call_soon(say("callback between a and b"));
            let b = ensure_future!(child("b", 20));
            let c = create_task(child("c", 10));
            event!("main has made three tasks, none has started");
            sleep(Duration::ZERO).await;
            event!("main resumes");
            let id = b.id();
            let same = ensure_future!(b);
            event!(
                "ensure_future gives the same task: {}",
                truth(same.id() == id)
            );
            let (a, same, c) = (a.await.unwrap(), same.await.unwrap(), c.await.unwrap());
            event!("results {a} {same} {c}");
            early.await.unwrap()
        });
        event!("main returns {returned}");
        program.compare(recorded!("first_steps"));
    });
}

#[test]
fn diff_sleep_zero() {
    async fn inner(name: &'static str) {
        event!("{name} is inside");
        sleep(Duration::ZERO).await;
        event!("{name} is about to leave");
    }

    async fn lap_of(name: &'static str, lap: u32) {
        event!("{name} lap {lap}");
        if name == "b" && lap == 1 {
            event!("b goes inside");
            inner(name).await;
            event!("b is back");
        }
        sleep(Duration::ZERO).await;
    }

    async fn child_of_c() {
        lap_of("child of c", 0).await;
        lap_of("child of c", 1).await;
        event!("child of c finishes");
    }

    async fn runner(name: &'static str, laps: u32) {
        for lap in 0..laps {
            if name == "c" && lap == 0 {
                create_task(child_of_c()).detach();
            }
            lap_of(name, lap).await;
        }
        event!("{name} finishes");
    }

    Program::on_every_loop(|program| {
        program.run(async {
            for (name, laps) in [("a", 4), ("b", 3), ("c", 2)] {
                create_task(runner(name, laps)).detach();
            }
            event!("main waits until all are through");
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("sleep_zero"));
    });
}

#[test]
fn diff_nested_tasks() {
    async fn leaf(n: u64) -> u64 {
        event!("leaf {n} starts");
        sleep_ms(n).await;
        event!("leaf {n} returns");
        n
    }

    async fn branch(name: &'static str, left: u64, right: u64) -> u64 {
        event!("{name} starts");
        let [left, right] = [left, right].map(|n| create_task(leaf(n)));
        let mut total = right.await.expect("leaves do not fail");
        event!("{name} has {total}");
        total += left.await.expect("leaves do not fail");
        event!("{name} returns {total}");
        total
    }

    async fn direct() -> u64 {
        1000 + leaf(3).await
    }

    Program::on_every_loop(|program| {
        let returned = program.run(async {
            let near = create_task(branch("near", 10, 20));
            let far = create_task(branch("far", 40, 30));
            create_task(leaf(35)).detach();
            event!("direct call gives {}", direct().await);
            event!(
                "the branches give {}",
                near.await.unwrap() + far.await.unwrap()
            );
            let done = create_task(leaf(5));
            sleep_ms(10).await;
            call_soon(say("a callback queued before the await of a finished task"));
            event!("the finished task gives {}", done.await.unwrap());
            sleep_ms(10).await;
            "all is done"
        });
        event!("{returned}");
        program.compare(recorded!("nested_tasks"));
    });
}

#[test]
fn diff_task_errors() {
    async fn failing(name: String, delay: u64) -> End<u32> {
        event!("{name} starts");
        sleep_ms(delay).await;
        event!("{name} fails");
        error(format!("{name} failed"))
    }

    async fn parent(name: &'static str, delay: u64) -> End<u32> {
        let task = create_task(failing(format!("child of {name}"), delay));
        let value = task.await??;
        event!("{name} is never here");
        Ok(value)
    }

    async fn steady() -> &'static str {
        for n in 0..4 {
            event!("steady {n}");
            sleep_ms(10).await;
        }
        "steady"
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let calm = create_task(steady());
            let a = create_task(parent("a", 5));
            let b = create_task(parent("b", 15));
            let early = create_task(failing("early".to_owned(), 0));
            if let Err(raised) = a.await.unwrap() {
                event!("main gets {raised}");
            }
            sleep_ms(20).await;
            event!("b is {}", outcome(&b));
            event!("early is {}", outcome(&early));
            if let Err(raised) = early.await.unwrap() {
                event!("main gets {raised}");
            }
            event!("calm returns {}", calm.await.unwrap());
        });
        let last = program.run(async {
            sleep_ms(1).await;
            error::<()>("last failed")
        });
        if let Err(raised) = last {
            event!("the run gives {raised}");
        }
        program.compare(recorded!("task_errors"));
    });
}

#[test]
fn diff_task_done_callbacks() {
    async fn child(name: &'static str, delay: u64) -> End<String> {
        sleep_ms(delay).await;
        call_soon(say(format!("callback queued in the last step of {name}")));
        event!("{name} takes its last step");
        if name == "b" {
            return error("b failed");
        }
        Ok(name.to_uppercase())
    }

    fn add(task: &Task<End<String>>, callback: String) {
        task.add_done_callback(move |result| event!("{callback}: {}", settled(&flat(result))));
    }

    fn watch(name: &str, task: &Task<End<String>>) {
        add(task, format!("first callback of {name}"));
        let removed = CallbackId::new();
        task.add_done_callback_as(removed, |_| event!("a removed callback"));
        add(task, format!("second callback of {name}"));
        event!(
            "removed from {name}: {}",
            task.remove_done_callback(removed)
        );
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let a = create_task(child("a", 10));
            let b = create_task(child("b", 20));
            let c = create_task(child("c", 90));
            watch("a", &a);
            watch("b", &b);
            watch("c", &c);
            sleep_ms(30).await;
            event!("cancelling c: {}", truth(c.cancel()));
            event!("c is {} in the turn of the cancel", outcome(&c));
            sleep_ms(10).await;
            add(&a, "late callback of a".to_owned());
            event!("added to a, which is finished");
            sleep_ms(10).await;
            event!("main ends, c is {}", outcome(&c));
        });
        program.compare(recorded!("task_done_callbacks"));
    });
}

#[test]
fn diff_current_task() {
    fn who() -> Arc<str> {
        current_task().map_or_else(|| "nobody".into(), |task| task.name())
    }

    async fn nested() {
        event!("nested, in {}", who());
        sleep(Duration::ZERO).await;
        event!("still nested, in {}", who());
    }

    async fn worker(rename: Option<&'static str>) {
        event!("{} starts", who());
        call_soon(|| event!("a callback is run by {}", who()));
        nested().await;
        if let Some(name) = rename {
            current_task().expect("a worker is a task").set_name(name);
        }
        event!("{} is between", who());
        sleep_ms(10).await;
        event!("{} ends", who());
    }

    async fn main() {
        let here = Handle::current();
        let a = here.create_task_with(TaskBuilder::new().name("ann"), worker(None));
        let b = here.create_task_with(TaskBuilder::new().name("bob"), worker(Some("bert")));
        // On another worker he may have renamed himself by now.
        let bob = if *b.name() == *"bert" {
            "bob".into()
        } else {
            b.name()
        };
        event!("{} made {} and {bob}", who(), a.name());
        here.call_later(ms(5), || event!("a timer is run by {}", who()));
        sleep_ms(20).await;
        event!("{} sees {} and {}", who(), a.name(), b.name());
    }

    Program::on_every_loop(|program| {
        event!("before: {}", who());
        let task = program.create_task_with(TaskBuilder::new().name("main"), main());
        task.add_done_callback(|_| event!("a done callback is run by {}", who()));
        program.run(task).unwrap();
        event!("after: {}", who());
        program.compare(recorded!("current_task"));
    });
}

#[test]
fn diff_all_tasks() {
    fn count(when: &'static str) {
        event!(
            "{when}: {}",
            names(all_tasks().iter().map(|task| task.name()))
        );
    }

    async fn child(delay: u64) {
        if delay == 0 {
            return;
        }
        count("a child's first step");
        sleep_ms(delay).await;
        count("a child's last step");
    }

    Program::on_one_thread(|program| {
        let count_outside = |when| {
            let tasks = program.all_tasks().expect("this is the loop's thread");
            event!("{when}: {}", names(tasks.iter().map(|task| task.name())));
        };
        let named =
            |name, delay| program.create_task_with(TaskBuilder::new().name(name), child(delay));
        count_outside("before");
        program
            .create_task_with(TaskBuilder::new().name("early"), sleep_ms(30))
            .detach();
        count_outside("made before the loop runs");
        program.run(async {
            current_task().unwrap().set_name("main");
            count("main starts");
            let a = named("a", 10);
            named("b", 20).detach();
            named("short", 0).detach();
            call_soon(|| count("a callback behind their first steps"));
            drop(program.create_future::<()>());
            count("children are new");
            sleep_ms(15).await;
            count("a has ended");
            let c = named("c", 500);
            sleep_ms(10).await;
            count("b has ended");
            c.cancel();
            count("c is asked to end");
            sleep_ms(10).await;
            count("c has ended");
            a.await.unwrap();
            count("a was awaited");
        });
        count_outside("after");
        program.compare(recorded!("all_tasks"));
    });
}
