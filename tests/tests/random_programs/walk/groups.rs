//! Groups of tasks and of futures.

use evloop::{FutureGroup, TaskBuilder, TaskGroup, yield_now};

use crate::checks::Nursery;
use crate::program::{Code, Group, GroupStep, Start};
use crate::walk::tasks::run_as_task;
use crate::walk::{End, World, walk};

pub(super) async fn of_tasks(plan: Group, world: World) -> End {
    let group = plan
        .limit
        .map_or_else(TaskGroup::new, TaskGroup::with_limit);
    let children = world.checks.watch_children(Some(group.clone()));
    let nursery = children.nursery();
    let inside = world.clone();
    let ended = group
        .run(async move |group| {
            let mut awaited = Vec::new();
            for step in plan.steps {
                match step {
                    GroupStep::Add {
                        child,
                        awaited: is_awaited,
                    } => {
                        let task = add(&group, child, &nursery, &inside);
                        awaited.extend(task.filter(|_| is_awaited));
                    }
                    GroupStep::AddAdder { siblings, cancels } => {
                        add_adder(&group, siblings, cancels, &nursery, &inside);
                    }
                    GroupStep::Yield => yield_now().await,
                    GroupStep::Cancel => group.cancel(),
                }
            }
            for task in awaited {
                // The group has its error as well.
                let _ended = task.await;
            }
            walk(plan.body, &inside).await
        })
        .await;
    children.no_child_outlives_the_group();
    ended.map_err(|error| {
        world.checks.a_group_without_failures_was_stopped(&error);
        error.to_string()
    })
}

/// Adds a child; `None` where the group takes no more.
fn add(
    group: &TaskGroup,
    Start { eager, code }: Start,
    nursery: &Nursery,
    world: &World,
) -> Option<evloop::Task<()>> {
    let (child, world) = (nursery.child(), world.clone());
    let coroutine = async move {
        let _child = child;
        run_as_task(code, world).await
    };
    let options = TaskBuilder::new().eager_start(eager);
    group.create_task_with(options, coroutine).ok()
}

fn add_adder(
    group: &TaskGroup,
    siblings: Vec<Code>,
    cancels: bool,
    nursery: &Nursery,
    world: &World,
) {
    let (same, nursery, world) = (group.clone(), nursery.clone(), world.clone());
    let adding = async move {
        yield_now().await;
        for code in siblings {
            let sibling = Start { eager: false, code };
            if let Some(added) = add(&same, sibling, &nursery, &world) {
                added.detach();
            }
        }
        if cancels {
            same.cancel();
        }
    };
    // A group that has ended takes none.
    if let Ok(adder) = group.create_task(adding) {
        adder.detach();
    }
}

pub(super) async fn of_futures(plan: Group, world: World) -> End {
    let children = world.checks.watch_children(None);
    let nursery = children.nursery();
    let inside = world.clone();
    // What the children borrow.
    let mut ends: Vec<Option<End>> = vec![None; plan.steps.len()];
    let places = &mut ends;
    let ended = FutureGroup::scope(async move |group| {
        for (step, place) in plan.steps.into_iter().zip(places) {
            let (nursery, world) = (nursery.clone(), inside.clone());
            match step {
                GroupStep::Add { child, .. } => {
                    let counted = nursery.child();
                    // One that comes too late is dropped.
                    let _added = group.add(async move {
                        let _counted = counted;
                        let end = walk(child.code, &world).await;
                        place.insert(end).clone()
                    });
                }
                GroupStep::AddAdder { siblings, cancels } => {
                    let same = group.clone();
                    let _added = group.add(async move {
                        yield_now().await;
                        for code in siblings {
                            let (counted, world) = (nursery.child(), world.clone());
                            let _added = same.add(async move {
                                let _counted = counted;
                                walk(code, &world).await
                            });
                        }
                        if cancels {
                            same.cancel();
                        }
                    });
                }
                GroupStep::Yield => yield_now().await,
                GroupStep::Cancel => group.cancel(),
            }
        }
        walk(plan.body, &inside).await
    })
    .await;
    children.no_child_outlives_the_group();
    ended.map_err(|error| {
        world.checks.a_group_without_failures_was_stopped(&error);
        error.to_string()
    })
}
