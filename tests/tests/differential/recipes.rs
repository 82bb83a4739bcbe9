//! What cancellation is for: shapes of programs that are written again and again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evloop::{
    FirstCompleted, Handle, Promise, Task, TaskBuilder, TimeHandle, TimeLimit, TimeLimitHandle,
    WaitSet, catch_cancel, create_task, on_cancel, sleep, timeout, wait,
};

use crate::handles::outcomes;
use crate::program::{End, Program, Raised, error, ms, names, outcome, sleep_ms, truth};
use crate::watching::{end_of, message, watch};

#[test]
fn diff_recipe_connection() {
    async fn goodbye(name: &'static str, answer: u64) {
        let says = async {
            event!("{name} says goodbye");
            sleep_ms(answer).await;
            event!("{name} is answered");
        };
        if timeout(ms(10), says).await.is_err() {
            event!("{name} is aborted");
        }
    }

    async fn connection(name: &'static str, answer: u64) -> End<&'static str> {
        event!("{name} is open");
        let sends = async {
            for n in 0..100 {
                sleep_ms(12).await;
                event!("{name} sends {n}");
            }
        };
        let body = on_cancel(sends, || goodbye(name, answer));
        let ended = catch_cancel(body).await;
        sleep_ms(1).await;
        event!("{name} is closed");
        if let Err(cancelled) = ended {
            match cancelled.resume().await {}
        }
        Ok(name)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut polite = create_task(connection("polite", 5));
            sleep_ms(3).await;
            let mut mute = create_task(connection("mute", 900));
            sleep_ms(17).await;
            event!(
                "cancels are granted: {} {}",
                truth(polite.cancel()),
                truth(mute.cancel())
            );
            let end = end_of(&mut polite).await;
            event!("polite is {end}, mute is {}", outcome(&mute));
            event!("mute is {}", end_of(&mut mute).await);
        });
        program.compare(recorded!("recipe_connection"));
    });
}

#[test]
fn diff_recipe_first_wins() {
    type Source = Task<End<String>>;

    async fn source(name: &'static str, delay: u64, fails: bool) -> End<String> {
        event!("{name} is asked");
        on_cancel(sleep_ms(delay), || async {
            sleep_ms(delay / 100).await;
            event!("{name} is called off");
        })
        .await;
        event!("{name} {}", if fails { "fails" } else { "answers" });
        if fails {
            return error(format!("{name} failed"));
        }
        Ok(format!("the answer of {name}"))
    }

    async fn first_good(tasks: &mut [Source]) -> Option<String> {
        let mut pending: WaitSet<&mut Source> = tasks.iter_mut().collect();
        while !pending.is_empty() {
            let first = wait(pending).return_when(FirstCompleted);
            let (done, rest) = first.await.expect("somebody is pending");
            pending = rest;
            for task in done {
                event!("{} is done: {}", task.name(), outcome(task));
                if let Ok(Ok(Ok(answer))) = task.result() {
                    for loser in &pending {
                        loser.cancel();
                    }
                    wait(pending).await.expect("there are losers");
                    return Some(answer.clone());
                }
            }
        }
        None
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let sources = [
                ("a", 10, true),
                ("b", 400, false),
                ("c", 20, false),
                ("d", 900, false),
            ];
            let mut tasks = sources.map(|(name, delay, fails)| {
                program.create_task_with(TaskBuilder::new().name(name), source(name, delay, fails))
            });
            event!("main gets {}", first_good(&mut tasks).await.unwrap());
            event!("they are {}", tasks.each_ref().map(outcome).join(", "));
        });
        program.compare(recorded!("recipe_first_wins"));
    });
}

/// A queue with those who wait for an item.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<Lists>>);

#[derive(Default)]
struct Lists {
    items: Vec<&'static str>,
    getters: Vec<Promise<&'static str>>,
}

impl Queue {
    fn put(&self, item: &'static str) {
        event!("put {item}");
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !lists.getters.is_empty() {
            let getter = lists.getters.remove(0);
            if !getter.done() {
                getter.set_result(item).expect("it is pending");
                return;
            }
        }
        lists.items.push(item);
    }

    fn take(&self) -> Result<&'static str, Promise<&'static str>> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !lists.items.is_empty() {
            return Ok(lists.items.remove(0));
        }
        let getter = Handle::current().create_future();
        lists.getters.push(getter.clone());
        Err(getter)
    }

    async fn get(&self) -> End<&'static str> {
        match self.take() {
            Ok(item) => Ok(item),
            Err(getter) => Ok(getter.await?),
        }
    }
}

#[test]
fn diff_recipe_producer_consumer() {
    async fn consumer(queue: Queue, name: &'static str, n_items: u32) -> End<&'static str> {
        for _ in 0..n_items {
            let item = on_cancel(queue.get(), || async {
                event!("{name} waits no longer");
            })
            .await?;
            let works = async {
                event!("{name} works on {item}");
                sleep_ms(20).await;
                event!("{name} is done with {item}");
            };
            on_cancel(works, || async {
                event!("{name} gives {item} back");
                queue.put(item);
                sleep_ms(1).await;
            })
            .await;
        }
        Ok(name)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let queue = Queue::default();
            let a = create_task(consumer(queue.clone(), "a", 9));
            sleep_ms(1).await;
            let mut b = create_task(consumer(queue.clone(), "b", 2));
            sleep_ms(4).await;
            event!("cancel of a is granted: {}", truth(a.cancel()));
            sleep_ms(5).await;
            queue.put("apple");
            sleep_ms(5).await;
            let c = create_task(consumer(queue.clone(), "c", 9));
            sleep_ms(2).await;
            queue.put("pear");
            sleep_ms(5).await;
            event!("cancel of c is granted: {}", truth(c.cancel()));
            let end = end_of(&mut b).await;
            event!("b is {end}, a is {}, c is {}", outcome(&a), outcome(&c));
        });
        program.compare(recorded!("recipe_producer_consumer"));
    });
}

#[test]
fn diff_recipe_retry() {
    type Script = &'static [(&'static str, u64)];

    async fn attempt(name: &'static str, n: usize, script: Script) -> End<String> {
        let (what, work) = script.get(n).copied().unwrap_or(("hangs", 900));
        event!("{name}: attempt {n}");
        on_cancel(sleep_ms(work), || async {
            sleep_ms(1).await;
            event!("{name}: attempt {n} is hung up");
        })
        .await;
        if what == "fails" {
            return error("busy");
        }
        Ok(format!("{name} after {} attempts", n + 1))
    }

    async fn retry(name: &'static str, script: Script) -> Option<String> {
        let mut pause = ms(5);
        for n in 0..10 {
            match timeout(ms(20), attempt(name, n, script)).await {
                Ok(Ok(value)) => return Some(value),
                Ok(Err(Raised::Error(text))) => event!("{name}: {text}"),
                Ok(Err(Raised::Cancelled)) => unreachable!("an attempt awaits no task"),
                Err(_elapsed) => event!("{name}: too slow"),
            }
            sleep(pause).await;
            pause *= 2;
        }
        None
    }

    async fn call(name: &'static str, script: Script, deadline: u64) {
        let body = async {
            let value = retry(name, script).await;
            event!("main gets {}", value.as_deref().unwrap_or("None"));
        };
        if timeout(ms(deadline), body).await.is_err() {
            event!("main gives up on {name}");
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let script = &[("fails", 3), ("hangs", 900), ("works", 8)];
            call("lucky", script, 200).await;
            call("luckless", &[("fails", 4), ("fails", 2)], 55).await;
        });
        program.compare(recorded!("recipe_retry"));
    });
}

#[test]
fn diff_recipe_shutdown() {
    type Handler = Task<End<&'static str>>;

    async fn handler(name: &'static str, cleanup: u64) -> End<&'static str> {
        event!("{name} serves");
        on_cancel(sleep_ms(900), || async {
            let finishes = async {
                sleep_ms(cleanup).await;
                event!("{name} has finished its request");
            };
            on_cancel(finishes, || async {
                event!("{name} drops its request");
                sleep_ms(2).await;
                event!("{name} is gone");
            })
            .await;
        })
        .await;
        Ok(name)
    }

    async fn server(mut tasks: [Handler; 3]) -> End<&'static str> {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("the server shuts down: {}", message(&cancelled));
            for task in &tasks {
                task.cancel();
            }
            let limited = wait(tasks.iter_mut()).timeout(sleep(ms(20)));
            let (done, pending) = limited.await.expect("there are handlers");
            event!(
                "in time: {}, late: {}",
                names(done.iter().map(|task| task.name())),
                names(pending.iter().map(|task| task.name()))
            );
            for task in &pending {
                task.cancel();
            }
            wait(pending).await.expect("one is late");
            event!("the server is down");
            match cancelled.resume().await {}
        }
        Ok("server")
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let handlers = [("quick", 3), ("fair", 10), ("slow", 500)];
            let tasks = handlers.map(|(name, cleanup)| {
                program.create_task_with(TaskBuilder::new().name(name), handler(name, cleanup))
            });
            let known = tasks.each_ref().map(watch);
            let mut task = create_task(server(tasks));
            sleep_ms(10).await;
            task.cancel_with("maintenance");
            event!("the server is {}", end_of(&mut task).await);
            event!("the handlers are {}", outcomes(&known));
        });
        program.compare(recorded!("recipe_shutdown"));
    });
}

#[test]
fn diff_recipe_supervisor() {
    async fn worker(n: u32) -> End<()> {
        event!("worker {n} starts");
        let works = async {
            sleep_ms(if n < 2 { 20 } else { 900 }).await;
            event!("worker {n} crashes");
            error(format!("worker {n} crashed"))
        };
        on_cancel(works, || async {
            event!("worker {n} is stopped");
            sleep_ms(7).await;
            event!("worker {n} has cleaned up");
        })
        .await
    }

    async fn supervisor() -> End<&'static str> {
        let mut n_started = 0;
        let supervises = async {
            loop {
                let task = create_task(worker(n_started));
                n_started += 1;
                if let Err(raised) = task.await? {
                    event!("the supervisor sees {raised}");
                }
                sleep_ms(5).await;
            }
        };
        match catch_cancel(supervises).await {
            Ok(end) => end,
            Err(cancelled) => {
                event!("the supervisor ends after {n_started} workers");
                match cancelled.resume().await {}
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(supervisor());
            sleep_ms(60).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            event!("the supervisor is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("recipe_supervisor"));
    });
}

#[test]
fn diff_recipe_watchdog() {
    /// The time since the program's start: Python's `loop.time()`.
    fn since_start(program: &Program, when: std::time::Instant) -> Duration {
        let now = TimeHandle::current().now();
        let ahead = when.duration_since(now);
        program.clock().elapsed() + ahead
    }

    async fn machine(program: &Program, limit: &TimeLimitHandle, beats: &[u64]) -> String {
        for (n, &pause) in beats.iter().enumerate() {
            sleep_ms(pause).await;
            let when = TimeHandle::current().now() + ms(20);
            limit.reschedule(when).expect("it is active");
            let when = since_start(program, limit.when().expect("it has one"));
            event!("beat {n}, the watchdog waits until {} ms", when.as_millis());
        }
        format!("{} beats", beats.len())
    }

    async fn watched(program: &Program, beats: &[u64]) {
        let limit = TimeLimit::after(ms(20));
        let handle = limit.handle();
        let body = on_cancel(machine(program, &handle, beats), || async {
            event!("the machine has fallen silent");
            sleep_ms(5).await;
            event!("the machine is switched off");
        });
        let ended = limit.run(body).await;
        let expired = truth(handle.expired());
        match ended {
            Ok(value) => event!("the machine has done {value}, expired: {expired}"),
            Err(_elapsed) => event!("the watchdog barks, expired: {expired}"),
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            watched(&program, &[15, 10, 15, 5]).await;
            sleep_ms(50).await;
            event!("the dog sleeps");
            watched(&program, &[15, 10, 500]).await;
            event!("main ends");
        });
        program.compare(recorded!("recipe_watchdog"));
    });
}
