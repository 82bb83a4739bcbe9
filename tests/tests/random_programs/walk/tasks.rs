//! Tasks, and the ways to await them.

use std::sync::atomic::{AtomicUsize, Ordering};

use evloop::{
    ContextVar, FirstException, Task, TaskBuilder, as_completed, current_task, shield, sleep, wait,
    wait_for,
};

use crate::program::{Code, Start};
use crate::walk::{End, World, ms, walk};

/// Set by each task to a number of its own.
static NUMBER: ContextVar<usize> = ContextVar::new("number");

/// What a task does: its code, in a context of its own.
pub(crate) async fn run_as_task(code: Code, world: World) -> End {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    NUMBER.set(number);
    let me = current_task().expect("it runs as a task");
    world.met(|met| met.tasks.push(me));
    let end = walk(code, &world).await;
    world.checks.the_context_is_right(number, NUMBER.get());
    end
}

fn start(Start { eager, code }: Start, world: &World) -> Task<End> {
    let options = TaskBuilder::new().eager_start(eager);
    options.create_task(run_as_task(code, world.clone()))
}

pub(super) async fn awaited(code: Code, world: World) -> End {
    let starts = |all: Vec<Start>| -> Vec<_> {
        let all = all.into_iter();
        all.map(|one| start(one, &world)).collect()
    };
    match code {
        Code::Await(one) => flat(start(*one, &world).await),
        Code::Shield(one) => flat(shield(start(*one, &world)).await),
        Code::WaitFor(limit, one) => {
            let ended = wait_for(start(*one, &world), ms(limit)).await;
            flat(ended.map_err(|elapsed| elapsed.to_string())?)
        }
        Code::Wait {
            tasks,
            limit,
            cancels_rest,
        } => {
            let waiting = wait(starts(tasks)).return_when(FirstException);
            let waited = waiting.timeout(sleep(ms(limit))).await;
            let (_done, pending) = waited.expect("there is a task at least");
            for task in pending.into_handles() {
                if cancels_rest {
                    task.cancel();
                }
                task.detach();
            }
            Ok(())
        }
        Code::AsCompleted { tasks, most } => {
            let mut completed = as_completed(starts(tasks));
            for _ in 0..most {
                let Some(task) = completed.next().await else {
                    break;
                };
                flat(task.await)?;
            }
            Ok(())
        }
        _ => unreachable!("nothing is awaited"),
    }
}

/// The end of a task's code, or why it has none.
fn flat(ended: evloop::TaskResult<End>) -> End {
    ended.map_err(|error| error.to_string())?
}
