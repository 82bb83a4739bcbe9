//! Task groups: how they end, who fails in them, who may join them.

use std::future::Future;
use std::pin::Pin;

use evloop::{TaskGroup, catch_cancel, on_cancel};

use crate::handles::{errors, member};
use crate::program::{Program, ms, reference, sleep_ms, truth};
use crate::watching::my_requests;

/// What a child of a group ends with: Python's `raise ValueError(text)` is an `Err`.
type Ends<T> = Result<T, String>;

/// Fails after 10 ms.
async fn bad() -> Ends<()> {
    sleep_ms(10).await;
    event!("bad fails");
    Err("bad failed".to_owned())
}

#[test]
fn diff_group_results() {
    async fn child(name: &'static str, delay: u64) -> Ends<String> {
        event!("{name} starts");
        sleep_ms(delay).await;
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let tasks = TaskGroup::scope(async |group| {
                let a = group.create_task(child("a", 30)).unwrap();
                let b = group.create_task(child("b", 10)).unwrap();
                sleep_ms(5).await;
                event!("the body has waited");
                let c = group.create_task(child("c", 15)).unwrap();
                event!("the body ends");
                Ends::Ok([a, b, c])
            });
            let tasks = tasks.await.unwrap();
            event!(
                "the group ends: {}",
                tasks.each_ref().map(member).join(", ")
            );
            let second = TaskGroup::scope(async |group| {
                let d = group.create_task(child("d", 5)).unwrap();
                event!("the body gets {}", d.await.unwrap());
                sleep_ms(10).await;
                event!("the body ends last");
            });
            second.await.unwrap();
            TaskGroup::scope(async |_group| event!("a group may be empty"))
                .await
                .unwrap();
            event!("main ends");
        });
        program.compare(recorded!("group_results"));
    });
}

#[test]
fn diff_group_child_fails() {
    async fn sibling(name: &'static str, cleanup: u64) -> Ends<&'static str> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        on_cancel(work, || async {
            sleep_ms(cleanup).await;
            event!("{name} has cleaned up");
        })
        .await;
        Ok(name)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let (mut a, mut b) = (None, None);
            let group = TaskGroup::scope(async |group| {
                a = Some(group.create_task(sibling("a", 10)).unwrap());
                group.create_task(bad()).unwrap().detach();
                b = Some(group.create_task(sibling("b", 5)).unwrap());
                let sleeps = async {
                    sleep_ms(900).await;
                    event!("the body is never here");
                };
                on_cancel(sleeps, || async {
                    sleep_ms(2).await;
                    event!("the body has cleaned up");
                })
                .await;
            });
            match group.await {
                Ok(()) => event!("main is never here"),
                Err(failed) => {
                    let (a, b) = (member(&a.unwrap()), member(&b.unwrap()));
                    event!("main gets {}: {a}, {b}", errors(&failed));
                }
            }
            sleep_ms(10).await;
            event!("main goes on, requests: {}", my_requests());
        });
        program.compare(recorded!("group_child_fails"));
    });
}

#[test]
fn diff_group_three_failures() {
    async fn child(name: &'static str, cleanup: u64, fails: bool) -> Ends<()> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            sleep_ms(cleanup).await;
            event!("{name} {}", if fails { "fails" } else { "is clean" });
            if fails {
                return Err(cancelled.into_err(format!("{name} failed")));
            }
            match cancelled.resume().await {}
        }
        Ok(())
    }

    async fn first() -> Ends<()> {
        sleep_ms(10).await;
        event!("first fails");
        Err("first failed".to_owned())
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let group = TaskGroup::scope(async |group| {
                for (name, cleanup, fails) in [
                    ("a", 12, true),
                    ("b", 3, false),
                    ("c", 6, true),
                    ("d", 9, false),
                ] {
                    let task = group.create_task(child(name, cleanup, fails));
                    task.unwrap().detach();
                }
                group.create_task(first()).unwrap().detach();
                sleep_ms(5).await;
                event!("the body ends");
            });
            match group.await {
                Ok(()) => event!("main is never here"),
                Err(failed) => event!("main gets {}", errors(&failed)),
            }
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("group_three_failures"));
    });
}

#[test]
fn diff_group_body_fails() {
    async fn child(name: &'static str, cleanup: u64) -> Ends<&'static str> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        on_cancel(work, || async {
            sleep_ms(cleanup).await;
            event!("{name} has cleaned up");
        })
        .await;
        Ok(name)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut tasks = Vec::new();
            let group = TaskGroup::scope(async |group| {
                for (name, cleanup) in [("a", 10), ("b", 20)] {
                    tasks.push(group.create_task(child(name, cleanup)).unwrap());
                }
                sleep_ms(10).await;
                event!("the body fails");
                Ends::<()>::Err("the body failed".to_owned())
            });
            if let Err(failed) = group.await {
                event!("main gets {}", errors(&failed));
            }
            let ends: Vec<String> = tasks.iter().map(member).collect();
            event!("the children are {}", ends.join(", "));
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("group_body_fails"));
    });
}

#[test]
fn diff_group_body_and_child_fail() {
    async fn child(name: &'static str, delay: u64) -> Ends<()> {
        let work = async {
            event!("{name} starts");
            sleep_ms(delay).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            sleep_ms(5).await;
            cancelled.swallow();
        }
        event!("{name} fails");
        Err(format!("{name} failed"))
    }

    async fn body(delay: u64) -> Ends<()> {
        if let Err(cancelled) = catch_cancel(sleep_ms(delay)).await {
            event!("the body is cancelled");
            sleep_ms(2).await;
            cancelled.swallow();
        }
        event!("the body fails");
        Err("the body failed".to_owned())
    }

    async fn both(name: &'static str, child_delay: u64, body_delay: u64) {
        let group = TaskGroup::scope(async |group| {
            let task = group.create_task(child(name, child_delay));
            task.expect("it is open").detach();
            body(body_delay).await
        });
        if let Err(failed) = group.await {
            event!("main gets {}", errors(&failed));
        }
        sleep_ms(10).await;
    }

    Program::on_every_loop(|program| {
        program.run(async {
            both("a", 900, 10).await;
            both("b", 10, 900).await;
            event!("main ends, requests: {}", my_requests());
        });
        program.compare(recorded!("group_body_and_child_fail"));
    });
}

#[test]
fn diff_group_body_swallows() {
    async fn late() {
        event!("late is never here");
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let coroutine = late();
            let group = TaskGroup::scope(async |group| {
                group.create_task(bad()).unwrap().detach();
                let sleeps = async {
                    event!("the body sleeps");
                    sleep_ms(900).await;
                };
                if let Err(cancelled) = catch_cancel(sleeps).await {
                    event!("the body is woken and stays");
                    cancelled.swallow();
                }
                sleep_ms(10).await;
                event!("the body works on");
                if group.create_task(coroutine).is_err() {
                    event!("the body may not start late");
                }
                sleep_ms(10).await;
                event!("the body ends");
            });
            match group.await {
                Ok(()) => event!("main is never here"),
                Err(failed) => event!("main gets {}", errors(&failed)),
            }
            sleep_ms(10).await;
            event!("main ends, requests: {}", my_requests());
        });
        program.compare(recorded!("group_body_swallows"));
    });
}

#[test]
fn diff_group_child_cancelled() {
    async fn child(name: &'static str, delay: u64) -> Ends<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(delay).await;
        };
        on_cancel(work, || async {
            event!("{name} is cancelled");
            sleep_ms(3).await;
            event!("{name} has cleaned up");
        })
        .await;
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let tasks = TaskGroup::scope(async |group| {
                let a = group.create_task(child("a", 20)).unwrap();
                let b = group.create_task(child("b", 900)).unwrap();
                sleep_ms(10).await;
                event!("cancel of b is granted: {}", truth(b.cancel()));
                sleep_ms(5).await;
                event!("the body goes on, b is {}", member(&b));
                let c = group.create_task(child("c", 900)).unwrap();
                let to_cancel = reference(&c);
                program.call_later(ms(15), move || assert!(to_cancel.cancel()));
                event!("the body ends");
                Ends::Ok([a, b, c])
            });
            let tasks = tasks.await.unwrap();
            event!(
                "the group ends: {}",
                tasks.each_ref().map(member).join(", ")
            );
            sleep_ms(10).await;
            event!("main ends, requests: {}", my_requests());
        });
        program.compare(recorded!("group_child_cancelled"));
    });
}

#[test]
fn diff_group_child_spawns() {
    type Growing = Pin<Box<dyn Future<Output = Ends<String>> + Send>>;

    fn tree(group: TaskGroup, name: String, depth: u64) -> Growing {
        Box::pin(async move {
            event!("{name} grows");
            sleep_ms(10).await;
            if depth > 0 {
                let left = tree(group.clone(), format!("{name}.left"), depth - 1);
                group.create_task(left).expect("it is open").detach();
                sleep_ms(3 * depth).await;
                let right = tree(group.clone(), format!("{name}.right"), depth - 1);
                group.create_task(right).expect("it is open").detach();
            }
            event!("{name} is grown");
            Ok(name)
        })
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let root = TaskGroup::scope(async |group| {
                let root = tree(group.clone(), "root".to_owned(), 2);
                let root = group.create_task(root).unwrap();
                event!("the body ends");
                Ends::Ok(root)
            });
            let root = root.await.unwrap();
            event!("the group ends, root is {}", member(&root));
            sleep_ms(5).await;
            event!("main ends");
        });
        program.compare(recorded!("group_child_spawns"));
    });
}

#[test]
fn diff_group_spawn_refused() {
    async fn never(name: &'static str) {
        event!("{name} is never here");
    }

    fn spawn(group: &TaskGroup, name: &'static str) {
        if group.create_task(never(name)).is_err() {
            event!("{name} is refused");
        }
    }

    async fn child(group: TaskGroup) {
        let work = async {
            event!("the child starts");
            sleep_ms(900).await;
        };
        on_cancel(work, || async {
            sleep_ms(5).await;
            spawn(&group, "a task of the aborted child");
        })
        .await;
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let group = TaskGroup::new();
            let run = group.clone().run(async |group| {
                group.create_task(child(group.clone())).unwrap().detach();
                group.create_task(bad()).unwrap().detach();
                let slept = catch_cancel(sleep_ms(900)).await;
                sleep_ms(2).await;
                spawn(&group, "a task of the aborted body");
                if let Err(cancelled) = slept {
                    match cancelled.resume().await {}
                }
            });
            if let Err(failed) = run.await {
                event!("main gets {}", errors(&failed));
            }
            spawn(&group, "a task of the failed group");
            let group = TaskGroup::new();
            let run = group.clone().run(async |_group| {
                sleep_ms(10).await;
                event!("the body ends");
            });
            run.await.unwrap();
            spawn(&group, "a task of the finished group");
        });
        program.compare(recorded!("group_spawn_refused"));
    });
}
