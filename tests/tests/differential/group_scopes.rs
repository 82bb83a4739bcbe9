//! Task groups in other scopes, and other scopes in task groups: who is asked to end, and who reports.

use std::convert::Infallible;

use evloop::{
    GroupError, Task, TaskGroup, TimeLimit, catch_cancel, create_task, current_task, on_cancel,
    shield, timeout,
};

use crate::handles::{Lending, Lent, errors, member};
use crate::program::{End, Program, ms, outcome, sleep_ms, truth};
use crate::watching::{end_of, message, my_requests};

/// What a child of a group ends with: Python's `raise ValueError(text)` is an `Err`.
type Ends<T> = Result<T, String>;

/// Fails after so long.
async fn bad(delay: u64) -> Ends<()> {
    sleep_ms(delay).await;
    event!("bad fails");
    Err("bad failed".to_owned())
}

/// Sleeps until it is cancelled, and cleans up for so long.
async fn child(name: &'static str, cleanup: u64) {
    let work = async {
        event!("{name} starts");
        sleep_ms(900).await;
    };
    on_cancel(work, || async {
        sleep_ms(cleanup).await;
        event!("{name} has cleaned up");
    })
    .await;
}

#[test]
fn diff_group_outside_cancel() {
    async fn owner() -> End<&'static str> {
        let group = TaskGroup::scope(async |group| {
            for (name, cleanup) in [("a", 10), ("b", 5), ("c", 15)] {
                let task = group.create_task(child(name, cleanup));
                task.expect("it is open").detach();
            }
            if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
                event!("the body is cancelled: {}", message(&cancelled));
                sleep_ms(20).await;
                event!("the body has cleaned up");
                match cancelled.resume().await {}
            }
        });
        if let Err(cancelled) = catch_cancel(group).await {
            event!("the owner is cancelled: {}", message(&cancelled));
            match cancelled.resume().await {}
        }
        Ok("owner")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(owner());
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel_with("closing")));
            event!("the owner is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("group_outside_cancel"));
    });
}

#[test]
fn diff_group_repeated_cancel() {
    async fn child(name: &'static str, cleanup: u64) {
        let me = current_task().expect("a child is a task");
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        on_cancel(work, || async {
            sleep_ms(cleanup).await;
            event!("{name} has cleaned up, requests: {}", me.cancelling());
        })
        .await;
    }

    async fn owner() -> End<&'static str> {
        let group = TaskGroup::scope(async |group| {
            for (name, cleanup) in [("a", 20), ("b", 30)] {
                let task = group.create_task(child(name, cleanup));
                task.expect("it is open").detach();
            }
            event!("the body ends");
        });
        group.await.expect("nobody fails");
        event!("the owner is never here");
        Ok("owner")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(owner());
            for n in 1..=3 {
                sleep_ms(7).await;
                let granted = truth(task.cancel());
                let requests = task.cancelling();
                event!("cancel {n} is granted: {granted}, requests: {requests}");
            }
            sleep_ms(7).await;
            event!("the owner is {}", outcome(&task));
            event!("the owner is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("group_repeated_cancel"));
    });
}

#[test]
fn diff_group_in_timeout() {
    async fn in_time() -> Result<&'static str, Infallible> {
        sleep_ms(20).await;
        Ok("in time")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let limit = TimeLimit::after(ms(20));
            let handle = limit.handle();
            let body = async {
                let group = TaskGroup::scope(async |group| {
                    group.create_task(child("a", 20)).unwrap().detach();
                    group.create_task(child("b", 10)).unwrap().detach();
                    on_cancel(sleep_ms(900), || async {
                        let expired = truth(handle.expired());
                        event!("the body is cancelled, expired: {expired}");
                    })
                    .await;
                });
                group.await.unwrap();
                event!("main is never here");
            };
            if limit.run(body).await.is_err() {
                event!("main is out of time, expired: {}", truth(handle.expired()));
            }
            sleep_ms(10).await;
            let limit = TimeLimit::after(ms(50));
            let handle = limit.handle();
            let group = limit.run(TaskGroup::scope(async |group| {
                Ends::Ok(group.create_task(in_time()).unwrap())
            }));
            let task = group.await.unwrap().unwrap();
            let value = task.await.unwrap();
            event!("main gets {value}, expired: {}", truth(handle.expired()));
            sleep_ms(50).await;
            event!("main ends, requests: {}", my_requests());
        });
        program.compare(recorded!("group_in_timeout"));
    });
}

#[test]
fn diff_group_with_timeouts() {
    async fn child(name: &'static str, limit: u64, handles: bool) -> Ends<String> {
        let body = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        match catch_cancel(timeout(ms(limit), body)).await {
            Ok(Ok(())) => {}
            Ok(Err(_elapsed)) => {
                event!("{name} is out of time");
                if !handles {
                    return Err(format!("{name} was too slow"));
                }
            }
            Err(cancelled) => {
                sleep_ms(5).await;
                event!("{name} is cancelled");
                match cancelled.resume().await {}
            }
        }
        sleep_ms(5).await;
        Ok(format!("{name} made do"))
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut tasks = Vec::new();
            let group = TaskGroup::scope(async |group| {
                for (name, limit, handles) in [("a", 10, true), ("b", 30, false), ("c", 50, true)] {
                    tasks.push(group.create_task(child(name, limit, handles)).unwrap());
                }
                sleep_ms(20).await;
                event!("the body sees a {}", member(&tasks[0]));
            });
            match group.await {
                Ok(()) => event!("main is never here"),
                Err(failed) => event!("main gets {}", errors(&failed)),
            }
            let ends: Vec<String> = tasks.iter().map(member).collect();
            event!("a {}, b {}, c {}", ends[0], ends[1], ends[2]);
            sleep_ms(20).await;
            event!("main ends");
        });
        program.compare(recorded!("group_with_timeouts"));
    });
}

#[test]
fn diff_group_with_shield() {
    async fn archive() -> End<&'static str> {
        for n in 0..4 {
            event!("volume {n} is archived");
            sleep_ms(10).await;
        }
        Ok("four volumes")
    }

    async fn child(mut task: Lent<End<&'static str>>) -> Ends<&'static str> {
        match catch_cancel(shield(&mut *task)).await {
            Ok(value) => Ok(value
                .expect("it is not cancelled")
                .expect("it does not fail")),
            Err(cancelled) => {
                event!(
                    "the child is interrupted, the archive is {}",
                    outcome(&task)
                );
                match cancelled.resume().await {}
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = Lending::new(create_task(archive()));
            let mut waiting: Option<Task<&'static str>> = None;
            let group = TaskGroup::scope(async |group| {
                waiting = Some(group.create_task(child(task.lend())).unwrap());
                group.create_task(bad(15)).unwrap().detach();
            });
            if let Err(failed) = group.await {
                event!("main gets {}", errors(&failed));
            }
            let mut task = task.lend();
            event!(
                "the child is {}, the archive is {}",
                member(&waiting.unwrap()),
                outcome(&task)
            );
            event!("main waits for {}", (&mut *task).await.unwrap().unwrap());
        });
        program.compare(recorded!("group_with_shield"));
    });
}

#[test]
fn diff_group_inner_child_fails() {
    async fn child(name: &'static str, delay: u64, fails: bool) -> Ends<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(delay).await;
        };
        on_cancel(work, || async { event!("{name} is cancelled") }).await;
        event!("{name} {}", if fails { "fails" } else { "ends" });
        if fails {
            return Err(format!("{name} failed"));
        }
        Ok(name.to_uppercase())
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let calm = TaskGroup::scope(async |outer| {
                let calm = outer.create_task(child("calm", 40, false)).unwrap();
                let inner = TaskGroup::scope(async |inner| {
                    let bad = inner.create_task(child("bad", 10, true));
                    bad.unwrap().detach();
                    let sibling = inner.create_task(child("sibling", 900, false));
                    sibling.unwrap().detach();
                    event!("the inner body ends");
                });
                match inner.await {
                    Ok(()) => event!("main is never here"),
                    Err(failed) => event!("between the groups: {}", errors(&failed)),
                }
                sleep_ms(10).await;
                event!("the outer body goes on, calm is {}", member(&calm));
                Ends::Ok(calm)
            });
            event!("main ends, calm is {}", member(&calm.await.unwrap()));
        });
        program.compare(recorded!("group_inner_child_fails"));
    });
}

#[test]
fn diff_group_inner_cleanup_fails() {
    async fn child(name: &'static str, cleanup: u64) -> Ends<()> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        match catch_cancel(work).await {
            Ok(()) => Ok(()),
            Err(cancelled) => {
                sleep_ms(cleanup).await;
                event!("{name} cannot clean up");
                Err(cancelled.into_err(format!("{name} is stuck")))
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let outer = TaskGroup::scope(async |outer| {
                outer.create_task(bad(10)).unwrap().detach();
                let inner = TaskGroup::scope(async |inner| {
                    inner.create_task(child("a", 5)).unwrap().detach();
                    inner.create_task(child("b", 10)).unwrap().detach();
                });
                if let Err(failed) = inner.await {
                    event!("between the groups: {}", errors(&failed));
                    return Err(failed);
                }
                event!("main is never here");
                Ok::<_, GroupError>(())
            });
            if let Err(failed) = outer.await {
                event!("main gets {}", errors(&failed));
            }
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("group_inner_cleanup_fails"));
    });
}

#[test]
fn diff_group_outer_child_fails() {
    async fn child(cleanup: u64) {
        let work = async {
            event!("the inner child starts");
            sleep_ms(900).await;
        };
        on_cancel(work, || async {
            sleep_ms(cleanup).await;
            event!("the inner child has cleaned up");
        })
        .await;
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let outer = TaskGroup::scope(async |outer| {
                outer.create_task(bad(10)).unwrap().detach();
                let inner = TaskGroup::scope(async |inner| {
                    inner.create_task(child(10)).unwrap().detach();
                    let sleeps = async {
                        event!("the inner body sleeps");
                        sleep_ms(900).await;
                    };
                    on_cancel(sleeps, || async {
                        event!("the inner body is cancelled");
                        sleep_ms(5).await;
                    })
                    .await;
                });
                match catch_cancel(inner).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_failed)) => event!("the inner group is never heard of"),
                    Err(cancelled) => {
                        event!("between the groups it is a cancel");
                        match cancelled.resume().await {}
                    }
                }
                event!("main is never here");
            });
            if let Err(failed) = outer.await {
                event!("main gets {}", errors(&failed));
            }
            sleep_ms(10).await;
            event!("main ends, requests: {}", my_requests());
        });
        program.compare(recorded!("group_outer_child_fails"));
    });
}
