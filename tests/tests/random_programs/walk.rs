//! Runs a program: each piece of code as a future.

mod groups;
mod tasks;

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evloop::{
    CancelScope, Cancelled, Handle, ScopeHandle, TaskRef, catch_cancel, deadline, finally_within,
    gather, hold_cancel, on_cancel, race, sleep, timeout, try_gather, yield_now,
};

use crate::checks::{Checks, PLANNED};
use crate::program::{CleanUp, Code, Decision, Pause};

pub(crate) use tasks::run_as_task;

/// What a piece of code comes to: nothing, or the text of an error.
pub(crate) type End = Result<(), String>;

type Walk = Pin<Box<dyn Future<Output = End> + Send>>;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(1000);

/// What the pieces of a program know of each other. Clones mean the same program.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) checks: Checks,
    met: Arc<Mutex<Met>>,
}

/// Whom one may ask to end.
#[derive(Default)]
struct Met {
    tasks: Vec<TaskRef>,
    scopes: Vec<ScopeHandle>,
}

impl World {
    pub(crate) fn new(checks: Checks) -> Self {
        Self {
            checks,
            met: Arc::default(),
        }
    }

    fn met<R>(&self, f: impl FnOnce(&mut Met) -> R) -> R {
        f(&mut self.met.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All tasks of the program so far.
    pub(crate) fn tasks(&self) -> Vec<TaskRef> {
        self.met(|met| met.tasks.clone())
    }
}

/// One of them, whatever the number.
fn pick<T: Clone>(all: &[T], index: usize) -> Option<T> {
    let index = index.checked_rem(all.len())?;
    all.get(index).cloned()
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn walk(code: Code, world: &World) -> Walk {
    let world = world.clone();
    match code {
        Code::Pause(_) | Code::Fail(_) | Code::Ask { .. } | Code::Panic => {
            Box::pin(leaf(code, world))
        }
        Code::TaskGroup(group) => Box::pin(groups::of_tasks(*group, world)),
        Code::FutureGroup(group) => Box::pin(groups::of_futures(*group, world)),
        Code::Gather(_) | Code::Race(_) | Code::TryGather(_) | Code::Deadline(..) => {
            Box::pin(combinator(code, world))
        }
        Code::Await(_)
        | Code::Shield(_)
        | Code::WaitFor(..)
        | Code::Wait { .. }
        | Code::AsCompleted { .. } => Box::pin(tasks::awaited(code, world)),
        _ => Box::pin(scope(code, world)),
    }
}

async fn pause(pause: Pause) {
    match pause {
        Pause::Turns(n) => {
            for _ in 0..n {
                yield_now().await;
            }
        }
        Pause::Millis(n) => sleep(ms(n)).await,
    }
}

async fn leaf(code: Code, world: World) -> End {
    match code {
        Code::Pause(how_long) => pause(how_long).await,
        Code::Fail(after) => {
            sleep(ms(after)).await;
            return Err("it fails".to_owned());
        }
        Code::Ask {
            task,
            takes_back,
            scope,
        } => {
            yield_now().await;
            let task = world.met(|met| pick(&met.tasks, task));
            let scope = scope.and_then(|scope| world.met(|met| pick(&met.scopes, scope)));
            if let Some(task) = task {
                task.cancel();
                if takes_back {
                    task.uncancel();
                }
            }
            if let Some(scope) = scope {
                scope.cancel();
            }
        }
        // Without the hook, which would print it.
        Code::Panic => resume_unwind(Box::new(PLANNED)),
        _ => unreachable!("it is no leaf"),
    }
    Ok(())
}

async fn scope(code: Code, world: World) -> End {
    match code {
        Code::Catch(code, decision) => match catch_cancel(walk(*code, &world)).await {
            Ok(end) => end,
            Err(cancelled) => decide(cancelled, decision, &world).await,
        },
        Code::OnCancel(code, work) => {
            on_cancel(walk(*code, &world), || clean_up(work, &world)).await
        }
        Code::FinallyWithin(code, work) => {
            finally_within(LONG, walk(*code, &world), || clean_up(work, &world)).await
        }
        Code::Hold(code) => hold_cancel(walk(*code, &world)).await,
        Code::Timeout(limit, code) => {
            let limited = timeout(limit.map(ms), walk(*code, &world)).await;
            limited.map_err(|elapsed| elapsed.to_string())?
        }
        Code::Scope {
            sticky,
            asked_after,
            code,
        } => {
            let scope = CancelScope::new();
            let scope = if sticky { scope.sticky() } else { scope };
            world.met(|met| met.scopes.push(scope.handle()));
            if let Some(after) = asked_after {
                let handle = scope.handle();
                Handle::current().call_later(ms(after), move || {
                    handle.cancel();
                });
            }
            let ended = scope.run(walk(*code, &world)).await;
            ended.map_err(|stopped| stopped.to_string())?
        }
        _ => unreachable!("it is no scope"),
    }
}

async fn decide(cancelled: Cancelled, decision: Decision, world: &World) -> End {
    match decision {
        Decision::Swallow => cancelled.swallow(),
        Decision::Uncancel => {
            cancelled.uncancel();
        }
        Decision::IntoErr => return Err(cancelled.into_err("refused".to_owned())),
        Decision::Drop => drop(cancelled),
        Decision::Resume => match cancelled.resume().await {},
        Decision::AskAgain => cancelled.ask_again(),
        Decision::CleanUp(work) => {
            clean_up(work, world).await;
            drop(cancelled);
            return Ok(());
        }
        Decision::Keep(code) => {
            let end = walk(*code, world).await;
            drop(cancelled);
            return end;
        }
    }
    sleep(ms(2)).await;
    Ok(())
}

/// It is held, so that no further request ends it: only what is dropped has an end without it.
async fn clean_up(work: CleanUp, world: &World) {
    let working = async {
        world.checks.clean_up_begins();
        for how_long in work.pauses {
            pause(how_long).await;
        }
        if work.is_limited {
            let ended = timeout(ms(1), sleep(ms(3))).await;
            assert!(ended.is_err(), "limits work inside of a hold");
        }
        world.checks.clean_up_ends();
    };
    hold_cancel(working).await;
}

async fn combinator(code: Code, world: World) -> End {
    let walks = |codes: Vec<Code>| codes.into_iter().map(|code| walk(code, &world));
    match code {
        Code::Gather(codes) => {
            let ends = gather(walks(codes)).await;
            ends.into_iter().collect()
        }
        Code::Race(codes) => race(walks(codes)).await.expect("it has a child"),
        Code::TryGather(codes) => try_gather(walks(codes)).await.map(drop),
        Code::Deadline(limit, code) => {
            let ended = deadline(ms(limit), walk(*code, &world)).await;
            ended.map_err(|elapsed| elapsed.to_string())?
        }
        _ => unreachable!("it is no combinator"),
    }
}
