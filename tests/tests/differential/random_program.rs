//! A program whose order nobody designed.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evloop::{Handle, Promise, TimerHandle, call_soon, create_task, sleep};

use crate::program::{Program, ms, say};

/// What the actors share; Python's has no lock, and this one is never held in an await.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    seed: u32,
    pending: VecDeque<Promise<String>>,
    timers: VecDeque<TimerHandle>,
    /// In milliseconds: no two timers share one.
    deadlines: BTreeSet<u64>,
}

impl World {
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut self.0.lock().expect("nobody panics under the lock"))
    }

    fn draw(&self, n: u32) -> u32 {
        self.with(|inner| inner.draw(n))
    }

    fn delay(&self) -> Duration {
        let now =
            u64::try_from(Handle::current().time().as_millis()).expect("it is a short program");
        self.with(|inner| {
            let mut deadline = now + 1 + u64::from(inner.draw(20));
            while !inner.deadlines.insert(deadline) {
                deadline += 1;
            }
            ms(deadline - now)
        })
    }
}

impl Inner {
    fn draw(&mut self, n: u32) -> u32 {
        self.seed = self
            .seed
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        (self.seed >> 16) % n
    }
}

fn schedule(world: &World, name: &str, action: u32) {
    match action {
        2 => {
            event!("{name} queues a callback");
            call_soon(say(format!("callback of {name}")));
        }
        3 => {
            event!("{name} sets a timer");
            let timer =
                Handle::current().call_later(world.delay(), say(format!("timer of {name}")));
            world.with(|inner| inner.timers.push_back(timer));
        }
        4 => {
            event!(
                "{name} cancels one of {} timers",
                world.with(|inner| inner.timers.len())
            );
            if let Some(timer) = world.with(|inner| inner.timers.pop_front()) {
                timer.cancel();
            }
        }
        5 => {
            event!(
                "{name} sets one of {} futures",
                world.with(|inner| inner.pending.len())
            );
            if let Some(future) = world.with(|inner| inner.pending.pop_front()) {
                future
                    .set_result(format!("what {name} set"))
                    .expect("it is pending");
            }
        }
        _ => {
            event!("{name} watches");
            if let Some(future) = world.with(|inner| inner.pending.back().cloned()) {
                let name = name.to_owned();
                future.add_done_callback(move |result| {
                    event!("{name} sees {}", result.as_ref().expect("it is set"));
                });
            }
        }
    }
}

async fn act(world: &World, name: &str, action: u32) {
    match action {
        0 | 1 => {
            event!("{name} yields");
            sleep(Duration::ZERO).await;
        }
        6 => {
            let future = Promise::new();
            world.with(|inner| inner.pending.push_back(future.clone()));
            event!("{name} waits");
            event!("{name} gets {}", future.await.expect("it is set"));
        }
        7 => {
            event!("{name} sleeps");
            sleep(world.delay()).await;
        }
        9 => {
            event!("{name} starts a child");
            let child = create_task(actor(world.clone(), format!("{name}'"), 3));
            event!("{name} joins {}", child.await.expect("actors do not fail"));
        }
        _ => schedule(world, name, action),
    }
}

/// Boxed, because an actor's child is an actor.
fn actor(world: World, name: String, n_steps: u32) -> Pin<Box<dyn Future<Output = String> + Send>> {
    Box::pin(async move {
        for step in 0..n_steps {
            let action = world.draw(10);
            act(&world, &format!("{name}{step}"), action).await;
        }
        event!("{name} ends");
        name
    })
}

#[test]
fn diff_random_program() {
    Program::on_one_thread(|program| {
        let world = World::default();
        for seed in 1..6 {
            world.with(|inner| inner.seed = seed);
            event!("seed {seed}");
            program.run(async {
                let start = |name: &str| create_task(actor(world.clone(), name.to_owned(), 8));
                let tasks = ["a", "b", "c", "d", "e"].map(start);
                while !tasks.iter().all(evloop::Task::done) {
                    sleep(world.delay()).await;
                    event!(
                        "main sets {} futures",
                        world.with(|inner| inner.pending.len())
                    );
                    while let Some(future) = world.with(|inner| inner.pending.pop_front()) {
                        future.set_result("what main set".to_owned()).unwrap();
                    }
                }
            });
        }
        program.compare(recorded!("random_program"));
    });
}
