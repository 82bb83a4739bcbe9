//! Promises: who waits, in what order they learn, and what a second setting gets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evloop::{CallbackId, Promise, Task, call_soon, create_task, sleep};

use crate::program::{End, Finally, Program, Raised, ms, outcome, say, sleep_ms, standing, truth};

#[test]
fn diff_awaiters_in_order() {
    async fn awaiter(name: &'static str, delay: u64, future: Promise<u32>) {
        sleep_ms(delay).await;
        event!("{name} waits");
        event!("{name} gets {}", (&future).await.expect("it is set"));
        call_soon(say(format!("callback of {name}")));
        event!(
            "{name} gets {} again, at once",
            future.await.expect("it is set")
        );
    }

    Program::on_every_loop(|program| {
        let future = program.create_future();
        program.run(async {
            let a = create_task(awaiter("a", 4, future.clone()));
            let b = create_task(awaiter("b", 1, future.clone()));
            let c = create_task(awaiter("c", 2, future.clone()));
            let late = create_task(awaiter("late", 20, future.clone()));
            let watched = future.clone();
            program.call_later(ms(3), move || {
                event!("a callback is added");
                watched.add_done_callback(|result| {
                    event!("the callback sees {}", result.as_ref().expect("it is set"));
                });
            });
            program.call_later(ms(10), move || {
                event!("setting it");
                future.set_result(42).expect("it is pending");
                event!("it is set, nobody has run");
            });
            for task in [a, b, c, late] {
                task.await.expect("awaiters do not fail");
            }
            event!("main ends");
        });
        program.compare(recorded!("awaiters_in_order"));
    });
}

#[test]
fn diff_done_callbacks() {
    fn add(future: &Promise<&'static str>, callback: &'static str) {
        let seen_by = future.clone();
        future.add_done_callback(move |_| {
            event!(
                "{callback} sees {}",
                seen_by
                    .result()
                    .expect("it is done")
                    .as_ref()
                    .expect("it has a value")
            )
        });
    }

    fn adds_another(future: &Promise<&'static str>, value: &'static str) {
        event!("callback 2 sees {value} and adds one");
        add(future, "the added one");
        event!("callback 2 ends");
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let future = program.create_future();
            add(&future, "callback 1");
            let repeated = CallbackId::new();
            for _ in 0..3 {
                future.add_done_callback_as(repeated, |_| event!("a removed callback"));
            }
            let same = future.clone();
            future.add_done_callback(move |result| {
                adds_another(&same, result.as_ref().expect("it has a value"))
            });
            add(&future, "callback 3");
            event!("removed {}", future.remove_done_callback(repeated));
            event!("removed {}", future.remove_done_callback(repeated));
            call_soon(say("a callback queued before the result"));
            future.set_result("A").unwrap();
            call_soon(say("a callback queued after the result"));
            event!("the result is set, no callback has run");
            sleep(Duration::ZERO).await;
            event!("main resumes behind the callbacks");
            sleep_ms(10).await;

            add(&future, "callback 4");
            event!("added to a finished future");
            sleep(Duration::ZERO).await;
            event!("main resumes behind callback 4");
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("done_callbacks"));
    });
}

#[test]
fn diff_promise_error() {
    async fn awaiter(
        name: &'static str,
        delay: u64,
        future: Promise<&'static str>,
    ) -> &'static str {
        sleep_ms(delay).await;
        event!("{name} waits");
        if let Err(error) = future.await {
            event!("{name} gets {}", Raised::from(error));
        }
        name
    }

    fn set_twice(future: &Promise<&'static str>) {
        future.set_exception("no luck").expect("it is pending");
        event!("set, it is now: {}", standing(future));
        if future.set_result("luck").is_err() {
            event!("a value is refused");
        }
        if future.set_exception("other").is_err() {
            event!("another error is refused");
        }
        event!("cancel is refused: {}", truth(!future.cancel()));
    }

    Program::on_every_loop(|program| {
        let future = program.create_future();
        program.run(async {
            event!("future {}", standing(&future));
            if future.result().is_err() {
                event!("reading it early is refused");
            }
            let a = create_task(awaiter("a", 2, future.clone()));
            let b = create_task(awaiter("b", 1, future.clone()));
            let late = create_task(awaiter("late", 20, future.clone()));
            let same = future.clone();
            future.add_done_callback(move |_| event!("callback sees {}", standing(&same)));
            let same = future.clone();
            program.call_later(ms(10), move || set_twice(&same));
            event!(
                "results {} {} {}",
                a.await.unwrap(),
                b.await.unwrap(),
                late.await.unwrap()
            );
            event!("future {}", standing(&future));
        });
        program.compare(recorded!("promise_error"));
    });
}

#[test]
fn diff_promise_cancelled() {
    async fn awaiter(name: &'static str, delay: u64, future: Promise<u32>) -> End<u32> {
        sleep_ms(delay).await;
        event!("{name} waits");
        let _finally = Finally(format!("{name} leaves"));
        let value = future.await?;
        event!("{name} is never here");
        Ok(value)
    }

    fn all(tasks: &[Task<End<u32>>]) -> String {
        tasks.iter().map(outcome).collect::<Vec<_>>().join(" ")
    }

    fn cancel(future: &Promise<u32>, tasks: &[Task<End<u32>>]) {
        event!("cancel is granted: {}", truth(future.cancel()));
        event!(
            "future {}, done: {}",
            standing(future),
            truth(future.done())
        );
        event!("a second cancel is granted: {}", truth(future.cancel()));
        if future.set_result(1).is_err() {
            event!("a value is refused");
        }
        event!("awaiters are {}", all(tasks));
    }

    Program::on_one_thread(|program| {
        let future = program.create_future();
        program.run(async {
            let new = |name, delay| create_task(awaiter(name, delay, future.clone()));
            let tasks = Arc::new([new("a", 2), new("b", 1)]);
            let same = future.clone();
            future.add_done_callback(move |_| {
                event!("callback sees cancelled: {}", truth(same.cancelled()))
            });
            let (same, waiting) = (future.clone(), Arc::clone(&tasks));
            program.call_later(ms(10), move || cancel(&same, &*waiting));
            sleep_ms(20).await;
            event!("awaiters are {}", all(&*tasks));
            let late = new("late", 10);
            sleep_ms(20).await;
            event!("late is {}", outcome(&late));
        });
        program.compare(recorded!("promise_cancelled"));
    });
}

#[test]
fn diff_ping_pong() {
    async fn player(name: &'static str, mine: &'static [usize], strokes: [Promise<String>; 7]) {
        for &n in mine {
            let ball = (&strokes[n]).await.expect("it is set");
            event!("{name} gets {ball}");
            if let Some(next) = strokes.get(n + 1) {
                next.set_result(format!("{ball}{n}"))
                    .expect("it is pending");
                event!("{name} has returned it");
            }
        }
        event!("{name} leaves");
    }

    Program::on_every_loop(|program| {
        let strokes: [Promise<String>; 7] = std::array::from_fn(|_| program.create_future());
        program.run(async {
            let ping = create_task(player("ping", &[0, 2, 4, 6], strokes.clone()));
            let pong = create_task(player("pong", &[1, 3, 5], strokes.clone()));
            sleep_ms(10).await;
            event!("main serves");
            strokes[0].set_result("ball:".to_owned()).unwrap();
            event!("main has served");
            ping.await.unwrap();
            pong.await.unwrap();
            event!("main ends");
        });
        program.compare(recorded!("ping_pong"));
    });
}

/// A queue made of promises.
#[derive(Default)]
struct Queue {
    items: VecDeque<String>,
    getters: VecDeque<Promise<String>>,
}

type SharedQueue = Arc<Mutex<Queue>>;

fn put(queue: &SharedQueue, item: String) {
    event!("put {item}");
    let mut queue = queue.lock().expect("nobody panics under the lock");
    match queue.getters.pop_front() {
        Some(getter) => getter.set_result(item).expect("it is pending"),
        None => queue.items.push_back(item),
    }
}

async fn get(queue: &SharedQueue) -> String {
    let getter = {
        let mut queue = queue.lock().expect("nobody panics under the lock");
        if let Some(item) = queue.items.pop_front() {
            return item;
        }
        let getter = Promise::new();
        queue.getters.push_back(getter.clone());
        getter
    };
    getter.await.expect("it is set")
}

#[test]
fn diff_hand_off() {
    async fn consumer(name: &'static str, work: u64, queue: SharedQueue) {
        loop {
            let item = get(&queue).await;
            event!("{name} has {item}");
            if item == "end" {
                return;
            }
            sleep_ms(work).await;
        }
    }

    async fn producer(queue: &SharedQueue) {
        for n in 0..3 {
            sleep_ms(10).await;
            put(queue, n.to_string());
        }
        sleep_ms(30).await;
        for n in 3..8 {
            put(queue, n.to_string());
        }
        event!("the producer has put a burst");
        sleep_ms(50).await;
        for _ in 0..3 {
            put(queue, "end".to_owned());
        }
    }

    Program::on_one_thread(|program| {
        let queue = SharedQueue::default();
        program.run(async {
            let a = create_task(consumer("a", 13, Arc::clone(&queue)));
            let b = create_task(consumer("b", 14, Arc::clone(&queue)));
            let c = create_task(consumer("c", 16, Arc::clone(&queue)));
            producer(&queue).await;
            for task in [a, b, c] {
                task.await.unwrap();
            }
            event!(
                "main ends, items left: {}",
                queue.lock().unwrap().items.len()
            );
        });
        program.compare(recorded!("hand_off"));
    });
}
